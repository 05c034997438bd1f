"""Questions about files as people on Discord ask them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot import about_documents
from bot.about_documents import NOT_CHECKED
from bot.asking import Consultation, Verdict
from bot.channel_documents import NO_DOCUMENTS, STILL_READING, Added
from bot.reading_files import ReadFile
from bot.storage import ChannelRef
from tests.support.asking_files import MOON, TREES, askdocs, kept, says
from tests.support.files import zipped
from tests.support.held import HeldDownloads
from tests.support.queues import ask, held
from tests.support.world import World, mention


@pytest.fixture(autouse=True)
def room_for_documents(world: World) -> None:
    world.engine.context_tokens = 8000


# -- asking --------------------------------------------------------------------------------


async def test_an_answer_has_its_sources_under_it_and_a_button_for_each(world: World) -> None:
    says(world, "Twelve people walked there.\nSource: file: moon.pdf, page: 1")
    result = await askdocs(world, "How many *people*?", ("moon.pdf", MOON))
    assert result.response is not None
    assert result.response.content == (
        "> How many \\*people\\*?\nTwelve people walked there.\n-# Sources: 1 `moon.pdf`, page 2"
    )
    [prompt] = world.engine.prompts
    assert "BEGINCONTEXT\nfile: moon.pdf\npage: 1-2\nENDCONTEXT\nThe moon is 384,400" in prompt
    assert "BEGININSTRUCTION\nHow many *people*?\nDon't make up answers" in prompt
    shown = await world.bob.click(result.response, label="1: moon.pdf, page 2")
    assert shown.ephemeral
    assert shown.response is not None
    assert shown.response.content.startswith("`moon.pdf`, page 2\n> Twelve people have walked")
    window = await world.history.window(world.channel.id)
    assert [(e.question.content, e.reply.content) for e in window] == [
        ("How many *people*?", "Twelve people walked there.")
    ]


async def test_a_source_in_an_archive_names_the_file_inside(world: World) -> None:
    says(world, "Twelve people walked there.")
    archive = zipped({"trees.txt": TREES, "moon.pdf": MOON})
    result = await askdocs(world, "How many people?", ("all.zip", archive))
    assert result.response is not None
    assert result.response.content.endswith("-# Sources: 1 `all.zip`, moon.pdf, page 2")
    shown = await world.bob.click(result.response, label="1: all.zip, moon.pdf, page 2")
    assert shown.response is not None
    assert shown.response.content.startswith("`all.zip`, moon.pdf, page 2\n> Twelve people")


async def test_who_asks_for_what_is_nowhere_in_the_documents_is_told_what_it_is(
    world: World,
) -> None:
    says(world, "Twelve people walked there.")
    result = await askdocs(world, "How many people, @everyone and Bo` walked?", ("moon.pdf", MOON))
    assert result.response is not None
    assert result.response.content.endswith(
        "-# Sources: 1 `moon.pdf`, page 2\n"
        "-# Nowhere in the documents: `Bo`. The answer may be about something else."
    )


async def test_follow_up_questions_are_about_the_documents_of_the_channel(world: World) -> None:
    await askdocs(world, "How far?", ("moon.pdf", MOON))
    await askdocs(world, "How old?", ("trees.txt", TREES))
    says(world, "An oak lives for a thousand years.")
    result = await askdocs(world, "How old is an oak?")
    assert result.response is not None
    assert "-# Sources: 1 `trees.txt`" in result.response.content
    assert "file: moon.pdf" not in world.engine.prompts[1]
    assert "file: moon.pdf" in world.engine.prompts[2]
    assert "file: trees.txt" in world.engine.prompts[2]


async def test_without_documents_there_is_a_sentence_and_nothing_is_asked(world: World) -> None:
    result = await askdocs(world, "How far?")
    assert result.response is not None
    assert result.response.content == NO_DOCUMENTS
    assert world.engine.prompts == []


async def test_where_documents_are_switched_off_no_way_leads_to_them(world: World) -> None:
    says(world, "Twelve people walked there.")
    asked = await askdocs(world, "How many people?", ("moon.pdf", MOON))
    answer = asked.response
    assert answer is not None
    await world.client.access.guilds.change(world.guild.id, documents=False)
    refused = "Documents are switched off in this server."
    await world.bob.send(world.channel, "And who was last?", reply_to=answer)
    assert world.shown()[-1].startswith(refused)
    for label in ("Regenerate", "1: moon.pdf, page 2"):
        pressed = await world.bob.click(answer, label=label)
        assert pressed.ephemeral
        assert pressed.response is not None
        assert pressed.response.content.startswith(refused)
    assert len(world.engine.prompts) == 1


async def test_documents_of_one_channel_are_not_known_in_another(world: World) -> None:
    await askdocs(world, "How far?", ("moon.pdf", MOON))
    other = world.guild.create_text_channel("other")
    result = await world.bob.slash(other, "askdocs", question="How far?")
    assert result.response is not None
    assert result.response.content == NO_DOCUMENTS


async def test_an_answer_that_nothing_bears_out_is_shown_without_a_source(world: World) -> None:
    says(world, "Napoleon was born in Corsica.\nSource: file: moon.pdf, page: 1")
    result = await askdocs(world, "Who was born?", ("moon.pdf", MOON))
    assert result.response is not None
    assert result.response.content == (
        "> Who was born?\nNapoleon was born in Corsica.\n"
        "-# Not found in the documents: nothing that I read bears this answer out."
    )


async def test_an_answer_that_could_not_be_checked_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(reply: str, found: Consultation) -> Verdict:
        raise MemoryError

    monkeypatch.setattr(about_documents, "judge", judge)
    says(world, "An oak lives for a thousand years.")
    result = await askdocs(world, "How old?", ("trees.txt", TREES))
    assert result.response is not None
    assert result.response.content.endswith(f"An oak lives for a thousand years.\n-# {NOT_CHECKED}")


async def test_an_answer_whose_sources_cannot_be_stored_names_them_without_buttons(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cite(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(world.client.documents.library.__class__, "cite", cite)
    says(world, "Twelve people walked there.\nSource: file: moon.pdf, page: 1")
    result = await askdocs(world, "How many?", ("moon.pdf", MOON))
    assert result.response is not None
    assert result.response.content.endswith(
        "Twelve people walked there.\n-# Sources: 1 `moon.pdf`, page 2"
    )
    assert "airo:source" not in str(result.response.components)


async def test_how_much_was_read_is_said_where_it_was_not_all(world: World) -> None:
    world.engine.context_tokens = 1800
    long = "\n\n".join(f"Tree number {n} is called Oak{n:x}wood." for n in range(100)).encode()
    says(world, "It is called Oak4dwood.")
    result = await askdocs(world, "What is tree number 77?", ("trees.txt", long))
    assert result.response is not None
    assert "-# Sources: 1 `trees.txt`" in result.response.content
    assert "\n-# Read for this: " in result.response.content
    assert "Oak4dwood" in world.engine.prompts[0]


# -- files that cannot be read -------------------------------------------------------------


async def test_a_bad_file_ends_in_a_sentence_that_names_it_and_is_not_kept(world: World) -> None:
    result = await askdocs(world, "What?", ("bad.pdf", b"%PDF-1.7\nbroken"))
    assert result.response is not None
    assert "`bad.pdf`" in result.response.content
    assert await kept(world) == []
    assert world.engine.prompts == []
    assert await world.history.window(world.channel.id) == []


async def test_a_bad_file_among_good_ones_is_named_above_the_answer(world: World) -> None:
    says(world, "An oak lives for a thousand years.")
    result = await askdocs(world, "How old?", ("trees.txt", TREES), ("empty.txt", b""))
    assert result.response is not None
    assert "\n-# `empty.txt` is empty.\nAn oak lives" in result.response.content
    assert await kept(world) == ["trees.txt"]


async def test_the_same_file_is_kept_once(world: World) -> None:
    await askdocs(world, "How old?", ("trees.txt", TREES))
    await askdocs(world, "How old?", ("wood.txt", TREES))
    assert await kept(world) == ["trees.txt"]
    assert "An oak lives" in world.engine.prompts[1]


async def test_a_file_that_two_people_brought_is_read_once_and_stays_the_others(
    world: World,
) -> None:
    bobs = await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    await world.alice.send(world.channel, mention(world), attachments=[("wood.txt", TREES)])
    assert await kept(world) == ["trees.txt", "wood.txt"]
    await askdocs(world, "How old?")
    assert world.engine.prompts[-1].count("An oak lives") == 1
    await bobs.delete()
    await world.env.settle()
    assert await kept(world) == ["wood.txt"]
    await world.client.privacy.delete(world.bob.id)
    assert await kept(world) == ["wood.txt"]
    await askdocs(world, "How old?")
    assert "file: wood.txt\nENDCONTEXT\nAn oak lives" in world.engine.prompts[-1]


async def test_files_of_the_same_name_are_told_apart(world: World) -> None:
    says(world, "A cedar lives for three thousand winters.")
    other = ("trees.txt", b"A cedar lives for three thousand winters.")
    result = await askdocs(world, "How old is a cedar?", ("trees.txt", TREES), other)
    assert result.response is not None
    assert "file: trees.txt\nENDCONTEXT\nAn oak" in world.engine.prompts[0]
    assert "file: trees.txt (2)\nENDCONTEXT\nA cedar" in world.engine.prompts[0]
    shown = await world.bob.click(result.response, label="1: trees.txt (2), “A cedar lives for…”")
    assert shown.response is not None
    assert shown.response.content == "`trees.txt`\n> A cedar lives for three thousand winters."


async def test_a_channel_takes_no_more_documents_than_the_settings_say(world: World) -> None:
    for number in range(3):
        await askdocs(world, "How old?", (f"{number}.txt", TREES + bytes([48 + number])))
    result = await askdocs(world, "How old?", ("4.txt", b"One too many."))
    assert result.response is not None
    assert "/docs" in result.response.content
    assert len(await kept(world)) == 3


async def test_a_file_that_is_too_large_is_not_even_fetched(world: World) -> None:
    result = await askdocs(world, "What?", ("big.txt", b"x" * (1 << 20) + b"x"))
    assert result.response is not None
    assert "`big.txt` is larger than the 1 MB that I read" in result.response.content


async def test_nothing_is_read_while_no_questions_are_taken(world: World) -> None:
    await world.queue.drain(0)
    result = await askdocs(world, "How old?", ("trees.txt", TREES))
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    assert result.response is not None
    assert world.shown() == [result.response.content] * 2
    assert result.response.content.startswith("The bot is restarting.")
    assert await kept(world) == []


async def test_nothing_is_fetched_for_who_has_too_many_questions_in_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    world.engine.default = held()
    for _ in range(3):
        world.queue.submit(ask(world.bob.id))
    result = await askdocs(world, "How old?", ("trees.txt", TREES))
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    assert result.response is not None
    assert result.response.content.startswith("You already have 3 questions in line.")
    assert world.shown() == [result.response.content] * 2
    assert downloads.names == []
    assert await kept(world) == []


async def ask_in_a_message(world: World) -> None:
    await world.bob.send(
        world.channel, f"{mention(world)} how old?", attachments=[("trees.txt", TREES)]
    )


async def ask_by_command(world: World) -> None:
    await askdocs(world, "How old?", ("trees.txt", TREES))


@pytest.mark.parametrize("asks", [ask_in_a_message, ask_by_command])
async def test_files_of_a_question_that_is_refused_once_they_are_read_go_if_their_person_opted_out(
    asks: Callable[[World], Awaitable[None]], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = world.client.documents._reader
    plain = reading.read

    async def read(name: str, data: bytes) -> ReadFile:
        world.queue.keeper.pause(True)
        return await plain(name, data)

    monkeypatch.setattr(reading, "read", read)
    await asks(world)
    assert await kept(world) == ["trees.txt"]
    await world.client.documents.library.clear(world.channel.id)
    await world.client.conversation.people.opt_out(world.bob.id)
    world.queue.keeper.pause(False)
    await asks(world)
    assert await kept(world) == []
    assert len(set(world.shown())) == 1
    assert world.engine.prompts == []


async def test_files_of_who_opted_out_are_there_as_long_as_a_question_needs_them(
    world: World,
) -> None:
    await world.client.conversation.people.opt_out(world.bob.id)
    sent = await world.bob.send(world.channel, "look", attachments=[("trees.txt", TREES)])
    channel = ChannelRef(world.channel.id, world.guild.id)

    def taken() -> AbstractAsyncContextManager[Added]:
        return world.client.documents.brought(
            channel, sent.attachments, added_by=world.bob.id, message_id=sent.id
        )

    # As Discord tells of a message twice when a connection is resumed.
    async with taken():
        async with taken():
            pass
        assert await kept(world) == ["trees.txt"]
    assert await kept(world) == []


async def test_of_one_person_the_files_of_two_messages_are_read_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    for number in range(2):
        await world.bob.send(world.channel, mention(world), attachments=[(f"{number}.txt", TREES)])
    assert world.shown() == []
    refused = await askdocs(world, "How old?", ("trees.txt", TREES))
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    assert refused.response is not None
    assert refused.response.content == STILL_READING
    assert world.shown() == [STILL_READING] * 2
    await world.alice.send(world.channel, mention(world), attachments=[("moon.pdf", MOON)])
    assert downloads.names == ["0.txt", "1.txt", "moon.pdf"]
    await downloads.arrive()
    assert sum(said.startswith("I have read") for said in world.shown()) == 3
    monkeypatch.undo()
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    assert world.shown()[-1].startswith("I have read")


async def test_files_that_could_not_be_read_do_not_count_any_more(world: World) -> None:
    for _ in range(3):
        await world.bob.send(world.channel, mention(world), attachments=[("empty.txt", b"")])
    assert world.shown() == ["`empty.txt` is empty."] * 3

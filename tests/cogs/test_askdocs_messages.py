"""Files that come with messages: asked about, kept, deleted, and read late."""

from __future__ import annotations

import pytest

from bot.channel_documents import WITHDRAWN
from bot.generation.engine import FinishReason
from bot.reading_files import ReadFile
from cogs.askdocs import NO_FILES
from tests.support.asking_files import MOON, TREES, askdocs, kept, says
from tests.support.engines import Script
from tests.support.held import HeldDownloads
from tests.support.world import World, mention


@pytest.fixture(autouse=True)
def room_for_documents(world: World) -> None:
    world.engine.context_tokens = 8000


async def test_a_mention_with_a_file_asks_about_it_and_a_reply_asks_on(world: World) -> None:
    says(world, "An oak lives for a thousand years.", "A birch lives for a hundred years.")
    await askdocs(world, "How far?", ("moon.pdf", MOON))
    await world.bob.send(
        world.channel, f"{mention(world)} how old is an oak?", attachments=[("trees.txt", TREES)]
    )
    answer = world.channel.last_message
    assert answer is not None
    assert "-# Sources: 1 `trees.txt`" in answer.content
    await world.bob.send(world.channel, "and a birch?", reply_to=answer)
    assert "file: trees.txt" in world.engine.prompts[-1]
    assert "file: moon.pdf" not in world.engine.prompts[-1]
    await world.bob.send(world.channel, f"{mention(world)} thank you")
    assert "BEGININPUT" not in world.engine.prompts[-1]


async def test_a_file_without_a_question_is_kept_for_one(world: World) -> None:
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    [said] = world.shown()
    assert said.startswith("I have read `trees.txt`. To ask about it, send me the file")
    assert await kept(world) == ["trees.txt"]
    assert world.engine.prompts == []


async def test_a_bad_file_in_a_message_is_answered_with_a_sentence(world: World) -> None:
    await world.bob.send(
        world.channel, f"{mention(world)} what is it?", attachments=[("empty.txt", b"")]
    )
    assert world.shown() == ["`empty.txt` is empty."]


async def test_the_menu_of_a_message_asks_for_the_question(world: World) -> None:
    sent = await world.alice.send(world.channel, "look", attachments=[("trees.txt", TREES)])
    opened = await world.bob.context_menu(world.channel, "Ask about these files", sent)
    says(world, "An oak lives for a thousand years.")
    result = await world.bob.submit_modal(opened, {"question": "How old is an oak?"})
    assert result.response is not None
    assert result.response.content == (
        "> How old is an oak?\nAn oak lives for a thousand years.\n-# Sources: 1 `trees.txt`"
    )


async def test_the_menu_of_a_message_without_files_says_so(world: World) -> None:
    sent = await world.alice.send(world.channel, "look", attachments=[("cat.png", b"a cat")])
    result = await world.bob.context_menu(world.channel, "Ask about these files", sent)
    assert result.response is not None
    assert result.response.content == NO_FILES


async def test_what_stands_above_an_answer_is_not_said_again_where_it_is_continued(
    world: World,
) -> None:
    above = "-# No word of your question appears in the documents, so I read how they begin.\n"
    world.engine.default = Script(("It is",), reason=FinishReason.LENGTH)
    asked = await askdocs(world, "zebra quux?", ("trees.txt", TREES * 200))
    [first] = world.shown()
    assert first.startswith(f"> zebra quux?\n{above}It is\n-# ")
    world.engine.default = Script((" hard to say.",))
    assert asked.response is not None
    await world.bob.click(asked.response, label="Continue")
    first, rest = world.shown()
    assert first == f"> zebra quux?\n{above}It is"
    assert rest.startswith("hard to say.\n-# ")


async def test_a_message_that_is_deleted_while_its_file_is_read_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = world.client.documents._reader
    plain = reading.read

    async def read(name: str, data: bytes) -> ReadFile:
        sent = world.channel.last_message
        assert sent is not None
        # As it does when Discord tells of the deletion.
        await world.client.documents.forget_messages([sent.id])
        return await plain(name, data)

    monkeypatch.setattr(reading, "read", read)
    await world.bob.send(
        world.channel, f"{mention(world)} how old?", attachments=[("trees.txt", TREES)]
    )
    assert await kept(world) == []
    assert world.shown() == []
    assert world.engine.prompts == []
    monkeypatch.undo()
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    assert await kept(world) == ["trees.txt"]


@pytest.mark.parametrize("way", ["message", "command"])
async def test_who_has_all_deleted_while_their_file_is_read_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    says(world, "As old as the hills.")
    await world.alice.slash(
        world.channel,
        "askdocs",
        question="How old is a hill?",
        file1=("hills.txt", b"Hills are old."),
    )
    reading = world.client.documents._reader
    plain = reading.read

    async def read(name: str, data: bytes) -> ReadFile:
        await world.client.privacy.delete(world.bob.id)
        return await plain(name, data)

    monkeypatch.setattr(reading, "read", read)
    before = world.shown()
    if way == "message":
        await world.bob.send(
            world.channel, f"{mention(world)} how old?", attachments=[("trees.txt", TREES)]
        )
        assert world.shown() == before
    else:
        await askdocs(world, "How old is an oak?", ("trees.txt", TREES))
        assert world.shown() == [*before, WITHDRAWN]
    assert await kept(world) == ["hills.txt"]
    found = await world.client.privacy.people.holdings(world.bob.id)
    assert (found.questions, found.replies, found.documents) == (0, 0, 0)
    assert len(world.engine.prompts) == 1


async def test_a_message_that_is_deleted_while_its_text_is_fetched_has_its_files_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    files = [("message.txt", b"how old?"), ("trees.txt", TREES)]
    sent = await world.bob.send(world.channel, mention(world), attachments=files)
    await world.bob.delete(sent)
    await downloads.arrive()
    assert downloads.names == ["message.txt"]
    assert await kept(world) == []
    assert world.shown() == []


async def test_a_question_that_an_edit_adds_while_the_file_is_fetched_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    sent = await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    await world.bob.edit(sent, f"{mention(world)} how old is an oak?")
    says(world, "An oak lives for a thousand years.")
    await downloads.arrive()
    assert world.shown() == ["An oak lives for a thousand years.\n-# Sources: 1 `trees.txt`"]


async def test_a_deleted_message_takes_its_documents_along(world: World) -> None:
    sent = await world.bob.send(world.channel, mention(world), attachments=[("t.txt", TREES)])
    await world.bob.delete(sent)
    assert await kept(world) == []

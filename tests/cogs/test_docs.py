"""What comes after an answer out of files: other replies, sources, summaries, and what a channel
keeps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.about_documents import DOCUMENTS_GONE
from bot.channel_documents import SOURCE_GONE
from bot.errors import PromptFailed
from bot.generation.engine import FinishReason
from bot.storage import ChannelRef
from tests.support.asking_files import MOON, TREES, askdocs, kept, says
from tests.support.engines import Script
from tests.support.world import World, build_client, build_conversation, mention


@pytest.fixture(autouse=True)
def room_for_documents(world: World) -> None:
    world.engine.context_tokens = 8000


# -- what comes after ----------------------------------------------------------------------


async def test_a_reply_written_anew_is_about_the_same_documents_after_a_restart_too(
    world: World, tmp_path: Path
) -> None:
    says(world, "An oak lives for a hundred years.", "An oak lives for a thousand years.")
    await askdocs(world, "How old is an oak?", ("trees.txt", TREES))
    await askdocs(world, "How far?", ("moon.pdf", MOON))
    answer = next(m for m in world.channel.history() if "hundred" in m.content)
    conversation, queue = build_conversation(world.engine, world.database)
    client = build_client(conversation, tmp_path)
    await queue.load()
    await world.env.restart_bot(client)
    world.engine.scripts.append(Script(("An oak lives for a thousand years.",)))
    await world.bob.click(answer, label="Regenerate")
    await queue.drain(0)
    assert "file: trees.txt" in world.engine.prompts[-1]
    assert "file: moon.pdf" not in world.engine.prompts[-1]


async def test_a_reply_that_goes_on_has_its_sources_at_its_end(world: World) -> None:
    world.engine.scripts.append(Script(("An oak lives",), reason=FinishReason.LENGTH))
    says(world, " for a thousand years.")
    result = await askdocs(world, "How old is an oak?", ("trees.txt", TREES))
    assert result.response is not None
    await world.bob.click(result.response, label="Continue")
    first, second = world.shown()
    assert first == "> How old is an oak?\nAn oak lives"
    assert second == "for a thousand years.\n-# Sources: 1 `trees.txt`"


async def test_a_source_is_shown_after_a_restart_and_no_more_when_it_was_removed(
    world: World, tmp_path: Path
) -> None:
    says(world, "An oak lives for a thousand years.")
    result = await askdocs(world, "How old is an oak?", ("trees.txt", TREES))
    assert result.response is not None
    conversation, queue = build_conversation(world.engine, world.database)
    await world.env.restart_bot(build_client(conversation, tmp_path))
    shown = await world.bob.click(result.response, label="1: trees.txt, “An oak lives for…”")
    assert shown.response is not None
    assert shown.response.content == f"`trees.txt`\n> {TREES.decode()}"
    await world.bob.slash(world.channel, "docs clear")
    shown = await world.bob.click(result.response, label="1: trees.txt, “An oak lives for…”")
    assert shown.response is not None
    assert shown.response.content == SOURCE_GONE
    await queue.drain(0)


async def test_a_question_whose_documents_are_gone_when_its_turn_comes_says_so(
    world: World,
) -> None:
    await askdocs(world, "How old is an oak?", ("trees.txt", TREES))
    approach = await world.client.documents.about_channel(world.channel.id)
    await world.bob.slash(world.channel, "docs clear")
    [exchange] = await world.history.window(world.channel.id)
    with pytest.raises(PromptFailed, match=re.escape(DOCUMENTS_GONE)):
        await approach.compose(ChannelRef(world.channel.id), exchange.question, "")


async def test_an_answer_whose_documents_were_removed_is_not_written_anew_and_stands(
    world: World,
) -> None:
    says(world, "An oak lives for a thousand years.")
    result = await askdocs(world, "How old is an oak?", ("trees.txt", TREES))
    assert result.response is not None
    await world.bob.slash(world.channel, "docs clear")
    before = world.shown()
    told = await world.bob.click(result.response, label="Regenerate")
    assert told.response is not None
    assert told.response.content == DOCUMENTS_GONE
    assert [shown for shown in world.shown() if shown != DOCUMENTS_GONE] == before
    assert len(world.engine.prompts) == 1


async def test_a_reply_to_an_answer_whose_documents_were_removed_says_so(world: World) -> None:
    await world.bob.send(
        world.channel, f"{mention(world)} how old is it?", attachments=[("trees.txt", TREES)]
    )
    answer = world.channel.last_message
    assert answer is not None
    await world.bob.slash(world.channel, "docs clear")
    await world.bob.send(world.channel, "and a birch?", reply_to=answer)
    assert world.shown()[-1] == DOCUMENTS_GONE
    assert len(world.engine.prompts) == 1


async def test_a_source_that_the_answer_names_itself_is_shown_as_it_was_named(
    world: World,
) -> None:
    reply = "The moon is 384,400 kilometres off, as sailors say, and cold."
    says(world, f"{reply}\nSource: file: moon.pdf, page: 1-2")
    result = await askdocs(world, "Tell me?", ("moon.pdf", MOON))
    assert result.response is not None
    assert "file: moon.pdf\npage: 1-2\n" in world.engine.prompts[0]
    assert "-# Sources: 1 `moon.pdf`, pages 1-2" in result.response.content
    shown = await world.bob.click(result.response, label="1: moon.pdf, pages 1-2")
    assert shown.response is not None
    assert shown.response.content.startswith("`moon.pdf`, pages 1-2\n> The moon is 384,400")
    assert "Twelve people have walked there." in shown.response.content


# -- the whole -----------------------------------------------------------------------------

BOOK = "\n\n".join(f"Tree number {n} is called Oak{n:x}wood." for n in range(150)).encode()


async def test_a_summary_of_what_is_too_long_is_written_from_notes_on_its_parts(
    world: World,
) -> None:
    world.engine.context_tokens = 1800
    world.engine.default = Script(("Trees have names like Oak4dwood.",))
    result = await askdocs(world, "Summarise this.", ("trees.txt", BOOK))
    assert result.response is not None
    *parts, last = world.engine.prompts
    assert len(parts) == 6
    assert "notes on the parts of one text" in last
    assert last.count("Trees have names like Oak4dwood.") == 6
    assert result.response.content.startswith(
        "> Summarise this.\n-# This is too long for me to read all of it: I read 6 of its "
    )
    assert (
        "parts, from all over it.\nTrees have names like Oak4dwood.\n-# Sources: 1 `trees.txt`"
        in (result.response.content)
    )
    assert "-# Read for this: " in result.response.content
    window = await world.history.window(world.channel.id)
    assert [(e.question.content, e.reply.content) for e in window] == [
        ("Summarise this.", "Trees have names like Oak4dwood.")
    ]


async def test_a_summary_that_is_being_written_is_finished_though_the_bot_is_paused(
    world: World,
) -> None:
    world.engine.context_tokens = 1800

    def reply(prompt: str) -> Script:
        world.client.operator.pause(True)
        return Script(("Trees have names.",))

    world.engine.reply = reply
    result = await askdocs(world, "Summarise this.", ("trees.txt", BOOK))
    assert result.response is not None
    assert "Trees have names.\n-# Sources: 1 `trees.txt`" in result.response.content
    assert len(world.engine.prompts) == 7


async def test_a_summary_is_continued_from_the_same_notes(world: World) -> None:
    world.engine.context_tokens = 1800
    for _ in range(6):
        says(world, "Trees have names.")
    world.engine.scripts.append(Script(("Trees have",), reason=FinishReason.LENGTH))
    result = await askdocs(world, "Summarise this.", ("trees.txt", BOOK))
    assert result.response is not None
    world.engine.default = Script((" names.",))
    await world.bob.click(result.response, label="Continue")
    assert world.engine.prompts[-1].endswith("ASSISTANT: Trees have")
    assert "notes on the parts of one text" in world.engine.prompts[-1]
    assert "file: trees.txt" in world.engine.prompts[-1]


async def test_the_notes_of_a_reading_are_used_again_while_the_documents_are_the_same(
    world: World,
) -> None:
    world.engine.context_tokens = 1800
    await askdocs(world, "Summarise this.", ("trees.txt", BOOK))
    assert len(world.engine.prompts) == 7
    await askdocs(world, "Summarise this.")
    assert len(world.engine.prompts) == 8
    await askdocs(world, "Summarise this.", ("more.txt", BOOK + b" And one more."))
    assert len(world.engine.prompts) == 15


# -- /docs ---------------------------------------------------------------------------------


async def test_the_list_says_what_is_kept_and_offers_to_remove_it(world: World) -> None:
    await askdocs(world, "How far?", ("moon.pdf", MOON), ("trees.txt", TREES))
    listed = await world.bob.slash(world.channel, "docs list")
    assert listed.ephemeral
    assert listed.response is not None
    assert "1. `moon.pdf` (PDF, 2 pages, " in listed.response.content
    assert f"by <@{world.bob.id}> <t:" in listed.response.content
    assert "-# 2 of 3 documents, " in listed.response.content
    await world.bob.click(listed.response, label="Remove 1")
    assert await kept(world) == ["trees.txt"]


async def test_only_who_sent_a_document_or_a_moderator_removes_it(world: World) -> None:
    await world.alice.slash(world.channel, "askdocs", question="How far?", file1=("moon.pdf", MOON))
    refused = await world.bob.slash(world.channel, "docs remove", name="moon.pdf")
    assert refused.response is not None
    assert "Only the person who sent" in refused.response.content
    await world.bob.slash(world.channel, "docs clear")
    assert await kept(world) == ["moon.pdf"]
    await world.alice.slash(world.channel, "docs remove", name="moon.pdf")
    assert await kept(world) == []


async def test_names_are_offered_while_they_are_typed(world: World) -> None:
    await askdocs(world, "How far?", ("moon.pdf", MOON), ("trees.txt", TREES))
    offered = await world.bob.autocomplete(world.channel, "docs remove", "name", "mo")
    assert [choice["name"] for choice in offered] == ["moon.pdf"]


async def test_an_empty_channel_has_an_empty_list(world: World) -> None:
    for command in ("docs list", "docs clear"):
        result = await world.bob.slash(world.channel, command)
        assert result.ephemeral
        assert result.response is not None
        assert "no documents" in result.response.content

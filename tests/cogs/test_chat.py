"""Conversations as people on Discord have them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.access import Access, Asker, Purpose
from bot.generation.queue import GenerationQueue
from bot.storage import Subject
from cogs.chat import NOTHING_TO_READ
from tests.support.engines import Script
from tests.support.held import HeldDownloads
from tests.support.migrated import bytes_of
from tests.support.queues import ask, held, settle
from tests.support.world import SYSTEM, World, mention, turns

# -- ways to ask ---------------------------------------------------------------------------


async def test_slash_chat_is_answered_and_both_turns_are_kept(world: World) -> None:
    result = await world.alice.slash(world.channel, "chat", message="Hi!")
    assert result.response is not None
    assert result.response.content == "> Hi!\nHello there."
    assert await turns(world) == [("Hi!", "Hello there.")]
    assert world.engine.prompts == [f"<s>{SYSTEM} USER: Alice: Hi! ASSISTANT:"]


async def test_markdown_in_the_question_does_not_reach_into_the_answer(world: World) -> None:
    result = await world.alice.slash(world.channel, "chat", message="```py\nx")
    assert result.response is not None
    assert result.response.content == "> \\`\\`\\`py\n> x\nHello there."


async def test_a_mention_is_answered_as_a_reply_to_it(world: World) -> None:
    asked = await world.bob.send(world.channel, f"{mention(world)} who are you?")
    answer = world.channel.last_message
    assert answer is not None
    assert answer.content == "Hello there."
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id
    assert world.engine.prompts == [f"<s>{SYSTEM} USER: Bob: who are you? ASSISTANT:"]


async def test_a_reply_to_the_bot_goes_on_with_the_conversation(world: World) -> None:
    await world.bob.send(world.channel, f"{mention(world)} one")
    await world.alice.send(world.channel, "two", reply_to=world.channel.last_message)
    assert world.engine.prompts[-1] == (
        f"<s>{SYSTEM} USER: Bob: one ASSISTANT: Hello there.</s>USER: Alice: two ASSISTANT:"
    )


async def test_a_direct_message_is_answered_without_a_name_in_the_prompt(world: World) -> None:
    await world.bob.user.send_dm("psst")
    assert world.engine.prompts == [f"<s>{SYSTEM} USER: psst ASSISTANT:"]
    assert world.shown(world.bob.user.dm_channel) == ["Hello there."]


async def test_channels_have_conversations_of_their_own(world: World) -> None:
    other = world.guild.create_text_channel("other")
    await world.bob.send(world.channel, f"{mention(world)} secret")
    await world.bob.send(other, f"{mention(world)} hello")
    assert "secret" not in world.engine.prompts[-1]
    assert await turns(world, other.id) == [("hello", "Hello there.")]


@pytest.mark.parametrize("content", ["just talking", "@everyone look", "hello <@{bob}>"])
async def test_what_is_not_for_the_bot_is_left_alone(world: World, content: str) -> None:
    await world.alice.send(world.channel, content.format(bob=world.bob.id))
    assert world.shown() == []
    assert await turns(world) == []


async def test_other_bots_are_never_answered_whatever_they_say(world: World) -> None:
    robot = world.guild.add_member(world.env.create_user("Robot", bot=True))
    await world.alice.slash(world.channel, "channel talk", answer="on")
    said = world.shown()
    await robot.send(world.channel, f"{mention(world)} are you a bot too?")
    await robot.send(world.channel, "I am talking to myself.")
    assert world.shown() == said


async def test_a_message_that_others_wrote_is_quoted_when_it_is_replied_to(world: World) -> None:
    said = await world.alice.send(world.channel, "The moon is a cheese.")
    await world.bob.send(world.channel, f"{mention(world)} is that true?", reply_to=said)
    assert (
        "USER: Bob: Alice said:\n> The moon is a cheese.\n\nis that true? ASSISTANT:"
        in world.engine.prompts[0]
    )


async def test_nothing_that_the_model_writes_can_notify_anybody(world: World) -> None:
    world.engine.default = Script(("@everyone ", f"<@{world.bob.id}>"))
    await world.alice.send(world.channel, f"{mention(world)} shout")
    written = [
        request.json or {}
        for request in world.env.http_requests
        if request.method in ("POST", "PATCH") and "/messages" in request.path
    ]
    assert written
    assert all(body["allowed_mentions"]["parse"] == [] for body in written)
    assert not any(body["allowed_mentions"].get("replied_user") for body in written)


# -- free conversation -----------------------------------------------------------------------


async def test_in_a_free_channel_everything_is_answered_until_it_is_switched_off(
    world: World,
) -> None:
    await world.alice.slash(world.channel, "channel talk", answer="on")
    await world.bob.send(world.channel, "nice weather")
    assert world.shown()[-1] == "Hello there."
    said = world.shown()
    await world.alice.send(world.channel, "Bob!", reply_to=world.channel.history()[-2])
    assert world.shown() == said
    await world.alice.slash(world.channel, "channel talk", answer="off")
    said = world.shown()
    await world.bob.send(world.channel, "still there?")
    assert world.shown() == said


# -- what can be read ------------------------------------------------------------------------


async def test_a_paste_that_became_a_file_is_read_as_the_message(world: World) -> None:
    await world.bob.send(
        world.channel,
        f"{mention(world)} sum this up:",
        attachments=[("message.txt", b"a long story")],
    )
    assert "USER: Bob: sum this up:\n\na long story ASSISTANT:" in world.engine.prompts[0]


async def test_a_paste_that_is_too_long_is_refused_with_its_size(world: World) -> None:
    await world.bob.send(world.channel, mention(world), attachments=[("message.txt", b"x" * 4096)])
    assert "too long for me to read (4 kB; up to 1 kB is fine)" in world.shown()[0]
    assert world.engine.prompts == []


@pytest.mark.parametrize("attachments", [[], [("cat.png", b"not really a picture")]])
async def test_a_message_without_text_gets_a_helpful_sentence(
    world: World, attachments: list[tuple[str, bytes]]
) -> None:
    await world.bob.send(world.channel, mention(world), attachments=attachments)
    assert world.shown() == [NOTHING_TO_READ]


async def test_a_question_longer_than_the_window_is_shortened_and_says_so(world: World) -> None:
    await world.alice.slash(world.channel, "chat", message="word " * 900)
    assert "I left out its middle" in world.shown()[0]
    assert len(world.engine.prompts[0]) <= world.engine.context_tokens


# -- edits and deletions ---------------------------------------------------------------------


async def test_an_edit_changes_what_the_next_prompt_says(world: World) -> None:
    asked = await world.bob.send(world.channel, f"{mention(world)} I am ten")
    await world.bob.edit(asked, f"{mention(world)} I am eleven")
    await world.bob.send(world.channel, f"{mention(world)} how old am I?")
    assert "I am eleven ASSISTANT:" in world.engine.prompts[-1]
    assert "I am ten" not in world.engine.prompts[-1]


async def test_a_deleted_question_leaves_the_conversation(world: World) -> None:
    asked = await world.bob.send(world.channel, f"{mention(world)} my PIN is 1234")
    await world.bob.delete(asked)
    assert await turns(world) == []
    await world.bob.send(world.channel, f"{mention(world)} what is my PIN?")
    assert "1234" not in world.engine.prompts[-1]


async def test_a_deleted_reply_leaves_the_conversation(world: World) -> None:
    await world.bob.send(world.channel, f"{mention(world)} say something")
    answer = world.channel.last_message
    assert answer is not None
    await world.alice.delete(answer)
    assert await turns(world) == []


async def test_a_message_that_is_deleted_while_it_is_fetched_is_neither_answered_nor_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    asked = await world.bob.send(
        world.channel, mention(world), attachments=[("message.txt", b"my PIN is 1234")]
    )
    await world.bob.delete(asked)
    await downloads.arrive()
    assert world.shown() == []
    assert world.engine.prompts == []
    assert await world.history.turn_of_message(asked.id) is None
    assert b"1234" not in bytes_of(tmp_path), "not even for a moment"
    await world.bob.send(world.channel, f"{mention(world)} what is my PIN?")
    assert world.shown() == ["Hello there."]
    assert "1234" not in world.engine.prompts[-1]


async def test_a_message_that_is_deleted_before_anything_of_it_is_read_is_not_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, lets = Access.refusal, asyncio.Event()

    async def refusal(access: Access, asker: Asker, purpose: Purpose | None = None) -> str:
        await world.env.external_wait(lets.wait(), reason="the test lets it be looked up")
        return await plain(access, asker, purpose)

    monkeypatch.setattr(Access, "refusal", refusal)
    asked = await world.bob.send(world.channel, f"{mention(world)} my PIN is 1234")
    await world.bob.delete(asked)
    lets.set()
    await world.env.settle()
    assert world.shown() == []
    assert await world.history.turn_of_message(asked.id) is None


async def test_of_a_message_that_was_deleted_nobody_is_told_that_it_cannot_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch, is_lost=True)
    asked = await world.bob.send(
        world.channel, mention(world), attachments=[("message.txt", b"a long story")]
    )
    await world.bob.delete(asked)
    await downloads.arrive()
    assert world.shown() == []


async def test_an_edit_that_comes_while_the_message_is_fetched_is_what_is_asked_and_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    asked = await world.bob.send(
        world.channel, f"{mention(world)} I am ten", attachments=[("message.txt", b"and old")]
    )
    await world.bob.edit(asked, f"{mention(world)} I am eleven")
    downloads.let_go(1)
    await world.env.settle()
    assert world.engine.prompts == []
    await downloads.arrive()
    assert "USER: Bob: I am eleven\n\nand old ASSISTANT:" in world.engine.prompts[0]
    assert await turns(world) == [("I am eleven\n\nand old", "Hello there.")]


async def edit_that_arrives_late(world: World, downloads: HeldDownloads) -> discord.Message:
    """Send a message and edit it; what the edit says arrives when the question is in line."""
    asked = await world.bob.send(
        world.channel, f"{mention(world)} I am ten", attachments=[("message.txt", b"and old")]
    )
    await world.bob.edit(asked, f"{mention(world)} I am eleven")
    downloads.let_go(0)
    while not world.queue.status.running:
        await asyncio.sleep(0)
    # Whoever would store it now is let in first.
    for _ in range(20):
        await settle()
        await world.history.delete_messages([0])
    await downloads.arrive()
    return asked


async def test_an_edit_that_is_still_being_fetched_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[str] = []
    plain = world.history.add_question

    async def add_question(**given: Any) -> int:
        stored.append(given["content"])
        return await plain(**given)

    monkeypatch.setattr(world.history, "add_question", add_question)
    await edit_that_arrives_late(world, HeldDownloads(world, monkeypatch))
    assert stored == ["I am eleven\n\nand old"]
    assert "USER: Bob: I am eleven\n\nand old ASSISTANT:" in world.engine.prompts[0]
    assert await turns(world) == [("I am eleven\n\nand old", "Hello there.")]


async def test_an_edit_that_comes_while_the_question_is_stored_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = world.history.add_question

    async def add_question(**given: Any) -> int:
        world.env.backend.edit_message(
            world.channel.id, given["message_id"], {"content": f"{mention(world)} I am eleven"}
        )
        await settle()
        return await plain(**given)

    monkeypatch.setattr(world.history, "add_question", add_question)
    await world.bob.send(world.channel, f"{mention(world)} I am ten")
    assert await turns(world) == [("I am eleven", "Hello there.")]


async def test_who_wants_nothing_kept_is_answered_to_what_they_made_of_their_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.client.conversation.people.opt_out(world.bob.id)
    asked = await edit_that_arrives_late(world, HeldDownloads(world, monkeypatch))
    assert "USER: Bob: I am eleven\n\nand old ASSISTANT:" in world.engine.prompts[0]
    assert await turns(world) == []
    assert await world.history.turn_of_message(asked.id) is None


# -- starting afresh -------------------------------------------------------------------------


async def test_reset_forgets_and_undo_remembers(world: World) -> None:
    await world.bob.send(world.channel, f"{mention(world)} remember me")
    result = await world.bob.slash(world.channel, "reset")
    assert await turns(world) == []
    assert result.response is not None
    await world.bob.click(result.response, label="Undo")
    assert result.response.content == "I remember this conversation again."
    assert await turns(world) == [("remember me", "Hello there.")]


async def test_who_may_not_use_the_bot_cannot_bring_back_what_was_reset(world: World) -> None:
    await world.alice.slash(world.channel, "chat", message="a plan")
    result = await world.alice.slash(world.channel, "reset")
    assert result.response is not None
    await world.client.access.guilds.set_rules(
        world.guild.id, Subject.PERSON, [world.bob.id], allowed=False
    )
    pressed = await world.bob.click(result.response, label="Undo")
    assert pressed.ephemeral
    assert await turns(world) == []


async def test_reset_of_an_empty_channel_says_that_there_is_nothing(world: World) -> None:
    result = await world.bob.slash(world.channel, "reset")
    assert result.ephemeral
    assert result.response is not None
    assert "nothing to forget" in result.response.content


# -- when it cannot be answered --------------------------------------------------------------


async def test_while_the_model_loads_people_are_told_how_far_it_is(world: World) -> None:
    world.client.conversation._queue = GenerationQueue(world.engine)  # not loaded
    await world.bob.send(world.channel, f"{mention(world)} hello")
    assert "still loading (0%)" in world.shown()[0]
    result = await world.bob.slash(world.channel, "chat", message="hello")
    assert result.ephemeral
    assert await turns(world) == []


async def test_nothing_is_fetched_for_who_has_too_many_questions_in_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    world.engine.default = held()
    for _ in range(3):
        world.queue.submit(ask(world.bob.id))
    await world.bob.send(
        world.channel, mention(world), attachments=[("message.txt", b"a long story")]
    )
    [said] = world.shown()
    assert said.startswith("You already have 3 questions in line.")
    assert downloads.names == []


async def test_an_engine_that_breaks_is_told_with_an_id_and_nothing_is_lost(world: World) -> None:
    world.engine.scripts.append(Script(("Half a",), error=RuntimeError("CUDA error")))
    await world.bob.send(world.channel, f"{mention(world)} hello")
    shown = world.shown()[0]
    assert shown.startswith("Half a")
    assert "The model stumbled over this reply (id " in shown
    assert "CUDA" not in shown
    last = await world.history.last_reply(world.channel.id)
    assert last is not None
    assert last.content == "Half a"


async def test_a_reply_without_a_word_says_so(world: World) -> None:
    world.engine.default = Script(("  ",))
    await world.bob.send(world.channel, f"{mention(world)} hello")
    assert "nothing to say" in world.shown()[0]

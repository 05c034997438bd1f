"""What people do with replies, and what becomes of replies in a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.conversation import ReplyUnavailable, Speaker
from bot.generation.engine import FinishReason
from bot.generation.queue import GenerationQueue
from bot.storage import ChannelRef, TurnState
from tests.support.engines import Script
from tests.support.stage import ScriptedDiscord
from tests.support.world import World, build_client, build_conversation, mention, turns

# -- controls --------------------------------------------------------------------------------


async def test_regenerate_replaces_the_reply_in_place_and_in_the_conversation(
    world: World,
) -> None:
    await world.bob.send(world.channel, f"{mention(world)} tell me")
    answer = world.channel.last_message
    assert answer is not None
    world.engine.default = Script(("Something else.",))
    await world.bob.click(answer, label="Regenerate")
    assert world.shown() == ["Something else."]
    assert await turns(world) == [("tell me", "Something else.")]
    assert world.engine.prompts[0] == world.engine.prompts[1]


async def test_what_was_asked_by_a_command_stands_above_another_reply_too(world: World) -> None:
    await world.bob.slash(world.channel, "chat", message="tell *me*")
    answer = world.channel.last_message
    assert answer is not None
    world.engine.default = Script(("Something else.",))
    await world.bob.click(answer, label="Regenerate")
    assert world.shown() == ["> tell \\*me\\*\nSomething else."]
    assert await turns(world) == [("tell *me*", "Something else.")]


async def test_a_shorter_reply_takes_the_surplus_messages_of_the_old_one_away(
    world: World,
) -> None:
    world.engine.default = Script(("word " * 700,))
    await world.bob.send(world.channel, f"{mention(world)} tell me")
    assert len(world.shown()) == 2
    answer = world.channel.last_message
    assert answer is not None
    world.engine.default = Script(("Short.",))
    await world.bob.click(answer, label="Regenerate")
    assert world.shown() == ["Short."]
    assert await turns(world) == [("tell me", "Short.")]


async def test_the_menu_regenerates_any_reply_and_refuses_other_messages(world: World) -> None:
    asked = await world.bob.send(world.channel, f"{mention(world)} tell me")
    answer = world.channel.last_message
    assert answer is not None
    world.engine.default = Script(("Anew.",))
    await world.bob.context_menu(world.channel, "Regenerate", answer)
    assert world.shown() == ["Anew."]
    refused = await world.bob.context_menu(world.channel, "Regenerate", asked)
    assert refused.response is not None
    assert refused.response.content == "This message is not one of my replies."


async def test_continue_writes_on_where_the_reply_ended(world: World) -> None:
    world.engine.default = Script((" Once upon",), reason=FinishReason.LENGTH)
    await world.bob.send(world.channel, f"{mention(world)} a story")
    answer = world.channel.last_message
    assert answer is not None
    world.engine.default = Script((" a time.",))
    await world.bob.click(answer, label="Continue")
    assert world.engine.prompts[-1].endswith("ASSISTANT: Once upon")
    assert await turns(world) == [("a story", "Once upon a time.")]
    assert world.shown()[-1] == "a time."


async def test_a_continuation_that_comes_to_nothing_can_be_tried_again(world: World) -> None:
    world.engine.default = Script((" Once upon",), reason=FinishReason.LENGTH)
    await world.bob.send(world.channel, f"{mention(world)} a story")
    answer = world.channel.last_message
    assert answer is not None
    world.engine.default = Script((), error=RuntimeError("CUDA error"))
    await world.bob.click(answer, label="Continue")
    assert await turns(world) == [("a story", "Once upon")]
    world.engine.default = Script((" a time.",))
    await world.bob.click(answer, label="Continue")
    assert await turns(world) == [("a story", "Once upon a time.")]


async def test_a_continuation_leaves_the_file_in_which_the_rest_of_the_beginning_stands(
    world: World,
) -> None:
    beginning = "word " * 1700
    world.engine.default = Script((beginning,), reason=FinishReason.LENGTH)
    await world.bob.send(world.channel, f"{mention(world)} a story")
    *_, last = world.channel.history()
    assert [file.filename for file in last.attachments] == ["reply.md"]
    world.engine.default = Script((" the end.",))
    await world.bob.click(last, label="Continue")
    *_, before, continued = world.channel.history()
    assert continued.content == "the end."
    assert [file.filename for file in before.attachments] == ["reply.md"]
    assert before.content.endswith("\n-# The whole reply is in reply.md.")
    assert not before.components


@pytest.mark.parametrize("which", ["question", "beginning"])
async def test_a_continuation_ends_when_what_it_continues_is_deleted(
    world: World, which: str
) -> None:
    world.engine.default = Script((" Once upon",), reason=FinishReason.LENGTH)
    asked = await world.bob.send(world.channel, f"{mention(world)} a story")
    answer = world.channel.last_message
    assert answer is not None
    reply = await world.history.last_reply(world.channel.id)
    assert reply is not None
    gone = asked if which == "question" else answer
    conversation, written = world.client.conversation, ScriptedDiscord(takes_s=0.0)
    world.engine.default = Script((" a time",), endless=True, steps=asyncio.Semaphore(1))
    resuming = asyncio.create_task(conversation.resume(reply, world.bob.id, written))
    async with asyncio.timeout(10):
        while not written.messages:
            await asyncio.sleep(0.01)
    await conversation.forget_messages([gone.id])
    await resuming
    assert written.messages == {}
    assert await turns(world) == []


@pytest.mark.parametrize("second", ["regenerate", "resume"])
async def test_of_two_who_press_at_once_the_second_is_refused_before_the_model_is_asked(
    world: World, second: str
) -> None:
    await world.bob.send(world.channel, f"{mention(world)} hello")
    reply = await world.history.last_reply(world.channel.id)
    assert reply is not None
    conversation, me = world.client.conversation, Speaker(world.client.me.id, "Airo")
    outlet, heard, may_go_on = ScriptedDiscord(takes_s=0.0), asyncio.Event(), asyncio.Event()

    async def acknowledge() -> None:
        heard.set()
        await may_go_on.wait()

    outlet.acknowledge = acknowledge  # type: ignore[method-assign]
    async with asyncio.timeout(10):
        first = asyncio.create_task(conversation.regenerate(reply, world.bob.id, outlet, me))
        await heard.wait()
        late = (
            conversation.regenerate(reply, world.alice.id, ScriptedDiscord(), me)
            if second == "regenerate"
            else conversation.resume(reply, world.alice.id, ScriptedDiscord())
        )
        with pytest.raises(ReplyUnavailable):
            await late
        may_go_on.set()
        await first
    assert len(world.engine.prompts) == 2


async def test_the_end_of_a_reply_is_stored_although_the_database_is_locked_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    close, faults = world.history.close_reply, [OSError("disk full"), OSError("disk full")]

    async def close_reply(*given: object, **named: object) -> bool:
        if faults:
            raise faults.pop()
        return await close(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(world.history, "close_reply", close_reply)
    monkeypatch.setattr("bot.replies_under_way._PAUSES_S", (0.0, 0.0))
    await world.bob.send(world.channel, f"{mention(world)} hello")
    assert await turns(world) == [("hello", "Hello there.")]


async def test_only_who_asked_or_a_moderator_may_use_the_controls(world: World) -> None:
    await world.alice.send(world.channel, f"{mention(world)} tell me")
    answer = world.channel.last_message
    assert answer is not None
    refused = await world.bob.click(answer, label="Regenerate")
    assert refused.followups or refused.response
    assert len(world.engine.prompts) == 1


# -- restarts --------------------------------------------------------------------------------


async def test_a_reply_that_a_crash_cut_off_says_so_and_can_be_written_anew(
    world: World, tmp_path: Path
) -> None:
    await world.bob.send(world.channel, f"{mention(world)} hello")
    answer = world.channel.last_message
    assert answer is not None
    reply = await world.history.last_reply(world.channel.id)
    assert reply is not None
    # As a process leaves it that dies in the middle of a reply.
    await world.history.extend(reply.id)
    await world.history.save_progress(reply.id, "Hel")

    conversation, queue = build_conversation(world.engine, world.database)
    client = build_client(conversation, tmp_path)
    await queue.load()
    client.interrupted = await client.conversation.history.close_interrupted()
    await world.env.restart_bot(client)
    await world.env.settle()
    world.client = client
    shown = world.shown()[-1]
    assert shown.startswith("Hel\n")
    assert "I was interrupted by a restart" in shown
    interrupted = await world.history.turn(reply.id)
    assert interrupted is not None
    assert interrupted.state is TurnState.INTERRUPTED

    answer = world.channel.last_message
    assert answer is not None
    await world.bob.click(answer, label="Regenerate")
    assert world.shown() == ["Hello there."]
    await queue.drain(0)


async def restarted(world: World, tmp_path: Path) -> GenerationQueue:
    """Start the bot again after a crash; the queue is to be drained at the end."""
    conversation, queue = build_conversation(world.engine, world.database)
    client = build_client(conversation, tmp_path)
    await queue.load()
    client.interrupted = await conversation.history.close_interrupted()
    await world.env.restart_bot(client)
    await world.env.settle()
    world.client = client
    return queue


async def test_a_command_that_a_crash_left_unanswered_is_answered_with_what_was_asked(
    world: World, tmp_path: Path
) -> None:
    question = await world.history.add_question(
        channel=ChannelRef(world.channel.id, world.guild.id),
        author_id=world.bob.id,
        author_name="Bob",
        content="are you there?",
        message_id=None,
    )
    await world.history.open_reply(question, author_id=world.client.me.id, author_name="Airo")

    queue = await restarted(world, tmp_path)
    answer = world.channel.last_message
    assert answer is not None
    assert answer.content.startswith("> are you there?\n-# I was interrupted by a restart")
    await world.bob.click(answer, label="Regenerate")
    assert world.shown() == ["> are you there?\nHello there."]
    await queue.drain(0)


async def test_a_question_that_a_crash_left_unanswered_is_answered_with_that(
    world: World, tmp_path: Path
) -> None:
    asked = await world.bob.send(world.channel, "no bot is listening")
    question = await world.history.add_question(
        channel=ChannelRef(world.channel.id, world.guild.id),
        author_id=world.bob.id,
        author_name="Bob",
        content="are you there?",
        message_id=asked.id,
    )
    reply = await world.history.open_reply(
        question, author_id=world.client.me.id, author_name="Airo"
    )
    assert reply is not None
    await world.history.save_progress(reply, "Hel")

    queue = await restarted(world, tmp_path)
    answer = world.channel.last_message
    assert answer is not None
    assert answer.content.startswith("Hel\n-# I was interrupted by a restart")
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id
    await world.bob.click(answer, label="Regenerate")
    assert world.shown() == ["Hello there."]
    assert await turns(world) == [("are you there?", "Hello there.")]
    await queue.drain(0)

"""Many people at once, through the whole way from question to stored reply."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversation import Conversation, Question, Speaker
from bot.storage import ChannelRef, Database
from tests.support.engines import Script, ScriptedEngine
from tests.support.stage import ScriptedDiscord
from tests.support.world import build_conversation

ME = Speaker(1, "Airo")


def echo(prompt: str) -> Script:
    """Answers the newest question with its own words."""
    asked = re.findall(r"USER: (.*?) ASSISTANT:", prompt, re.DOTALL)[-1]
    return Script(("You said: ", asked))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'airocord.db'}")
    await database.upgrade()
    yield database
    await database.close()


async def ask(
    conversation: Conversation, person: int, channel: int, message: int, text: str
) -> ScriptedDiscord:
    discord = ScriptedDiscord(takes_s=0.0)
    question = Question(
        channel=ChannelRef(channel, guild_id=7),
        speaker=Speaker(person, f"Person {person}"),
        text=text,
        message_id=message,
    )
    await conversation.answer(question, discord, ME)
    return discord


async def test_twenty_people_in_one_channel_are_each_answered_once_in_the_order_they_came(
    database: Database,
) -> None:
    engine = ScriptedEngine(lanes=1, reply=echo, context_tokens=8192)
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    async with asyncio.timeout(60):
        outlets = await asyncio.gather(
            *(ask(conversation, 100 + n, 5, 1000 + n, f"question {n}") for n in range(20))
        )
    for n, outlet in enumerate(outlets):
        assert outlet.text == f"You said: Person {100 + n}: question {n}"
    served = [int(re.findall(r"question (\d+) ASSISTANT:$", p)[0]) for p in engine.prompts]
    assert served == list(range(20))
    window = await conversation.history.window(5)
    assert [e.question.content for e in window] == [f"question {n}" for n in range(20)]
    assert len({e.reply.id for e in window}) == 20
    await queue.drain(0)


async def test_two_people_in_two_channels_get_two_independent_replies_at_once(
    database: Database,
) -> None:
    steps = asyncio.Semaphore(0)

    def held_echo(prompt: str) -> Script:
        script = echo(prompt)
        script.steps = steps
        return script

    engine = ScriptedEngine(lanes=2, reply=held_echo)
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    async with asyncio.timeout(60):
        both = asyncio.gather(
            ask(conversation, 100, 5, 1000, "cats"), ask(conversation, 101, 6, 1001, "dogs")
        )
        await until_running(engine, 2)
        for _ in range(4):
            steps.release()
        cats, dogs = await both
    assert engine.most_running == 2
    assert cats.text == "You said: Person 100: cats"
    assert dogs.text == "You said: Person 101: dogs"
    assert [len(await conversation.history.window(channel)) for channel in (5, 6)] == [1, 1]
    await queue.drain(0)


async def until_running(engine: ScriptedEngine, lanes: int) -> None:
    while engine.running < lanes:
        await asyncio.sleep(0)


async def test_a_message_that_discord_delivers_twice_is_answered_once(database: Database) -> None:
    engine = ScriptedEngine(reply=echo)
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    async with asyncio.timeout(60):
        outlets = await asyncio.gather(
            ask(conversation, 100, 5, 1000, "hi"), ask(conversation, 100, 5, 1000, "hi")
        )
    assert sorted(outlet.text for outlet in outlets) == ["", "You said: Person 100: hi"]
    assert len(await conversation.history.window(5)) == 1
    await queue.drain(0)


async def test_stop_keeps_what_was_said_and_frees_the_lane(database: Database) -> None:
    engine = ScriptedEngine(default=Script((" and on",), endless=True))
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    discord = ScriptedDiscord(takes_s=0.0)
    question = Question(
        channel=ChannelRef(5, guild_id=7), speaker=Speaker(100, "Ada"), text="hi", message_id=1000
    )
    async with asyncio.timeout(60):
        answering = asyncio.create_task(conversation.answer(question, discord, ME))
        while not discord.text:
            await asyncio.sleep(0)
        reply = await conversation.history.last_reply(5)
        assert reply is not None
        assert conversation.replies.stop(reply.id)
        await answering
    [exchange] = await conversation.history.window(5)
    assert exchange.reply.content.startswith("and on")
    assert exchange.reply.state.value == "stopped"
    assert discord.last.buttons == ["Continue", "Regenerate"]
    assert not conversation.replies.stop(reply.id)
    await queue.drain(0)


async def test_a_question_deleted_while_it_is_answered_takes_its_half_answer_along(
    database: Database,
) -> None:
    engine = ScriptedEngine(default=Script((" and on",), endless=True))
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    discord = ScriptedDiscord(takes_s=0.0)
    question = Question(
        channel=ChannelRef(5, guild_id=7), speaker=Speaker(100, "Ada"), text="hi", message_id=1000
    )
    async with asyncio.timeout(60):
        answering = asyncio.create_task(conversation.answer(question, discord, ME))
        while not discord.text:
            await asyncio.sleep(0)
        await conversation.forget_messages([1000])
        await answering
        await queue.idle()
    assert discord.messages == {}
    assert await conversation.history.last_reply(5) is None
    assert await conversation.history.turn_of_message(100) is None
    await queue.drain(0)


async def test_a_question_deleted_while_it_waits_is_not_answered(database: Database) -> None:
    steps = asyncio.Semaphore(0)
    engine = ScriptedEngine(default=Script(("x",), steps=steps))
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    async with asyncio.timeout(60):
        first = asyncio.create_task(ask(conversation, 100, 5, 1000, "one"))
        await until_running(engine, 1)
        second = asyncio.create_task(ask(conversation, 101, 5, 1001, "two"))
        while len(conversation.replies) < 2:
            await asyncio.sleep(0)
        await conversation.forget_messages([1001])
        await second
        steps.release()
        await first
        await queue.idle()
    assert len(engine.prompts) == 1
    assert [e.question.content for e in await conversation.history.window(5)] == ["one"]
    await queue.drain(0)

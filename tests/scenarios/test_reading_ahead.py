"""What the next question needs is read while nobody waits, and takes nothing from who does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from bot.conversation import Conversation, Question, Speaker
from bot.generation.queue import GenerationQueue
from bot.storage import ChannelRef, Database
from tests.support.engines import Script, ScriptedEngine
from tests.support.stage import ScriptedDiscord
from tests.support.world import build_conversation

ME = Speaker(1, "Airo")
WORDS = "a question of fifty characters, to fill the window"
MESSAGES = count(1000)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'airocord.db'}")
    await database.upgrade()
    yield database
    await database.close()


@pytest.fixture
async def talk(
    database: Database,
) -> AsyncIterator[tuple[ScriptedEngine, Conversation, GenerationQueue]]:
    engine = ScriptedEngine(context_tokens=1000)
    conversation, queue = build_conversation(engine, database, max_new_tokens=100, reads_ahead=True)
    await queue.load()
    yield engine, conversation, queue
    await queue.drain(0)


async def ask(conversation: Conversation, text: str = WORDS, *, channel: int = 5) -> str:
    discord = ScriptedDiscord(takes_s=0.0)
    question = Question(
        channel=ChannelRef(channel, guild_id=7),
        speaker=Speaker(100 + channel, "Bo"),
        text=text,
        message_id=next(MESSAGES),
    )
    await conversation.answer(question, discord, ME)
    return discord.text


def ahead(engine: ScriptedEngine) -> list[str]:
    """The prompts of which no reply was wanted."""
    both = zip(engine.prompts, engine.params, strict=True)
    return [prompt for prompt, params in both if params.max_new_tokens == 1]


async def until_read_ahead(
    engine: ScriptedEngine, conversation: Conversation, queue: GenerationQueue
) -> str:
    """Talk until the window moves; the prompt that was read for it."""
    async with asyncio.timeout(10):
        while not ahead(engine):
            await ask(conversation)
            await queue.idle()
    return ahead(engine)[0]


async def test_where_the_window_moves_the_next_prompt_begins_as_what_was_read(
    talk: tuple[ScriptedEngine, Conversation, GenerationQueue],
) -> None:
    engine, conversation, queue = talk
    read = await until_read_ahead(engine, conversation, queue)
    before = engine.prompts[-2]
    await ask(conversation, "another question")
    asked = engine.prompts[-1]
    kept, _, _ = read.rpartition("USER: ")
    assert "Hello there." in kept
    assert asked == f"{kept}USER: Bo: another question ASSISTANT:"
    # It is the window that moved, not the conversation that is short.
    assert len(kept) < len(before)


async def test_what_is_read_ahead_is_no_reply(
    talk: tuple[ScriptedEngine, Conversation, GenerationQueue],
) -> None:
    engine, conversation, queue = talk
    await until_read_ahead(engine, conversation, queue)
    replies = len(engine.prompts) - 1
    counters = queue.accounts.counters
    assert (counters.submitted, counters.done) == (replies, replies)
    assert [e.reply.content for e in await conversation.history.window(5)][-1] == "Hello there."


async def test_who_asks_meanwhile_has_the_lane(
    talk: tuple[ScriptedEngine, Conversation, GenerationQueue],
) -> None:
    engine, conversation, queue = talk
    never = asyncio.Semaphore(0)

    def script(_: str) -> Script:
        return Script(steps=never) if engine.params[-1].max_new_tokens == 1 else Script()

    engine.reply = script
    async with asyncio.timeout(10):
        while not ahead(engine):
            await ask(conversation)
            await asyncio.sleep(0)
            while queue.status.running and not ahead(engine):
                await asyncio.sleep(0)
        assert queue.status.running == 1
        assert await ask(conversation, "quick", channel=6) == "Hello there."
        # Begun anew then, and given up for good where the conversation goes on.
        assert await ask(conversation, "and here") == "Hello there."
        await queue.idle()


async def test_nothing_is_read_ahead_while_others_wait(
    talk: tuple[ScriptedEngine, Conversation, GenerationQueue],
) -> None:
    engine, conversation, queue = talk
    await until_read_ahead(engine, conversation, queue)
    replies = len(engine.prompts) - 1
    async with asyncio.timeout(10):
        for _ in range(replies - 1):
            await ask(conversation, channel=6)
        held = asyncio.Semaphore(0)
        engine.reply = lambda prompt: Script(steps=held if "held" in prompt else None)
        last = asyncio.create_task(ask(conversation, channel=6))
        others = [asyncio.create_task(ask(conversation, "held", channel=c)) for c in (7, 8)]
        await last
        assert (queue.status.running, queue.status.waiting) == (1, 1)
        for _ in range(4):
            held.release()
        await asyncio.gather(*others)
        await queue.idle()
    assert len(ahead(engine)) == 1

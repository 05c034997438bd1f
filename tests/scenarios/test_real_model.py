"""One whole way with nothing in it that is made up but Discord's server: a person writes, words
stream, and the history holds both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversation import Conversation, Question, Speaker
from bot.generation.queue import GenerationQueue
from bot.storage import ChannelRef, Database
from tests.support.llama import demo_engine
from tests.support.stage import ScriptedDiscord
from tests.support.world import build_conversation, open_world

LIMIT_S = 120
ME = Speaker(1, "Airo")


async def test_a_person_writes_in_a_channel_and_the_model_answers_them(tmp_path: Path) -> None:
    async with open_world(
        tmp_path, engine=demo_engine(lanes=1), max_new_tokens=24, settle_timeout=LIMIT_S
    ) as world:
        me = f"<@{world.client.me.id}>"
        await world.bob.send(world.channel, f"{me} Name three colours.")
        [said] = world.shown()
        assert len(said.split()) >= 3
        assert me not in said
        [exchange] = await world.history.window(world.channel.id)
        assert exchange.question.content == "Name three colours."
        assert said.startswith(first_line(exchange.reply.content))
        assert exchange.reply.tokens
        edits = [r for r in world.env.http_requests if r.method == "PATCH"]
        assert len(edits) >= 2  # it was seen growing


def first_line(reply: str) -> str:
    """What Discord shows of it, which drops the white space at the end."""
    return reply.split("\n", maxsplit=1)[0].rstrip()


@pytest.fixture
async def two_lanes(tmp_path: Path) -> AsyncIterator[tuple[Conversation, GenerationQueue]]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'airocord.db'}")
    await database.upgrade()
    conversation, queue = build_conversation(demo_engine(lanes=2), database, max_new_tokens=32)
    await queue.load()
    yield conversation, queue
    await queue.drain(0)
    await database.close()


async def test_two_people_in_two_channels_are_answered_at_the_same_time(
    two_lanes: tuple[Conversation, GenerationQueue],
) -> None:
    conversation, queue = two_lanes
    most_running = 0
    outlets = {}
    questions = {5: "Tell me about cats.", 6: "Tell me about trains."}

    async def ask(channel: int, text: str) -> None:
        nonlocal most_running
        outlets[channel] = outlet = ScriptedDiscord(takes_s=0.0)

        def watch() -> None:
            nonlocal most_running
            most_running = max(most_running, queue.status.running)

        outlet.watch = watch
        question = Question(
            channel=ChannelRef(channel, guild_id=7),
            speaker=Speaker(100 + channel, "Ada"),
            text=text,
            message_id=channel,
        )
        await conversation.answer(question, outlet, ME)

    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
        for channel, text in questions.items():
            tasks.create_task(ask(channel, text))
    assert most_running == 2
    for channel, text in questions.items():
        [exchange] = await conversation.history.window(channel)
        assert exchange.question.content == text
        assert exchange.reply.content
        assert outlets[channel].text.startswith(first_line(exchange.reply.content))

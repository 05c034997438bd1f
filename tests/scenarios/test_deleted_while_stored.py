"""Messages that are deleted in the very moment that their questions are stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.conversation import Conversation, Question, ReplyUnavailable, Speaker
from bot.generation.queue import GenerationQueue
from bot.storage import ChannelRef, Database
from tests.support.engines import ScriptedEngine
from tests.support.stage import ScriptedDiscord
from tests.support.world import build_conversation

ADA = Speaker(100, "Ada")
QUESTION = Question(
    channel=ChannelRef(5, guild_id=7), speaker=ADA, text="my PIN is 1234", message_id=1000
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'airocord.db'}")
    await database.upgrade()
    yield database
    await database.close()


@pytest.fixture
async def asked(database: Database) -> AsyncIterator[tuple[Conversation, GenerationQueue]]:
    conversation, queue = build_conversation(ScriptedEngine(), database)
    await queue.load()
    async with asyncio.timeout(60):
        yield conversation, queue
    await queue.drain(0)


async def answer(conversation: Conversation, queue: GenerationQueue) -> ScriptedDiscord:
    discord = ScriptedDiscord(takes_s=0.0)
    await conversation.answer(QUESTION, discord, Speaker(1, "Airo"))
    await queue.idle()
    return discord


async def assert_nothing_is_left(conversation: Conversation) -> None:
    assert await conversation.history.turn_of_message(1000) is None
    assert await conversation.history.last_reply(5) is None
    for turn_id in (1, 2):
        assert await conversation.history.turn(turn_id) is None
    assert (await conversation.people.holdings(ADA.id)).questions == 0


async def test_a_deletion_that_comes_before_the_question_is_there_leaves_nothing_of_it(
    asked: tuple[Conversation, GenerationQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, queue = asked
    plain = conversation.history.add_question

    async def add_question(**given: Any) -> int:
        await conversation.forget_messages([1000])
        return await plain(**given)

    monkeypatch.setattr(conversation.history, "add_question", add_question)
    discord = await answer(conversation, queue)
    assert discord.messages == {}
    await assert_nothing_is_left(conversation)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("message_id", [1000, None], ids=["message", "command"])
async def test_a_deletion_of_all_reaches_a_question_that_is_being_stored(
    asked: tuple[Conversation, GenerationQueue],
    monkeypatch: pytest.MonkeyPatch,
    message_id: int | None,
    moment: str,
) -> None:
    conversation, queue = asked
    plain = conversation.history.add_question

    async def add_question(**given: Any) -> int:
        if moment == "before":
            conversation.coming.withdraw(ADA.id)
            return await plain(**given)
        question_id = await plain(**given)
        conversation.coming.withdraw(ADA.id)
        return question_id

    monkeypatch.setattr(conversation.history, "add_question", add_question)
    discord = ScriptedDiscord(takes_s=0.0)
    answering = conversation.answer(
        replace(QUESTION, message_id=message_id), discord, Speaker(1, "Airo")
    )
    if message_id is None:
        # Who used a command waits under "thinking…".
        with pytest.raises(ReplyUnavailable):
            await answering
    else:
        await answering
    await queue.idle()
    assert discord.messages == {}
    await assert_nothing_is_left(conversation)


async def test_a_deletion_that_comes_before_the_reply_is_known_to_be_written_ends_it(
    asked: tuple[Conversation, GenerationQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, queue = asked
    plain = conversation.history.open_reply

    async def open_reply(question_id: int, **given: Any) -> int | None:
        reply_id = await plain(question_id, **given)
        await conversation.forget_messages([1000])
        return reply_id

    monkeypatch.setattr(conversation.history, "open_reply", open_reply)
    discord = await answer(conversation, queue)
    assert discord.messages == {}
    await assert_nothing_is_left(conversation)


async def test_a_question_that_was_deleted_is_not_left_where_the_bot_is_stopped_meanwhile(
    asked: tuple[Conversation, GenerationQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, queue = asked
    plain = conversation.history.add_question

    async def add_question(**given: Any) -> int:
        await conversation.forget_messages([1000])
        await plain(**given)
        raise asyncio.CancelledError

    monkeypatch.setattr(conversation.history, "add_question", add_question)
    with pytest.raises(asyncio.CancelledError):
        await answer(conversation, queue)
    await assert_nothing_is_left(conversation)


async def test_a_deletion_is_remembered_as_long_as_the_message_is_handled(
    asked: tuple[Conversation, GenerationQueue],
) -> None:
    conversation, queue = asked
    with conversation.coming.following(1000, ADA.id) as coming:
        await conversation.forget_messages([1000])
        assert coming.is_withdrawn
        assert (await answer(conversation, queue)).messages == {}
    assert conversation.coming.of(1000) is None
    assert (await answer(conversation, queue)).text == "Hello there."

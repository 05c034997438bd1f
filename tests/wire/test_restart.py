"""The bot's process dies in the middle of a reply, and comes back; or is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.storage import TurnState
from sandbox.faults import Dropped, Fault, Held
from sandbox.server import Sandbox
from tests.support.bot_process import BotProcess
from tests.support.judge import Judge
from tests.support.model_on_a_wire import LIMIT_S, ModelOnAWire
from tests.support.reader import Reader, author_of, buttons, told

SENDS = "/channels/{channel_id}/messages"


@pytest.fixture
async def sandbox(judge: Judge) -> Sandbox:
    made = Sandbox()
    judge.watch(made)
    return made


async def test_after_a_crash_the_reply_says_so_and_can_be_written_anew(
    tmp_path: Path, sandbox: Sandbox, judge: Judge
) -> None:
    model = ModelOnAWire()
    await sandbox.start()
    await model.start()
    bot = BotProcess(sandbox, tmp_path, model)
    try:
        await bot.start()
        bo = sandbox.person("Bo")
        channel_id = int(bo.channels()[0]["id"])
        bo.send(channel_id, f"<@{sandbox.world.bot_id}> tell me")
        reply = await model.asked()
        with Reader(bo, channel_id, sandbox.world.bot_id) as reader:
            await reply.say("The treasure is")
            await reader.reads("The treasure is")
            await bot.kill()
            edits = "/channels/{channel_id}/messages/{message_id}"
            sandbox.faults.add(Fault(method="PATCH", route=edits, answer=Dropped()))
            await bot.start()
            await reader.reads("I was interrupted by a restart")
            [shown] = reader.messages
            assert str(shown["content"]).startswith("The treasure is\n")
            async with bot.history() as history:
                [exchange] = await history.window(channel_id)
                assert exchange.reply.state is TurnState.INTERRUPTED
                assert exchange.reply.content == "The treasure is"
            bo.press(channel_id, int(shown["id"]), buttons(shown)["Regenerate"])
            anew = await model.asked()
            await anew.say("under the oak.")
            await anew.end()
            await reader.reads("under the oak.")
            await reader.offers("Regenerate")
            assert reader.texts == ["under the oak."]
        await bot.stop()
        async with bot.history() as history:
            [exchange] = await history.window(channel_id)
            assert exchange.reply.content == "under the oak."
        assert bot.complaints == []
        assert judge.problems() == []
    finally:
        await bot.kill()
        await model.close()
        await sandbox.close()


@asynccontextmanager
async def running(sandbox: Sandbox, folder: Path) -> AsyncIterator[tuple[BotProcess, ModelOnAWire]]:
    model = ModelOnAWire()
    await sandbox.start()
    await model.start()
    bot = BotProcess(sandbox, folder, model)
    try:
        await bot.start()
        yield bot, model
        await bot.stop()
        assert bot.complaints == []
    finally:
        await bot.kill()
        await model.close()
        await sandbox.close()


async def test_what_was_shown_of_a_continuation_stays_after_a_crash(
    tmp_path: Path, sandbox: Sandbox, judge: Judge
) -> None:
    async with running(sandbox, tmp_path) as (bot, model):
        bo = sandbox.person("Bo")
        channel_id = int(bo.channels()[0]["id"])
        bo.send(channel_id, f"<@{sandbox.world.bot_id}> story")
        first = await model.asked()
        await first.say("Once")
        await first.end(at_length=True)
        with Reader(bo, channel_id, sandbox.world.bot_id) as reader:
            shown = await reader.offers("Continue")
            bo.press(channel_id, int(shown["id"]), buttons(shown)["Continue"])
            more = await model.asked()
            await more.say(" upon")
            await reader.reads("upon")
            await more.say(" a time")
            await reader.reads("upon a time")
            await bot.kill()
            await bot.start()
            await reader.reads("I was interrupted by a restart")
            note = "-# I was interrupted by a restart; press Regenerate to have me try again."
            begun, more_of_it = (text.strip() for text in reader.texts)
            assert begun.startswith("Once\n")
            assert more_of_it == f"upon a time\n{note}"
    assert judge.problems() == []


async def test_a_message_that_the_bot_was_killed_over_is_found_and_marked(
    tmp_path: Path, sandbox: Sandbox, judge: Judge
) -> None:
    async with running(sandbox, tmp_path) as (bot, model):
        bo = sandbox.person("Bo")
        channel_id = int(bo.channels()[0]["id"])
        original = "/webhooks/{application_id}/{token}/messages/@original"
        sandbox.faults.add(Fault(route=original, answer=Dropped(after=True), times=None))
        bo.use_command(channel_id, "chat", {"message": "story"})
        reply = await model.asked()
        with Reader(bo, channel_id, sandbox.world.bot_id) as reader:
            await reply.say("Once upon")
            await reader.reads("Once upon")
            await bot.kill()
            sandbox.faults.clear()
            await bot.start()
            shown = await reader.reads("I was interrupted by a restart")
            assert str(shown["content"]).startswith("> story\nOnce upon\n-# ")
            assert list(buttons(shown)) == ["Continue", "Regenerate"]
            assert len(reader.messages) == 1
    assert judge.problems() == []


async def test_a_reply_that_was_to_take_anothers_place_takes_it_after_a_crash(
    tmp_path: Path, sandbox: Sandbox, judge: Judge
) -> None:
    async with running(sandbox, tmp_path) as (bot, model):
        bo = sandbox.person("Bo")
        channel_id = int(bo.channels()[0]["id"])
        bo.send(channel_id, f"<@{sandbox.world.bot_id}> story")
        first = await model.asked()
        await first.say("Once upon a time. " * 120)
        await first.end()
        with Reader(bo, channel_id, sandbox.world.bot_id) as reader:
            shown = await reader.offers("Regenerate")
            assert len(reader.messages) == 2
            edits = "/channels/{channel_id}/messages/{message_id}"
            lost = Fault(method="PATCH", route=edits, answer=Dropped(), times=None)
            sandbox.faults.add(lost)
            bo.press(channel_id, int(shown["id"]), buttons(shown)["Regenerate"])
            second = await model.asked()
            await second.say("Twice")
            await bot.logged("an update was lost")
            await bot.kill()
            sandbox.faults.clear()
            await bot.start()
            note = "-# I was interrupted by a restart; press Regenerate to have me try again."
            await reader.sees(
                lambda messages: [m["content"] for m in messages] == [f"Twice\n{note}"]
            )
            [shown] = reader.messages
            bo.press(channel_id, int(shown["id"]), buttons(shown)["Regenerate"])
            anew = await model.asked()
            await anew.say("Thrice.")
            await anew.end()
            await reader.sees(lambda messages: [m["content"] for m in messages] == ["Thrice."])
    assert judge.problems() == []


async def test_games_are_played_while_the_model_still_loads(
    tmp_path: Path, sandbox: Sandbox, judge: Judge
) -> None:
    model = ModelOnAWire()
    model.may_load.clear()
    await sandbox.start()
    await model.start()
    bot = BotProcess(sandbox, tmp_path, model)
    try:
        await bot.start(until="bot.client: told Discord")
        await sandbox.gateway.connected()
        bo = sandbox.person("Bo")
        channel_id = int(bo.channels()[0]["id"])
        loading = "The model is still loading (0%). Please ask again in a minute."
        about = await told(bo, bo.use_command(channel_id, "about"))
        assert about.splitlines()[0] == loading
        with Reader(bo, channel_id, sandbox.world.bot_id) as reader:
            bo.use_command(channel_id, "trivia start", {"rounds": 1, "seconds": 5})
            await reader.reads("**Question 1 of 1**")
            sentence = {"sentence": "An ___ a day."}
            assert await told(bo, bo.use_command(channel_id, "words blank", sentence)) == loading
            await reader.reads("The answer: **")
        model.may_load.set()
        await bot.logged("bot.app: ready")
        about = await told(bo, bo.use_command(channel_id, "about"))
        assert about.startswith("I am scripted model, on scripted.")
        await bot.stop()
        assert bot.complaints == []
        assert judge.problems() == []
    finally:
        await bot.kill()
        await model.close()
        await sandbox.close()


@pytest.mark.parametrize("asks_by", ["command", "message"])
async def test_what_was_asked_is_answered_although_the_bot_is_told_to_stop_meanwhile(
    tmp_path: Path, sandbox: Sandbox, judge: Judge, asks_by: str
) -> None:
    async with running(sandbox, tmp_path) as (bot, _):
        callback = "/interactions/{interaction_id}/{token}/callback"
        held, bo = Held(), sandbox.person("Bo")
        channel_id = int(bo.channels()[0]["id"])
        fault = Fault(route=callback if asks_by == "command" else SENDS, answer=held)
        sandbox.faults.add(fault)
        if asks_by == "command":
            bo.use_command(channel_id, "help")
        else:
            # Of no words, which is answered without the model.
            bo.send(channel_id, f"<@{sandbox.world.bot_id}>")
        async with asyncio.timeout(LIMIT_S):
            while not fault.hits:
                await asyncio.sleep(0.01)
        stopping = asyncio.create_task(bot.stop())
        await bot.logged("bot.handlers: handlers that are waited for: 1")
        held.until.set()
        await stopping
        answers = bo.messages(channel_id)
        assert [author_of(message) for message in answers][-1] == sandbox.world.bot_id

"""The bot's process dies in the middle of a reply, and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.storage import TurnState
from sandbox.server import Sandbox
from tests.support.bot_process import BotProcess
from tests.support.judge import Judge
from tests.support.model_on_a_wire import ModelOnAWire
from tests.support.reader import Reader, buttons


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

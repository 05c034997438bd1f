"""One sandbox and one bot process for a module; every test has a channel of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from bot.storage import StoredExchange
from sandbox.people import Person
from sandbox.server import Sandbox
from tests.support.bot_process import BotProcess
from tests.support.judge import Judge
from tests.support.model_on_a_wire import ModelOnAWire
from tests.support.reader import Reader

_NUMBERS = count(1)


@dataclass
class Wire:
    sandbox: Sandbox
    bot: BotProcess
    model: ModelOnAWire
    channel_id: int

    @property
    def ada(self) -> Person:
        """Owns the server."""
        return self.sandbox.person("Ada")

    @property
    def bo(self) -> Person:
        """May do what everybody may."""
        return self.sandbox.person("Bo")

    def reader(self, person: Person | None = None) -> Reader:
        return Reader(person or self.bo, self.channel_id, self.sandbox.world.bot_id)

    def ask(self, text: str, person: Person | None = None) -> int:
        """Mention the bot, and return the message's id."""
        sent = (person or self.bo).send(self.channel_id, f"<@{self.sandbox.world.bot_id}> {text}")
        return int(str(sent["id"]))

    async def exchanges(self, *, ended: int = 1) -> list[StoredExchange]:
        """What the history holds of this channel, oldest first, once so many replies in it have
        ended."""
        await self.bot.logged(f"in channel {self.channel_id} ended", times=ended)
        async with self.bot.history() as history:
            return list(await history.window(self.channel_id))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(
    tmp_path_factory: pytest.TempPathFactory, judge: Judge
) -> AsyncIterator[tuple[Sandbox, BotProcess, ModelOnAWire]]:
    sandbox, model = Sandbox(), ModelOnAWire()
    judge.watch(sandbox)
    await sandbox.start()
    await model.start()
    folder: Path = tmp_path_factory.mktemp("bot")
    try:
        async with BotProcess(sandbox, folder, model, LANES="2") as bot:
            yield sandbox, bot, model
        assert bot.complaints == []
    finally:
        await model.close()
        await sandbox.close()


@pytest_asyncio.fixture(loop_scope="module")
async def wire(
    started: tuple[Sandbox, BotProcess, ModelOnAWire], judge: Judge
) -> AsyncIterator[Wire]:
    sandbox, bot, model = started
    guild_id = next(iter(sandbox.world.guilds))
    channel_id = sandbox.world.add_channel(guild_id, f"test-{next(_NUMBERS)}")
    yield Wire(sandbox, bot, model, channel_id)
    sandbox.faults.clear()
    assert judge.problems() == []

"""What the bot takes to start, and of memory, beside discord.py alone with an empty cog.

Both on the sandbox's Discord, the bot with an engine that has no model, so that neither loads one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.table import Report, Table, at_most, spread
from sandbox.buckets import Limits, Rate
from sandbox.server import Sandbox
from tests.support.bot_process import ROOT
from tests.support.model_on_a_wire import ModelOnAWire

if TYPE_CHECKING:
    from sandbox.world import World

_READY_TARGET = 1.5
_MEMORY_TARGET_MB = 120.0
_LIMIT_S = 120.0
_CHANNELS = 40
_MESSAGES_A_QUESTION = 20
_AT_ONCE = 10
"""Questions that are asked before the answers to them are awaited."""
_ANSWER = ("The answer", " is", " short.")

_IMPORTS = "import {}, time; print(time.process_time())"
_OURS = "bot.__main__, bot.app, cogs.chat, cogs.askdocs, cogs.trivia, cogs.anagrams"
_THEIRS = "discord.ext.commands"

# Python keeps what it has compiled, of the bot as of discord.py, where nobody keeps it from that.
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

_NOTES = (
    "From the start of the process: online is when Discord has let the bot in, ready when "
    "discord.py says so, which waits two seconds for servers that may still come. Imports: what "
    "Python and the modules take of the processor. The three kinds take turns; medians, with "
    "the least and the most. A first start makes the database and tells Discord the commands. "
    "Memory is resident, ours and that of shared libraries. Of the messages, one in "
    f"{_MESSAGES_A_QUESTION} is a question to the bot, which is answered and stored."
)


@dataclass(slots=True)
class _Starts:
    """Of one kind of bot."""

    imports_s: list[float] = field(default_factory=list)
    """Of processor time."""
    online_s: list[float] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)
    at_rest_mb: list[float] = field(default_factory=list)
    after_mb: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Size:
    starts: int
    settles_s: float
    messages: int


async def run(*, smoke: bool = False) -> Report:
    """Five starts of each, and 10,000 messages; one start and 40 messages for a smoke run."""
    size = _Size(1, 0.1, 40) if smoke else _Size(5, 3.0, 10_000)
    kinds = {name: _Starts() for name in ("discord.py alone", "the bot, first", "the bot, again")}
    alone, first, again = kinds.values()
    for number in range(size.starts):
        alone.imports_s.append(await _import(_THEIRS))
        again.imports_s.append(await _import(_OURS))
        messages = size.messages if number == size.starts - 1 else 0
        async with _discord() as (sandbox, model):
            with TemporaryDirectory() as folder:
                home = Path(folder)
                await _start(alone, _Bot(sandbox, None, home), size, messages)
                await _start(first, _Bot(sandbox, model, home), size, 0)
                await _start(again, _Bot(sandbox, model, home), size, messages)
    table = Table(
        f"start: from the process's start to READY, and memory after {size.messages:,} messages",
        ("what", "starts", "imports", "online", "ready", "memory at rest", "after messages"),
    )
    for name, starts in kinds.items():
        table.add(
            name,
            f"{size.starts}",
            spread(starts.imports_s) + " s" if starts.imports_s else "",
            spread(starts.online_s) + " s",
            spread(starts.ready_s) + " s",
            _megabytes(starts.at_rest_mb),
            _megabytes(starts.after_mb),
        )
    ratio = median(ours / theirs for ours, theirs in zip(again.ready_s, alone.ready_s, strict=True))
    targets = [at_most("time to READY beside discord.py alone", _READY_TARGET, ratio, "times")]
    if again.at_rest_mb:
        at_rest = median(again.at_rest_mb)
        targets.append(at_most("memory at rest without a model", _MEMORY_TARGET_MB, at_rest, "MB"))
    return Report([table], _NOTES, targets)


def _megabytes(values: Sequence[float]) -> str:
    return spread(values, ".0f") + " MB" if values else ""


@asynccontextmanager
async def _discord() -> AsyncIterator[tuple[Sandbox, ModelOnAWire]]:
    """With many channels, and no limits that would make it a measure of Discord's patience."""

    def furnish(world: World) -> None:
        guild = world.add_guild("Start", world.add_user("Ada"))
        for number in range(_CHANNELS):
            world.add_channel(guild, f"channel-{number}")

    plenty = Rate(100_000, 1.0)
    limits = Limits(routes={}, other=plenty, overall=plenty)
    sandbox, model = Sandbox(scene=furnish, limits=limits), ModelOnAWire()
    await sandbox.start()
    await model.start()
    try:
        yield sandbox, model
    finally:
        await model.close()
        await sandbox.close()


@dataclass(frozen=True, slots=True)
class _Bot:
    """``model``: ``None`` is discord.py alone."""

    sandbox: Sandbox
    model: ModelOnAWire | None
    folder: Path

    @property
    def command(self) -> tuple[str, ...]:
        if self.model is None:
            return "-m", "bench.empty_bot"
        return str(ROOT / "tests/support/scripted_bot.py"), str(self.model.port)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **_ENVIRONMENT,
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": self.sandbox.bot_token,
            "DISCORD_API_URL": self.sandbox.api_url,
            "DATA_DIR": str(self.folder),
            "QUESTION_STOCK": "0",
            "CLUE_STOCK": "0",
            "PERSON_A_MINUTE": "0",
            "PERSON_A_DAY": "0",
            "GUILD_A_MINUTE": "0",
            "QUEUE_LIMIT_PER_PERSON": "1000",
        }


async def _start(starts: _Starts, bot: _Bot, size: _Size, messages: int) -> None:
    """One life of it."""
    before = bot.sandbox.gateway.connections
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *bot.command,
        cwd=bot.folder,
        env=bot.environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None  # noqa: S101 - it was asked for
    lines = _Lines(process.stderr)
    try:
        async with asyncio.timeout(_LIMIT_S):
            await bot.sandbox.gateway.connected(after=before, within_s=_LIMIT_S)
            starts.online_s.append(time.perf_counter() - began)
            await lines.ready()
            starts.ready_s.append(time.perf_counter() - began)
        await asyncio.sleep(size.settles_s)
        starts.at_rest_mb += _resident_mb(process.pid)
        if messages:
            await _talk(bot, lines, messages)
            await asyncio.sleep(size.settles_s)
            starts.after_mb += _resident_mb(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await lines.close()


class _Lines:
    """What a process says on its standard error."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._reading = asyncio.create_task(self._read(stream))
        self._grown = asyncio.Condition()
        self._is_ready = False
        self.replies = 0
        """How many it has ended."""

    async def ready(self) -> None:
        async with self._grown:
            await self._grown.wait_for(lambda: self._is_ready or self._reading.done())

    async def answered(self, replies: int) -> None:
        async with asyncio.timeout(_LIMIT_S), self._grown:
            await self._grown.wait_for(lambda: self.replies >= replies)

    async def close(self) -> None:
        await self._reading

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            async with self._grown:
                self._is_ready |= line.split(b" on ")[0].rstrip().endswith(b"ready")
                self.replies += b" ended: " in line
                self._grown.notify_all()


async def _talk(bot: _Bot, lines: _Lines, messages: int) -> None:
    """People talk; whoever asks the bot is answered, if it answers."""
    world, ada = bot.sandbox.world, bot.sandbox.person("Ada")
    channels = [channel_id for channel_id in world.channels if world.guild_id(channel_id)]
    answering = asyncio.create_task(_answer(bot.model)) if bot.model else None
    asked = 0
    try:
        for number in range(messages):
            is_question = number % _MESSAGES_A_QUESTION == 0
            mention = f"<@{world.bot_id}> " if is_question else ""
            channel_id = channels[number // _MESSAGES_A_QUESTION % len(channels)]
            ada.send(channel_id, f"{mention}What do you say of the number {number}?")
            asked += is_question
            if number % (_MESSAGES_A_QUESTION * _AT_ONCE) == 0:
                # So that neither side only ever writes.
                await asyncio.sleep(0.02)
                if bot.model is not None:
                    await lines.answered(asked)
        if bot.model is not None:
            await lines.answered(asked)
    finally:
        if answering is not None:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


async def _answer(model: ModelOnAWire) -> None:
    while True:
        asked = await model.asked()
        await asked.say(*_ANSWER)
        await asked.end()


async def _import(modules: str) -> float:
    """Seconds of processor time, of a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _IMPORTS.format(modules)),
        cwd=ROOT,
        env=_ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return float(said)


def _resident_mb(pid: int) -> list[float]:
    """One figure, or none where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return []
    return [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")]

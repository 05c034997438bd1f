"""The run from its beginning to the ledger."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.soak import process, stored
from bench.soak.complaints import complaints_in
from bench.soak.crowd import Crowd
from bench.soak.journal import Away, Journal
from bench.soak.ledger import Auditor, Ledger
from bench.soak.model import Model
from bench.soak.scene import FULL, SMALL, Size, furnish
from bench.soak.weather import Weather
from bot.replies.faults import ALREADY_ACKNOWLEDGED
from sandbox.server import Sandbox
from sandbox.world import World
from tests.support.bot_process import ROOT, BotProcess
from tests.support.judge import Judge
from tests.support.model_on_a_wire import ModelOnAWire

_REST_LIMIT_S = 180.0
_QUIET_S = 5.0
_SHORT_QUIET_S = 2.0
"""Nothing has to be asked of Discord for so long before all is held to be at rest."""
_CONNECTIONS_CLOSE_S = 40.0
"""aiohttp closes those that were not used for 15 seconds, and looks for them every 15 seconds."""
_SAMPLE_EVERY_S = 2.0
_LONG_LIFE_S = 180.0
"""Shorter lives tell nothing of leaks: the pools and caches are still filling."""
_BAD_SPELL_S = 4.0
_MOST_SOCKETS_MORE = 2
_MOST_DATABASE_FILES = 31
"""The pool opens up to fifteen connections, each with the file and its log, over one index. SQLite
keeps the file of a closed one open for the next where another holds a lock."""


@dataclass(frozen=True, slots=True)
class Plan:
    seconds: float
    seed: int
    rate: float
    size: Size = FULL
    kills: int = 2
    is_short: bool = False
    """Without what takes long to end or to be seen: games, and connections that close."""
    most_growth_mb_a_minute: float = 1.0

    @classmethod
    def smoke(cls, seed: int) -> Self:
        return cls(5.0, seed, 8.0, SMALL, kills=0, is_short=True)


async def soak(plan: Plan, tell: Callable[[str], None]) -> tuple[Ledger, str]:
    """Run it, and return the ledger and the bot's whole log."""
    rng = random.Random(plan.seed)  # noqa: S311 - a plan that can be repeated
    scenes = []

    def scene(world: World) -> None:
        scenes.append(furnish(world, plan.size, rng))

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox, wire, judge = Sandbox(scene=scene), ModelOnAWire(), Judge()
        judge.watch(sandbox)
        await sandbox.start()
        stack.push_async_callback(sandbox.close)
        await wire.start()
        stack.push_async_callback(wire.close)
        bot = BotProcess(
            sandbox,
            folder,
            command=(str(ROOT / "bench/soak/flaky_bot.py"), str(wire.port)),
            OWNER_IDS=str(scenes[0].owner),
            EDIT_INTERVAL_S="1.2",
            PERSON_A_MINUTE="20",
            GUILD_A_MINUTE="200",
        )
        run = _Run(plan, tell, folder, sandbox, bot)
        run.crowd = Crowd(
            sandbox, scenes[0], run.journal, rng, plan.rate, has_games=not plan.is_short
        )
        run.model = Model(wire, rng)
        run.weather = Weather(sandbox, run.journal, rng)
        stack.push_async_callback(bot.kill)
        ledger = await run.to_the_end()
        # What is acknowledged again was taken before, and only its receipt was lost.
        ledger.problems += [
            f"refused by Discord: {problem}"
            for problem in judge.problems()
            if str(ALREADY_ACKNOWLEDGED) not in problem
        ]
        return ledger, bot.log


class _Run:
    crowd: Crowd
    model: Model
    weather: Weather

    def __init__(
        self,
        plan: Plan,
        tell: Callable[[str], None],
        folder: Path,
        sandbox: Sandbox,
        bot: BotProcess,
    ) -> None:
        self._plan = plan
        self._tell = tell
        self._file = folder / "airocord.db"
        self._sandbox = sandbox
        self._bot = bot
        self._samples: list[process.Sample] = []
        self._last_request = 0.0
        self.journal = Journal(sandbox)
        sandbox.traffic.listeners.append(lambda _: self._note_request())

    async def to_the_end(self) -> Ledger:
        bot, plan = self._bot, self._plan
        await bot.start()
        at_start = process.open_files(bot.pid)
        answering = asyncio.create_task(self.model.run(), name="model")
        watching = asyncio.create_task(self._watch(), name="watch")
        try:
            acting = [
                asyncio.create_task(self.crowd.run(), name="crowd"),
                asyncio.create_task(self.weather.run(), name="weather"),
            ]
            begin = time.monotonic()
            for life in range(plan.kills + 1):
                until = begin + plan.seconds * (life + 1) / (plan.kills + 1)
                await self._live(until, is_bad=life == plan.kills // 2 and plan.kills > 0)
                if life < plan.kills:
                    await self._kill()
            for task in acting:
                task.cancel()
            await asyncio.gather(*acting, return_exceptions=True)
            self._sandbox.faults.clear()
            problems = await self._rest(at_start)
        finally:
            watching.cancel()
            answering.cancel()
            await asyncio.gather(watching, answering, return_exceptions=True)
        await bot.stop()
        ledger = Auditor(
            self._sandbox, self.journal, await asyncio.to_thread(stored.read, self._file)
        ).audit()
        ledger.problems += problems
        self._add_log(ledger)
        self._add_memory(ledger)
        self._add_counts(ledger)
        return ledger

    async def _live(self, until: float, *, is_bad: bool) -> None:
        """One life of the process; in a bad one the model breaks down for a while."""
        remaining = until - time.monotonic()
        if is_bad:
            await asyncio.sleep(remaining / 2)
            self.model.is_bad = True
            await asyncio.sleep(min(_BAD_SPELL_S, remaining / 4))
            self.model.is_bad = False
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 30.0))
            self._tell(
                f"{sum(self.crowd.did.values()):,} things done, "
                f"{self._samples[-1].rss_mb if self._samples else 0:.0f} MB"
            )

    async def _kill(self) -> None:
        self._tell("kill -9")
        begin = time.monotonic()
        await self._bot.kill()
        away = Away(begin, float("inf"), is_death=True)
        self.journal.away.append(away)
        await self._bot.start()
        away.end = time.monotonic()

    async def _rest(self, at_start: Counter[str]) -> list[str]:
        """Wait until nothing is under way; what is then still open."""
        problems: list[str] = []
        limit = time.monotonic() + _REST_LIMIT_S
        quiet_s = _SHORT_QUIET_S if self._plan.is_short else _QUIET_S
        while True:
            await asyncio.sleep(0.5)
            turns, games = await asyncio.to_thread(stored.unfinished, self._file)
            is_quiet = time.monotonic() - self._last_request > quiet_s
            if is_quiet and not turns and not games:
                break
            if time.monotonic() > limit:
                problems.append(
                    f"it does not come to rest: {turns} turns pending, {games} games running"
                )
                break
        if not self._plan.is_short:
            problems += await self._left_open(at_start)
        if count := process.children(self._bot.pid):
            problems.append(f"{count} child processes at rest")
        return problems

    async def _left_open(self, at_start: Counter[str]) -> list[str]:
        """Files that are not closed although nothing is under way."""
        limit = time.monotonic() + _CONNECTIONS_CLOSE_S
        while True:
            now = process.open_files(self._bot.pid)
            most = at_start + Counter(socket=_MOST_SOCKETS_MORE)
            most["database"] = _MOST_DATABASE_FILES
            kept = [kind for kind in now if now[kind] > most[kind]]
            if not kept or time.monotonic() > limit:
                break
            await asyncio.sleep(0.5)
        self._tell(f"open files at the start {dict(at_start)}, at rest {dict(now)}")
        return [f"{now[kind]} open files of the kind {kind}, {most[kind]} at most" for kind in kept]

    async def _watch(self) -> None:
        while True:
            if found := process.sample(self._bot.pid, time.monotonic()):
                self._samples.append(found)
            await asyncio.sleep(_SAMPLE_EVERY_S)

    def _note_request(self) -> None:
        self._last_request = time.monotonic()

    # -- what the process says of itself ---------------------------------------------------

    def _add_log(self, ledger: Ledger) -> None:
        planned, others = complaints_in(self._bot.log, self._bot.complaints)
        ledger.problems += [f"log: {line}" for line in others]
        ledger.sums.append(("errors in the log that were planned", f"{planned:,}"))

    def _add_memory(self, ledger: Ledger) -> None:
        for pid in dict.fromkeys(s.pid for s in self._samples):
            life = [s for s in self._samples if s.pid == pid]
            a_minute, in_all = process.trend(life)
            kept = f"{life[0].rss_mb:.0f} to {life[-1].rss_mb:.0f} MB"
            what = f"memory of a life of {life[-1].at - life[0].at:.0f} s"
            ledger.sums.append((what, f"{kept}, {a_minute:+.2f} MB a minute once warm"))
            is_long = life[-1].at - life[0].at > _LONG_LIFE_S
            if is_long and a_minute > self._plan.most_growth_mb_a_minute:
                ledger.problems.append(
                    f"memory grows by {a_minute:.2f} MB a minute, {in_all:.0f} MB"
                )

    def _add_counts(self, ledger: Ledger) -> None:
        for name, counts in (
            ("done", self.crowd.did),
            ("the model", self.model.did),
            ("commands", self.journal.commands),
            ("faults", self.journal.faults),
        ):
            listed = ", ".join(f"{what} {count:,}" for what, count in counts.most_common())
            ledger.sums.append((name, listed))

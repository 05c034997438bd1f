"""Keeps the engine in health: loads it, has it recover from faults, and says whether requests may
come in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import EngineLoading, EnginePaused, EngineSick, ShuttingDown
from bot.generation.engine import Engine
from bot.generation.figures import Health
from bot.language import percent, phrase

log = logging.getLogger(__name__)

_SICK_AFTER = 3
"""Failures in a row after which the engine is no longer trusted with requests."""


class EngineKeeper:
    """One for one engine. All methods are called on the event loop."""

    def __init__(
        self,
        engine: Engine,
        *,
        recover_s: float,
        retry_s: float,
        on_ready: Callable[[], None],
        on_sick: Callable[[], None],
    ) -> None:
        """
        Args:
            recover_s: longest time that a recovery may take, in seconds.
            retry_s: how long a sick engine is left alone before it is tried again, in seconds.
            on_ready: called when requests may run (again).
            on_sick: called when those that wait will not run.
        """
        self.health = Health.LOADING
        self.loaded = 0.0
        """Share of the model that is loaded, 0 to 1."""
        self.is_paused = False
        """Whether new requests are refused because somebody wants it so."""
        self.epoch = 0
        """Counts breakdowns: one that took down several lanes is one."""
        self._engine = engine
        self._recover_s = recover_s
        self._retry_s = retry_s
        self._on_ready = on_ready
        self._on_sick = on_sick
        self._failures = 0
        self._recovery: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Load the engine.

        Raises:
            ModelError, EngineUnavailable: as :meth:`Engine.load` raises them.
            ShuttingDown: it is not wanted any more.
        """

        def on_progress(share: float) -> None:
            self.loaded = share

        self._ensure_wanted()
        # A task of its own, for free() to end.
        self._loading = asyncio.create_task(self._engine.load(on_progress), name="engine load")
        try:
            await self._loading
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                self._ensure_wanted()
            raise
        self.loaded = 1.0
        if self.health is Health.LOADING:
            self.health = Health.READY
            self._on_ready()

    async def reload(self, free: Callable[[], Awaitable[None]]) -> None:
        """Unload the engine and load it anew, from files that may have changed. What waits goes
        on waiting.

        Args:
            free: ends what runs, and returns when it has ended.

        Raises:
            EngineLoading, ShuttingDown: not now.
            ModelError, EngineUnavailable: it cannot be loaded; no requests are taken until
                another reload succeeds.
        """
        if self.health in (Health.LOADING, Health.CLOSED):
            self.ensure_open()
        self.health, self.loaded, self._failures = Health.LOADING, 0.0, 0
        self.epoch += 1
        await _ended(self._recovery)
        await free()
        try:
            await self._engine.close()
            await self.load()
        except BaseException:
            if self.health is Health.LOADING:
                self._fall_sick()
            raise

    def pause(self, is_paused: bool) -> None:
        """Refuse new requests, or take them again; what was taken goes on."""
        self.is_paused = is_paused

    def ensure_open(self) -> None:
        """Pass if requests are taken.

        Raises:
            EngineLoading, EngineSick, EnginePaused, ShuttingDown: with the sentence for those
                who ask.
        """
        if self.health is Health.LOADING:
            raise EngineLoading(
                phrase(
                    "The model is still loading ({loaded}). Please ask again in a minute.",
                    loaded=percent(self.loaded),
                )
            )
        self.ensure_goes_on()
        if self.is_paused:
            raise EnginePaused(
                phrase(
                    "I take no questions at present: whoever runs me has paused me. "
                    "Please try again later."
                )
            )

    def ensure_goes_on(self) -> None:
        """Pass if what was taken will be served, now or when the engine is loaded.

        Raises:
            EngineSick, ShuttingDown: with the sentence for those who asked.
        """
        if self.health is Health.SICK:
            raise EngineSick(
                phrase(
                    "The model keeps failing and takes no questions at present. "
                    "Please tell whoever runs this bot: the log says why."
                )
            )
        self._ensure_wanted()

    def _ensure_wanted(self) -> None:
        if self.health is Health.CLOSED:
            raise ShuttingDown(phrase("The bot is restarting. Please ask again in a minute."))

    def succeeded(self) -> None:
        """A reply was written to its end."""
        self._failures = 0

    def failed(self, epoch: int) -> None:
        """The engine broke under a reply that was begun in ``epoch``."""
        if epoch == self.epoch and self.health is Health.READY:
            self._failures += 1
            self.epoch += 1
            self.health = Health.RECOVERING
            self._recovery = asyncio.create_task(self._recover(), name="engine recovery")

    def close(self) -> None:
        """Take nothing new."""
        self.health = Health.CLOSED

    async def free(self) -> None:
        """Unload the engine, for good; what loads it is ended. After :meth:`close`."""
        await _ended(self._recovery)
        await _ended(self._loading)
        await self._engine.close()

    async def _recover(self) -> None:
        if not await self._is_rebuilt():
            self._failures = _SICK_AFTER
        if self.health is Health.RECOVERING:
            if self._failures < _SICK_AFTER:
                self.health = Health.READY
            else:
                log.error("the engine failed too often: no new requests are taken")
                self._fall_sick()
        self._on_ready()
        while self.health is Health.SICK:
            await asyncio.sleep(self._retry_s)
            if await self._is_rebuilt() and self.health is Health.SICK:
                log.info("the engine answers again: requests are taken, until it fails once more")
                self._failures = _SICK_AFTER - 1
                self.health = Health.READY
                self._on_ready()

    async def _is_rebuilt(self) -> bool:
        try:
            async with asyncio.timeout(self._recover_s):
                await self._engine.recover()
        except Exception:
            log.exception("the engine could not be rebuilt")
            return False
        return True

    def _fall_sick(self) -> None:
        self.health = Health.SICK
        self._on_sick()


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

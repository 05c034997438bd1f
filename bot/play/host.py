"""Which games are being played in this process, and the tasks that play them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from bot.errors import ShuttingDown
from bot.language import phrase
from bot.logs import request_id
from bot.storage import ChannelRef, Games

log = logging.getLogger(__name__)

_LAST_WORDS_S = 5.0
"""At shutdown, how long the tables may take together to say that they close."""

_PAUSES_S = (0.5, 2.0, 5.0, 15.0, 60.0, 240.0)
"""Between tries to store that a game is over."""


class Table(Protocol):
    """One game in one channel."""

    async def play(self) -> None:
        """Play until the game is over."""

    async def close(self) -> None:
        """Say that the game ends here, for the bot is stopping."""

    async def break_off(self, fault: str) -> None:
        """Say that the game ends here, for a fault that the log has under that id."""


class GameHost:
    """Opens tables, one a channel, and owns their tasks."""

    def __init__(self, games: Games) -> None:
        self.games = games
        self._tables: dict[int, tuple[int, Table]] = {}
        """By channel: the game's id and its table."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        """By game, until its last words are said."""
        self._closing = asyncio.Event()
        self.begun = 0
        """Games, since this process began."""

    def at(self, channel_id: int) -> Table | None:
        """The table in a channel."""
        found = self._tables.get(channel_id)
        return found[1] if found else None

    def of(self, game_id: int) -> Table | None:
        """The table of a game; ``None`` once it is over, or after a restart."""
        return next((table for game, table in self._tables.values() if game == game_id), None)

    async def open(
        self,
        channel: ChannelRef,
        kind: str,
        *,
        started_by: int,
        may_rank: bool,
        make: Callable[[int], Table],
    ) -> None:
        """Begin a game; ``make`` gets its id and makes the table.

        Raises:
            GameRuns: there is a game in the channel.
            ShuttingDown: the bot is stopping.
        """
        if self._closing.is_set():
            raise ShuttingDown(phrase("I am about to restart. Please start the game in a minute."))
        game_id = await self.games.start(channel, kind, started_by=started_by, may_rank=may_rank)
        self.begun += 1
        table = make(game_id)
        self._tables[channel.id] = (game_id, table)
        task = asyncio.create_task(self._play(channel.id, game_id, table), name=f"game {game_id}")
        self._tasks[game_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(game_id))

    async def close(self) -> None:
        """End every game, and say so in each channel as far as there is time."""
        self._closing.set()
        tables = dict(self._tables.values())
        playing = [self._tasks[game_id] for game_id in tables]
        # Those that are over already say their last words.
        ending = [task for task in self._tasks.values() if task not in playing]
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        ending += [
            asyncio.create_task(table.close(), name=f"close game {game_id}")
            for game_id, table in tables.items()
        ]
        if ending:
            _, late = await asyncio.wait(ending, timeout=_LAST_WORDS_S)
            for task in late:
                task.cancel()
            for result in await asyncio.gather(*ending, return_exceptions=True):
                if isinstance(result, Exception):
                    log.warning("a game could not say that it ends: %r", result)

    async def _play(self, channel_id: int, game_id: int, table: Table) -> None:
        log.info("game %d in channel %d begins", game_id, channel_id)
        fault = ""
        try:
            await table.play()
        except Exception:
            fault = request_id()
            log.exception("game %d in channel %d broke, fault %s", game_id, channel_id, fault)
        finally:
            # The next game may have begun, and ended, while this one said its last words.
            if self.of(game_id) is not None:
                del self._tables[channel_id]
        failed = await self._end(game_id)
        if fault:
            # Maybe for the same reason that its end cannot be stored for.
            try:
                await table.break_off(fault)
            except Exception:
                log.exception("game %d could not say that it ends", game_id)
        for pause_s in _PAUSES_S:
            if failed is None:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._closing.wait()
            failed = await self._end(game_id)
            if self._closing.is_set():
                break
        if failed is not None:
            log.error(
                "game %d is over, but runs in the database until the next start",
                game_id,
                exc_info=failed,
            )
        log.info("game %d in channel %d ended", game_id, channel_id)

    async def _end(self, game_id: int) -> Exception | None:
        """Store that a game is over, so that its channel may have another; why it is not stored."""
        try:
            await self.games.end(game_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            log.warning("that game %d is over is not stored yet: %r", game_id, error)
            return error
        return None

"""Which games are being played in this process, and the tasks that play them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.errors import ShuttingDown
from bot.language import phrase
from bot.logs import request_id
from bot.storage import ChannelRef, Games
from bot.uninterrupted import to_the_end

log = logging.getLogger(__name__)

_LAST_WORDS_S = 5.0
"""At shutdown, how long the tables may take together to say that they close."""

_STOP_S = 5.0
"""How long a game that is stopped may take to say so."""

_PAUSES_S = (0.5, 2.0, 5.0, 15.0, 60.0, 240.0)
"""Between tries to store that a game is over."""


class Table(Protocol):
    """One game in one channel."""

    async def play(self) -> None:
        """Play until the game is over."""

    def stop(self) -> None:
        """Have the game be over now."""

    def has(self, person: int) -> bool:
        """Whether a person started the game, or plays in it."""

    async def forget(self, person: int) -> None:
        """Go on as if a person had not played."""

    async def close(self) -> None:
        """Say that the game ends here, for the bot is stopping."""

    async def break_off(self, fault: str) -> None:
        """Say that the game ends here, for a fault that the log has under that id."""


@dataclass(frozen=True, slots=True)
class _Seat:
    """A table where it stands."""

    channel: ChannelRef
    game_id: int
    table: Table


class GameHost:
    """Opens tables, one a channel, and owns their tasks."""

    def __init__(self, games: Games) -> None:
        self.games = games
        self._seats: dict[int, _Seat] = {}
        """By channel."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        """By game, until its last words are said."""
        self._closing = asyncio.Event()
        self.begun = 0
        """Games, since this process began."""

    def at(self, channel_id: int) -> Table | None:
        """The table in a channel."""
        found = self._seats.get(channel_id)
        return found.table if found else None

    def of(self, game_id: int) -> Table | None:
        """The table of a game; ``None`` once it is over, or after a restart."""
        seats = self._seats.values()
        return next((seat.table for seat in seats if seat.game_id == game_id), None)

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
        restarts = phrase("I am about to restart. Please start the game in a minute.")
        if self._closing.is_set():
            raise ShuttingDown(restarts)
        game_id = await self.games.start(channel, kind, started_by=started_by, may_rank=may_rank)
        if self._closing.is_set():
            # Since it was looked: whoever closes knows nothing of this game.
            await to_the_end(self.games.end(game_id))
            raise ShuttingDown(restarts)
        self.begun += 1
        table = make(game_id)
        self._seats[channel.id] = _Seat(channel, game_id, table)
        task = asyncio.create_task(self._play(channel.id, game_id, table), name=f"game {game_id}")
        self._tasks[game_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(game_id))

    async def forget(self, person_id: int) -> None:
        """Keep nothing more of a person in the games that are played: theirs to delete is what is
        stored when this returns. A game in their direct messages ends, for those are deleted."""
        for seat in list(self._seats.values()):
            # Others may have ended meanwhile.
            if self.of(seat.game_id) is None or not seat.table.has(person_id):
                continue
            if seat.channel.guild_id is None:
                await self._stop(seat)
            else:
                await seat.table.forget(person_id)

    async def _stop(self, seat: _Seat) -> None:
        """Have a game end, and wait until it has."""
        task = self._tasks[seat.game_id]
        seat.table.stop()
        _, late = await asyncio.wait({task}, timeout=_STOP_S)
        for one in late:
            one.cancel()
            await asyncio.gather(one, return_exceptions=True)

    async def close(self) -> None:
        """End every game, and say so in each channel as far as there is time."""
        self._closing.set()
        tables = {seat.game_id: seat.table for seat in self._seats.values()}
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
                del self._seats[channel_id]
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

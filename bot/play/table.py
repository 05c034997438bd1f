"""What every game at a table has in common: rules that are fed with events, effects that are
shown, and one task that does both in time."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import discord

from bot.games.effects import Standing
from bot.language import phrase
from bot.play.board import Board, BoardLost
from bot.play.interrupted import notice
from bot.storage import Gain, Games
from bot.uninterrupted import to_the_end

log = logging.getLogger(__name__)


EffectT = TypeVar("EffectT")
AnswerT = TypeVar("AnswerT")
"""The effects that the person behind an event is told of at once."""


class Rules(Protocol[EffectT]):
    """A game's state machine, as far as all are alike."""

    @property
    def starter(self) -> int: ...

    @property
    def is_over(self) -> bool: ...

    @property
    def deadline(self) -> float | None: ...

    def tick(self, now: float) -> list[EffectT]: ...

    def hint(self, now: float) -> list[EffectT]: ...

    def skip(self, person: int, now: float) -> list[EffectT]: ...

    def stop(self, now: float) -> list[EffectT]: ...

    def standings(self) -> Sequence[Standing]: ...

    def took_part_since(self, number: int) -> Sequence[int]: ...

    def forget(self, person: int) -> None: ...


class Table(ABC, Generic[EffectT, AnswerT]):
    """Everything that presses and messages do is answered from memory at once; what has to be
    written, to Discord or to the database, is done by the one task that plays the game."""

    def __init__(
        self, game_id: int, kind: str, rules: Rules[EffectT], board: Board, games: Games
    ) -> None:
        self.game_id = game_id
        self.board = board
        self.games = games
        self.loop = asyncio.get_running_loop()
        self._kind = kind
        self._rules = rules
        self._to_show: deque[EffectT] = deque()
        self._woken = asyncio.Event()
        self._keeping = asyncio.Lock()

    @property
    def now(self) -> float:
        """The clock that the rules go by."""
        return self.loop.time()

    @property
    def starter(self) -> int:
        return self._rules.starter

    @property
    def is_over(self) -> bool:
        return self._rules.is_over

    def hint(self) -> AnswerT | None:
        return self.take(self._rules.hint(self.now))

    def skip(self, person: int) -> AnswerT | None:
        return self.take(self._rules.skip(person, self.now))

    def stop(self) -> None:
        self.take(self._rules.stop(self.now))

    def has(self, person: int) -> bool:
        """Whether a person started the game, or plays in it."""
        return person == self.starter or any(
            one.person == person for one in self._rules.standings()
        )

    async def forget(self, person: int) -> None:
        """Go on as if a person had not played: nothing of them is kept from now on, unless they
        play again."""
        self._rules.forget(person)
        async with self._keeping:
            # What was being kept of them is stored now, and can be deleted.
            pass

    def take(self, effects: Sequence[EffectT]) -> AnswerT | None:
        """Leave the effects of an event to the task, and return the last that answers it."""
        self._to_show.extend(effects)
        self._woken.set()
        answers = [answer for effect in effects if (answer := self.answer(effect)) is not None]
        return answers[-1] if answers else None

    async def play(self) -> None:
        """Play until the game is over, or has no place any more."""
        try:
            while not (self._rules.is_over and not self._to_show):
                self._to_show.extend(self._rules.tick(self.now))
                while self._to_show:
                    # It stays until it is done: what breaks it off may not take points with it.
                    await self.do(self._to_show[0])
                    self._to_show.popleft()
                await self._until_due()
        except BoardLost as lost:
            log.info("game %d has no place any more: %s", self.game_id, lost)
            await self._keep_the_rest()
        finally:
            self.leave_off()
            await self.board.abandon()

    async def close(self) -> None:
        """Say that the bot is stopping, and what is kept. The game's task has ended."""
        await to_the_end(self._keep_the_rest())
        # Of a game that nobody could be told of the next start tells: it is left running.
        if await self._take_leave(notice(self._kind, await self.games.result(self.game_id))):
            await to_the_end(self.games.interrupt(self.game_id))
            await self.board.disarm()

    async def break_off(self, fault: str) -> None:
        """Say that the game ends here for a fault of ours, which the log has under that id. It
        is played no more."""
        try:
            await self._keep_the_rest()
        except Exception:
            log.exception("what game %d brought last could not be kept", self.game_id)
            sentence = phrase(
                "Something went wrong on our side (id {id}), so the game ends here, and the points "
                "of the last round are lost. Please start a new one.",
                id=fault,
            )
        else:
            sentence = phrase(
                "Something went wrong on our side (id {id}), so the game ends here. The points so "
                "far are kept; please start a new one.",
                id=fault,
            )
        if await self._take_leave(sentence):
            await self.board.disarm()

    async def _keep_the_rest(self) -> None:
        """Keep what people were told that they have, of a game that ends in the middle of it."""
        self._to_show.extend(self._rules.stop(self.now))
        while self._to_show:
            await self.store(self._to_show[0])
            self._to_show.popleft()

    async def _take_leave(self, text: str) -> bool:
        """Write a last message; whether that could be done."""
        try:
            await self.board.post(text)
        except BoardLost as lost:
            log.info("game %d could not say that it ends: %s", self.game_id, lost)
            return False
        return True

    @abstractmethod
    def answer(self, effect: EffectT) -> AnswerT | None:
        """The effect, if the person behind the event is told of it at once."""

    @abstractmethod
    async def do(self, effect: EffectT) -> None:
        """Show it, and keep what has to be kept."""

    @abstractmethod
    async def store(self, effect: EffectT) -> None:
        """Keep what has to be kept of it. Done twice, it counts once."""

    @abstractmethod
    def leave_off(self) -> None:
        """The game is over: let go of what it held."""

    async def post(self, text: str, view: discord.ui.View | None) -> None:
        """Go on in a new message, which the database is told of."""
        message_id = await self.board.post(text, view)
        await self.games.set_message(self.game_id, message_id)

    async def finish(self, text: str) -> None:
        """The game is over: the channel is free for the next one, and then is told so."""
        await self.games.end(self.game_id)
        await self.board.post(text)

    async def keep(self, number: int, gains: dict[int, Gain]) -> None:
        """Keep what a round has brought so far; who took part in it for nothing is noted too."""
        async with self._keeping:
            took_part = dict.fromkeys(self._rules.took_part_since(number), Gain(0))
            # Who is forgotten has no gains either.
            playing = {one.person for one in self._rules.standings()}
            kept = {person: gain for person, gain in gains.items() if person in playing}
            await self.games.close_round(self.game_id, number, took_part | kept)

    async def _until_due(self) -> None:
        deadline = self._rules.deadline
        if deadline is not None and not self._to_show:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._woken.wait()
            except TimeoutError:
                pass
        self._woken.clear()

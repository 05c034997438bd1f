"""One game of trivia in one channel: feeds the rules with events, and shows their effects."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

import discord

from bot.games.trivia import TriviaGame
from bot.games.trivia_effects import (
    Effect,
    GameOver,
    HintShown,
    LockedIn,
    Outcome,
    Refused,
    Right,
    RoundClosed,
    RoundOpened,
    SkipVoted,
)
from bot.play import trivia_buttons, trivia_words
from bot.play.board import Board, BoardLost
from bot.play.explaining import Explainer, Explanation
from bot.play.interrupted import notice
from bot.play.trivia_words import Shown
from bot.storage import ChannelRef, Gain, Games, QuestionBank

log = logging.getLogger(__name__)

Answer = LockedIn | Right | HintShown | SkipVoted | Refused
"""What the person behind an event is told at once."""


class TriviaTable:
    """Everything that presses and messages do is answered from memory at once; what has to be
    written, to Discord or to the database, is done by the one task that plays the game."""

    def __init__(
        self,
        game_id: int,
        game: TriviaGame,
        *,
        channel: ChannelRef,
        board: Board,
        games: Games,
        bank: QuestionBank,
        explainer: Explainer,
        owed: Sequence[str] = (),
    ) -> None:
        """``owed``: to whom the questions are owed, for the end of the game."""
        self.game_id = game_id
        self.game = game
        self._channel = channel
        self._board = board
        self._games = games
        self._bank = bank
        self._explainer = explainer
        self._owed = owed
        self._loop = asyncio.get_running_loop()
        self._shown: Shown | None = None
        self._explanation: Explanation | None = None
        self._to_show: deque[Effect] = deque()
        self._woken = asyncio.Event()

    @property
    def starter(self) -> int:
        return self.game.settings.starter

    @property
    def message_id(self) -> int | None:
        return self._board.message_id

    def option(self, place: int) -> str:
        """An option of the question that is open."""
        return self._shown.opened.options[place] if self._shown is not None else ""

    # -- events --------------------------------------------------------------------------

    def press(self, person: int, number: int, place: int) -> Answer | None:
        """Somebody chose an option; what they are to be told."""
        return self._take(self.game.press(person, place, self._loop.time(), number=number))

    def guess(self, person: int, text: str) -> Answer | None:
        """Somebody wrote something; ``None``: it was no answer, or a wrong one."""
        return self._take(self.game.guess(person, text, self._loop.time()))

    def hint(self) -> Answer | None:
        return self._take(self.game.hint(self._loop.time()))

    def skip(self, person: int) -> Answer | None:
        return self._take(self.game.skip(person, self._loop.time()))

    def stop(self) -> None:
        self._take(self.game.stop(self._loop.time()))

    def _take(self, effects: list[Effect]) -> Answer | None:
        """Leave the effects to the task, and return the one that answers the event."""
        self._to_show.extend(effects)
        self._woken.set()
        answers = [one for one in effects if isinstance(one, Answer)]
        return answers[-1] if answers else None

    # -- the task ------------------------------------------------------------------------

    async def play(self) -> None:
        try:
            while not (self.game.is_over and not self._to_show):
                self._to_show.extend(self.game.tick(self._loop.time()))
                while self._to_show:
                    await self._do(self._to_show.popleft())
                await self._until_due()
        except BoardLost as lost:
            log.info("game %d has no place any more: %s", self.game_id, lost)
        finally:
            self._drop_explanation()
            await self._board.abandon()

    async def close(self) -> None:
        """Say that the bot is stopping. The game's task has ended."""
        try:
            await self._board.post(notice("trivia"))
        except BoardLost as lost:
            log.info("game %d could not be closed: %s", self.game_id, lost)

    async def _until_due(self) -> None:
        deadline = self.game.deadline
        if deadline is None or self._to_show:
            return
        try:
            async with asyncio.timeout_at(deadline):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def _do(self, effect: Effect) -> None:
        shown = self._shown
        if isinstance(effect, RoundOpened):
            await self._open(effect)
        elif isinstance(effect, RoundClosed):
            await self._close_round(effect)
        elif isinstance(effect, GameOver):
            await self._board.settle()
            await self._board.post(trivia_words.over(effect, self._owed))
        elif shown is None:
            return
        elif isinstance(effect, HintShown):
            if effect.struck is not None:
                shown.struck.append(effect.struck)
            shown.letters = effect.letters or shown.letters
            self._refresh(shown)
        elif isinstance(effect, LockedIn):
            shown.answered = effect.answered
            self._refresh(shown)
        elif isinstance(effect, Right):
            shown.answered += 1
            self._refresh(shown)
        elif isinstance(effect, SkipVoted):
            shown.skip_votes = (effect.votes, effect.needed)
            self._refresh(shown)

    async def _open(self, opened: RoundOpened) -> None:
        shown = self._shown = Shown(opened, self.game.settings.mode)
        self._explanation = self._explainer.begin(opened.question, self._channel)
        await self._bank.serve(self._channel, opened.question.id)
        await self._board.post(*self._open_state(shown))
        assert self._board.message_id is not None  # noqa: S101 - post has set it
        await self._games.set_message(self.game_id, self._board.message_id)

    async def _close_round(self, closed: RoundClosed) -> None:
        gains = {gain.person: Gain(gain.points, 1) for gain in closed.gains}
        if closed.outcome is not Outcome.STOPPED:
            everybody = {one.person: Gain(0) for one in self.game.standings()}
            await self._games.close_round(self.game_id, closed.number, everybody | gains)
        shown, self._shown = self._shown, None
        if shown is None:
            return
        explanation = self._explanation.ready if self._explanation else None
        self._drop_explanation()
        text = trivia_words.closed(
            shown,
            closed,
            explanation or closed.question.explanation,
            (closed.next_at or 0.0) - self._loop.time(),
        )
        self._board.show(text, trivia_buttons.view_closed(closed.question.id))

    def _refresh(self, shown: Shown) -> None:
        self._board.show(*self._open_state(shown))

    def _open_state(self, shown: Shown) -> tuple[str, discord.ui.View]:
        left = shown.opened.closes_at - self._loop.time()
        view = trivia_buttons.view_open(
            self.game_id, shown.opened.number, shown.opened.options, shown.struck
        )
        return trivia_words.question(shown, left), view

    def _drop_explanation(self) -> None:
        if self._explanation is not None:
            self._explanation.drop()
            self._explanation = None

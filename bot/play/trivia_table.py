"""One game of trivia in one channel."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.games.effects import GameOver, Outcome, Refused, SkipVoted
from bot.games.trivia import TriviaGame
from bot.games.trivia_effects import Effect, HintShown, LockedIn, Right, RoundClosed, RoundOpened
from bot.play import trivia_buttons, trivia_words
from bot.play.board import Board
from bot.play.explaining import Explainer, Explanation
from bot.play.table import Table
from bot.play.trivia_words import Shown
from bot.storage import ChannelRef, Gain, Games, QuestionBank

KIND = "trivia"

Answer = LockedIn | Right | HintShown | SkipVoted | Refused
"""What the person behind an event is told at once."""


class TriviaTable(Table[Effect, Answer]):
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
        had_all: Sequence[str] = (),
    ) -> None:
        """``owed``: to whom the questions are owed, for the end of the game. ``had_all``: ids of
        questions that the channel may have again."""
        super().__init__(game_id, KIND, game, board, games)
        self.game = game
        self._channel = channel
        self._bank = bank
        self._explainer = explainer
        self._owed = owed
        self._had_all = had_all
        self._shown: Shown | None = None
        self._explanation: Explanation | None = None

    def option(self, place: int) -> str:
        """An option of the question that is open."""
        return self._shown.opened.options[place] if self._shown is not None else ""

    def press(self, person: int, number: int, place: int) -> Answer | None:
        """Somebody chose an option; what they are to be told."""
        return self.take(self.game.press(person, place, self.now, number=number))

    def guess(self, person: int, text: str) -> Answer | None:
        """Somebody wrote something; ``None``: it was no answer, or a wrong one."""
        return self.take(self.game.guess(person, text, self.now))

    def answer(self, effect: Effect) -> Answer | None:
        return effect if isinstance(effect, Answer) else None

    def leave_off(self) -> None:
        if self._explanation is not None:
            self._explanation.drop()
            self._explanation = None

    async def do(self, effect: Effect) -> None:
        if isinstance(effect, RoundOpened):
            await self._open(effect)
        elif isinstance(effect, RoundClosed):
            await self._close_round(effect)
        elif isinstance(effect, GameOver):
            await self.finish(trivia_words.over(effect, self._owed))
        elif self._shown is not None:
            self._change(self._shown, effect)

    def _change(self, shown: Shown, effect: Effect) -> None:
        """Show what people are to know while the question is open."""
        if isinstance(effect, HintShown):
            if effect.struck is not None:
                shown.struck.append(effect.struck)
            shown.letters = effect.letters or shown.letters
        elif isinstance(effect, LockedIn):
            shown.answered = effect.answered
        elif isinstance(effect, Right):
            shown.answered += 1
        elif isinstance(effect, SkipVoted):
            shown.skip_votes = (effect.votes, effect.needed)
        else:
            return
        self.board.show(*self._open_state(shown))

    async def _open(self, opened: RoundOpened) -> None:
        shown = self._shown = Shown(opened, self.game.settings.mode)
        self._explanation = self._explainer.begin(opened.question, self._channel)
        if self._had_all:
            await self._bank.empty_bag(self._channel.id, self._had_all)
            self._had_all = ()
        await self._bank.serve(self._channel, opened.question.id)
        await self.post(*self._open_state(shown))

    async def store(self, effect: Effect) -> None:
        if isinstance(effect, RoundClosed) and effect.outcome is not Outcome.STOPPED:
            gains = {gain.person: Gain(gain.points, 1) for gain in effect.gains}
            await self.keep(effect.number, gains)

    async def _close_round(self, closed: RoundClosed) -> None:
        await self.store(closed)
        shown, self._shown = self._shown, None
        if shown is None:
            return
        explanation = self._explanation.ready if self._explanation else None
        self.leave_off()
        text = trivia_words.closed(
            shown,
            closed,
            explanation or closed.question.explanation,
            (closed.next_at or 0.0) - self.now,
        )
        self.board.show(text, trivia_buttons.view_closed(closed.question.id))

    def _open_state(self, shown: Shown) -> tuple[str, discord.ui.View]:
        left = shown.opened.closes_at - self.now
        view = trivia_buttons.view_open(
            self.game_id, shown.opened.number, shown.opened.options, shown.struck
        )
        return trivia_words.question(shown, left), view

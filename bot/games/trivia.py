"""A game of trivia in one channel: a :class:`~bot.games.rounds.RoundGame` of questions."""

from __future__ import annotations

import random
from collections.abc import Iterable

from bot.games.effects import Gain, Outcome, Refusal, Refused
from bot.games.grading import MOST_TYPED_WORDS, Verdict
from bot.games.questions import Question
from bot.games.rounds import RoundGame
from bot.games.trivia_effects import (
    Effect,
    HintShown,
    LockedIn,
    Own,
    Right,
    RoundClosed,
    RoundOpened,
    Wrong,
)
from bot.games.trivia_round import Answer, Round
from bot.games.trivia_settings import Mode, TriviaSettings, dealt

_ALL_IN_S = 3.0
"""A round in which all who play have answered closes this much later: others may want to join."""
_CHAT_WORDS = MOST_TYPED_WORDS + 2
"""More words than this are talk beside the game: who writes them does not play for that."""
_RECENT_ROUNDS = 2
"""Who answered one of so many rounds before this one is waited for."""


class TriviaGame(RoundGame[Round, Own]):
    """One game, from its first question to the scoreboard."""

    def __init__(
        self,
        settings: TriviaSettings,
        questions: Iterable[Question],
        dice: random.Random,
        now: float,
    ) -> None:
        """The first question opens with the first :meth:`tick`, which is due at once.

        Questions that cannot be played in this mode, and those that say the same as an earlier
        one, are left out.

        Raises:
            ValueError: no question is left.
        """
        self._questions = dealt(questions, settings)
        if not self._questions:
            raise ValueError("no question can be played in this mode")
        super().__init__(settings, len(self._questions), now)
        self.settings = settings
        self._dice = dice

    @property
    def question(self) -> Question | None:
        """The one that is open."""
        return self._round.question if self._round else None

    def press(
        self, person: int, choice: int, now: float, *, number: int | None = None
    ) -> list[Effect]:
        """Somebody pressed an option's button.

        Args:
            choice: the place of the option, 0 for the first.
            number: the question the button belongs to; an earlier one's does nothing.
        """
        effects, current = self._meant(now)
        if current is None or (number is not None and number != self._number):
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        if not 0 <= choice < len(current.options):
            return [*effects, Refused(person, Refusal.WRONG_MODE)]
        if person in current.answers:
            return [*effects, Refused(person, Refusal.LOCKED)]
        if choice in current.struck[: current.hints]:
            return [*effects, Refused(person, Refusal.STRUCK)]
        right = current.options[choice] == current.question.answer
        self._take_part(person)
        current.answers[person] = Answer(now, current.hints, right, choice)
        if self._all_in(current):
            current.closes_at = min(current.closes_at, now + _ALL_IN_S)
        locked = LockedIn(person, choice, len(current.answers), current.closes_at)
        return [*effects, locked]

    def guess(self, person: int, text: str, now: float) -> list[Effect]:
        """Somebody wrote something that may be an answer."""
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        if self.settings.mode is not Mode.TYPED:
            return [*effects, Refused(person, Refusal.WRONG_MODE)]
        if person in current.answers:
            return [*effects, Refused(person, Refusal.LOCKED)]
        verdict = current.grader.judge(text)
        if verdict is Verdict.WRONG and len(text.split()) > _CHAT_WORDS:
            return effects
        self._take_part(person)
        current.guessed = True
        if verdict is not Verdict.RIGHT:
            several = verdict is Verdict.SEVERAL
            return [*effects, Refused(person, Refusal.SEVERAL) if several else Wrong(person)]
        first = not current.answers
        current.answers[person] = Answer(now, current.hints, True, -1)
        if first:
            current.closes_at = now + self.settings.window
            current.hint_times.clear()
        return [*effects, Right(person, first, current.closes_at)]

    def _all_in(self, current: Round) -> bool:
        """Everybody who answered lately has answered this too; never so in the first round."""
        since = self.number - _RECENT_ROUNDS
        waited_for = {person for person, one in self._players.items() if one.last_round >= since}
        return self.number > 1 and waited_for <= current.answers.keys()

    def _deal(self, now: float) -> tuple[Round, Own]:
        question = self._questions[self.number - 1]
        current = Round.deal(question, self.settings, self._dice, now)
        opened = RoundOpened(self.number, self.total, question, current.options, current.closes_at)
        return current, opened

    def _show_hint(self, current: Round) -> HintShown:
        return current.show_hint()

    def _score(self, current: Round, cut_short: Outcome | None) -> tuple[Gain, ...]:
        if cut_short is not None:
            return ()
        solved = {who: (one.at, one.hints) for who, one in current.answers.items() if one.right}
        return self._score_solvers(current, current.question.difficulty, solved)

    def _closed(self, current: Round, outcome: Outcome, gains: tuple[Gain, ...]) -> RoundClosed:
        options, choices = current.options, current.answers.items()
        return RoundClosed(
            number=self.number,
            question=current.question,
            outcome=outcome,
            gains=gains,
            choices=tuple((person, one.choice) for person, one in choices) if options else (),
            answer_place=options.index(current.question.answer) if options else None,
            ranked=self.is_ranked,
            next_at=self._next_at,
        )

"""One question of a trivia game while it is open."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from bot.games import trivia_hints
from bot.games.grading import Grader
from bot.games.questions import Question
from bot.games.rounds import OpenRound, spread_hints
from bot.games.trivia_effects import HintShown
from bot.games.trivia_settings import Mode, TriviaSettings, options_of

OPTIONS = 4
"""Options of a question that is played as a choice, where it has that many."""


@dataclass(frozen=True, slots=True)
class Answer:
    at: float
    hints: int
    right: bool
    choice: int


@dataclass(slots=True, kw_only=True)
class Round(OpenRound):
    question: Question
    options: tuple[str, ...]
    grader: Grader
    letters: tuple[str, ...]
    struck: tuple[int, ...]
    guessed: bool = False
    answers: dict[int, Answer] = field(default_factory=dict)
    """Choices: the first press of each. Typed: the right ones."""

    @classmethod
    def deal(
        cls, question: Question, settings: TriviaSettings, dice: random.Random, now: float
    ) -> Round:
        """Open a question: its options in an order of their own, and its hints."""
        options: tuple[str, ...] = ()
        letters: tuple[str, ...] = ()
        struck: tuple[int, ...] = ()
        if settings.mode is Mode.CHOICES:
            options = _shuffled(question, dice)
            place = options.index(question.answer)
            struck = trivia_hints.struck(len(options), place, settings.hints, dice)
        else:
            letters = trivia_hints.letters(question.answer, settings.hints, dice)
        return cls(
            question=question,
            options=options,
            opened_at=now,
            closes_at=now + settings.seconds,
            grader=Grader.of(question),
            letters=letters,
            struck=struck,
            hint_times=spread_hints(now, settings.seconds, len(struck) or len(letters)),
        )

    def forget(self, person: int) -> None:
        self.answers.pop(person, None)

    @property
    def hints_there_are(self) -> int:
        return len(self.struck) if self.options else len(self.letters)

    @property
    def is_solved(self) -> bool:
        return not self.options and bool(self.answers)

    @property
    def is_tried(self) -> bool:
        return self.guessed or bool(self.answers)

    def show_hint(self) -> HintShown:
        """Count the next hint as shown. There must be one."""
        place = self.count_hint()
        left = self.hints_there_are - self.hints
        if self.options:
            return HintShown(self.hints, left, struck=self.struck[place])
        return HintShown(self.hints, left, letters=self.letters[place])


def _shuffled(question: Question, dice: random.Random) -> tuple[str, ...]:
    answer, *wrong = options_of(question)
    options = [answer, *dice.sample(wrong, min(len(wrong), OPTIONS - 1))]
    dice.shuffle(options)
    return tuple(options)

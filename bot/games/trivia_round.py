"""One question of a trivia game while it is open, and who plays."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from bot.games import trivia_hints
from bot.games.grading import Grader
from bot.games.questions import Question
from bot.games.trivia_effects import HintShown
from bot.games.trivia_settings import Mode, TriviaSettings, options_of

OPTIONS = 4
"""Options of a question that is played as a choice, where it has that many."""


@dataclass(slots=True)
class Player:
    points: int = 0
    right: int = 0
    streak: int = 0
    best_streak: int = 0
    last_round: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    at: float
    hints: int
    right: bool
    choice: int


@dataclass(slots=True)
class Round:
    question: Question
    options: tuple[str, ...]
    opened_at: float
    closes_at: float
    grader: Grader
    letters: tuple[str, ...]
    struck: tuple[int, ...]
    hint_times: list[float]
    """Of the hints that come by themselves."""
    hints: int = 0
    guessed: bool = False
    answers: dict[int, Answer] = field(default_factory=dict)
    """Choices: the first press of each. Typed: the right ones."""
    votes: set[int] = field(default_factory=set)

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
        count = len(struck) or len(letters)
        times = [now + settings.seconds * (1 + k / (count + 1)) / 2 for k in range(count)]
        return cls(
            question=question,
            options=options,
            opened_at=now,
            closes_at=now + settings.seconds,
            grader=Grader.of(question),
            letters=letters,
            struck=struck,
            hint_times=times,
        )

    @property
    def hints_there_are(self) -> int:
        return len(self.struck) if self.options else len(self.letters)

    def show_hint(self) -> HintShown:
        """Count the next hint as shown. There must be one."""
        place = self.hints
        self.hints += 1
        if self.hint_times:
            self.hint_times.pop(0)
        left = self.hints_there_are - self.hints
        if self.options:
            return HintShown(self.hints, left, struck=self.struck[place])
        return HintShown(self.hints, left, letters=self.letters[place])


def _shuffled(question: Question, dice: random.Random) -> tuple[str, ...]:
    answer, *wrong = options_of(question)
    options = [answer, *dice.sample(wrong, min(len(wrong), OPTIONS - 1))]
    dice.shuffle(options)
    return tuple(options)

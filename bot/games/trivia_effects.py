"""What a trivia game has to show: the effects that its events return, in their order."""

from __future__ import annotations

from dataclasses import dataclass

from bot.games.effects import Common, Gain, Outcome
from bot.games.questions import Question


@dataclass(frozen=True, slots=True)
class RoundOpened:
    number: int
    """1 is the first."""
    total: int
    question: Question
    options: tuple[str, ...]
    """As they are to be shown; empty where the answer is typed."""
    closes_at: float


@dataclass(frozen=True, slots=True)
class LockedIn:
    """Told to the person alone; not yet whether it is right."""

    person: int
    choice: int
    answered: int
    """How many have answered this question, this person included."""
    closes_at: float
    """Comes nearer when all who play have answered."""


@dataclass(frozen=True, slots=True)
class Right:
    """A typed guess was right. The answer itself is told when the round closes."""

    person: int
    first: bool
    closes_at: float


@dataclass(frozen=True, slots=True)
class Wrong:
    """A typed guess was not right; most games show nothing for it."""

    person: int


@dataclass(frozen=True, slots=True)
class HintShown:
    number: int
    """1 is the question's first."""
    left: int
    """How many more there are."""
    letters: str = ""
    """Typed: the answer with most of its letters hidden, for a code block."""
    struck: int | None = None
    """Choices: the place of the wrong option that is struck out."""


@dataclass(frozen=True, slots=True)
class RoundClosed:
    number: int
    question: Question
    outcome: Outcome
    gains: tuple[Gain, ...]
    """Most points first."""
    choices: tuple[tuple[int, int], ...]
    """Person and the place of the option they chose, first to answer first."""
    answer_place: int | None
    """Where the answer stood among the options."""
    ranked: bool
    """At least two people have played by now: points of this round may be kept in rankings."""
    next_at: float | None
    """When the next question opens; ``None`` when the game is over."""


Own = RoundOpened | LockedIn | Right | Wrong | HintShown | RoundClosed
Effect = Own | Common

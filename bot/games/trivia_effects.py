"""What a trivia game has to show: the effects that its events return, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.games.questions import Question


class Refusal(StrEnum):
    """Why an event changed nothing. Told to that person alone."""

    NO_QUESTION = "no question"
    """Between two questions, after the game, or meant for an earlier question."""
    LOCKED = "locked"
    """They have answered this question."""
    STRUCK = "struck"
    """That option was struck out by a hint."""
    SEVERAL = "several"
    """The answer is in their guess, but so are others."""
    NO_MORE_HINTS = "no more hints"
    NOT_PLAYING = "not playing"
    """Only those who play can vote."""
    VOTED = "voted"
    """They voted on this question."""
    SOLVED = "solved"
    """Somebody was right, and the question is about to close."""
    WRONG_MODE = "wrong mode"
    """A press in a typed game, or the other way round."""


class Outcome(StrEnum):
    """How a round ended."""

    SOLVED = "solved"
    """Somebody was right."""
    MISSED = "missed"
    """There were answers, none of them right."""
    SILENT = "silent"
    """Nobody answered."""
    SKIPPED = "skipped"
    STOPPED = "stopped"


class Ending(StrEnum):
    """Why a game is over."""

    FINISHED = "finished"
    STOPPED = "stopped"
    SILENT = "silent"
    """Nobody answered several questions in a row."""


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
class Refused:
    person: int | None
    """``None`` for a hint, which nobody in particular asks for."""
    reason: Refusal


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
class SkipVoted:
    person: int
    votes: int
    needed: int


@dataclass(frozen=True, slots=True)
class Gain:
    """What one person got for one right answer."""

    person: int
    points: int
    streak: int
    """Right answers in a row, this one included."""
    seconds: float
    """From the opening of the question to the answer."""


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


@dataclass(frozen=True, slots=True)
class Standing:
    person: int
    points: int
    right: int
    best_streak: int


@dataclass(frozen=True, slots=True)
class GameOver:
    ending: Ending
    standings: tuple[Standing, ...]
    """Of everybody who played; most points first."""
    rounds: int
    """Questions that were asked."""
    ranked: bool
    """At least two people played. A game alone is for fun."""


Effect = (
    RoundOpened
    | LockedIn
    | Right
    | Wrong
    | Refused
    | HintShown
    | SkipVoted
    | RoundClosed
    | GameOver
)

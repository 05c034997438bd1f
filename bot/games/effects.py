"""What every game of rounds has to show: effects that its events return, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """Why an event changed nothing. Told to that person alone."""

    NO_QUESTION = "no question"
    """Between two rounds, after the game, or meant for an earlier round."""
    LOCKED = "locked"
    """They have answered, or have had their try."""
    STRUCK = "struck"
    """That option was struck out by a hint."""
    SEVERAL = "several"
    """The answer is in their guess, but so are others."""
    NO_MORE_HINTS = "no more hints"
    NOT_PLAYING = "not playing"
    """Only those who play can vote."""
    VOTED = "voted"
    """They voted on this round."""
    SOLVED = "solved"
    """Somebody was right, and the round is about to close."""
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
    """Nobody answered in several rounds in a row."""


@dataclass(frozen=True, slots=True)
class Refused:
    person: int | None
    """``None`` for a hint, which nobody in particular asks for."""
    reason: Refusal


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
    """From the opening of the round to the answer."""


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
    """That were opened."""
    ranked: bool
    """At least two people played. A game alone is for fun."""


Common = Refused | SkipVoted | GameOver
"""The effects that every game of rounds has."""

"""What a game of anagrams has to show: the effects that its events return, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.games.effects import Common, Gain, Outcome
from bot.games.puzzles import Puzzle


class Miss(StrEnum):
    """Why a guess does not count. Told to that person alone."""

    UNKNOWN = "unknown"
    """It is not in the list of words."""
    LETTERS = "letters"
    """It needs letters that are not there."""
    LEFT_OVER = "left over"
    """It leaves letters over where all have to be used."""
    SHORT = "short"
    TAKEN = "taken"
    """Twist: somebody has found it."""


@dataclass(frozen=True, slots=True)
class PuzzleOpened:
    number: int
    """1 is the first."""
    total: int
    puzzle: Puzzle
    closes_at: float


@dataclass(frozen=True, slots=True)
class Found:
    """A guess was right."""

    person: int
    word: str
    first: bool
    """Nobody had found it, or solved the puzzle, before."""
    points: int
    """Of a twist; those of other puzzles are told when the round closes."""
    closes_at: float


@dataclass(frozen=True, slots=True)
class Missed:
    person: int
    reason: Miss
    is_last: bool = False
    """It was the person's only try."""


@dataclass(frozen=True, slots=True)
class ClueShown:
    number: int
    """1 is the puzzle's first."""
    left: int
    text: str
    """Letters for a code block, or a clue in words."""
    is_words: bool


@dataclass(frozen=True, slots=True)
class PuzzleClosed:
    number: int
    puzzle: Puzzle
    outcome: Outcome
    gains: tuple[Gain, ...]
    """Most points first."""
    found: tuple[tuple[str, int], ...]
    """Twist: words and who found them, in that order."""
    ranked: bool
    next_at: float | None


Own = PuzzleOpened | Found | Missed | ClueShown | PuzzleClosed
Effect = Own | Common

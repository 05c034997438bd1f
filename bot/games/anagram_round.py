"""One puzzle of a game of anagrams while it is open."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.games.anagram_effects import ClueShown
from bot.games.puzzles import Kind, Puzzle, hints_of
from bot.games.rounds import OpenRound, spread_hints

_BY_THEMSELVES = 2
"""All the letters but a few would give it away: further clues come on demand only."""


@dataclass(slots=True, kw_only=True)
class Round(OpenRound):
    puzzle: Puzzle
    clues: list[tuple[str, bool]]
    """Texts, and whether they are words rather than letters."""
    guessed: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)
    """Conundrum: those who have had their try."""
    solved: dict[int, tuple[float, int]] = field(default_factory=dict)
    """Person: when, and how many clues were shown."""
    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Twist: who found a word, and its points."""

    @classmethod
    def deal(cls, puzzle: Puzzle, clue: str | None, seconds: float, now: float) -> Round:
        """Open a puzzle. ``clue``: one in words, shown before any letter is."""
        clues: list[tuple[str, bool]] = []
        if puzzle.kind is not Kind.TWIST:
            if clue is not None:
                clues.append((clue, True))
            clues += [(text, False) for text in hints_of(puzzle.answer)]
        times = spread_hints(now, seconds, len(clues))[:_BY_THEMSELVES]
        return cls(
            puzzle=puzzle,
            opened_at=now,
            closes_at=now + seconds,
            clues=clues,
            hint_times=times if puzzle.kind is Kind.CLASSIC else [],
        )

    def forget(self, person: int) -> None:
        self.guessed.discard(person)
        self.tried.discard(person)
        self.solved.pop(person, None)
        self.found = {word: by for word, by in self.found.items() if by[0] != person}

    def sums(self) -> dict[int, tuple[int, int]]:
        """Twist: the points and the number of words of each person so far."""
        sums: dict[int, tuple[int, int]] = {}
        for person, gained in self.found.values():
            points, words = sums.get(person, (0, 0))
            sums[person] = (points + gained, words + 1)
        return sums

    @property
    def hints_there_are(self) -> int:
        return len(self.clues)

    @property
    def is_solved(self) -> bool:
        return bool(self.solved)

    @property
    def is_tried(self) -> bool:
        return bool(self.guessed)

    def show_clue(self) -> ClueShown:
        """Count the next clue as shown. There must be one."""
        text, is_words = self.clues[self.count_hint()]
        return ClueShown(self.hints, len(self.clues) - self.hints, text, is_words)

"""A game of anagrams in one channel: a :class:`~bot.games.rounds.RoundGame` of puzzles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.games.anagram_effects import (
    ClueShown,
    Effect,
    Found,
    Miss,
    Missed,
    Own,
    PuzzleClosed,
    PuzzleOpened,
)
from bot.games.anagram_round import Round
from bot.games.effects import Gain, Outcome, Refusal, Refused
from bot.games.letters import plain_letters
from bot.games.puzzles import SHORTEST_TWIST_WORD, Kind, Puzzle, can_be_made
from bot.games.rounds import RoundGame

WORD_POINTS = {3: 10, 4: 20, 5: 40, 6: 70, 7: 110}
"""Of a twist, by letters; longer words bring :data:`LONG_WORD_POINTS`."""
LONG_WORD_POINTS = 160
ALL_LETTERS_BONUS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AnagramSettings:
    starter: int
    """Who started the game."""
    seconds: float = 45.0
    """For each puzzle."""
    pause: float = 6.0
    """Seconds between two puzzles."""
    window: float = 2.0
    """Seconds after the first right answer in which others still score; not of a twist."""
    silent_rounds: int = 3
    """Puzzles in a row without any guess that end the game."""


class AnagramGame(RoundGame[Round, Own]):
    """One game, from its first puzzle to the scoreboard."""

    def __init__(
        self,
        settings: AnagramSettings,
        puzzles: Iterable[Puzzle],
        now: float,
        clues: Mapping[str, str] | None = None,
    ) -> None:
        """``clues``: in words, by the word that they are for; shown before any letter is.

        Raises:
            ValueError: there is no puzzle.
        """
        self._puzzles = list(puzzles)
        if not self._puzzles:
            raise ValueError("a game needs a puzzle")
        super().__init__(settings, len(self._puzzles), now)
        self.settings = settings
        self._clues = clues or {}

    @property
    def puzzle(self) -> Puzzle | None:
        """The one that is open."""
        return self._round.puzzle if self._round else None

    @property
    def sums(self) -> dict[int, tuple[int, int]]:
        """Of the twist that is open: the points and the number of words of each person so far."""
        return self._round.sums() if self._round else {}

    def guess(self, person: int, text: str, now: float) -> list[Effect]:
        """Somebody gives a word. What is no single word of letters is talk, and changes nothing."""
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        word = plain_letters(text)
        if not word or len(text.split()) != 1:
            return effects
        if person in current.solved or person in current.tried:
            return [*effects, Refused(person, Refusal.LOCKED)]
        miss = self._miss(word, current)
        if miss in (Miss.LETTERS, Miss.LEFT_OVER) and current.puzzle.kind is not Kind.CONUNDRUM:
            # Most likely not meant as a guess: it makes nobody a player.
            return [*effects, Missed(person, miss)]
        self._take_part(person)
        current.guessed.add(person)
        is_last = current.puzzle.kind is Kind.CONUNDRUM
        if is_last:
            current.tried.add(person)
        if miss is not None:
            return [*effects, Missed(person, miss, is_last)]
        return [*effects, self._right(person, word, current, now), *self._all_found(current, now)]

    def _miss(self, word: str, current: Round) -> Miss | None:
        puzzle = current.puzzle
        if len(word) > len(puzzle.letters) or not can_be_made(word, puzzle.letters):
            return Miss.LETTERS
        if puzzle.kind is not Kind.TWIST:
            if len(word) < len(puzzle.letters):
                return Miss.LEFT_OVER
            return None if word in puzzle.words else Miss.UNKNOWN
        if len(word) < SHORTEST_TWIST_WORD:
            return Miss.SHORT
        if word in current.found:
            return Miss.TAKEN
        return None if word in puzzle.words else Miss.UNKNOWN

    def _right(self, person: int, word: str, current: Round, now: float) -> Found:
        if current.puzzle.kind is Kind.TWIST:
            gained = word_points(word, current.puzzle)
            current.found[word] = (person, gained)
            return Found(person, word, True, gained, current.closes_at)
        first = not current.solved
        current.solved[person] = (now, current.hints)
        if first:
            current.closes_at = min(current.closes_at, now + self.settings.window)
            current.hint_times.clear()
        return Found(person, word, first, 0, current.closes_at)

    def _all_found(self, current: Round, now: float) -> list[Effect]:
        if (
            current.puzzle.kind is not Kind.TWIST
            or not current.puzzle.words <= current.found.keys()
        ):
            return []
        return self._close(now)

    def _deal(self, now: float) -> tuple[Round, Own]:
        puzzle = self._puzzles[self.number - 1]
        current = Round.deal(puzzle, self._clues.get(puzzle.answer), self.settings.seconds, now)
        return current, PuzzleOpened(self.number, self.total, puzzle, current.closes_at)

    def _show_hint(self, current: Round) -> ClueShown:
        return current.show_clue()

    def _score(self, current: Round, cut_short: Outcome | None) -> tuple[Gain, ...]:
        if current.puzzle.kind is Kind.TWIST:
            return self._score_words(current)
        # Whoever solved a puzzle that is then left out has no streak either.
        solved = {} if cut_short else current.solved
        return self._score_solvers(current, current.puzzle.difficulty, solved)

    def _closed(self, current: Round, outcome: Outcome, gains: tuple[Gain, ...]) -> PuzzleClosed:
        return PuzzleClosed(
            number=self.number,
            puzzle=current.puzzle,
            outcome=outcome,
            gains=gains,
            found=tuple((word, person) for word, (person, _) in current.found.items()),
            ranked=self.is_ranked,
            next_at=self._next_at,
        )

    def _score_words(self, current: Round) -> tuple[Gain, ...]:
        gains: list[Gain] = []
        for person, (gained, words) in current.sums().items():
            self._players[person].points += gained
            self._players[person].right += words
            gains.append(Gain(person, gained, 1, 0.0))
        return tuple(sorted(gains, key=lambda gain: -gain.points))


def word_points(word: str, puzzle: Puzzle) -> int:
    """What a word of a twist brings."""
    bonus = ALL_LETTERS_BONUS if len(word) == len(puzzle.letters) else 0
    return WORD_POINTS.get(len(word), LONG_WORD_POINTS) + bonus

"""A game of anagrams in one channel, as a state machine.

It knows no clock, like :mod:`bot.games.trivia`: every event comes with its moment in seconds, and
:attr:`AnagramGame.deadline` says when :meth:`AnagramGame.tick` is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.games.anagram_effects import (
    ClueShown,
    Effect,
    Found,
    Miss,
    Missed,
    PuzzleClosed,
    PuzzleOpened,
)
from bot.games.letters import plain_letters
from bot.games.lexicon import Lexicon
from bot.games.puzzles import SHORTEST_TWIST_WORD, Kind, Puzzle, can_be_made, hints_of
from bot.games.scoring import points
from bot.games.trivia_effects import (
    Ending,
    Gain,
    GameOver,
    Outcome,
    Refusal,
    Refused,
    SkipVoted,
    Standing,
)

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


@dataclass(slots=True)
class _Player:
    points: int = 0
    right: int = 0
    streak: int = 0
    best_streak: int = 0


@dataclass(slots=True)
class _Round:
    puzzle: Puzzle
    opened_at: float
    closes_at: float
    clues: list[tuple[str, bool]]
    clue_times: list[float]
    shown: int = 0
    guessed: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)
    """Conundrum: those who have had their try."""
    solved: dict[int, tuple[float, int]] = field(default_factory=dict)
    """Person: when, and how many clues were shown."""
    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Twist: who found a word, and its points."""
    votes: set[int] = field(default_factory=set)


class AnagramGame:
    """One game, from its first puzzle to the scoreboard."""

    def __init__(
        self,
        settings: AnagramSettings,
        puzzles: Iterable[Puzzle],
        lexicon: Lexicon,
        now: float,
        clues: Mapping[str, str] | None = None,
    ) -> None:
        """``clues``: in words, by the word that they are for; shown before any letter is.

        Raises:
            ValueError: there is no puzzle.
        """
        self.settings = settings
        self._puzzles = list(puzzles)
        if not self._puzzles:
            raise ValueError("a game needs a puzzle")
        self._lexicon = lexicon
        self._clues = clues or {}
        self._players: dict[int, _Player] = {}
        self._round: _Round | None = None
        self._number = 0
        self._silent = 0
        self._next_at: float | None = now

    @property
    def number(self) -> int:
        """Of the puzzle that is open, or was open last; 0 before the first."""
        return self._number

    @property
    def total(self) -> int:
        return len(self._puzzles)

    @property
    def is_over(self) -> bool:
        return self._round is None and self._next_at is None

    @property
    def is_ranked(self) -> bool:
        """At least two people have played."""
        return len(self._players) > 1

    @property
    def puzzle(self) -> Puzzle | None:
        """The one that is open."""
        return self._round.puzzle if self._round else None

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` is due next; ``None`` when the game is over."""
        if self._round is None:
            return self._next_at
        return min([self._round.closes_at, *self._round.clue_times])

    def tick(self, now: float) -> list[Effect]:
        """Do what is due."""
        current = self._round
        if current is None:
            due = self._next_at is not None and now >= self._next_at
            return [self._open(now)] if due else []
        if now >= current.closes_at:
            return self._close(now)
        effects: list[Effect] = []
        while current.clue_times and now >= current.clue_times[0]:
            effects.append(self._show_clue(current))
        return effects

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
        self._players.setdefault(person, _Player())
        current.guessed.add(person)
        is_last = current.puzzle.kind is Kind.CONUNDRUM
        if is_last:
            current.tried.add(person)
        if miss is not None:
            return [*effects, Missed(person, miss, is_last)]
        return [*effects, self._right(person, word, current, now), *self._all_found(current, now)]

    def hint(self, now: float) -> list[Effect]:
        """Show the next clue before its time; it costs everybody who solves the puzzle after."""
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(None, Refusal.NO_QUESTION)]
        if current.solved:
            return [*effects, Refused(None, Refusal.SOLVED)]
        if current.shown >= len(current.clues):
            return [*effects, Refused(None, Refusal.NO_MORE_HINTS)]
        return [*effects, self._show_clue(current)]

    def skip(self, person: int, now: float) -> list[Effect]:
        """Vote to leave this puzzle out, by the rules of :meth:`bot.games.trivia.TriviaGame.skip`.
        What was found in a twist still counts."""
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        alone = person == self.settings.starter and self._players.keys() <= {person}
        if person not in self._players and not alone:
            return [*effects, Refused(person, Refusal.NOT_PLAYING)]
        if person in current.votes:
            return [*effects, Refused(person, Refusal.VOTED)]
        if current.solved:
            return [*effects, Refused(person, Refusal.SOLVED)]
        current.votes.add(person)
        needed = 1 if alone else len(self._players) // 2 + 1
        effects.append(SkipVoted(person, len(current.votes), needed))
        if len(current.votes) >= needed:
            effects += self._close(now, Outcome.SKIPPED)
        return effects

    def stop(self, now: float) -> list[Effect]:
        """End the game; a puzzle that is open gives no points, but for words found in a twist."""
        effects = self.tick(now) if self._round is not None else []
        if self._round is not None:
            effects += self._close(now, Outcome.STOPPED)
        elif self._next_at is not None:
            self._next_at = None
            effects.append(self._over(Ending.STOPPED))
        return effects

    def standings(self) -> tuple[Standing, ...]:
        """Everybody who has played; most points first, then who was right more often."""
        found = [
            Standing(person, player.points, player.right, player.best_streak)
            for person, player in self._players.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.points, -one.right)))

    def _meant(self, now: float) -> tuple[list[Effect], _Round | None]:
        """Do what is due; then the round that an event can be meant for: one that was open."""
        effects = self.tick(now)
        opened = any(isinstance(effect, PuzzleOpened) for effect in effects)
        return effects, None if opened else self._round

    def _open(self, now: float) -> PuzzleOpened:
        puzzle = self._puzzles[self._number]
        self._number += 1
        self._next_at = None
        seconds = self.settings.seconds
        clues: list[tuple[str, bool]] = []
        if puzzle.kind is not Kind.TWIST:
            if puzzle.answer in self._clues:
                clues.append((self._clues[puzzle.answer], True))
            clues += [(text, False) for text in hints_of(puzzle.answer)]
        times = [
            now + seconds * (1 + number / (len(clues) + 1)) / 2 for number in range(len(clues))
        ]
        # All the letters but a few would give it away: the last ones come on demand only.
        times = times[:2] if puzzle.kind is Kind.CLASSIC else []
        self._round = _Round(puzzle, now, now + seconds, clues, times)
        return PuzzleOpened(self._number, self.total, puzzle, self._round.closes_at)

    def _show_clue(self, current: _Round) -> ClueShown:
        text, is_words = current.clues[current.shown]
        current.shown += 1
        if current.clue_times:
            current.clue_times.pop(0)
        return ClueShown(current.shown, len(current.clues) - current.shown, text, is_words)

    def _miss(self, word: str, current: _Round) -> Miss | None:
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

    def _right(self, person: int, word: str, current: _Round, now: float) -> Found:
        if current.puzzle.kind is Kind.TWIST:
            gained = word_points(word, current.puzzle)
            current.found[word] = (person, gained)
            return Found(person, word, True, gained, current.closes_at)
        first = not current.solved
        current.solved[person] = (now, current.shown)
        if first:
            current.closes_at = min(current.closes_at, now + self.settings.window)
            current.clue_times.clear()
        return Found(person, word, first, 0, current.closes_at)

    def _all_found(self, current: _Round, now: float) -> list[Effect]:
        if (
            current.puzzle.kind is not Kind.TWIST
            or not current.puzzle.words <= current.found.keys()
        ):
            return []
        return self._close(now)

    def _close(self, now: float, outcome: Outcome | None = None) -> list[Effect]:
        current = self._round
        assert current is not None  # noqa: S101 - the callers have seen it
        self._round = None
        gains = self._score(current, is_cut_short=outcome is not None)
        if outcome is None:
            outcome = Outcome.SOLVED if gains else Outcome.MISSED
            outcome = outcome if current.guessed else Outcome.SILENT
        self._silent = self._silent + 1 if outcome is Outcome.SILENT else 0
        ending = self._ending(outcome)
        self._next_at = None if ending else now + self.settings.pause
        closed = PuzzleClosed(
            number=self._number,
            puzzle=current.puzzle,
            outcome=outcome,
            gains=gains,
            found=tuple((word, person) for word, (person, _) in current.found.items()),
            ranked=self.is_ranked,
            next_at=self._next_at,
        )
        return [closed, self._over(ending)] if ending else [closed]

    def _ending(self, outcome: Outcome) -> Ending | None:
        if outcome is Outcome.STOPPED:
            return Ending.STOPPED
        if self._number >= self.total:
            return Ending.FINISHED
        return Ending.SILENT if self._silent >= self.settings.silent_rounds else None

    def _over(self, ending: Ending) -> GameOver:
        return GameOver(ending, self.standings(), self._number, self.is_ranked)

    def _score(self, current: _Round, *, is_cut_short: bool) -> tuple[Gain, ...]:
        if current.puzzle.kind is Kind.TWIST:
            return self._score_words(current)
        gains: list[Gain] = []
        for person, player in self._players.items():
            if is_cut_short or person not in current.solved:
                player.streak = 0
                continue
            at, clues = current.solved[person]
            player.streak += 1
            seconds = at - current.opened_at
            gained = points(
                current.puzzle.difficulty,
                elapsed=seconds / self.settings.seconds,
                hints=clues,
                streak=player.streak,
            )
            player.points += gained
            player.right += 1
            player.best_streak = max(player.best_streak, player.streak)
            gains.append(Gain(person, gained, player.streak, seconds))
        return tuple(sorted(gains, key=lambda gain: (-gain.points, gain.seconds)))

    def _score_words(self, current: _Round) -> tuple[Gain, ...]:
        sums: dict[int, int] = {}
        for person, gained in current.found.values():
            self._players[person].right += 1
            sums[person] = sums.get(person, 0) + gained
        for person, gained in sums.items():
            self._players[person].points += gained
        gains = [Gain(person, gained, 1, 0.0) for person, gained in sums.items()]
        return tuple(sorted(gains, key=lambda gain: -gain.points))


def word_points(word: str, puzzle: Puzzle) -> int:
    """What a word of a twist brings."""
    bonus = ALL_LETTERS_BONUS if len(word) == len(puzzle.letters) else 0
    return WORD_POINTS.get(len(word), LONG_WORD_POINTS) + bonus

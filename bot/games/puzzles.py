"""Which letters are given, and what can be made of them."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.games.letters import fits, fitting, pack
from bot.games.lexicon import COMMON, KNOWN, Lexicon
from bot.games.questions import Difficulty
from bot.games.scramble import scrambled


class Kind(StrEnum):
    CLASSIC = "classic"
    """A scrambled word. Every word of the same letters is right."""
    TWIST = "twist"
    """As many words as can be made of the letters."""
    CONUNDRUM = "conundrum"
    """Nine letters, one try each."""


CONUNDRUM_LETTERS = 9
SHORTEST_TWIST_WORD = 3
_FEWEST_TWIST_WORDS = 12
_MOST_TWIST_WORDS = 60
_TRIES = 400


@dataclass(frozen=True, slots=True)
class Puzzle:
    """Letters, and the words that are right."""

    kind: Kind
    difficulty: Difficulty
    letters: str
    """As they are shown."""
    words: frozenset[str]
    """Everything that counts."""
    shown: tuple[str, ...]
    """Of these what is shown when the time is over: words that people know, none of them rude.
    The first is the one that the letters were made of."""

    @property
    def answer(self) -> str:
        return self.shown[0]


_CLASSIC = {
    Difficulty.EASY: (5, 6, COMMON),
    Difficulty.MEDIUM: (6, 8, COMMON),
    Difficulty.HARD: (8, 10, KNOWN),
}
_TWIST = {
    Difficulty.EASY: (6, 6, COMMON),
    Difficulty.MEDIUM: (7, 7, COMMON),
    Difficulty.HARD: (8, 8, KNOWN),
}
_CONUNDRUM = {Difficulty.EASY: 20, Difficulty.MEDIUM: COMMON, Difficulty.HARD: KNOWN}


class Puzzles:
    """Draws puzzles from a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Sorts out the words that can be drawn, which takes some tenths of a second: call it in
        a thread."""
        self.lexicon = lexicon
        self._pools: dict[tuple[Kind, Difficulty], list[str]] = {}
        for difficulty in Difficulty:
            rarest = _CONUNDRUM[difficulty]
            for kind, (shortest, longest, level) in (
                (Kind.CLASSIC, _CLASSIC[difficulty]),
                (Kind.TWIST, _TWIST[difficulty]),
                (Kind.CONUNDRUM, (CONUNDRUM_LETTERS, CONUNDRUM_LETTERS, rarest)),
            ):
                served = lexicon.served(shortest=shortest, longest=longest, rarest=level)
                self._pools[kind, difficulty] = [word for word in served if self._is_fair(word)]

    def pool(self, kind: Kind, difficulty: Difficulty) -> list[str]:
        """The words that puzzles of this kind are made of, by the alphabet."""
        return self._pools[kind, difficulty]

    def draw(
        self,
        kind: Kind,
        difficulty: Difficulty,
        dice: random.Random,
        avoid: Collection[str] = (),
    ) -> Puzzle:
        """A puzzle whose word is not in ``avoid``, as long as there is one.

        Raises:
            ValueError: the lexicon has no word for it.
        """
        pool = self._pools[kind, difficulty]
        used = set(avoid)
        left = [word for word in pool if word not in used]
        for words in filter(None, (left, pool)):
            for word in dice.sample(words, min(len(words), _TRIES)):
                puzzle = self.puzzle(kind, difficulty, word, dice)
                if puzzle is not None:
                    return puzzle
        raise ValueError(f"the lexicon has no word for {kind} {difficulty}")

    def daily(self, day: date) -> Puzzle:
        """The puzzle of a day: the same for everyone who has the same list of words."""
        # A text as the seed gives the same draw on every machine.
        dice = random.Random(f"anagram of {day.isoformat()}")  # noqa: S311 - no secret
        return self.draw(Kind.CONUNDRUM, Difficulty.MEDIUM, dice)

    def puzzle(
        self, kind: Kind, difficulty: Difficulty, word: str, dice: random.Random
    ) -> Puzzle | None:
        """The puzzle of a word; ``None`` where it makes none."""
        letters = scrambled(word, self.lexicon, dice)
        if letters is None:
            return None
        if kind is not Kind.TWIST:
            words = self.lexicon.anagrams(word)
            others = tuple(sorted(one for one in words if one != word))
            return Puzzle(kind, difficulty, letters, frozenset(words), (word, *others))
        heap = pack(word)
        words = tuple(
            one
            for key in fitting(self.lexicon.keys, heap)
            for one in self.lexicon.by_letters[key]
            if len(one) >= SHORTEST_TWIST_WORD
        )
        known = sorted(
            (one for one in words if one != word and self._is_known(one)),
            key=lambda one: (len(one), one),
        )
        if not _FEWEST_TWIST_WORDS <= len(known) <= _MOST_TWIST_WORDS:
            return None
        return Puzzle(kind, difficulty, letters, frozenset(words), (word, *known))

    def _is_fair(self, word: str) -> bool:
        """None of its anagrams is rude, and it is no shorter word with an s."""
        anagrams = self.lexicon.anagrams(word)
        if not all(map(self.lexicon.is_served, anagrams)):
            return False
        is_ending = word.endswith("s") and not word.endswith("ss") and word[:-1] in self.lexicon
        return not is_ending

    def _is_known(self, word: str) -> bool:
        return self.lexicon.levels[word] <= KNOWN and self.lexicon.is_served(word)


def can_be_made(word: str, letters: str) -> bool:
    """Whether each letter of ``word`` is among ``letters`` as often."""
    return fits(pack(word), pack(letters))


def hints_of(word: str) -> tuple[str, ...]:
    """What is told of a word step by step: its first letter, its last, then every other one."""
    shown = [{0}, {0, len(word) - 1}, set(range(0, len(word), 2)) | {len(word) - 1}]
    texts = []
    for places in shown:
        text = " ".join(sign if n in places else "_" for n, sign in enumerate(word))
        if "_" in text and text not in texts:
            texts.append(text)
    return tuple(texts)

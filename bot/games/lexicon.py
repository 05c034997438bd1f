"""The words that the games know, and how common each is.

The list is SCOWL's (its notice lies beside it), the words that are not served come from
better-profanity and cuss. ``scripts/make_words.py`` makes both files.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from bot.games.letters import pack

COMMON = 35
"""SCOWL's level up to which most people know a word."""
KNOWN = 50
"""Up to which most people have met it."""

_SHORTEST_INSIDE = 4
"""A rude word of fewer letters is not looked for inside others: there is no harm in "assist"."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Every word with its level: 10 are the thousand commonest, 70 the rarest here."""

    levels: dict[str, int]
    rude: frozenset[str]
    """Words that are never served. As a person's guess they count like any other."""
    by_letters: dict[int, tuple[str, ...]]
    """By :func:`~bot.games.letters.pack`: the words of the same letters."""
    keys: list[int]
    """Of :attr:`by_letters`, to be searched."""

    @classmethod
    def load(cls) -> Lexicon:
        """Read the list that comes with the bot: some 114,000 words. Takes about half a second
        and 60 MB, so call it in a thread, and once."""
        data = files("bot.games") / "data"
        text = gzip.decompress((data / "words.txt.gz").read_bytes()).decode("ascii")
        levels: dict[str, int] = {}
        level = 0
        for line in text.split("\n"):
            if line.startswith("# "):
                level = int(line[2:])
            else:
                levels[line] = level
        return cls.of(levels, (data / "rude.txt").read_text("ascii").split())

    @classmethod
    def of(cls, levels: dict[str, int], rude: Iterable[str] = ()) -> Lexicon:
        """A lexicon of these words."""
        by_letters: dict[int, tuple[str, ...]] = {}
        for word in levels:
            key = pack(word)
            by_letters[key] = (*by_letters.get(key, ()), word)
        return cls(levels, frozenset(rude), by_letters, list(by_letters))

    def __contains__(self, word: object) -> bool:
        return word in self.levels

    def anagrams(self, letters: str) -> tuple[str, ...]:
        """Every word of exactly these letters, rude ones too."""
        return self.by_letters.get(pack(letters), ())

    def is_served(self, word: str) -> bool:
        """Whether the bot may show a word of its own accord."""
        return word not in self.rude

    def looks_rude(self, letters: str) -> bool:
        """Whether letters in this order would make people laugh for the wrong reason."""
        return letters in self.rude or any(
            word in letters for word in self.rude if len(word) >= _SHORTEST_INSIDE
        )

    def served(self, *, shortest: int, longest: int, rarest: int) -> list[str]:
        """Words that may be shown, of so many letters and at most so rare, by the alphabet."""
        return sorted(
            word
            for word, level in self.levels.items()
            if level <= rarest and shortest <= len(word) <= longest and word not in self.rude
        )

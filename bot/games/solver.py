"""What can be made of letters."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bot.errors import AirocordError
from bot.games import letters as multisets
from bot.games.letters import LONGEST, pack, plain_letters
from bot.games.lexicon import KNOWN, Lexicon
from bot.language import phrase

WILDCARD = "?"
MOST_WILDCARDS = 3
MOST_WORDS = 3
SHORTEST_OF_SEVERAL = 3
"""Letters of each word where several are made: with shorter ones anything can be made of
anything."""

_LOOK_AT_CLOCK = 256


class LettersRefused(AirocordError):
    """The letters cannot be searched; the text says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for."""

    letters: str
    """Small letters a to z."""
    wildcards: int = 0
    """Letters that may be any."""
    words: int = 1
    pattern: str = ""
    """Of one word: letters in their places, ``?`` elsewhere."""


@dataclass(frozen=True, slots=True)
class Solutions:
    """What was found."""

    found: tuple[str, ...]
    """Of one word: longest first, then by the alphabet. Of several: commonest first."""
    is_complete: bool
    """``False``: there was no time, or no room, for all."""


def read_query(letters: str, words: int = 1, pattern: str = "") -> Query:
    """What a person typed as a query.

    Raises:
        LettersRefused: there are too few letters, too many, or too many wildcards.
    """
    wildcards = letters.count(WILDCARD)
    plain = plain_letters(letters)
    shape = "".join(sign for sign in _folded(pattern) if sign in multisets.PLACES or sign == "?")
    if not 2 <= len(plain) + wildcards <= LONGEST:
        raise LettersRefused(
            phrase("Please give 2 to {longest} letters, with ? for any letter.", longest=LONGEST)
        )
    if wildcards > MOST_WILDCARDS:
        raise LettersRefused(phrase("At most {most} letters can be ?.", most=MOST_WILDCARDS))
    if words > 1 and (wildcards or shape):
        raise LettersRefused(phrase("With several words, neither ? nor a pattern can be used."))
    if len(shape) > len(plain) + wildcards:
        raise LettersRefused(phrase("The pattern is longer than the letters are."))
    return Query(plain, wildcards, min(max(words, 1), MOST_WORDS), shape)


def solve(query: Query, lexicon: Lexicon, *, most: int = 200, limit_s: float = 0.8) -> Solutions:
    """Everything that can be made of the letters, rude words left out.

    One word may leave letters over; several use them all. Call it in a thread: it works for up to
    ``limit_s`` seconds, and lets the event loop in between as any Python code does.
    """
    until = time.monotonic() + limit_s
    if query.words == 1:
        found = _single(query, lexicon)
        return Solutions(tuple(found[:most]), len(found) <= most)
    search = _Search(lexicon, query.words, until)
    phrases: list[tuple[str, ...]] = []
    for found_words in search.phrases(query.letters):
        phrases.append(found_words)
        if len(phrases) >= 20 * most:
            search.is_complete = False
            break
    phrases.sort(key=lambda words: (max(map(lexicon.levels.__getitem__, words)), words))
    is_complete = search.is_complete and len(phrases) <= most
    return Solutions(tuple(" ".join(words) for words in phrases[:most]), is_complete)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts by their letters."""

    is_anagram: bool
    only_first: str
    """Letters that the second lacks, by the alphabet."""
    only_second: str
    has_letters: bool
    """Whether there is a letter from a to z in either."""


def compare(first: str, second: str) -> Comparison:
    """Whether two texts have the same letters, whatever their spaces, signs, capitals and
    accents. The same words in the same order are no anagram."""
    one, other = plain_letters(first), plain_letters(second)
    over, lacking = Counter(one) - Counter(other), Counter(other) - Counter(one)
    is_anagram = not over and not lacking and one != other
    return Comparison(
        is_anagram=is_anagram,
        only_first="".join(sorted(over.elements())),
        only_second="".join(sorted(lacking.elements())),
        has_letters=bool(one or other),
    )


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return folded.replace(".", WILDCARD).replace("_", WILDCARD)


def _single(query: Query, lexicon: Lexicon) -> list[str]:
    heap = pack(query.letters)
    if query.wildcards:
        keys = multisets.nearly_fitting(lexicon.keys, heap, query.wildcards)
    else:
        keys = multisets.fitting(lexicon.keys, heap)
    have = Counter(query.letters)
    shape = re.compile(query.pattern.replace("?", ".")) if query.pattern else None
    found = [
        word
        for key in keys
        for word in lexicon.by_letters[key]
        if lexicon.is_served(word)
        and (shape is None or shape.fullmatch(word))
        and (not query.wildcards or (Counter(word) - have).total() <= query.wildcards)
    ]
    return sorted(found, key=lambda word: (-len(word), word))


class _Search:
    """Several words of all the letters, each heap of letters looked at once."""

    def __init__(self, lexicon: Lexicon, words: int, until: float) -> None:
        self._lexicon = lexicon
        self._words = words
        self._until = until
        self._steps = 0
        self.is_complete = True

    def phrases(self, letters: str) -> Iterator[tuple[str, ...]]:
        heap = pack(letters)
        parts = [
            key
            for key in multisets.fitting(self._lexicon.keys, heap)
            if len(self._lexicon.by_letters[key][0]) >= SHORTEST_OF_SEVERAL and self._served(key)
        ]
        # Common words first: where time runs out, what was not looked at is rare.
        parts.sort(key=self._level)
        for keys in self._split(heap, parts, self._words):
            yield from self._spelled(keys)

    def _split(self, heap: int, parts: list[int], words: int) -> Iterator[tuple[int, ...]]:
        """Ways to share out the heap, each in one order only."""
        if words == 2:
            place = {part: number for number, part in enumerate(parts)}
            for number, part in enumerate(parts):
                if self._is_late():
                    return
                other = place.get(heap - part, -1)
                if other >= number:
                    yield part, heap - part
            return
        for number, part in enumerate(parts):
            if self._is_late():
                return
            rest = heap - part
            for others in self._split(rest, multisets.fitting(parts[number:], rest), words - 1):
                yield (part, *others)

    def _is_late(self) -> bool:
        self._steps += 1
        if self._steps % _LOOK_AT_CLOCK == 0 or self._words > 2:
            self.is_complete = self.is_complete and time.monotonic() < self._until
        return not self.is_complete

    def _served(self, key: int) -> list[str]:
        return [word for word in self._lexicon.by_letters[key] if self._lexicon.is_served(word)]

    def _level(self, key: int) -> int:
        return min(self._lexicon.levels[word] for word in self._served(key))

    def _spelled(self, keys: tuple[int, ...]) -> Iterator[tuple[str, ...]]:
        phrases: list[tuple[str, ...]] = [()]
        for key in keys:
            # Of words with the same letters, rare ones only where there is no other.
            served = self._served(key)
            usual = [word for word in served if self._lexicon.levels[word] <= KNOWN] or served
            phrases = [(*phrase, word) for phrase in phrases for word in usual]
        if len(set(keys)) < len(keys):
            # The same letters twice: "stop post" is "post stop".
            phrases = list({tuple(sorted(phrase)): phrase for phrase in phrases}.values())
        yield from phrases

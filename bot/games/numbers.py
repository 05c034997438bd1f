"""Numbers among the words of a text: in figures, in words, as ordinals, in Roman figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal

FIGURES = (
    r"(?:(?<!\d\s)(?<![^\s(\[\"'$£€¥^])[-\u2212])?"
    r"(?:\d{1,3}(?: \d{3})+(?!\d)|\d+(?:,\d{3}(?!\d))*)(?:\.\d+)?(?:(?:st|nd|rd|th)(?![^\W_]))?"
)
"""A regular expression for a number in figures: -40, 1,000.5, 1 000 000, 21st. A dash after another
number is no minus."""

_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {
    "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12,
}  # fmt: skip
"""The power of ten that each stands for."""
_EXACT = Context(prec=1_000)
"""More figures than a text that is read can have."""
_HUNDRED = _SCALES["hundred"]
_ORDINALS = {
    "first": "one", "second": "two", "third": "three", "fourth": "four", "fifth": "five",
    "sixth": "six", "seventh": "seven", "eighth": "eight", "ninth": "nine", "tenth": "ten",
    "eleventh": "eleven", "twelfth": "twelve", "thirteenth": "thirteen", "fourteenth": "fourteen",
    "fifteenth": "fifteen", "sixteenth": "sixteen", "seventeenth": "seventeen",
    "eighteenth": "eighteen", "nineteenth": "nineteen", "twentieth": "twenty",
    "thirtieth": "thirty", "fortieth": "forty", "fiftieth": "fifty", "sixtieth": "sixty",
    "seventieth": "seventy", "eightieth": "eighty", "ninetieth": "ninety", "hundredth": "hundred",
    "thousandth": "thousand", "millionth": "million", "billionth": "billion",
}  # fmt: skip
WRITTEN_OUT = frozenset(_ORDINALS) | frozenset(_SCALES)
"""Words that say a number, and that are left as words where a text is read literally."""
_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})\Z")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_SHORTEST_FIRST = 3
"""Letters of a Roman figure that nothing stands before: XVIII, but C major and Lv."""
_NOT_ROMAN = {
    "ci", "civ", "cli", "cv", "cx", "di", "div", "dix", "dv", "dx", "li", "mi", "mix", "mv", "mx",
}  # fmt: skip
"""Words and names: Lady Di, Jet Li."""
_MINUS = {"minus", "negative"}
_ENDINGS = tuple(f"{figure}{end}" for figure in range(10) for end in ("st", "nd", "rd", "th"))


class Number(str):
    """A number, written in the one way that equal numbers share: 1,000.50 is 1000.5."""

    __slots__ = ()


def with_numbers(words: Sequence[str], *, literally: bool) -> list[str]:
    """The same with a :class:`Number` in the place of whatever says one.

    Args:
        words: in small letters, and numbers that match :data:`FIGURES`.
        literally: leave ordinals and "million" in words as words, in which a typo may be.
    """
    reader = _Reader(words, literally=literally)
    found: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        after_number = bool(found) and isinstance(found[-1], Number)
        is_minus = word in _MINUS and not after_number
        number, after = reader.number_at(place + is_minus)
        if number is not None:
            found.append(Number(f"-{number}") if is_minus else number)
            place = after
            continue
        place += 1
        is_range = word == "to" and after_number and reader.number_at(place)[0] is not None
        is_title = word == "the" and not literally and reader.is_ordinal(place)
        if not is_range and not is_title:  # 1914 to 1918, Henry the Eighth
            found.append(word)
    return found


class _Reader:
    def __init__(self, words: Sequence[str], *, literally: bool) -> None:
        self._written = words
        self._words = words if literally else [_ORDINALS.get(word, word) for word in words]
        self._scales = {} if literally else _SCALES

    def number_at(self, place: int) -> tuple[Number | None, int]:
        """The number that begins at a place, if one does, and where it ends."""
        if place >= len(self._words):
            return None, place
        word = self._words[place]
        if word in _SMALL or word in _TENS or word in self._scales:
            return self._spelled(place)
        if word[0].isdecimal() or word[-1].isdecimal():
            return self._figures(place)
        if word[0] in _ROMAN_VALUES and (value := _roman(word, is_first=place == 0)):
            return Number(value), place + 1
        return None, place

    def is_ordinal(self, place: int) -> bool:
        """Whether the number at a place is one that counts: third, thirty-third, 33rd."""
        number, after = self.number_at(place)
        last = self._written[after - 1]
        return number is not None and (last in _ORDINALS or last.endswith(_ENDINGS))

    def _figures(self, place: int) -> tuple[Number, int]:
        """Figures, and what "million" behind them makes of them."""
        figures = self._words[place].rstrip("stndrh")
        place += 1
        value = Decimal(figures.replace(",", "").replace(" ", "").replace("\u2212", "-"))
        while place < len(self._words) and self._words[place] in self._scales:
            value = value.scaleb(self._scales[self._words[place]], _EXACT)
            place += 1
        text = f"{value:f}"
        return Number(text.rstrip("0").rstrip(".") if "." in text else text), place

    def _spelled(self, place: int) -> tuple[Number, int]:
        """Two thousand and one; and nineteen forty-five, which is a year."""
        start = place
        whole = 0
        part: int | None = None
        smallest = max(_SCALES.values()) + 1
        while place < len(self._words):
            word = self._words[place]
            scale = self._scales.get(word, 0)
            small, after = self._below_hundred(place)
            if small is not None:
                if part is None:
                    part = small
                elif part >= 100 and part % 100 == 0:
                    part += small
                elif not whole and 10 <= part < 100 and small >= 10:
                    return Number(100 * part + small), after
                else:
                    break
                place = after
            elif word == "and" and self._is_inside(place, start):
                place += 1
            elif scale == _HUNDRED and (part is None or part < 100):
                part = 100 * (1 if part is None else part)
                place += 1
            elif _HUNDRED < scale < smallest:
                smallest = scale
                whole += 10**scale * (1 if part is None else part)
                part = None
                place += 1
            else:
                break
        return Number(whole + (part or 0)), place

    def _is_inside(self, place: int, start: int) -> bool:
        """Whether an "and" is that of "two hundred and one"."""
        return (
            place > start
            and self._words[place - 1] in self._scales
            and self._below_hundred(place + 1)[0] is not None
        )

    def _below_hundred(self, place: int) -> tuple[int | None, int]:
        word = self._words[place] if place < len(self._words) else ""
        if word in _SMALL:
            return _SMALL[word], place + 1
        if word not in _TENS:
            return None, place
        is_whole = self._written[place] in _ORDINALS or place + 1 == len(self._words)
        ones = 0 if is_whole else _SMALL.get(self._words[place + 1], 0)
        return (_TENS[word] + ones, place + 2) if 1 <= ones <= 9 else (_TENS[word], place + 1)


def _roman(word: str, *, is_first: bool) -> int:
    """Its value; 0 of what is no Roman figure, or is as likely a word, an initial or a name."""
    if (is_first and len(word) < _SHORTEST_FIRST) or not _ROMAN.match(word):
        return 0
    if word in _NOT_ROMAN or not set(word) & set("ivx"):
        return 0
    values = [_ROMAN_VALUES[figure] for figure in word]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))

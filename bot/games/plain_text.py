"""What is left of an answer when the ways of writing it that do not matter are taken away."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TEN_WORDS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ROMAN = re.compile(r"(?=.)(x{0,3})(ix|iv|v?i{0,3})\Z")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10}

_MARKS = re.compile("[\u0300-\u036f]")
"""Accents of Latin, Greek and Cyrillic letters; marks of other scripts are letters there."""
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"}
)
_TOKEN = re.compile(
    r"(?:(?<![^\s(\[\"'$£€¥])[-\u2212])?\d+(?:,\d{3}(?!\d))*(?:\.\d+)?|[^\W\d_]+[+#]*"
)
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_ARTICLES = {"the", "a", "an"}


@dataclass(frozen=True, slots=True)
class Plain:
    """Two texts that are equal in this form say the same."""

    text: str
    """Letters and digits without spaces, accents, capitals, punctuation or a leading article."""
    exact: tuple[str, ...]
    """What a typo must not touch: the numbers in it, in their order, whether in figures, as words,
    or in Roman figures; and a last word of one letter, as in "Vitamin A"."""


def plain(text: str) -> Plain:
    """Take away what does not matter; of signs alone, the signs stay."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = unicodedata.normalize("NFC", _MARKS.sub("", folded)).translate(_LETTERS)
    folded = _APOSTROPHES.sub("", folded).replace("&", " and ")
    tokens = _TOKEN.findall(folded)
    if not tokens:
        return Plain("".join(folded.split()), ())
    if len(tokens) > 1 and tokens[0] in _ARTICLES:
        tokens = tokens[1:]
    pieces = _numbered(tokens)
    exact = [str(piece) for piece in pieces if isinstance(piece, Decimal)]
    if len(pieces) > 1 and len(str(pieces[-1])) == 1 and isinstance(pieces[-1], str):
        exact.append(pieces[-1])
    return Plain("".join(str(piece) for piece in pieces), tuple(exact))


def _numbered(tokens: list[str]) -> list[str | Decimal]:
    """The same with numbers in the place of their figures and words."""
    found: list[str | Decimal] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        following = _WORDS.get(tokens[place + 1], 0) if place + 1 < len(tokens) else 0
        place += 1
        if token[-1].isdecimal():
            found.append(_number(token))
        elif token in _WORDS:
            found.append(Decimal(_WORDS[token]))
        elif token in _TEN_WORDS:
            joined = 1 <= following <= 9
            found.append(Decimal(_TEN_WORDS[token] + (following if joined else 0)))
            place += joined
        elif place > 1 and (roman := _ROMAN.match(token)):
            found.append(Decimal(_roman(roman[0])))
        else:
            found.append(token)
    return found


def _number(figures: str) -> Decimal:
    """Equal numbers are made equal in their text too: 1,000.50 is 1000.5."""
    text = f"{Decimal(figures.replace(',', '').replace(chr(0x2212), '-')):f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _roman(figures: str) -> int:
    values = [_ROMAN_VALUES[figure] for figure in figures]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))

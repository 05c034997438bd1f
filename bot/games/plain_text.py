"""What is left of an answer when the ways of writing it that do not matter are taken away."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from bot.games.numbers import FIGURES, WRITTEN_OUT, Number, with_numbers
from bot.games.opposites import is_unit, labels

_ACCENTS = re.compile("[\u0300-\u036f]")
"""Of Latin, Greek and Cyrillic letters; marks of other scripts are letters there."""
_OPTIONAL = re.compile("[\u0591-\u05c7\u0640\u064b-\u0652\u0670]")
"""Vowel points, which Hebrew and Arabic mostly leave out."""
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"}
)
_RAISED = re.compile("(?<=\\d)(?=[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u207f\u2150-\u215f])")
"""Before a power or a fraction that stands right behind a figure."""
_MARKS = "".join(
    chr(code)
    for code in range(0x0483, 0x12000)
    if unicodedata.category(chr(code)) in ("Mn", "Mc")
    and not (0x20D0 <= code <= 0x20FF or 0xFE00 <= code <= 0xFE2F)
)
"""Signs that belong to the letter before them; not those that only shape an emoji."""
_TOKEN = re.compile(rf"{FIGURES}|[^\W\d_]+(?:[{_MARKS}]+[^\W\d_]*)*[+#]*")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_ARTICLE = re.compile(r"\W*(?:the|an?(?!\W+[a-z](?![^\W_])))(?=[\s)\]\"\u201d]\W*[^\W_])")
_DOTTED = re.compile(r"\W*[a-z]\.")
_SHORT = {"mt": "mount", "st": "saint", "dr": "doctor", "n": "and"}
"""Ways to write a word that others follow."""
_SIGNS = {"!": "i", "$": "s"}
_SIGN = re.compile(r"(?<=[a-z])[!$](?=[a-z])")
"""As in P!nk and Ke$ha."""
_UNIT_SIGNS = {
    "celsius": "c", "centigrade": "c", "fahrenheit": "f", "kelvin": "k", "percent": "",
    "degree": "", "degrees": "", "kilometres": "km", "kilometers": "km", "metres": "m",
    "meters": "m", "centimetres": "cm", "centimeters": "cm", "millimetres": "mm",
    "millimeters": "mm", "kilograms": "kg", "grams": "g", "milligrams": "mg",
}  # fmt: skip
"""Behind a number."""
_REWRITTEN = WRITTEN_OUT | _SHORT.keys() | _UNIT_SIGNS.keys()
_NEGATIONS = {"no", "not", "never"}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without the ways of writing it that do not matter, and what in it no typo changes."""

    text: str
    """Letters and digits without spaces, accents, capitals, punctuation or a leading article."""
    numbers: tuple[str, ...] = ()
    """In their order, whether in figures, as words, or in Roman figures."""
    first: str = ""
    """A first word of one letter, as in "X chromosome"; not an initial with its full stop."""
    last: str = ""
    """A last word of one letter, as in "Vitamin A"."""
    is_negated: bool = False
    apart: frozenset[str] = frozenset()
    """Words that a typo does not make of each other: months, points of the compass, short units,
    single letters between other words."""

    @property
    def said(self) -> tuple[str, tuple[str, ...]]:
        """What is the same in texts that say the same: 12 is not 1/2."""
        return self.text, self.numbers

    def may_be_meant(self, key: Plain) -> bool:
        """Whether what typos leave alone is the same in this text and in the one that it may be
        meant for. Words that are apart can be misspelled, but none can become another."""
        return (
            self.numbers == key.numbers
            and self.last == key.last
            and (key.is_negated or not self.is_negated)
            and key.text.startswith(self.first)
            and self.text.startswith(key.first)
            and (self.apart <= key.apart or key.apart <= self.apart)
        )


def plain(text: str) -> Plain:
    """Take away what does not matter; of signs alone, the signs stay."""
    return readings(text)[0]


def readings(text: str) -> tuple[Plain, ...]:
    """What a text says, and how else it can be meant.

    That is as it is written, with ordinals, large numbers and words that have a short form left as
    words, in which a typo is a typo; and with a leading "A" that may be a letter: the A-Team.
    """
    folded = _folded(text)
    shown = _SIGN.sub(_letter, folded) if "!" in folded or "$" in folded else folded
    article = _ARTICLE.match(shown)
    words, is_initial = _words(shown, article.end() if article else 0)
    if not words:
        return (Plain("".join(folded.split())),)
    found = [_said(words, is_initial)]
    if shown is not folded or not _REWRITTEN.isdisjoint(words):
        written, is_initial = _words(folded, article.end() if article else 0)
        found.append(_read(with_numbers(written, literally=True), is_initial, literally=True))
    if article and article[0].endswith("a"):
        found.append(_said(["a", *words], is_initial=False))
    return tuple(found)


def _said(words: list[str], is_initial: bool) -> Plain:
    short = [_SHORT.get(word, word) for word in words[:-1]]
    return _read(with_numbers([*short, words[-1]], literally=False), is_initial, literally=False)


def _folded(text: str) -> str:
    """Small letters without accents and apostrophes."""
    if not text.isascii():
        text = _RAISED.sub(" ^", text)
    folded = unicodedata.normalize("NFKD", text).casefold()
    if not folded.isascii():
        folded = _OPTIONAL.sub("", _ACCENTS.sub("", folded))
        folded = unicodedata.normalize("NFC", folded).translate(_LETTERS)
    return _APOSTROPHES.sub("", folded).replace("&", " and ")


def _letter(sign: re.Match[str]) -> str:
    return _SIGNS[sign[0]]


def _words(folded: str, start: int) -> tuple[list[str], bool]:
    """The words and numbers from a place on, and whether the first is an initial with its full
    stop."""
    words: list[str] = []
    single = 0
    for word in _TOKEN.findall(folded, start):
        single = 0 if len(word) > 1 or word.isdecimal() else single + 1
        if single > 1:
            words[-1] += word  # J. K. is JK, U.S.A. is USA
        else:
            words.append(word)
    return words, bool(words) and len(words[0]) == 1 and bool(_DOTTED.match(folded, start))


def _read(pieces: list[str], is_initial: bool, *, literally: bool) -> Plain:
    numbers: list[str] = []
    kept: list[str] = []
    apart: set[str] = set()
    is_negated = False
    after_number = False
    for place, piece in enumerate(pieces):
        if isinstance(piece, Number):
            numbers.append(piece)
            kept.append(piece)
            after_number = True
            continue
        if after_number and not literally and piece in _UNIT_SIGNS:
            if unit := _UNIT_SIGNS[piece]:
                apart.add(unit)
                kept.append(unit)
                after_number = False
            continue
        before_number = place + 1 < len(pieces) and isinstance(pieces[place + 1], Number)
        is_negated |= piece in _NEGATIONS and not (piece == "no" and before_number)
        apart.update(labels(piece))
        is_inside = 0 < place < len(pieces) - 1
        if (
            piece in WRITTEN_OUT
            or (after_number and is_unit(piece))
            or (is_inside and len(piece) == 1)
        ):
            apart.add(piece)
        kept.append(piece)
        after_number = False
    first, last = (kept[0], kept[-1]) if len(kept) > 1 else ("", "")
    return Plain(
        text="".join(kept),
        numbers=tuple(numbers),
        first=first if _is_letter(first) and not is_initial else "",
        last=last if _is_letter(last) else "",
        is_negated=is_negated,
        apart=frozenset(apart),
    )


def _is_letter(piece: str) -> bool:
    return len(piece) == 1 and not isinstance(piece, Number)

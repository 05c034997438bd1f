"""Text to the terms it is found by, in any language.

A word is two terms: itself and its first five letters, which stand in for its other forms in
every language that puts endings to words. Scripts that set no spaces give pairs of characters.
Identifiers give themselves and their words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

_PREFIX = 5

_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]+")
# Vowel signs of India's scripts are no letters by category, and stand inside of words.
_RUN = re.compile(r"[\w\u0900-\u0dff]+")
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_SPACED_OR_NOT = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}_]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Terms:
    """Finds terms and remembers those of words it has seen, as texts repeat their words."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, text: str) -> list[str]:
        """Every term of ``text`` as often as it stands there."""
        found: list[str] = []
        known = self._known
        for run in _RUN.findall(_plain(text)):
            terms = known.get(run)
            if terms is None:
                terms = known[run] = tuple(_terms(run))
            found += terms
        return found

    def words(self, text: str) -> list[list[str]]:
        """The terms of each word of ``text``."""
        return [list(_terms(run)) for run in _RUN.findall(_plain(text))]


def _plain(text: str) -> str:
    """Accents and points that are often left out are left out; wide letters are plain ones."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", text)))


def _terms(run: str) -> Iterator[str]:
    pieces = _SPACED_OR_NOT.findall(run)
    humps = [hump for piece in pieces for hump in _HUMP.split(piece)] if run.isascii() else pieces
    if len(humps) > 1 and not _IS_UNSPACED.search(run):
        yield run.casefold()
    for piece in humps:
        if _IS_UNSPACED.match(piece):
            yield from _pairs(piece)
        elif piece:
            word = piece.casefold()
            yield word
            if len(word) >= _PREFIX and not word.isdecimal():
                yield f"{word[:_PREFIX]}*"


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for first, second in pairwise(run):
        yield first + second

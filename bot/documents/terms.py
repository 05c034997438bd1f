"""Text to the terms it is found by, in any language.

A word is two terms: itself and its first five letters, which stand in for its other forms in
every language that puts endings to words; of shorter words a question tries the :func:`forms`.
Scripts that set no spaces, or few, give pairs of characters. Identifiers give themselves and their
words, and what is also written as one word, as 12,500 and e-mail, gives that too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

_PREFIX = 5
_LONGEST_FORM = 7
"""Letters of a word to which :func:`forms` finds others by their endings."""
_SHORTEST_STEM = 3

_LATIN = ("", *"aeios", "as", "ed", "en", "er", "es", "ing", "os")
_CYRILLIC = (
    *("", *"\u0430\u0435\u0438\u043e\u0443\u044b\u044c\u044e\u044f"),
    *("\u0430\u043c", "\u0430\u043c\u0438", "\u0430\u0445", "\u044f\u043c", "\u044f\u0445"),
    *("\u0435\u0432", "\u0435\u0438", "\u0435\u043c"),
    *("\u043e\u0432", "\u043e\u0438", "\u043e\u043c"),
)
"""Endings as :func:`_plain` leaves them."""
_ARTICLE = "\u0627\u0644"
"""Of Arabic, which writes it and its noun as one word."""

_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]+")
# Vowel signs of India's scripts are no letters by category, and stand inside of words.
_RUN = re.compile(r"[\w\u0900-\u0dff]+")
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_SPACED_OR_NOT = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}_]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_IN_PIECES = re.compile(
    r"(?<![\w.,])\d{1,3}(?:([., '\u2019])\d{3})(?:\1\d{3})*(?!\w)|(?<![\w-])[^\W\d_]-[^\W\d_]{2,}"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Terms:
    """Finds terms and remembers those of words it has seen, as texts repeat their words."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, text: str) -> list[str]:
        """Every term of ``text`` as often as it stands there."""
        found: list[str] = []
        known = self._known
        plain = _plain(text)
        for run in _RUN.findall(plain):
            terms = known.get(run)
            if terms is None:
                terms = known[run] = tuple(_terms(run))
            found += terms
        found += _joined(plain)
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


def _joined(plain: str) -> Iterator[str]:
    """What the text writes in pieces and others write as one word."""
    for match in _IN_PIECES.finditer(plain):
        yield re.sub(r"\W", "", match[0]).casefold()


def forms(word: str) -> set[str]:
    """Other forms that a word may have in a text: fees of fee, Mueller of M\u00fcller.

    Many of them are no words, and some are other words: they are for a word that is hardly found.
    """
    found: set[str] = set()
    if not word.isalpha():
        return found
    endings = _CYRILLIC if "\u0400" <= word[0] <= "\u04ff" else _LATIN
    if _SHORTEST_STEM <= len(word) <= _LONGEST_FORM:
        for ending in endings:
            stem = word.removesuffix(ending)
            if word.endswith(ending) and _SHORTEST_STEM <= len(stem) <= _PREFIX:
                found |= {f"{stem}{other}" for other in endings}
    if word.endswith("ies"):
        found.add(f"{word[:-3]}y")
    elif word.endswith("y"):
        found.add(f"{word[:-1]}ies")
    if len(word) >= _PREFIX:
        found.add(re.sub("(?<=[aou])e", "", word))
    found |= {f"{word[: at + 1]}e{word[at + 1 :]}" for at, char in enumerate(word) if char in "aou"}
    if "\u0600" <= word[0] <= "\u06ff":
        found.add(word.removeprefix(_ARTICLE) if word.startswith(_ARTICLE) else f"{_ARTICLE}{word}")
    return found - {word}


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for first, second in pairwise(run):
        yield first + second

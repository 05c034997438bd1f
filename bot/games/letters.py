"""Letters as multisets: what can be made of which.

A multiset is packed into one integer with five bits for each letter of the alphabet: four count
it, and the fifth stays free. That makes "can this be made of those?" one subtraction.
"""

from __future__ import annotations

import unicodedata

LONGEST = 15
"""Letters of a word, and of a heap of letters; four bits count no further."""

_BITS = 5
PLACES = {letter: 1 << (_BITS * place) for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
_GUARDS = sum(place << (_BITS - 1) for place in PLACES.values())


def pack(word: str) -> int:
    """``word`` of at most :data:`LONGEST` small letters a to z."""
    return sum(map(PLACES.__getitem__, word))


def fits(part: int, whole: int) -> bool:
    """Whether every letter of ``part`` is in ``whole`` as often."""
    return ((whole | _GUARDS) - part) & _GUARDS == _GUARDS


def fitting(parts: list[int], whole: int) -> list[int]:
    """Those of ``parts`` that fit; a tenth of a microsecond each."""
    guarded = whole | _GUARDS
    return [part for part in parts if (guarded - part) & _GUARDS == _GUARDS]


def nearly_fitting(parts: list[int], whole: int, missing: int) -> list[int]:
    """Those of ``parts`` that lack at most ``missing`` different letters of ``whole``."""
    guarded, most = whole | _GUARDS, _GUARDS.bit_count() - missing
    return [part for part in parts if ((guarded - part) & _GUARDS).bit_count() >= most]


def plain_letters(text: str) -> str:
    """The letters of a text in small, without accents, spaces, digits and signs."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in folded if sign in PLACES)

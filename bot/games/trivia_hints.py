"""What a trivia question gives away before its time is over."""

from __future__ import annotations

import math
import random

_SHARES = (0.0, 0.25, 0.5)
"""Letters that stand open after each hint; the first shows how many there are, and which begins."""


def letters(answer: str, count: int, dice: random.Random) -> tuple[str, ...]:
    """At most ``count`` hints, each with more letters of ``answer`` than the one before.

    Never more than half of its letters and digits. A hidden one is ``_``; all stand apart from
    each other, words by three spaces: ``M _ _ _   B _ _ _ c``. Meant for a code block, where
    nothing is formatting.
    """
    places = [place for place, sign in enumerate(answer) if sign.isalnum()]
    starts = [p for p in places if p == 0 or not answer[p - 1].isalnum()]
    others = [place for place in places if place not in starts]
    dice.shuffle(others)
    order = starts[: len(places) // 2] + others
    hints: list[str] = []
    for share in _SHARES[:count]:
        opened = max(len(starts), math.ceil(share * len(places)))
        shown = set(order[: min(opened, len(places) // 2)])
        hint = _masked(answer, shown)
        if hint not in hints:
            hints.append(hint)
    return tuple(hints)


def struck(options: int, answer: int, count: int, dice: random.Random) -> tuple[int, ...]:
    """The places of at most ``count`` wrong options, in the order in which they are struck out.

    At least one wrong option stays.
    """
    wrong = [place for place in range(options) if place != answer]
    return tuple(dice.sample(wrong, min(count, max(0, len(wrong) - 1))))


def _masked(answer: str, shown: set[int]) -> str:
    words: list[str] = []
    signs: list[str] = []
    for place, sign in enumerate(answer):
        if sign.isspace():
            words.append(" ".join(signs))
            signs = []
        else:
            signs.append(sign if place in shown or not sign.isalnum() else "_")
    words.append(" ".join(signs))
    return "   ".join(word for word in words if word)

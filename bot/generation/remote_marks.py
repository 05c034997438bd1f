"""What a control token looks like, and how its spelling is broken in text that is none.

Where nobody knows a vocabulary, its control tokens are known by their shape: a name without
spaces between angle brackets (``<|im_end|>``, ``<seed:eos>``, ``<turn|>``), or between square ones
(``[INST]``, ``[|user|]``, ``[unused9]``), and the few that are like no others, MiniMax's and
Falcon's. Code and links have square brackets too. What stands in those of a control token has two
letters at least, and nothing that quotes, calls or lists, so ``[1]``, ``[x]``, ``[n+1]`` and
``["key"]`` are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DOT = "\u00b7"
"""Put behind the first character of a spelling."""

# The wide forms are what some vocabularies fold into these brackets.
_OPEN_ANGLE, _CLOSE_ANGLE = "<\ufe64\uff1c", ">\ufe65\uff1e"
_OPEN_SQUARE, _CLOSE_SQUARE = r"\[\ufe47\uff3b", r"\]\ufe48\uff3d"

# Each run is possessive and ends at the next bracket of its kind, so that no text is scanned over
# and over. What cannot stand in one:
_NO_ANGLE = rf"\s{_OPEN_ANGLE}{_CLOSE_ANGLE}"
_NO_SQUARE = rf"\s{_OPEN_SQUARE}{_CLOSE_SQUARE}\"'`(){{}},;"
_LETTER_OR_DIGIT = rf"(?:[^\w{_NO_ANGLE}]|_)*+[^\W_]"
_LETTER = rf"(?:[^\w{_NO_SQUARE}]|[\d_])*+[^\W\d_]"

_IN_ANGLES = rf"[{_OPEN_ANGLE}](?!{DOT})(?={_LETTER_OR_DIGIT})[^{_NO_ANGLE}]++[{_CLOSE_ANGLE}]"
_IN_SQUARES = (
    rf"[{_OPEN_SQUARE}](?!{DOT})(?=[|\uff5c]|(?:{_LETTER}){{2}})[^{_NO_SQUARE}]++[{_CLOSE_SQUARE}]"
)
_MINIMAX = r"\]~!?b[\[\]]|\[e~\["
_FALCON = r">>[A-Z]++<"  # and one more, which may be the first character of what is written next

_SHAPES = rf"{_IN_ANGLES}|{_IN_SQUARES}|{_MINIMAX}|{_FALCON}"
_MARK = re.compile(f"(?=({_SHAPES}))")

SHAPES = re.compile(rf"(?=<[|\uff5c]|{_SHAPES})")
"""Matches, without a length, wherever a control token of a vocabulary that is not known may begin;
where it begins as ``<|im_end|>`` does, whatever comes then."""


def marks_in(text: str) -> set[str]:
    """All in ``text`` that has the shape of a control token."""
    return {match[1] for match in _MARK.finditer(text)}


def starts_of(spellings: Iterable[str]) -> re.Pattern[str]:
    """Like :data:`SHAPES`, for a vocabulary that is known and has one of these at least."""
    return re.compile(f"(?={'|'.join(map(re.escape, spellings))})")


def broken(text: str, starts: re.Pattern[str]) -> str:
    """``text`` with :data:`DOT` in each spelling that begins where ``starts`` matches, as in
    ``<·|im_end|>``. In a broken text there is none."""
    cuts = [match.start() + 1 for match in starts.finditer(text)]
    return DOT.join(text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True))

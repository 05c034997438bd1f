"""Numbers to one spelling each: languages set thousands and decimals apart in different ways.

1,250.5 and 1.250,5 and 1 250,5 are one number, and 15 and 1.5 are two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = re.compile(
    # Groups of three all the way, with one kind of mark between them.
    r"(?P<grouped>(?<![\d.,])[1-9]\d{0,2}(?:(?P<mark>[.,'\u2019 \u00a0\u2009\u202f])\d{3})"
    r"(?:(?P=mark)\d{3})*)(?P<tail>(?!(?P=mark))[.,]\d+)?(?!\d|[.,'\u2019]\d)"
    r"|(?P<lakhs>(?<![\d.,])[1-9]\d?(?:,\d\d)+,\d{3})(?P<lakhs_tail>\.\d+)?(?!\d|[.,]\d)"
    r"|(?P<other>\d+(?:[.,]\d+)*)|(?<![\w.,)\]])(?P<bare>\.\d+)"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text."""

    value: str
    """Digits, with a point before the decimals. Of what is no plain number, as a date or a
    version, the text itself."""
    parts: tuple[str, ...] = ()
    """The values of two or more numbers that it may be instead: a space stands between the
    thousands of one number, or between two."""

    def stands_in(self, known: set[str]) -> bool:
        """Whether ``known`` holds it. See :func:`values`."""
        return self.value in known or (bool(self.parts) and known.issuperset(self.parts))


def numbers(text: str) -> Iterator[Number]:
    """The numbers of a text in their order. What may be 1,250 or 1.250 is taken for 1,250."""
    for match in _NUMBER.finditer(text):
        if grouped := match["grouped"] or match["lakhs"]:
            tail = match["tail"] or match["lakhs_tail"] or ""
            value = _decimal(re.sub(r"\D", "", grouped), tail[1:])
            parts = tuple(map(_single, match[0].split(" "))) if match["mark"] == " " else ()
            yield Number(value, parts)
        elif bare := match["bare"]:
            yield Number(_decimal("0", bare[1:]))
        elif match["other"].count(",") + match["other"].count(".") > 1:
            # "1,2,3" names three.
            for piece in match["other"].split(","):
                yield Number(_single(piece))
        else:
            yield Number(_single(match["other"]))


def values(text: str) -> set[str]:
    """The values of the numbers of a text, and of what they may be instead."""
    return {value for number in numbers(text) for value in (number.value, *number.parts)}


def _single(number: str) -> str:
    """The value of a number without groups."""
    pieces = re.split("[.,]", number)
    return _decimal(*pieces) if len(pieces) == 2 else number


def _decimal(whole: str, decimals: str) -> str:
    return f"{whole}.{decimals}" if decimals.strip("0") else whole

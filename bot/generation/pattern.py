"""Regular expressions as GBNF, the grammar format of llama.cpp.

The subset is what every engine can hold: literals, escapes, ``\\d \\w \\s`` and their opposites,
the dot, classes, groups, alternation and greedy repetition. It means what ``re.compile(pattern,
re.ASCII)`` means by it: ``\\d`` is 0 to 9, and the dot does not match a newline. Look-around,
back-references, anchors, flags and lazy repetition are refused.

GBNF: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LAST = 0x10FFFF
_MOST_REPEATS = 1000
_MOST_SYMBOLS = 10_000
"""llama.cpp writes counted repetitions out, and refuses a count over 2,000."""

_Ranges = list[tuple[int, int]]
"""Code points, both ends included."""

_DIGITS: _Ranges = [(0x30, 0x39)]
_WORD: _Ranges = [*_DIGITS, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_SPACE: _Ranges = [(0x09, 0x0D), (0x20, 0x20)]
_NAMED = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}

_COUNTS = re.compile(r"\{(?:(\d+)(,(\d*))?|,(\d+))\}", re.ASCII)


def literal(text: str) -> str:
    """``text`` and nothing else, in GBNF.

    Raises:
        ValueError: it has a character that no model can write: NUL or half of a surrogate pair.
    """
    return '"' + "".join(_escaped(ord(character)) for character in text) + '"'


def pattern_grammar(pattern: str) -> str:
    """The right-hand side of a GBNF rule for all strings that match ``pattern`` as a whole.

    Raises:
        ValueError: it is no regular expression, or not of the subset.
    """
    return _Parser(pattern).whole()


def _escaped(code: int) -> str:
    """One character, safe within quotes and within a class."""
    if code == 0 or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"no model can write the character U+{code:04X}")
    if chr(code).isascii():
        return chr(code) if chr(code).isalnum() else f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _complement(ranges: Iterable[tuple[int, int]]) -> _Ranges:
    """Every character that is in none of ``ranges``; NUL and surrogates are characters of no
    text."""
    rest: _Ranges = []
    begin = 1
    for low, high in sorted([*ranges, (0xD800, 0xDFFF)]):
        if low > begin:
            rest.append((begin, low - 1))
        begin = max(begin, high + 1)
    if begin <= _LAST:
        rest.append((begin, _LAST))
    return rest


def _class(ranges: _Ranges) -> str:
    spans = (
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        for low, high in ranges
    )
    return f"[{''.join(spans)}]"


@dataclass(frozen=True, slots=True)
class _Part:
    gbnf: str
    may_be_empty: bool
    symbols: int
    """How many there are once repetitions are written out."""


class _Parser:
    """Recursive descent over one pattern, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def whole(self) -> str:
        part = self._alternatives()
        if self._at < len(self._pattern):
            raise self._error("there is a ) without its (")
        return part.gbnf

    def _error(self, why: str) -> ValueError:
        return ValueError(f"at {self._at} of the pattern {self._pattern!r}: {why}")

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at == len(self._pattern):
            raise self._error("the pattern ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _eat(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._at)
        self._at += len(text) * found
        return found

    def _alternatives(self) -> _Part:
        parts = [self._sequence()]
        while self._eat("|"):
            parts.append(self._sequence())
        return _Part(
            " | ".join(part.gbnf for part in parts),
            any(part.may_be_empty for part in parts),
            sum(part.symbols for part in parts),
        )

    def _sequence(self) -> _Part:
        parts = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        symbols = sum(part.symbols for part in parts)
        if symbols > _MOST_SYMBOLS:
            raise self._error(f"its repetitions come to more than {_MOST_SYMBOLS} in all")
        return _Part(
            " ".join(part.gbnf for part in parts) or '""',
            all(part.may_be_empty for part in parts),
            symbols,
        )

    def _repeated(self, part: _Part) -> _Part:
        least, most = self._counts()
        if (least, most) == (1, 1):
            return part
        if self._peek() and self._peek() in "*+?{":
            raise self._error("a repetition of a repetition, or a lazy one, is not supported")
        if most is None and part.may_be_empty:
            # llama.cpp would have to tell how often nothing was repeated.
            raise self._error("what may be empty cannot be repeated without end")
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            raise self._error(f"a repetition goes from less to more, {_MOST_REPEATS} at most")
        if most == 0:
            return _Part('""', True, 0)
        counts = f"{{{least},{'' if most is None else most}}}"
        symbols = part.symbols * max(1, most or least)
        return _Part(f"{part.gbnf}{counts}", least == 0 or part.may_be_empty, symbols)

    def _counts(self) -> tuple[int, int | None]:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._eat(sign):
                return counts
        if self._peek() != "{":
            return 1, 1
        found = _COUNTS.match(self._pattern, self._at)
        if found is None:
            raise self._error("a { that begins no repetition is written \\{")
        self._at = found.end()
        exact, has_most, most, only_most = found.groups()
        if only_most is not None:
            return 0, int(only_most)
        if has_most is None:
            return int(exact), int(exact)
        return int(exact), int(most) if most else None

    def _atom(self) -> _Part:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return _Part(_class(self._set()), False, 1)
            case ".":
                return _Part(_class(_complement([(0x0A, 0x0A)])), False, 1)
            case "\\":
                return _Part(_class(self._escape()), False, 1)
            case "^" | "$":
                raise self._error("anchors are not supported: the whole reply matches anyway")
            case "*" | "+" | "?" | "{":
                raise self._error(f"there is nothing that {character} could repeat")
        return _Part(literal(character), False, 1)

    def _group(self) -> _Part:
        if not self._eat("?:") and self._peek() == "?":
            raise self._error("of the groups that begin with (? only (?: is supported")
        inner = self._alternatives()
        if not self._eat(")"):
            raise self._error("there is a ( without its )")
        return _Part(f"({inner.gbnf})", inner.may_be_empty, inner.symbols)

    def _escape(self) -> _Ranges:
        """What stands behind a backslash."""
        character = self._take()
        if character.lower() in _NAMED:
            named = _NAMED[character.lower()]
            return named if character.islower() else _complement(named)
        if character in _CONTROLS:
            code = ord(_CONTROLS[character])
        elif character in _HEX_DIGITS:
            count = _HEX_DIGITS[character]
            digits = self._pattern[self._at : self._at + count]
            if not re.fullmatch(f"[0-9A-Fa-f]{{{count}}}", digits):
                raise self._error(f"\\{character} needs {count} hexadecimal digits")
            self._at += len(digits)
            code = int(digits, 16)
            if code > _LAST:
                raise self._error("there is no such character")
        elif character.isascii() and character.isalnum():
            raise self._error(f"\\{character} is not supported")
        else:
            code = ord(character)
        return [(code, code)]

    def _set(self) -> _Ranges:
        """What stands within square brackets."""
        opposite = self._eat("^")
        ranges: _Ranges = []
        while not ranges or self._peek() != "]":
            member = self._member()
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._take()
                (low, *more_low), (high, *more_high) = member, self._member()
                if more_low or more_high or low[0] != low[1] or high[0] != high[1] or high < low:
                    raise self._error("a range goes from one character to a later one")
                member = [(low[0], high[0])]
            ranges += member
        self._take()
        ranges = _complement(ranges) if opposite else ranges
        if not ranges:
            raise self._error("no character is in this class")
        return ranges

    def _member(self) -> _Ranges:
        character = self._take()
        if character == "\\":
            return self._escape()
        if character == "[" or (character in "-&~|" and self._peek() == character):
            # Python keeps them for operations on sets.
            raise self._error(f"within a class, {character} is written \\{character}")
        return [(ord(character), ord(character))]

"""Rich Text Format: its text, by a tokenizer of the control words that matter."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from bot.documents.formats.outline import Outline
from bot.documents.reading import Reading

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)",
    re.DOTALL,
)
# Groups that hold no text of the document.
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object themedata colorschememapping datastore"
    b" latentstyles listtable listoverridetable rsidtbl generator xmlnstbl fldinst header footer"
    b" headerl headerr headerf footerl footerr footerf filetbl revtbl pgptbl panose"
    b" bkmkstart bkmkend nonshppict".split()
)
_WRITTEN = {
    b"tab": "\t",
    b"line": "\n",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"bullet": "\u2022",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
    b"cell": " | ",
    b"nestcell": " ",
}
_MAX_DEPTH = 200


def read(data: bytes, reading: Reading) -> None:
    outline = Outline(reading)
    _Reader(outline, reading).read(data)
    outline.flush()


class _Reader:
    def __init__(self, outline: Outline, reading: Reading) -> None:
        self._outline = outline
        self._reading = reading
        self._codec = "cp1252"
        self._text: list[str] = []
        self._bytes = bytearray()
        self._skipped_from: int | None = None
        """The depth of the group that is being passed over."""
        self._replaced = 1
        """Characters that stand behind each Unicode character for readers that know none."""
        self._owed = 0
        self._level = 0
        self._surrogate: int | None = None

    def read(self, data: bytes) -> None:
        depth, fresh, seen = 0, False, 0
        outer: list[int] = []
        for match in _TOKEN.finditer(data):
            word, number, code, symbol, brace, text = match.groups()
            seen += 1
            if seen % 4096 == 0:
                self._reading.check_time()
            if brace == b"{":
                depth += 1
                fresh = True
                if len(outer) < _MAX_DEPTH:
                    outer.append(self._replaced)
                continue
            if brace == b"}":
                if self._skipped_from is not None and depth <= self._skipped_from:
                    self._skipped_from = None
                depth -= 1
                if outer and depth < _MAX_DEPTH:
                    self._replaced = outer.pop()
                self._owed = 0
            elif fresh and (symbol == b"*" or word in _SKIPPED) and self._skipped_from is None:
                self._skipped_from = depth
            elif self._skipped_from is not None:
                continue
            elif word is not None:
                self._word(word, int(number) if number else None)
            elif symbol is not None:
                self._symbol(symbol)
            else:
                self._byte(bytes([int(code, 16)]) if code is not None else text or b"")
            fresh = False
        self._paragraph()

    def _word(self, word: bytes, number: int | None) -> None:
        if word == b"u" and number is not None:
            self._unicode(number & 0xFFFF)
            return
        if word in (b"par", b"sect", b"page", b"row"):
            self._paragraph()
        elif word == b"pard":
            self._level = 0
        elif word == b"outlinelevel" and number is not None:
            self._level = number + 1 if 0 <= number < 9 else 0
        elif word == b"uc":
            self._replaced = min(max(number or 0, 0), 16)
        elif word == b"ansicpg" and number:
            name = "utf-8" if number == 65001 else f"cp{number}"
            with suppress(LookupError):
                self._codec = codecs.lookup(name).name
        elif word in _WRITTEN:
            self._flush()
            self._text.append(_WRITTEN[word])

    def _symbol(self, symbol: bytes) -> None:
        if symbol in b"\\{}":
            self._byte(symbol)
        elif symbol in b"~_-":
            self._flush()
            self._text.append({b"~": " ", b"_": "-", b"-": ""}[symbol])
        elif symbol in b"\r\n":
            self._paragraph()

    def _byte(self, data: bytes) -> None:
        passed = min(self._owed, len(data))
        self._owed -= passed
        self._bytes += data[passed:]

    def _unicode(self, code: int) -> None:
        self._flush()
        if 0xD800 <= code < 0xDC00:
            self._surrogate = code
        elif self._surrogate is not None and 0xDC00 <= code < 0xE000:
            self._text.append(chr(0x10000 + ((self._surrogate - 0xD800) << 10) + (code - 0xDC00)))
            self._surrogate = None
        else:
            self._text.append(chr(code))
        self._owed = self._replaced

    def _flush(self) -> None:
        if self._bytes:
            self._text.append(self._bytes.decode(self._codec, errors="replace"))
            self._bytes.clear()

    def _paragraph(self) -> None:
        self._flush()
        text = "".join(self._text).strip().removesuffix("|").rstrip()
        self._text.clear()
        self._owed = 0
        if self._level:
            self._outline.heading(self._level, text)
        else:
            self._outline.paragraph(text)

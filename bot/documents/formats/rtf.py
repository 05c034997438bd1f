"""Rich Text Format: its text, by a tokenizer of the control words that matter."""

from __future__ import annotations

import codecs
import re

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
# Of \\fcharset. What a font says nothing about is in the encoding of \\ansicpg.
_CHARSETS = {
    0: "cp1252",
    77: "mac_roman",
    78: "cp932",
    79: "cp949",
    80: "gb18030",
    81: "big5hkscs",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
_MAX_DEPTH = 200


def read(data: bytes, reading: Reading) -> None:
    outline = Outline(reading)
    _Reader(outline, reading).read(data)
    outline.flush()


def _code_page(number: int) -> str | None:
    try:
        return codecs.lookup("utf-8" if number == 65001 else f"cp{number}").name
    except LookupError:
        return None


class _Reader:
    def __init__(self, outline: Outline, reading: Reading) -> None:
        self._outline = outline
        self._reading = reading
        self._codec = "cp1252"
        """Of text in a font that names no encoding."""
        self._fonts: dict[int, str] = {}
        self._in_fonts = False
        self._listed: int | None = None
        """The font of the table of fonts that is being described."""
        self._font = self._default_font = 0
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
        outer: list[tuple[int, int]] = []
        for match in _TOKEN.finditer(data):
            word, number, code, symbol, brace, text = match.groups()
            seen += 1
            if seen % 4096 == 0:
                self._reading.check_time()
            if brace == b"{":
                depth += 1
                fresh = True
                if len(outer) < _MAX_DEPTH:
                    outer.append((self._replaced, self._font))
                continue
            if brace == b"}":
                if self._skipped_from is not None and depth <= self._skipped_from:
                    self._skipped_from = None
                depth -= 1
                if outer and depth < _MAX_DEPTH:
                    self._replaced, font = outer.pop()
                    self._turn_to(font)
                self._owed = 0
            elif fresh and (symbol == b"*" or word in _SKIPPED) and self._skipped_from is None:
                self._skipped_from = depth
                self._in_fonts = word == b"fonttbl"
            elif self._skipped_from is not None:
                self._pass_over(word, number)
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
            self._codec = _code_page(number) or self._codec
        elif word == b"deff" and number is not None:
            self._font = self._default_font = number
        elif word == b"f" and number is not None:
            self._turn_to(number)
        elif word == b"plain":
            self._turn_to(self._default_font)
        elif word in _WRITTEN:
            self._flush()
            self._text.append(_WRITTEN[word])

    def _pass_over(self, word: bytes | None, digits: bytes | None) -> None:
        """Of what is no text of the document the encodings of its fonts are wanted."""
        if not self._in_fonts or word not in (b"f", b"fcharset", b"cpg") or not digits:
            return
        number = int(digits)
        if word == b"f":
            self._listed = number
        elif self._listed is not None:
            codec = _CHARSETS.get(number) if word == b"fcharset" else _code_page(number)
            if codec:
                self._fonts[self._listed] = codec

    def _turn_to(self, font: int) -> None:
        if font != self._font:
            # What was said so far is in the encoding of the font before.
            self._flush()
            self._font = font

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
            codec = self._fonts.get(self._font, self._codec)
            self._text.append(self._bytes.decode(codec, errors="replace"))
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

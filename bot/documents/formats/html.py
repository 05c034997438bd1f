"""HTML: what a browser would show of it, with headings and tables. Nothing is fetched or run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from bot.documents.charset import decode, decode_as
from bot.documents.formats.outline import Outline
from bot.documents.reading import Reading

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_UNSHOWN = frozenset({"script", "style", "template", "noscript", "svg", "math", "head", "select"})
_BLOCKS_NAMES = (
    "address article aside blockquote body caption center dd details div dl dt fieldset "
    "figcaption figure footer form header hr html legend main nav ol p pre section summary "
    "table tbody tfoot thead title tr ul "
)
_BLOCKS = frozenset(_BLOCKS_NAMES.split())
_SPACE = re.compile(r"\s+")


def read(data: bytes, reading: Reading) -> None:
    outline = Outline(reading)
    read_text(_decoded(data[: 4 * reading.limits.characters]), outline)
    outline.flush()


def read_text(text: str, outline: Outline) -> None:
    parser = _Parser(outline)
    # In pieces, so that the limit of time is looked at on the way.
    for at in range(0, len(text), 65_536):
        parser.feed(text[at : at + 65_536])
    parser.close()
    parser.break_block()


def _decoded(data: bytes) -> str:
    named = _CHARSET.search(data[:2048])
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or not named:
        return decode(data)
    return decode_as(data, named[1].decode("ascii", errors="replace"))


class _Parser(HTMLParser):
    def __init__(self, outline: Outline) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = outline
        self._unshown: list[str] = []
        self._text: list[str] = []
        self._level = 0
        self._is_item = False
        self._is_verbatim = False
        self._tables = 0
        self._rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._unshown.clear()
            self.break_block()
        elif tag in _UNSHOWN:
            self._unshown.append(tag)
        elif tag == "body":
            self._unshown.clear()
        if self._unshown:
            return
        if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self.break_block()
            self._level = int(tag[1])
        elif tag == "li":
            self.break_block()
            self._is_item = True
        elif tag == "br":
            self._text.append("\n")
        elif tag == "table":
            self.break_block()
            self._tables += 1
            if self._tables == 1:
                self._rows = []
        elif self._tables:
            self._start_in_table(tag)
        elif tag in _BLOCKS:
            self.break_block()
            self._is_verbatim = tag == "pre"

    def _start_in_table(self, tag: str) -> None:
        if tag == "tr" and self._tables == 1:
            self._end_cell()
            self._rows.append([])
        elif tag in ("td", "th") and self._tables == 1:
            self._end_cell()
            if not self._rows:
                self._rows.append([])
            self._rows[-1].append("")
        elif tag in _BLOCKS or tag in ("td", "th"):
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._unshown:
            if tag in self._unshown:
                del self._unshown[self._unshown.index(tag) :]
            return
        if tag == "table" and self._tables:
            self._tables -= 1
            if self._tables == 0:
                self._end_cell()
                rows, self._rows = self._rows, []
                self._outline.table(rows)
        elif self._tables:
            return
        elif tag == "li" or tag in _BLOCKS or self._level:
            self.break_block()
            self._is_verbatim = False

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self._text.append(data if self._is_verbatim else _SPACE.sub(" ", data))

    def _end_cell(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += text
        elif text.strip():
            self._outline.paragraph(text.strip())

    def break_block(self) -> None:
        """What was said since the last block is a paragraph."""
        if self._tables:
            return
        text = "".join(self._text)
        self._text.clear()
        text = text.strip("\n") if self._is_verbatim else text.strip()
        if self._level:
            self._outline.heading(self._level, text)
        elif text:
            self._outline.paragraph(f"- {text}" if self._is_item else text, tight=self._is_item)
        self._level, self._is_item = 0, False

"""HTML: what a browser would show of it, with headings and tables. Nothing is fetched or run."""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser

from bot.documents.charset import decode, decode_as
from bot.documents.formats.outline import Outline
from bot.documents.formats.tables import Cell, spread
from bot.documents.reading import Enough, Reading

_CHARSET = re.compile(
    rb"(?:charset|<\?xml[^>]*?encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE
)
_UNSHOWN = frozenset({"script", "style", "template", "noscript", "svg", "math", "head", "select"})
_BLOCKS_NAMES = (
    "address article aside blockquote body caption center dd details div dl dt fieldset "
    "figcaption figure footer form header hr html legend main nav ol p pre section summary "
    "table tbody td tfoot th thead title tr ul "
)
_BLOCKS = frozenset(_BLOCKS_NAMES.split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_IN_TABLE = frozenset({"tr", "td", "th"})
_SPANS = ("colspan", "rowspan")
_MAX_SPAN = 65_534
_IN_HEAD = frozenset({"base", "link", "meta", "noscript", "script", "style", "template"})
_SPACE = re.compile(r"\s+")


def read(data: bytes, reading: Reading) -> None:
    outline = Outline(reading)
    read_text(decoded(data[: 4 * reading.limits.characters]), outline)
    outline.flush()


def read_text(text: str, outline: Outline) -> None:
    parser = _Parser(outline)
    try:
        # In pieces, so that the limit of time is looked at on the way.
        for at in range(0, len(text), 65_536):
            parser.feed(text[at : at + 65_536])
            outline.check_time()
        parser.close()
        parser.end()
    except Enough:
        with suppress(Enough):
            parser.end()
        outline.flush()
        raise


def decoded(data: bytes) -> str:
    """A page in the encoding that it names itself, which is none of two bytes a character where
    that name can be read."""
    named = _CHARSET.search(data[:2048])
    label = named[1].decode("ascii", errors="replace").lower() if named else ""
    return decode(data) if label.startswith(("utf-16", "utf-32")) else decode_as(data, label)


def _number(value: str | None) -> int:
    """Of columns or rows; 1 for what is none."""
    if not value:
        return 1
    digits = value.strip()
    return min(int(digits[:6]), _MAX_SPAN) if digits.isdecimal() else 1


class _Parser(HTMLParser):
    def __init__(self, outline: Outline) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = outline
        self._unshown: list[str] = []
        self._text: list[str] = []
        self._level = 0
        self._is_item = False
        self._is_verbatim = False
        self._tables: list[bool] = []
        """Of each table that is open, whether one of its cells is."""
        self._span = (1, 1)
        """The columns and rows of the cell that is open."""
        self._rows: list[list[Cell]] = []
        """Of the outermost table; what stands inside of it is text of its cells."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The tags around a body can be left out.
        if tag == "body" or (self._unshown == ["head"] and tag not in _IN_HEAD):
            self._unshown.clear()
        if tag in _UNSHOWN:
            self._unshown.append(tag)
        if self._unshown:
            return
        if tag in _HEADINGS:
            self._break()
            self._level = int(tag[1])
        elif tag == "li":
            self._break()
            self._is_item = True
        elif tag == "br":
            self._text.append("\n")
        elif tag == "table":
            if self._tables and not self._tables[-1]:
                # A table stands in a cell of another or behind it, where its end is missing.
                self._end_table()
            self._end_block()
            self._tables.append(False)
        elif self._tables and tag in _IN_TABLE:
            self._start_in_table(tag, attrs)
        elif tag in _BLOCKS:
            self._break()
            self._is_verbatim = tag == "pre" and not self._is_in_cell

    def _start_in_table(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_cell()
        is_outermost = len(self._tables) == 1
        if is_outermost and (tag == "tr" or not self._rows):
            self._rows.append([])
        if tag != "tr":
            self._tables[-1] = True
            if is_outermost:
                # A cell of no rows goes on to the end of the table.
                spans = {name: _number(value) for name, value in attrs if name in _SPANS}
                self._span = (spans.get("colspan") or 1, spans.get("rowspan", 1) or _MAX_SPAN)

    def handle_endtag(self, tag: str) -> None:
        if self._unshown:
            if tag in self._unshown:
                del self._unshown[self._unshown.index(tag) :]
            return
        if tag in ("body", "html"):
            self.end()
        elif tag == "table" and self._tables:
            self._end_table()
        elif tag in _IN_TABLE and self._tables:
            if tag != "tr" and not self._tables[-1] and len(self._tables) > 1:
                # It ends a cell of the outer table: the end of the inner one is missing.
                self._end_table()
            self._end_cell()
        elif tag == "li" or tag in _BLOCKS or tag in _HEADINGS:
            self._end_block()
            self._is_verbatim = False

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self._text.append(data if self._is_verbatim else _SPACE.sub(" ", data))

    def end(self) -> None:
        """Nothing comes any more: a table that is still open ends here."""
        while self._tables:
            self._end_table()
        self._end_block()

    @property
    def _is_in_cell(self) -> bool:
        return bool(self._tables) and self._tables[0]

    def _end_table(self) -> None:
        self._end_cell()
        self._tables.pop()
        if not self._tables:
            self._put_rows()

    def _end_cell(self) -> None:
        if self._tables == [True]:
            self._rows[-1].append(Cell("".join(self._text), *self._span))
            self._text.clear()
        elif self._text or self._level or self._is_item:
            self._end_block()
        self._tables[-1] = False

    def _put_rows(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            self._outline.table(spread(rows))

    def _end_block(self) -> None:
        self._break()
        self._level, self._is_item = 0, False

    def _break(self) -> None:
        """What was said since the last block is a paragraph. A block that begins inside a heading
        or an item before a word was said is what that is made of."""
        if self._is_in_cell:
            self._text.append(" ")
            return
        text = "".join(self._text)
        self._text.clear()
        text = text.strip("\n") if self._is_verbatim else text.strip()
        if not text.strip():
            return
        # Words between the cells of a table stand outside of it.
        self._put_rows()
        if self._level:
            self._outline.heading(self._level, text)
        else:
            self._outline.paragraph(f"- {text}" if self._is_item else text, tight=self._is_item)
        self._level, self._is_item = 0, False

"""Word documents (.docx, .docm): paragraphs, headings, tables, notes. Macros are not looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.documents.archive import Archive, Relations, parse
from bot.documents.formats.outline import Outline
from bot.documents.formats.tables import repeated
from bot.documents.reading import Reading

_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_WRITTEN = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
# A fallback repeats what stands in the choice beside it, moved text stands where it went, too, and
# a tracked change says what something looked like before.
_SKIPPED = frozenset({"Fallback", "moveFrom", "pPrChange", "rPrChange", "tcPrChange"})
_MAX_COLUMNS = 64
"""Word's own limit is 63."""

_OFF = ("0", "false", "off", "none")
_NOTES = ("footnotes", "endnotes")


def read(archive: Archive, reading: Reading) -> None:
    """Raises :class:`~bot.documents.reading.Refused` for a damaged document."""
    document = (Relations(archive, "").by_type.get("officeDocument") or ["word/document.xml"])[0]
    relations = Relations(archive, document)
    styles = _Styles()
    for part in relations.by_type.get("styles", [])[:1]:
        if part in archive:
            archive.parse(part, styles)
    outline = Outline(reading)
    data = archive.read(document)
    # Word notes where its pages ended when it last showed the document; others do not.
    body = _Body(outline, styles.levels, has_pages=b"lastRenderedPageBreak" in data)
    parse(iter([data]), body, reading)
    outline.forget_headings()
    outline.page = None
    for kind in _NOTES:
        for part in relations.by_type.get(kind, [])[:1]:
            if part in archive:
                archive.parse(part, _Body(outline, {}, has_pages=False))
                outline.flush()


class _Styles:
    """Which styles are headings: their ids are in the language of the author, their names not."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self._style = attributes.get("styleId", "")
        elif name == "name" and self._style:
            if match := _HEADING.match(value):
                self.levels[self._style] = int(match[1])
            elif value.lower() == "title":
                self.levels[self._style] = 1
        elif name == "outlineLvl" and self._style and value.isdecimal() and int(value) < 9:
            self.levels.setdefault(self._style, int(value) + 1)

    def end(self, name: str) -> None:
        if name == "style":
            self._style = ""

    def text(self, text: str) -> None: ...


@dataclass(slots=True)
class _Paragraph:
    page: int
    """That its first word stands on."""
    level: int = 0
    is_item: bool = False
    pieces: list[str] = field(default_factory=list)
    has_words: bool = False


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Cell:
    paragraphs: list[str] = field(default_factory=list)
    columns: int = 1
    goes_on: bool = False
    """Whether it is the lower part of the cell above."""


class _Body:
    def __init__(self, outline: Outline, levels: dict[str, int], *, has_pages: bool) -> None:
        self._outline = outline
        self._levels = levels
        self._has_pages = has_pages
        self._page = 1
        self._in_text = self._in_tab_stops = self._is_hidden = False
        self._skipped = 0
        self._paragraphs: list[_Paragraph] = []
        """Those that are open: a text box stands inside of one."""
        self._cells: list[_Cell] = []
        """Those that are open: tables stand inside of tables."""
        self._tables: list[_Table] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in _SKIPPED or self._skipped:
            self._skipped += 1
            return
        match name:
            case "p":
                self._paragraphs.append(_Paragraph(self._page))
            case "pStyle" | "outlineLvl" | "numPr" if self._paragraphs:
                self._set(name, attributes.get("val", ""))
            case "tabs":
                self._in_tab_stops = True
            case "r":
                self._is_hidden = False
            case "vanish":
                self._is_hidden = attributes.get("val") not in _OFF
            case "t":
                self._in_text = True
            case "tab" | "ptab" | "br" | "cr" | "noBreakHyphen" if (
                self._paragraphs and not self._in_tab_stops
            ):
                self._paragraphs[-1].pieces.append(_WRITTEN[name])
            case "lastRenderedPageBreak":
                self._page += 1
            case _:
                self._start_in_table(name, attributes.get("val", ""))

    def _start_in_table(self, name: str, value: str) -> None:
        match name:
            case "tbl":
                self._tables.append(_Table())
            case "tr" if self._tables:
                self._tables[-1].rows.append([])
                self._tables[-1].pages.append(0)
            case "tc":
                self._cells.append(_Cell())
            case "gridSpan" if self._cells:
                self._cells[-1].columns = int(value) if value.isdecimal() and len(value) < 4 else 1
            case "vMerge" if self._cells:
                self._cells[-1].goes_on = value in ("", "continue")
            case _:
                pass

    def _set(self, name: str, value: str) -> None:
        paragraph = self._paragraphs[-1]
        if name == "pStyle":
            paragraph.level = self._levels.get(value, 0)
        elif name == "outlineLvl":
            paragraph.level = int(value) + 1 if value.isdecimal() and int(value) < 9 else 0
        else:
            paragraph.is_item = True

    def text(self, text: str) -> None:
        if not self._in_text or not self._paragraphs or self._skipped or self._is_hidden:
            return
        paragraph = self._paragraphs[-1]
        if not paragraph.has_words and text.strip():
            paragraph.has_words = True
            paragraph.page = self._page
            if self._tables and self._tables[0].pages:
                # Of a row, too, the first word counts.
                self._tables[0].pages[-1:] = [self._tables[0].pages[-1] or self._page]
        paragraph.pieces.append(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        if name == "t":
            self._in_text = False
        elif name == "r":
            self._is_hidden = False
        elif name == "tabs":
            self._in_tab_stops = False
        elif name == "p" and self._paragraphs:
            self._end_paragraph(self._paragraphs.pop())
        elif name == "tc" and self._cells:
            self._end_cell(self._cells.pop())
        elif name == "tbl" and self._tables:
            self._end_table(self._tables.pop())

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        text = "".join(paragraph.pieces)
        if self._paragraphs:
            # A text box: what it says stands beside the paragraph that it is anchored in.
            self._paragraphs[-1].pieces.append(f"\n{text}\n")
        elif self._cells:
            self._cells[-1].paragraphs.append(text)
        else:
            if self._has_pages:
                self._outline.turn_page(paragraph.page)
            if paragraph.level:
                self._outline.heading(paragraph.level, text)
            else:
                self._outline.paragraph(f"- {text}" if paragraph.is_item and text else text)

    def _end_cell(self, cell: _Cell) -> None:
        if not self._tables or not self._tables[-1].rows:
            return
        rows = self._tables[-1].rows
        row, above = rows[-1], rows[-2] if len(rows) > 1 else []
        text = " ".join(cell.paragraphs)
        if cell.goes_on and not text and len(row) < len(above):
            text = repeated(above[len(row)])
        row += [text, *[""] * (min(cell.columns, _MAX_COLUMNS - len(row)) - 1)]

    def _end_table(self, table: _Table) -> None:
        if self._cells:
            nested = self._cells[-1].paragraphs
            nested += [" | ".join(filter(None, row)) for row in table.rows]
        elif self._has_pages:
            page = self._outline.page or 1
            pages = [page := max(page, begins) for begins in table.pages]
            self._outline.table(table.rows, pages)
        else:
            self._outline.table(table.rows)

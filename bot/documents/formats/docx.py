"""Word documents (.docx, .docm): paragraphs, headings, tables, notes. Macros are not looked at."""

from __future__ import annotations

import re

from bot.documents.archive import Archive, Relations, parse
from bot.documents.formats.outline import Outline
from bot.documents.reading import Reading

_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_WRITTEN = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
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


class _Body:
    def __init__(self, outline: Outline, levels: dict[str, int], *, has_pages: bool) -> None:
        self._outline = outline
        self._levels = levels
        self._has_pages = has_pages
        self._page = self._starts_on = 1
        self._level = 0
        self._is_item = False
        self._in_text = False
        self._skipped = 0
        self._paragraphs: list[list[str]] = []
        """The texts of the paragraphs that are open: a text box stands inside of one."""
        self._cells: list[list[str]] = []
        """The cells that are open, each a list of paragraphs: tables stand inside of tables."""
        self._rows: list[list[list[str]]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        # A fallback repeats what stands in the choice beside it.
        if name == "Fallback" or self._skipped:
            self._skipped += 1
            return
        match name:
            case "p":
                self._paragraphs.append([])
                self._level, self._is_item = 0, False
            case "pStyle":
                self._level = self._levels.get(attributes.get("val", ""), 0)
            case "outlineLvl":
                value = attributes.get("val", "")
                self._level = int(value) + 1 if value.isdecimal() and int(value) < 9 else 0
            case "numPr":
                self._is_item = True
            case "t":
                self._in_text = True
            case "tab" | "br" | "cr" | "noBreakHyphen" if self._paragraphs:
                self._paragraphs[-1].append(_WRITTEN[name])
            case "lastRenderedPageBreak":
                self._page += 1
            case "tbl":
                self._rows.append([])
            case "tr" if self._rows:
                self._rows[-1].append([])
            case "tc":
                self._cells.append([])
            case _:
                pass

    def text(self, text: str) -> None:
        if self._in_text and self._paragraphs and not self._skipped:
            if not self._paragraphs[-1]:
                self._starts_on = self._page
            self._paragraphs[-1].append(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        if name == "t":
            self._in_text = False
        elif name == "p" and self._paragraphs:
            self._end_paragraph("".join(self._paragraphs.pop()))
        elif name == "tc" and self._cells:
            cell = " ".join(self._cells.pop())
            if self._rows and self._rows[-1]:
                self._rows[-1][-1].append(cell)
        elif name == "tbl" and self._rows:
            rows = self._rows.pop()
            if self._cells:
                self._cells[-1] += [" | ".join(filter(None, row)) for row in rows]
            else:
                self._outline.table(rows)

    def _end_paragraph(self, text: str) -> None:
        if self._paragraphs:
            # A text box: what it says stands beside the paragraph that it is anchored in.
            self._paragraphs[-1].append(f"\n{text}\n")
        elif self._cells:
            self._cells[-1].append(text)
        else:
            if self._has_pages:
                self._outline.turn_page(self._starts_on)
            if self._level:
                self._outline.heading(self._level, text)
            else:
                self._outline.paragraph(f"- {text}" if self._is_item and text else text)

"""OpenDocument texts, presentations and spreadsheets (.odt, .odp, .ods)."""

from __future__ import annotations

from bot.documents.archive import Archive, needs_password
from bot.documents.formats.outline import Outline
from bot.documents.formats.tables import Rows
from bot.documents.reading import Enough, Reading

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_MAX_REPEATED = 512
# Deleted text that is still tracked; notes of reviewers; what a form or a chart repeats.
_SKIPPED = frozenset({"tracked-changes", "annotation", "forms", "scripts"})


def read(archive: Archive, reading: Reading) -> None:
    """Raises :class:`~bot.documents.reading.Refused` for a damaged or encrypted document."""
    if _MANIFEST in archive:
        manifest = _Manifest()
        archive.parse(_MANIFEST, manifest)
        if manifest.is_encrypted:
            raise needs_password(reading)
    outline = Outline(reading)
    content = _Content(outline, reading)
    try:
        archive.parse(_CONTENT, content)
    except Enough:
        content.close()
        raise
    outline.flush()


class _Manifest:
    is_encrypted = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.is_encrypted |= name == "encryption-data"

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Content:
    def __init__(self, outline: Outline, reading: Reading) -> None:
        self._outline = outline
        self._reading = reading
        self._is_sheet = False
        self._slide = 0
        self._skipped = 0
        self._level = 0
        self._depth = 0
        """How many paragraphs are open; a note stands inside of one."""
        self._is_title = False
        self._items = 0
        self._text: list[str] = []
        self._tables: list[Rows] = []
        self._row: list[str] = []
        self._cell: list[str] = []
        self._repeated = 1

    def close(self) -> None:
        """Put down what is left of a table that was not read to its end."""
        if self._tables:
            self._tables[0].close()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in _SKIPPED or self._skipped:
            self._skipped += 1
            return
        match name:
            case "spreadsheet":
                self._is_sheet = True
            case "page":
                self._slide += 1
                self._outline.forget_headings()
                self._outline.page = self._slide
            case "frame":
                self._is_title = attributes.get("class") == "title"
            case "h" | "p":
                self._depth += 1
                level = attributes.get("outline-level", "1")
                self._level = int(level) if name == "h" and level.isdecimal() else 0
            case "s" | "tab" | "line-break":
                count = attributes.get("c", "1")
                spaces = " " * min(int(count) if count.isdecimal() else 1, 8)
                self._text.append({"tab": "\t", "line-break": "\n"}.get(name, spaces))
            case "list-item":
                self._items += 1
            case "table":
                if not self._tables:
                    self._outline.flush()
                sheet = [attributes.get("name", "")] if self._is_sheet else self._outline.headings
                self._tables.append(Rows(self._reading, page=self._outline.page, headings=sheet))
            # A table inside of a cell is text of that cell.
            case "table-row" if len(self._tables) == 1:
                self._row = []
            case "table-cell" | "covered-table-cell" if len(self._tables) == 1:
                repeated = attributes.get("number-columns-repeated", "1")
                self._repeated = int(repeated) if repeated.isdecimal() else 1
                self._cell = []
            case _:
                pass

    def text(self, text: str) -> None:
        if self._depth and not self._skipped:
            self._text.append(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        match name:
            case "h" | "p":
                self._depth -= 1
                if self._depth:
                    self._text.append(" ")
                else:
                    self._end_paragraph()
            case "list-item":
                self._items -= 1
            case "frame":
                self._is_title = False
            case "table-cell" | "covered-table-cell" if len(self._tables) == 1:
                cell = " ".join(self._cell)
                # Empty cells are repeated to the end of the sheet.
                if cell or self._repeated < _MAX_REPEATED:
                    self._row += [cell] * min(self._repeated, _MAX_REPEATED)
            case "table-row" if len(self._tables) == 1:
                self._tables[0].add(self._row)
            case "table" if self._tables:
                table = self._tables.pop()
                if not self._tables:
                    table.close()
            case _:
                pass

    def _end_paragraph(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if self._tables:
            self._cell.append(text)
        elif self._level:
            self._outline.heading(self._level, text)
        elif self._is_title:
            self._outline.heading(1, text)
        else:
            self._outline.paragraph(f"- {text}" if self._items and text.strip() else text)

"""Workbooks (.xlsx, .xlsm): a section a sheet, a line a row, dates as dates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.documents.archive import Archive, Relations
from bot.documents.formats.tables import Rows
from bot.documents.reading import Enough, Reading
from bot.language import phrase

_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_DATE_CODE = re.compile(r"[dmyhs]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_CELL = re.compile(r"([A-Z]{1,3})\d")
_MAX_COLUMNS = 512


def read(archive: Archive, reading: Reading) -> None:
    """Raises :class:`~bot.documents.reading.Refused` for a damaged workbook."""
    book = (Relations(archive, "").by_type.get("officeDocument") or ["xl/workbook.xml"])[0]
    relations = Relations(archive, book)
    workbook, strings, styles = _Workbook(), _Strings(reading.limits.characters), _Styles()
    archive.parse(book, workbook)
    for kind, handler in (("sharedStrings", strings), ("styles", styles)):
        for part in relations.by_type.get(kind, [])[:1]:
            if part in archive:
                archive.parse(part, handler)
    if strings.is_cut:
        reading.warn(
            phrase(
                "{name} holds very much text: some of its cells are left out.", name=reading.shown
            )
        )
    for name, number in workbook.sheets:
        part = relations.targets.get(number, "")
        if part not in archive or "/chartsheets/" in part:
            continue
        rows = Rows(reading, headings=[name])
        sheet = _Sheet(rows, strings.strings, styles.dates, from_1904=workbook.from_1904)
        try:
            archive.parse(part, sheet)
        except Enough:
            rows.close()
            raise
        rows.close()


class _Workbook:
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.from_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            self.sheets.append((attributes.get("name", ""), attributes.get("id", "")))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Strings:
    """The texts that cells name by number. A small file can hold gigabytes of them."""

    def __init__(self, room: int) -> None:
        self.strings: list[str] = []
        self.is_cut = False
        self._room = room
        self._pieces: list[str] = []
        self._in_text = self._is_reading_aid = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "t":
            self._in_text = not self._is_reading_aid
        elif name == "rPh":
            self._is_reading_aid = True

    def text(self, text: str) -> None:
        if self._in_text:
            if self._room <= 0:
                self.is_cut = True
                return
            self._room -= len(text)
            self._pieces.append(text)

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._is_reading_aid = False
        elif name == "si":
            self.strings.append("".join(self._pieces))
            self._pieces.clear()


class _Styles:
    """``dates[n]``: whether cells of style ``n`` show their number as a date."""

    def __init__(self) -> None:
        self.dates: list[bool] = []
        self._formats: dict[str, bool] = {}
        self._in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        number = attributes.get("numFmtId", "")
        if name == "numFmt":
            code = _QUOTED.sub("", attributes.get("formatCode", ""))
            self._formats[number] = bool(_DATE_CODE.search(code)) and "General" not in code
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            built_in = number.isdecimal() and int(number) in _BUILT_IN_DATES
            self.dates.append(self._formats.get(number, built_in))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False

    def text(self, text: str) -> None: ...


class _Sheet:
    def __init__(
        self, rows: Rows, strings: list[str], dates: list[bool], *, from_1904: bool
    ) -> None:
        self._rows, self._strings, self._dates = rows, strings, dates
        self._epoch = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
        self._row: list[str] = []
        self._column = 0
        self._kind = self._style = ""
        self._value: list[str] = []
        self._in_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row = []
        elif name == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            match = _CELL.match(attributes.get("r", ""))
            self._column = _column(match[1]) if match else len(self._row)
            self._value.clear()
        elif name in ("v", "t"):
            self._in_value = True

    def text(self, text: str) -> None:
        if self._in_value:
            self._value.append(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._in_value = False
        elif name == "c" and self._column < _MAX_COLUMNS:
            shown = self._shown("".join(self._value))
            if shown:
                self._row += [""] * (self._column + 1 - len(self._row))
                self._row[self._column] = shown
        elif name == "row":
            self._rows.add(self._row)

    def _shown(self, value: str) -> str:
        match self._kind:
            case "s":
                known = value.isdecimal() and int(value) < len(self._strings)
                return self._strings[int(value)] if known else ""
            case "b":
                return "yes" if value == "1" else "no"
            case "n" if self._is_date():
                return self._date(value)
            case "n":
                return _number(value)
            case _:
                return value

    def _is_date(self) -> bool:
        number = int(self._style) if self._style.isdecimal() else -1
        return 0 <= number < len(self._dates) and self._dates[number]

    def _date(self, value: str) -> str:
        try:
            days = float(value)
            when = self._epoch + timedelta(seconds=round(days * 86_400))
        except (ValueError, OverflowError):
            return value
        if 0 <= days < 1:
            return f"{when:%H:%M}"
        return f"{when:%Y-%m-%d}" if days == int(days) else f"{when:%Y-%m-%d %H:%M}"


def _number(value: str) -> str:
    """Without the tail that comes of counting in binary: 0.30000000000000004 is 0.3."""
    if "." not in value:
        return value
    try:
        return f"{float(value):.12g}"
    except ValueError:
        return value


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    return column - 1

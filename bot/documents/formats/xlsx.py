"""Workbooks (.xlsx, .xlsm): a section a sheet, a line a row, dates as dates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto

from bot.documents.archive import Archive, Relations
from bot.documents.formats.tables import Rows
from bot.documents.reading import Enough, Reading
from bot.language import phrase


class _Shown(Enum):
    """What the number of a cell is shown as."""

    NUMBER = auto()
    DATE = auto()
    """A day, with or without a time."""
    TIME = auto()
    """Of a day that is not shown."""
    DURATION = auto()


_BUILT_IN = {
    **dict.fromkeys([*range(14, 18), 22, *range(27, 37), *range(50, 59)], _Shown.DATE),
    **dict.fromkeys(range(18, 22), _Shown.TIME),
    **dict.fromkeys(range(45, 48), _Shown.DURATION),
}
_QUOTED = re.compile(r'"[^"]*"|\\.')
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]")
_BRACKETED = re.compile(r"\[[^\]]*\]")
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
        sheet = _Sheet(rows, strings.strings, styles.shown, from_1904=workbook.from_1904)
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
    """``shown[n]``: what cells of style ``n`` show their number as."""

    def __init__(self) -> None:
        self.shown: list[_Shown] = []
        self._formats: dict[str, _Shown] = {}
        self._in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        number = attributes.get("numFmtId", "")
        if name == "numFmt":
            self._formats[number] = _shown_by(attributes.get("formatCode", ""))
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            built_in = int(number) if number.isdecimal() and len(number) < 4 else 0
            self.shown.append(self._formats.get(number, _BUILT_IN.get(built_in, _Shown.NUMBER)))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False

    def text(self, text: str) -> None: ...


def _shown_by(code: str) -> _Shown:
    """``code``: a format as Excel writes them, ``[h]:mm`` for one."""
    code = _QUOTED.sub("", code).lower()
    if _ELAPSED.search(code):
        return _Shown.DURATION
    letters = set(_BRACKETED.sub("", code))
    if not letters & set("dmyhs") or "general" in code:
        return _Shown.NUMBER
    if letters & set("dy") or not letters & set("hs"):
        return _Shown.DATE
    return _Shown.TIME if "h" in letters else _Shown.DURATION


class _Sheet:
    def __init__(
        self, rows: Rows, strings: list[str], shown: list[_Shown], *, from_1904: bool
    ) -> None:
        self._rows, self._strings, self._styles = rows, strings, shown
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
            case "n":
                return self._number(value)
            case _:
                return value

    def _number(self, value: str) -> str:
        style = int(self._style) if self._style.isdecimal() and len(self._style) < 7 else -1
        shown = self._styles[style] if 0 <= style < len(self._styles) else _Shown.NUMBER
        try:
            number = float(value)
            if shown is _Shown.NUMBER:
                return _plain(value, number)
            span = timedelta(seconds=round(number * 86_400))
            if shown is _Shown.DURATION:
                return _duration(span)
            when = self._epoch + span
        except (ValueError, OverflowError):
            return value
        seconds = ":%S" if when.second else ""
        if shown is _Shown.TIME or 0 <= number < 1:
            return f"{when:%H:%M{seconds}}"
        return f"{when:%Y-%m-%d}" if number == int(number) else f"{when:%Y-%m-%d %H:%M{seconds}}"


def _plain(value: str, number: float) -> str:
    """``value`` in as many digits as Excel counts in, without the tail that comes of counting in
    binary (0.30000000000000004 is 0.3), and without an exponent where it is not a large one."""
    if value.lstrip("-").isdecimal():
        return value
    short = f"{number:.15g}"
    return f"{Decimal(short):f}" if "e" in short and 1e-9 < abs(number) < 1e21 else short


def _duration(span: timedelta) -> str:
    """In hours, minutes and, where there are any, seconds: hours may be more than a day's."""
    seconds = round(span.total_seconds())
    minutes, seconds = divmod(abs(seconds), 60)
    sign = "-" if span < timedelta() else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    return column - 1

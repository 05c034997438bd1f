"""Rows of cells to lines that say what each cell is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from bot.documents.reading import Enough, Reading

_NUMBER = re.compile(r"[\d\s.,:%+\-/\u20ac$\u00a3\u00a5]+")
_YEAR = re.compile(r"(1[5-9]|20|21)\d\d([/\u2013-](\d\d|\d{4}))?")
_BATCH = 64
_BATCH_CHARACTERS = 50_000
_MOST_SPANNED = 64
"""Columns; Word has at most 63, and HTML lets a cell ask for any number."""

_LONGEST_REPEATED = 200
"""Characters of a cell that is said again in each of the rows that it reaches over."""


class Rows:
    """Takes the rows of one table and puts them down: ``header: value; header: value``.

    The first row of two or more cells is the header if none of its cells is a number or stands
    there twice; years that run up or down are no numbers there, where the row below is not of
    such years, too. Without a header cells are set side by side.
    """

    def __init__(
        self, reading: Reading, *, page: int | None = None, headings: Sequence[str] = ()
    ) -> None:
        self._reading = reading
        self._page = page
        self._headings = tuple(headings)
        self._header: list[str] | None = None
        self._begun = False
        self._lines: list[str] = []
        self._waiting = 0
        """Characters of the lines that are not put down yet."""
        self._is_header_due = False
        """Whether there is a header that no row has said yet."""

    def add(self, cells: Sequence[str]) -> None:
        """Raises :class:`~bot.documents.reading.Enough` past the limit of rows."""
        cells = [" ".join(cell.split()) for cell in cells]
        if not any(cells):
            return
        try:
            self._reading.count_row()
        except Enough:
            self.close()
            raise
        if not self._begun and sum(map(bool, cells)) >= 2:
            self._begun = True
            if _is_header(cells):
                self._header = cells
                self._is_header_due = True
                return
        if self._is_header_due and self._header is not None:
            is_data = _is_of_years(cells, _year_columns(self._header))
            if is_data or sum(map(bool, cells)) < 2:
                self._lines.append(_side_by_side(self._header))
            if is_data:
                self._header = None
        self._is_header_due = False
        self._lines.append(self._line(cells))
        self._waiting += len(self._lines[-1])
        if len(self._lines) >= _BATCH or self._waiting > _BATCH_CHARACTERS:
            self._put()

    def turn_page(self, page: int | None) -> None:
        """The rows from here on stand on ``page``, under the same header."""
        if page != self._page:
            self._put()
            self._page = page

    def close(self) -> None:
        """The table is at its end."""
        if self._is_header_due and self._header is not None:
            self._lines.append(_side_by_side(self._header))
            self._is_header_due = False
        self._put()

    def _line(self, cells: Sequence[str]) -> str:
        if self._header is None or sum(map(bool, cells)) < 2:
            return _side_by_side(cells)
        padded = [*self._header, *[""] * (len(cells) - len(self._header))]
        named = zip(padded, cells, strict=False)
        return "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)

    def _put(self) -> None:
        lines, self._lines, self._waiting = self._lines, [], 0
        if lines:
            self._reading.add(
                "\n".join(lines), page=self._page, headings=self._headings, shape="rows"
            )


def _side_by_side(cells: Sequence[str]) -> str:
    """An empty cell keeps its place, unless the row is one of few cells far apart."""
    filled = [cell for cell in cells if cell]
    width = max((column for column, cell in enumerate(cells, start=1) if cell), default=0)
    if len(filled) < 2 or width > 4 * len(filled):
        return " | ".join(filled)
    return " |".join(f" {cell}" if cell else "" for cell in cells[:width]).lstrip(" ")


def _is_header(cells: Sequence[str]) -> bool:
    years = _year_columns(cells)
    named = [cell for column, cell in enumerate(cells) if cell and column not in years]
    return len(set(named)) == len(named) and not any(map(_NUMBER.fullmatch, named))


def _year_columns(cells: Sequence[str]) -> tuple[int, ...]:
    """The columns of two or more years that run up or down, none where they do not."""
    columns = tuple(column for column, cell in enumerate(cells) if _YEAR.fullmatch(cell))
    steps = {a < b for a, b in pairwise(int(cells[column][:4]) for column in columns) if a != b}
    is_run = len(columns) == len({cells[column] for column in columns}) > 1 == len(steps)
    return columns if is_run else ()


def _is_of_years(cells: Sequence[str], columns: Sequence[int]) -> bool:
    there = [cells[column] for column in columns if column < len(cells) and cells[column]]
    return bool(there) and all(map(_YEAR.fullmatch, there))


class Cell(NamedTuple):
    text: str
    columns: int = 1
    rows: int = 1
    """That it reaches over, from its own place on."""


def spread(rows: Iterable[Sequence[Cell]]) -> Iterator[list[str]]:
    """Each row with a value for each of its columns, whatever cells reach over several. What
    stands beside several rows is said in each of them."""
    held: dict[int, Cell] = {}
    for row in rows:
        if not held and all(cell.columns == cell.rows == 1 for cell in row):
            yield [cell.text for cell in row]
            continue
        line: list[str] = []
        below: dict[int, Cell] = {}
        for cell in row:
            while len(line) in held:
                _reach(held.pop(len(line)), line, below)
            _reach(cell, line, below)
        for column in sorted(column for column in held if column >= len(line)):
            line += [""] * (column - len(line))
            _reach(held[column], line, below)
        held = below
        # A row of nothing but what stands above says nothing.
        yield line if any(cell.text.strip() for cell in row) else []


def _reach(cell: Cell, line: list[str], below: dict[int, Cell]) -> None:
    first = len(line)
    line += [cell.text, *[""] * (min(cell.columns, _MOST_SPANNED - first) - 1)]
    if cell.rows > 1:
        for column in range(first, min(len(line), _MOST_SPANNED)):
            text = repeated(cell.text) if column == first else ""
            below[column] = Cell(text, 1, cell.rows - 1)


def repeated(text: str) -> str:
    """What a cell that reaches over several rows says in those below its own."""
    return text if len(text) <= _LONGEST_REPEATED else ""

"""Rows of cells to lines that say what each cell is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.documents.reading import Enough, Reading

_NUMBER = re.compile(r"[\d\s.,:%+\-/\u20ac$\u00a3\u00a5]+")
_BATCH = 64
_BATCH_CHARACTERS = 50_000


class Rows:
    """Takes the rows of one table and puts them down: ``header: value; header: value``.

    The first row of two or more cells is the header if none of its cells is a number or stands
    there twice; otherwise cells are set side by side.
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
        self._has_header_only = False

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
            named = [cell for cell in cells if cell]
            if len(set(named)) == len(named) and not any(map(_NUMBER.fullmatch, named)):
                self._header = cells
                self._has_header_only = True
                return
        self._has_header_only = False
        self._lines.append(self._line(cells))
        self._waiting += len(self._lines[-1])
        if len(self._lines) >= _BATCH or self._waiting > _BATCH_CHARACTERS:
            self._put()

    def close(self) -> None:
        """The table is at its end."""
        if self._has_header_only and self._header is not None:
            self._lines.append(" | ".join(filter(None, self._header)))
        self._put()

    def _line(self, cells: Sequence[str]) -> str:
        if self._header is None or sum(map(bool, cells)) < 2:
            return " | ".join(filter(None, cells))
        padded = [*self._header, *[""] * (len(cells) - len(self._header))]
        named = zip(padded, cells, strict=False)
        return "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)

    def _put(self) -> None:
        lines, self._lines, self._waiting = self._lines, [], 0
        if lines:
            self._reading.add(
                "\n".join(lines), page=self._page, headings=self._headings, shape="rows"
            )

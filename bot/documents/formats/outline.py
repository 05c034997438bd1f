"""The headings that stand above a place in a text, and the text between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.documents.formats.tables import Rows
from bot.documents.reading import Enough, Reading

_LONGEST = 300
"""Characters of a heading; what is longer was only dressed as one."""


class Outline:
    """Collects paragraphs; hands them on whenever a heading or a page begins."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._headings: list[tuple[int, str]] = []
        self._paragraphs: list[str] = []
        self.page: int | None = None

    @property
    def headings(self) -> list[str]:
        return [heading for _, heading in self._headings]

    def heading(self, level: int, text: str) -> None:
        """``level`` 1 is the outermost. The heading stands in the text, too."""
        text = " ".join(text.split())
        if not text:
            return
        if len(text) > _LONGEST:
            self.paragraph(text)
            return
        self.flush()
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._headings.append((level, text))
        self._paragraphs.append(text)

    def forget_headings(self) -> None:
        """A new chapter, slide or sheet begins."""
        self.flush()
        self._headings.clear()

    def paragraph(self, text: str, *, tight: bool = False) -> None:
        """``tight``: it stands right under the one before, as lines of a list do."""
        if not text.strip():
            return
        if tight and self._paragraphs:
            self._paragraphs[-1] += f"\n{text}"
        else:
            self._paragraphs.append(text)

    def turn_page(self, page: int) -> None:
        if page != self.page:
            self.flush()
            self.page = page

    def table(self, rows: Iterable[Sequence[str]], pages: Sequence[int] = ()) -> None:
        """``pages``: that each row begins on, where they are known."""
        self.flush()
        table = Rows(self._reading, page=self.page, headings=self.headings)
        try:
            for number, row in enumerate(rows):
                if pages:
                    table.turn_page(pages[number])
                table.add(row)
                if number % 256 == 255:
                    self._reading.check_time()
        except Enough:
            table.close()
            raise
        table.close()

    def check_time(self) -> None:
        """Raises :class:`~bot.documents.reading.Enough` while the rest can still be put down."""
        self._reading.check_time()

    def flush(self) -> None:
        paragraphs, self._paragraphs = self._paragraphs, []
        if paragraphs:
            self._reading.add("\n\n".join(paragraphs), page=self.page, headings=self.headings)

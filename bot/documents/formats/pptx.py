"""Slide shows (.pptx, .pptm): a page a slide, under its title, with the speaker's notes."""

from __future__ import annotations

from bot.documents.archive import Archive, Relations
from bot.documents.formats.outline import Outline
from bot.documents.reading import Reading
from bot.language import figure, phrase


def read(archive: Archive, reading: Reading) -> None:
    """Raises :class:`~bot.documents.reading.Refused` for a damaged show."""
    show = (Relations(archive, "").by_type.get("officeDocument") or ["ppt/presentation.xml"])[0]
    order = _Order()
    archive.parse(show, order)
    targets = Relations(archive, show).targets
    slides = [targets[number] for number in order.ids if targets.get(number, "") in archive]
    outline = Outline(reading)
    for number, slide in enumerate(slides[: reading.limits.pages], start=1):
        outline.forget_headings()
        outline.page = number
        archive.parse(slide, _Slide(outline))
        for notes in Relations(archive, slide).by_type.get("notesSlide", [])[:1]:
            if notes in archive:
                archive.parse(notes, _Slide(outline, notes=True))
    outline.flush()
    if len(slides) > reading.limits.pages:
        reading.warn(
            phrase(
                "{name} is long: only the first {pages} of its {count} slides were read.",
                name=reading.shown,
                pages=figure(reading.limits.pages),
                count=figure(len(slides)),
            )
        )


class _Order:
    def __init__(self) -> None:
        self.ids: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sldId":
            self.ids.append(attributes.get("id", ""))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Slide:
    def __init__(self, outline: Outline, *, notes: bool = False) -> None:
        self._outline = outline
        self._notes = notes
        self._kind = ""
        self._in_text = False
        self._paragraph: list[str] = []
        self._shape: list[str] = []
        self._rows: list[list[str]] = []
        self._cell: list[str] | None = None
        self._skipped = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Fallback" or self._skipped:
            self._skipped += 1
            return
        match name:
            case "sp":
                self._kind = ""
            case "ph":
                self._kind = attributes.get("type", "body")
            case "t":
                self._in_text = True
            case "br":
                self._paragraph.append("\n")
            case "tr":
                self._rows.append([])
            case "tc":
                self._cell = []
            case _:
                pass

    def text(self, text: str) -> None:
        if self._in_text and not self._skipped:
            self._paragraph.append(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        match name:
            case "t":
                self._in_text = False
            case "p":
                text = "".join(self._paragraph)
                self._paragraph.clear()
                if self._cell is not None:
                    self._cell.append(text)
                elif text.strip():
                    self._shape.append(text)
            case "tc" if self._cell is not None and self._rows:
                self._rows[-1].append(" ".join(self._cell))
                self._cell = None
            case "tbl":
                self._outline.table(self._rows)
                self._rows = []
            case "sp" | "txBody":
                self._end_shape()
            case _:
                pass

    def _end_shape(self) -> None:
        shape, self._shape = self._shape, []
        # The number, date and footer of a slide are on every one of them.
        if not shape or self._kind in ("sldNum", "dt", "ftr", "hdr"):
            return
        if self._kind in ("title", "ctrTitle") and not self._notes:
            self._outline.heading(1, " ".join(shape))
        else:
            self._outline.paragraph("\n".join(shape))

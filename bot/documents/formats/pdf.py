"""PDF, by pdfium: the text layer of each page, under the bookmarks that point there."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pypdfium2

from bot.documents.archive import damaged, needs_password
from bot.documents.reading import Reading, Refused
from bot.language import figure, phrase

_MAX_BOOKMARKS = 5_000
_SENTENCE_END = re.compile(r"[.!?:;\u3002\uff01\uff1f\u061f\u0964][\"'\u201d\u2019)\]]*$")


def read(data: bytes, reading: Reading) -> None:
    """Raises:
    Refused: it is damaged, needs a password, or has no text layer.
    """
    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise needs_password(reading) from error
        raise damaged(reading) from error
    if count == 0:
        raise damaged(reading)
    sections = _sections(document)
    empty: list[int] = []
    path: list[str] = []
    pages = min(count, reading.limits.pages)
    for index in range(pages):
        begins, path = sections.get(index, (path, path))
        text = _page_text(document, index)
        if text is None or not text.strip():
            empty.append(index + 1)
            reading.check_time()
            continue
        reading.add(_unwrapped(text), page=index + 1, headings=begins)
    if len(empty) == pages:
        raise Refused(
            phrase(
                "{name} has no text layer: its pages are pictures, as a scanner makes them. "
                "Run it through a program for text recognition (OCR) and send the result.",
                name=reading.shown,
            )
        )
    if empty:
        reading.warn(
            phrase(
                "{name} has no text on {pages}, which may be pictures; they could not be read.",
                name=reading.shown,
                pages=_listed(empty),
            )
        )
    if pages < count:
        reading.warn(
            phrase(
                "{name} is long: only the first {pages} of its {count} pages were read.",
                name=reading.shown,
                pages=figure(pages),
                count=figure(count),
            )
        )


def _page_text(document: pypdfium2.PdfDocument, index: int) -> str | None:
    """``None`` for a page that pdfium cannot read."""
    try:
        page = document[index]
        try:
            text_page = page.get_textpage()
            try:
                return str(text_page.get_text_bounded())
            finally:
                text_page.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return None


def _sections(document: pypdfium2.PdfDocument) -> dict[int, tuple[list[str], list[str]]]:
    """The paths of bookmarks that stand first and last on a page (from 0): the one names the page,
    the other is in force on those behind it."""
    found: dict[int, tuple[list[str], list[str]]] = {}
    path: list[str] = []
    try:
        for number, mark in enumerate(document.get_toc(max_depth=4)):
            if number >= _MAX_BOOKMARKS:
                break
            target = mark.get_dest()
            index = None if target is None else target.get_index()
            path = [*path[: mark.level], str(mark.get_title())]
            if index is not None:
                found[index] = (found.get(index, (path, path))[0], path)
    except (pypdfium2.PdfiumError, ValueError, TypeError):
        pass
    return found


def _unwrapped(text: str) -> str:
    """Lines that were broken for their width alone made whole again, as a space costs fewer
    tokens than a line break and reads better in a quote."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    widths = sorted(len(line) for line in lines if line.strip())
    if len(widths) < 4:
        return text
    wide = 0.75 * widths[int(0.9 * (len(widths) - 1))]
    whole: list[str] = []
    joins = False
    for line in lines:
        if joins and line.strip() and not line[0].isspace():
            # pdfium's own mark of a word that was broken stays for the cleaning.
            gap = "" if whole[-1][-1] in "\x02\ufffe" or _is_wide(line[0]) else " "
            whole[-1] = f"{whole[-1].rstrip()}{gap}{line}"
        else:
            whole.append(line)
        joins = len(line) >= wide and len(line) > 30 and not _SENTENCE_END.search(line.rstrip())
    return "\n".join(whole)


def _is_wide(char: str) -> bool:
    """Whether it is of a script that sets no spaces between words."""
    return "\u2e80" <= char <= "\u9fff" or "\uac00" > char > "\ua000" or char >= "\U00020000"


def _listed(pages: Sequence[int]) -> str:
    """``pages 2, 5-9 and 3 more``."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and runs[-1][-1] == page - 1:
            runs[-1][1:] = [page]
        else:
            runs.append([page])
    shown = ", ".join("-".join(map(str, dict.fromkeys(run))) for run in runs[:8])
    more = sum(run[-1] - run[0] + 1 for run in runs[8:])
    if more:
        return phrase("pages {pages} and {count} more", pages=shown, count=more)
    if len(pages) == 1:
        return phrase("page {page}", page=shown)
    return phrase("pages {pages}", pages=shown)

"""A document's text to passages of 128 to 192 tokens, cut where a reader would."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.documents.detect import Kind
from bot.documents.extracted import SEPARATOR, Extracted, Part, shared_section

CountTokens = Callable[[str], int]

TARGET = 128
"""Tokens from which on a passage ends with the paragraph."""

MOST = 192
"""Tokens of a passage."""

LEAST = 48
"""Tokens below which a passage goes on over the end of a section or page, but not of a sheet or
of a file inside the document."""

_ROW = 24
"""Tokens below which a row of a table takes the next one in."""

_HOLD_FILES = frozenset({Kind.ZIP, Kind.MAIL})

_MEASURED = 8_000
"""Characters whose tokens are counted at once: the tokenizer may be in another process."""

_PARAGRAPH = re.compile(r"\n\s*\n")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(
    r"(?<=[.!?\u061f\u0964\u2026])[\"'\u201d\u2019)]?\s+|(?<=[\u3002\uff01\uff1f])"
)
_WORD = re.compile(r"\s+")
_LEADERS = re.compile(
    r"^.{1,120}?(?:\.{4,}+|(?: \.){3,}+|\u2026{2,}+|_{4,}+)"
    r"[^\S\n]*(?:(\d{1,6})|[ivxlc]{1,6})[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CONTENTS = 8
"""Lines with dotted leaders from which on they are a table of contents: a short list whose numbers
rise may be one of prices."""
_BETWEEN_CONTENTS = 200
"""Characters between two such lines of one table: an entry that takes two lines, or the title of
a part."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one document that can be found and cited by itself."""

    document: str
    """Its name, different from those of the others that are searched with it."""
    index: int
    """Its place in the document, from 0, without gaps."""
    text: str
    """As it stands in the document. It ends in a space where the next one goes on with the same
    line, and nowhere else."""
    page: int | None
    last_page: int | None
    """``page``, unless it goes over the end of one."""
    section: str | None
    """What the sections that it goes over have in common."""
    tokens: int
    """About as many: measured on the 8,000 characters around it."""
    member: str | None = None
    """The file inside of an archive, or of a mail, that it stands in: see :func:`member_of`."""


def member_of(kind: str, section: str | None) -> str | None:
    """What file inside of a document of that kind a section is of: its first step. ``None`` for
    a document that holds no files."""
    if section is None or kind not in _HOLD_FILES:
        return None
    return section.split(SEPARATOR, 1)[0]


def goes_on(before: Part | Passage, after: Part | Passage) -> bool:
    """Whether a reader of both, put together, would know where ``after`` stands: on a page, or
    under headings that stand in its text. The name of a sheet, or of a file, does not."""
    if after.page is not None or after.section is None or after.section == before.section:
        return True
    shared = shared_section((before.section, after.section))
    steps = after.section.removeprefix(shared or "").removeprefix(SEPARATOR).split(SEPARATOR)
    lines = f"\n{after.text}\n"
    return all(f"\n{step}\n" in lines for step in steps if step)


def chunk(document: str, extracted: Extracted, count_tokens: CountTokens) -> list[Passage]:
    """Cut a document into passages. Takes some milliseconds a page and is meant for a thread.

    ``count_tokens`` gives the tokens of a text and is called once for each page, or for each
    8,000 characters of longer ones. Lines of a table of contents are left out: they hold the
    words of every question and the answer to none.
    """
    pages = max((part.page or 0 for part in extracted.parts), default=0)
    chunker = _Chunker(document, extracted.kind)
    for part in extracted.parts:
        text = part.text if part.shape == "rows" else _without_contents(part.text, pages)
        if not text:
            continue
        for at in range(0, len(text), _MEASURED):
            measured = text[at : at + _MEASURED]
            scale = count_tokens(measured) / max(_weight(measured), 1.0)
            chunker.scales.append((at, scale))
        chunker.add(part, text)
    chunker.flush()
    return chunker.passages


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch that is not cut any more, with what stands between it and the one before."""

    gap: str
    text: str
    tokens: float


class _Chunker:
    def __init__(self, document: str, kind: str) -> None:
        self.passages: list[Passage] = []
        self.scales: list[tuple[int, float]] = []
        self._document = document
        self._kind = kind
        self._first: Part | None = None
        self._last: Part | None = None
        self._section: str | None = None
        self._text = ""
        self._tokens = 0.0

    def add(self, part: Part, text: str) -> None:
        scales, self.scales = self.scales, []
        if self._last is not None and not self._goes_on(part):
            self.flush()
        pieces = _pieces(text, part, lambda at: _scale_at(scales, at))
        for number, piece in enumerate(pieces):
            gap = piece.gap if number else "\n\n"
            is_row = part.shape == "rows"
            if self._text and (
                self._tokens + piece.tokens > MOST
                or (is_row and self._tokens >= _ROW)
                or (self._tokens >= TARGET and "\n\n" in gap)
            ):
                self.flush(gap)
            self._text += (gap if self._text else "") + piece.text
            self._tokens += piece.tokens
            if self._first is None:
                self._first, self._section = part, part.section
            elif self._last is not part:
                self._section = shared_section((self._section, part.section))
            self._last = part

    def _goes_on(self, part: Part) -> bool:
        """Whether what is begun is too little to stand alone and ``part`` continues it."""
        assert self._last is not None  # noqa: S101 - asked only then
        last = self._last
        if last.shape != part.shape:
            return False
        if (last.page, last.section) == (part.page, part.section):
            return True
        if self._tokens >= LEAST:
            return False
        if part.shape == "rows":
            return last.section == part.section
        same_file = self._member(last) == self._member(part)
        return same_file and goes_on(last, part)

    def _member(self, part: Part) -> str | None:
        return member_of(self._kind, part.section)

    def flush(self, gap: str = "\n") -> None:
        """``gap``: what stands between the passage and what follows."""
        if self._text and self._first is not None and self._last is not None:
            self.passages.append(
                Passage(
                    self._document,
                    len(self.passages),
                    self._text.rstrip(" \t") + _end_before(gap),
                    self._first.page,
                    self._last.page,
                    self._section,
                    max(1, round(self._tokens)),
                    self._member(self._first),
                )
            )
        self._text, self._tokens, self._first, self._last = "", 0.0, None, None


def _end_before(gap: str) -> str:
    """What of a gap belongs to the passage before it: a closing quotation mark, and the sign
    that the line goes on."""
    goes_on = gap[-1:].isspace() and "\n" not in gap
    return gap.strip() + (" " if goes_on else "")


def _weight(text: str) -> float:
    """What a text weighs before it is measured: letters outside of ASCII cost tokenizers more,
    so that a page in two scripts is cut evenly in both."""
    return len(text) + 3.0 * sum(char > "\u04ff" for char in text)


def _scale_at(scales: list[tuple[int, float]], at: int) -> float:
    return scales[min(at // _MEASURED, len(scales) - 1)][1]


def _pieces(text: str, part: Part, scale_at: Callable[[int], float]) -> Iterator[_Piece]:
    borders = (_LINE,) if part.shape == "rows" else (_PARAGRAPH, _LINE)
    at = 0

    def cut(text: str, gap: str, borders: tuple[re.Pattern[str], ...]) -> Iterator[_Piece]:
        nonlocal at
        tokens = _weight(text) * scale_at(at)
        if tokens <= MOST * 0.6 or (tokens <= MOST and len(borders) < 3):
            at += len(text) + len(gap)
            if text.strip():
                yield _Piece(gap, text, tokens)
        elif borders:
            last, before = 0, gap
            for match in borders[0].finditer(text):
                if match.end() == 0:
                    continue
                yield from cut(text[last : match.start()], before, borders[1:])
                last, before = match.end(), match[0]
            yield from cut(text[last:], before, borders[1:])
        else:
            # One word without an end: data, or a script without spaces.
            size = max(1, int(len(text) * MOST / 2 / tokens))
            for start in range(0, len(text), size):
                piece = text[start : start + size]
                at += len(piece)
                yield _Piece("" if start else gap, piece, _weight(piece) * scale_at(at))

    yield from cut(text, "", (*borders, _SENTENCE, _WORD))


def _without_contents(text: str, pages: int) -> str:
    """``pages``: of the document; 0 if it says nothing of them."""
    kept: list[str] = []
    at = 0
    for run in _rising(text):
        first, last = run[0][0], run[-1][0]
        if len(run) < _CONTENTS or first == last or last > (pages or last):
            continue
        for _, line in run:
            kept.append(text[at : line.start()])
            at = line.end() + 1
    return "".join([*kept, text[at:]]).rstrip("\n") if kept else text


def _rising(text: str) -> list[list[tuple[int, re.Match[str]]]]:
    """Lines with dotted leaders, with their numbers, in runs that stand close together and in
    which no number is lower than the one before."""
    runs: list[list[tuple[int, re.Match[str]]]] = []
    before, end = 0, 0
    for line in _LEADERS.finditer(text):
        # Roman numbers are those of a preface, before page 1.
        page = int(line[1] or 0)
        if not runs or page < before or line.start() - end > _BETWEEN_CONTENTS:
            runs.append([])
        runs[-1].append((page, line))
        before, end = page, line.end()
    return runs

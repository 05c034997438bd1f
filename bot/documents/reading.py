"""One file being read: where the readers of all formats put what they find, and their limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bot.documents.cleaning import clean, one_line
from bot.documents.extracted import SEPARATOR, Limits, Part, Shape, quoted
from bot.language import figure, phrase, plural

_LONGEST_PART = 100_000
"""Characters; a longer part is handed on in pieces."""

_MAX_WARNINGS = 12
_MAX_LEFT_OUT = 3
_MAX_HEADINGS = 4
_LONGEST_NAME = 80
"""Characters of the path of a file inside the one that is read."""


class Refused(Exception):
    """The file cannot be read; the text is the sentence for the person."""


class Enough(Exception):
    """A limit was reached: what was read so far is what there is. It was already said."""


class Reading:
    """Takes parts in reading order and hands them on at once, until a limit is reached."""

    def __init__(self, name: str, limits: Limits, emit: Callable[[Part], None]) -> None:
        self.name = name
        self.limits = limits
        self.warnings: list[str] = []
        self.inflated = 0
        """Bytes unpacked so far, of the whole file."""
        self.members = 0
        """Files unpacked so far."""
        self._emit = emit
        self._characters = 0
        self._rows = 0
        self._outer: list[str] = []
        self._left_out: list[str] = []
        self._began = time.monotonic()

    @property
    def shown(self) -> str:
        """The name of the file that is being read as it stands in sentences: of the innermost."""
        return quoted(self._outer[-1] if self._outer else self.name)

    @property
    def is_empty(self) -> bool:
        return self._characters == 0

    @property
    def depth(self) -> int:
        """How many archives or mails the reader is inside of."""
        return len(self._outer)

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings and len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(sentence)

    def leave_out(self, sentence: str) -> None:
        """Of a file inside this one: ``sentence`` says what is wrong with it."""
        self._left_out.append(sentence)

    def close(self) -> None:
        """Say what was left out, of many files only how many."""
        shown = quoted(self.name)
        for sentence in self._left_out[:_MAX_LEFT_OUT]:
            self.warn(phrase("Left out of {name}: {sentence}", name=shown, sentence=sentence))
        more = len(self._left_out) - _MAX_LEFT_OUT
        if more > 0:
            self.warn(
                plural(
                    "{count} more file in {name} could not be read.",
                    "{count} more files in {name} could not be read.",
                    more,
                    name=shown,
                )
            )

    def stop(self, sentence: str) -> Enough:
        """To be raised: says why the rest is left out."""
        self.warn(sentence)
        return Enough()

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Whatever is read meanwhile belongs to the file ``name`` inside this one."""
        # What tells files apart is the end of their path.
        self._outer.append(one_line(name[-_LONGEST_NAME:], _LONGEST_NAME))
        try:
            yield
        finally:
            self._outer.pop()

    def add(
        self,
        text: str,
        *,
        page: int | None = None,
        headings: Sequence[str] = (),
        shape: Shape = "text",
    ) -> None:
        """Put down some text.

        Raises:
            Enough: a limit is reached.
        """
        # Cleaning takes time, too.
        text, rest = text[: 2 * self.limits.characters], text[2 * self.limits.characters :]
        text = clean(text)
        if not text.strip():
            self.check_time()
            return
        path = [
            "/".join(self._outer),
            *(one_line(heading, 80) for heading in headings[-_MAX_HEADINGS:]),
        ]
        section = SEPARATOR.join(filter(None, path)) or None
        room = self.limits.characters - self._characters
        cut, text = bool(rest) or len(text) > room, text[:room]
        self._characters += len(text)
        for piece in _pieces(text):
            self._emit(Part(piece, page, section, shape))
        if cut:
            most = figure(self.limits.characters)
            raise self.stop(
                phrase(
                    "{name} is long: only its first {most} characters were read.",
                    name=quoted(self.name),
                    most=most,
                )
            )
        self.check_time()

    def count_row(self) -> None:
        """To be called for each row of a table that may have any number of them.

        Raises:
            Enough: there are too many.
        """
        self._rows += 1
        if self._rows > self.limits.rows:
            raise self.stop(
                phrase(
                    "{name} is long: only its first {most} rows were read.",
                    name=quoted(self.name),
                    most=figure(self.limits.rows),
                )
            )
        if self._rows % 256 == 0:
            self.check_time()

    def check_time(self) -> None:
        """Raises :class:`Enough` while there is still time to hand over what was read."""
        if (
            time.monotonic() - self._began > self.limits.wall_s * 2 / 3
            or time.process_time() > self.limits.cpu_s * 2 / 3
        ):
            raise self.stop(
                phrase(
                    "{name} took long to read: only its beginning was read.", name=quoted(self.name)
                )
            )


def _pieces(text: str) -> Iterator[str]:
    while len(text) > _LONGEST_PART:
        at = max(text.rfind(space, _LONGEST_PART // 2, _LONGEST_PART) for space in "\n ")
        at = at if at > 0 else _LONGEST_PART
        yield text[:at]
        text = text[at:].lstrip(" \n")
    if text:
        yield text

"""What is read out of a file, and how much of a file is read at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

Shape = Literal["text", "rows"]
"""``rows``: each line stands for itself, as a row of a table with its headers does."""

MAX_NAME_LENGTH = 80
"""Characters of a file's name that people and the model get to see."""

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text that stands on one page, in one section."""

    text: str
    page: int | None = None
    """From 1: of a PDF, a slide show, or a text document that says where its pages end."""
    section: str | None = None
    """The headings above it, outermost first, joined by ``SEPARATOR``; in an archive, the name
    of the file inside comes first, in a workbook that of the sheet."""
    shape: Shape = "text"


SEPARATOR = " \u203a "


def shared_section(sections: Iterable[str | None]) -> str | None:
    """The headings that several sections have in common, from the outermost on."""
    shared: list[str] | None = None
    for section in sections:
        steps = (section or "").split(SEPARATOR)
        if shared is None:
            shared = steps
        same = takewhile(lambda pair: pair[0] == pair[1], zip(shared, steps, strict=False))
        shared = [step for step, _ in same]
    return SEPARATOR.join(shared or ()) or None


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of one file, in reading order."""

    name: str
    """Fit to be shown: see :func:`shown_name`."""
    kind: str
    """What the content is, whatever the name says: "PDF", "Word document", …"""
    parts: list[Part]
    warnings: list[str] = field(default_factory=list)
    """Sentences for the person: what was cut, skipped or could only be read in part."""

    @property
    def characters(self) -> int:
        return sum(len(part.text) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one file may cost. What goes past a limit of content is left out and said; what
    goes past a limit of the process ends the reading with a sentence."""

    file_bytes: int = 64 << 20
    memory_bytes: int = 1 << 30
    """Address space of the process, where the system can limit it: Linux."""
    cpu_s: int = 20
    wall_s: float = 30.0
    """After two thirds of either, what was read so far is kept as a partial reading."""
    characters: int = 4_000_000
    pages: int = 2_000
    rows: int = 50_000
    members: int = 2_000
    """Files in an archive, the parts of an office document among them."""
    member_bytes: int = 64 << 20
    """Of one file in an archive, unpacked."""
    inflated_bytes: int = 128 << 20
    """Of everything that is unpacked for one file."""
    nesting: int = 2
    """Archives, or mails, inside each other."""


def shown_name(name: str) -> str:
    """A file's name as one short visible line that no path, markup or direction mark is left in.

    Its end stays, for that says what it is.
    """
    name = re.split(r"[/\\]", name.replace("\x00", ""))[-1]
    name = _BIDI.sub("", name)
    seen = "".join(
        " " if char.isspace() or unicodedata.category(char) in ("Cc", "Zl", "Zp") else char
        for char in name
        if unicodedata.category(char) not in ("Cf", "Cs", "Co", "Cn")
    )
    seen = " ".join(seen.replace("`", "'").split())
    if len(seen) > MAX_NAME_LENGTH:
        tail = 20
        seen = f"{seen[: MAX_NAME_LENGTH - tail - 1].rstrip()}\u2026{seen[-tail:].lstrip()}"
    return seen or "file"


def quoted(name: str) -> str:
    """The name in a sentence: as code, so that Discord reads no markup or mention in it."""
    return f"`{shown_name(name)}`"

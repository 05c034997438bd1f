"""Plain text, Markdown, reStructuredText and source code."""

from __future__ import annotations

import re

from bot.documents.charset import decode
from bot.documents.formats.outline import Outline
from bot.documents.reading import Reading
from bot.language import phrase

_ATX = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_ADORNMENT = re.compile(r"([!-/:-@[-`{-~])\1\1+\s*$")
_BULLET = re.compile(r"\s*([-*+>|]|\d+[.)])")


def decoded(data: bytes, reading: Reading) -> str:
    """The text of a file, as much of it as may be read at all."""
    # No encoding takes more than four bytes a character; one character more lets the cut be seen.
    return decode(data[: 4 * reading.limits.characters + 4])


def read(data: bytes, reading: Reading) -> None:
    """Plain text; a form feed begins a new page, where there is one."""
    text = decoded(data, reading)
    pages = text.split("\f")
    if len(pages) == 1 or len(pages) > reading.limits.pages:
        reading.add(text.replace("\f", "\n"))
    else:
        for number, page in enumerate(pages, start=1):
            reading.add(page, page=number)
    say_cut(data, reading)


def read_code(data: bytes, reading: Reading) -> None:
    """Source code, as it stands."""
    reading.add(decoded(data, reading).replace("\f", "\n"))
    say_cut(data, reading)


def read_markdown(data: bytes, reading: Reading) -> None:
    """Markdown, as it stands, under its headings."""
    outline = Outline(reading)
    fence = ""
    block: list[str] = []

    def end_block() -> None:
        outline.paragraph("\n".join(block))
        block.clear()

    for line in decoded(data, reading).splitlines():
        if fence:
            block.append(line)
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match := _FENCE.match(line):
            fence = match[1]
            block.append(line)
        elif match := _ATX.match(line):
            end_block()
            outline.heading(len(match[1]), match[2])
        elif (match := _SETEXT.match(line)) and _can_be_heading(block):
            heading = block.pop()
            end_block()
            outline.heading(1 if match[1][0] == "=" else 2, heading)
        elif line.strip():
            block.append(line)
        else:
            end_block()
    end_block()
    outline.flush()
    say_cut(data, reading)


def read_rst(data: bytes, reading: Reading) -> None:
    """reStructuredText, as it stands, under its headings: lines that are underlined, or have a line
    above and below, in any sign. Which sign comes first is that of the outermost headings."""
    outline = Outline(reading)
    levels: list[tuple[str, bool]] = []
    block: list[str] = []

    def end_block() -> None:
        outline.paragraph("\n".join(block))
        block.clear()

    for line in decoded(data, reading).splitlines():
        if (match := _ADORNMENT.match(line)) and (title := _rst_title(block, line.rstrip())):
            style = (match[1], len(block) == 2)
            block.clear()
            if style not in levels:
                levels.append(style)
            outline.heading(levels.index(style) + 1, title)
        elif line.strip():
            block.append(line)
        else:
            end_block()
    end_block()
    outline.flush()
    say_cut(data, reading)


def _rst_title(block: list[str], underline: str) -> str | None:
    """The heading that ``underline`` makes of the lines above it, of which there may be no more."""
    if not block or len(block) > 2 or _ADORNMENT.match(block[-1]):
        return None
    title = block[-1].strip()
    is_long = len(underline) >= len(title)
    if len(block) == 1:
        return title if is_long and not block[0][0].isspace() else None
    return title if is_long and block[0].rstrip() == underline else None


def _can_be_heading(block: list[str]) -> bool:
    return len(block) == 1 and not _BULLET.match(block[-1])


def is_cut(data: bytes, reading: Reading) -> bool:
    """Whether :func:`decoded` leaves out the end of ``data``."""
    return len(data) > 4 * reading.limits.characters + 4


def say_cut(data: bytes, reading: Reading) -> None:
    if is_cut(data, reading):
        reading.warn(
            phrase(
                "{name} is long: only its first {most} MB were read.",
                name=reading.shown,
                most=(4 * reading.limits.characters + 4) >> 20,
            )
        )

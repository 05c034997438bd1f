"""Documents read in this process: quick, and an error of a reader comes out as it is."""

from __future__ import annotations

from bot.documents.extracted import Extracted, Limits, Part
from bot.documents.readers import read
from bot.documents.reading import Reading

ENDLESS = Limits(cpu_s=1 << 30, wall_s=1e9)
"""The processor time is that of the whole process, whatever it did before."""


def read_here(name: str, data: bytes, limits: Limits = ENDLESS) -> Extracted:
    """Raises :class:`~bot.documents.reading.Refused` for what cannot be read."""
    parts: list[Part] = []
    reading = Reading(name, limits, parts.append)
    kind = read(name, data, reading)
    return Extracted(name, str(kind), parts, reading.warnings)


def lines_of(name: str, data: bytes) -> list[str]:
    """Every line that is read out of a file, without the empty ones."""
    parts = read_here(name, data).parts
    return [line for part in parts for line in part.text.split("\n") if line]

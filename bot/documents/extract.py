"""A file's bytes to its text."""

from __future__ import annotations

from bot.documents.extracted import Extracted, Limits, quoted
from bot.documents.sandbox import read_in_sandbox
from bot.errors import DocumentError
from bot.language import phrase


async def extract(name: str, data: bytes, limits: Limits | None = None) -> Extracted:
    """The text of one file, whatever it is called; about 0.3 s and 40 MB for a short one.

    Each call is a process of its own with up to ``limits.memory_bytes``: whoever calls it says
    how many at once.

    Raises:
        DocumentError: it cannot be read; the text is a sentence that names the file.
    """
    limits = limits or Limits()
    if len(data) > limits.file_bytes:
        raise DocumentError(
            phrase(
                "{name} is larger than the {most} MB that a document may have. Send a part of it.",
                name=quoted(name),
                most=limits.file_bytes >> 20,
            )
        )
    if not data:
        raise DocumentError(phrase("{name} is empty.", name=quoted(name)))
    return await read_in_sandbox(name, data, limits)

"""Files that somebody handed in, read to passages: a few at a time, and each refused by itself."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.documents.extract import extract
from bot.documents.extracted import Limits, quoted
from bot.documents.passages import Passage, chunk
from bot.errors import DocumentError
from bot.language import joined, phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file that was read."""

    name: str
    """Fit to be shown."""
    kind: str
    """Such as "PDF"."""
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    size: int
    """Bytes."""
    characters: int
    pages: int | None
    """Of those that were read, the last; ``None`` for a file without pages."""
    warnings: tuple[str, ...]
    """Sentences for the person: what was cut, skipped or could only be read in part."""
    passages: tuple[Passage, ...]


class FileReader:
    """Reads files, a few at a time: each takes a process with up to a gigabyte of memory."""

    def __init__(
        self,
        limits: Limits,
        count_tokens: Callable[[str], int],
        *,
        at_once: int = 2,
        waiting: int = 30,
    ) -> None:
        """``count_tokens`` is called in a thread. ``waiting``: files that may wait for one of
        the ``at_once`` places."""
        self.limits = limits
        self._count_tokens = count_tokens
        self._places = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._inside = 0

    async def read(self, name: str, data: bytes) -> ReadFile:
        """The passages of one file, whatever it is called.

        Raises:
            DocumentError: it cannot be read, or too many wait; the text names the file.
        """
        if self._inside >= self._most:
            raise DocumentError(
                phrase(
                    "{name} was not read: too many files are waiting. Please send it again in a "
                    "minute.",
                    name=quoted(name),
                )
            )
        self._inside += 1
        try:
            async with self._places:
                extracted = await extract(name, data, self.limits)
                passages = await asyncio.to_thread(
                    chunk, extracted.name, extracted, self._count_tokens
                )
                digest = await asyncio.to_thread(hashlib.sha256, data)
        finally:
            self._inside -= 1
        if not passages:
            raise DocumentError(
                phrase("There is no text in {name} that I could search.", name=quoted(name))
            )
        return ReadFile(
            name=extracted.name,
            kind=extracted.kind,
            sha256=digest.hexdigest(),
            size=len(data),
            characters=extracted.characters,
            pages=max((part.page for part in extracted.parts if part.page), default=None),
            warnings=tuple(extracted.warnings),
            passages=tuple(passages),
        )


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as somebody handed it in."""

    name: str
    data: bytes


async def read_files(
    reader: FileReader, files: Sequence[GivenFile]
) -> tuple[list[ReadFile], list[str]]:
    """Those of ``files`` that can be read, and a sentence for each other one.

    Raises:
        DocumentError: none of them can be read; the text has the sentence of each.
    """
    read: list[ReadFile] = []
    refused: list[str] = []
    results = await asyncio.gather(
        *(reader.read(file.name, file.data) for file in files), return_exceptions=True
    )
    for result in results:
        match result:
            case ReadFile():
                read.append(result)
            case DocumentError():
                refused.append(result.args[0])
            case _:
                raise result
    if refused and not read:
        raise DocumentError(joined(refused))
    return read, refused

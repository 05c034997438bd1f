"""Zip archives, and the office formats that are ones: what is unpacked is counted."""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from bot.documents.reading import Reading, Refused
from bot.language import figure, phrase

_PIECE = 64 * 1024
_ENCRYPTED = 0x1

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What unpacking a member raises where it is damaged, or packed in a way that is not known."""


class Handler(Protocol):
    """Hears what stands in an XML file, in order. Names come without their namespace."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class Archive:
    """One zip archive in memory."""

    def __init__(self, data: bytes, reading: Reading) -> None:
        """Raises:
        Refused: it is damaged, or has too many members.
        """
        self._reading = reading
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise damaged(reading) from error
        if len(self._zip.infolist()) > reading.limits.members:
            raise Refused(
                phrase(
                    "{name} holds more than {most} files. Pack fewer of them.",
                    name=reading.shown,
                    most=figure(reading.limits.members),
                )
            )

    @property
    def names(self) -> list[str]:
        return [info.filename for info in self._zip.infolist() if not info.is_dir()]

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def is_encrypted(self, name: str) -> bool:
        return bool(self._zip.getinfo(name).flag_bits & _ENCRYPTED)

    def read(self, name: str) -> bytes:
        """One member, unpacked.

        Raises:
            Refused: it is damaged, encrypted or too large.
        """
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """One member, unpacked bit by bit. Raises as :meth:`read` does, on the way too."""
        reading, size = self._reading, 0
        try:
            if self.is_encrypted(name):
                raise needs_password(reading)
            with self._zip.open(name) as member:
                while piece := member.read(_PIECE):
                    size += len(piece)
                    reading.inflated += len(piece)
                    if (
                        size > reading.limits.member_bytes
                        or reading.inflated > reading.limits.inflated_bytes
                    ):
                        raise TooLarge(
                            phrase(
                                "{name} unpacks to more than {most} MB, which is too much to read.",
                                name=reading.shown,
                                most=reading.limits.inflated_bytes >> 20,
                            )
                        )
                    yield piece
                    reading.check_time()
        except (KeyError, *DAMAGE) as error:
            raise damaged(reading) from error

    def parse(self, name: str, handler: Handler) -> None:
        """Read a member as XML; nothing of it is kept. Raises as :meth:`read` does."""
        parse(self.pieces(name), handler, self._reading)


class TooLarge(Refused):
    """Unpacking was stopped by a limit."""


class Done(Exception):
    """Raised by a handler that has heard what it wants."""


def parse(pieces: Iterator[bytes], handler: Handler, reading: Reading) -> None:
    """Feed XML to ``handler``. Entities and document types are refused, nothing is fetched.

    Raises:
        Refused: it is no XML, or one that declares entities.
    """
    parser = DefusedXMLParser(target=_Target(handler), forbid_dtd=True)
    try:
        for piece in pieces:
            parser.feed(piece)
        parser.close()
    except Done:
        pass
    except DefusedXmlException as error:
        raise Refused(
            phrase(
                "{name} declares entities of its own, which a document of this kind never "
                "does. It was not read.",
                name=reading.shown,
            )
        ) from error
    except (ParseError, UnicodeError, LookupError, ValueError, AttributeError) as error:
        raise damaged(reading) from error


class _Target:
    """What the parser calls; ElementTree's protocol."""

    def __init__(self, handler: Handler) -> None:
        self._start, self._end = handler.start, handler.end
        self.data: Callable[[str], None] = handler.text

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        # Where `id` and `r:id` stand side by side, the one with a namespace is wanted.
        bare = {name: value for name, value in attributes.items() if name[0] != "{"}
        for name, value in attributes.items():
            if name[0] == "{":
                bare[name.rpartition("}")[2]] = value
        self._start(tag.rpartition("}")[2], bare)

    def end(self, tag: str) -> None:
        self._end(tag.rpartition("}")[2])

    def close(self) -> None: ...


class Relations:
    """The targets that an office document's part names by id; those outside are left out."""

    def __init__(self, archive: Archive, part: str) -> None:
        self.targets: dict[str, str] = {}
        self.by_type: dict[str, list[str]] = {}
        self._folder = part.rpartition("/")[0]
        name = f"{self._folder}/_rels/{part.rpartition('/')[2]}.rels".lstrip("/")
        if name in archive:
            archive.parse(name, self)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else f"{self._folder}/{target}"
        path = resolved(path)
        self.targets[attributes.get("Id", "")] = path
        self.by_type.setdefault(attributes.get("Type", "").rpartition("/")[2], []).append(path)

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


def resolved(path: str) -> str:
    steps: list[str] = []
    for step in re.split(r"/+", path):
        if step == "..":
            steps[-1:] = []
        elif step not in (".", ""):
            steps.append(step)
    return "/".join(steps)


def damaged(reading: Reading) -> Refused:
    return Refused(
        phrase(
            "{name} is damaged or was cut off on its way. Save it anew and send it again.",
            name=reading.shown,
        )
    )


def needs_password(reading: Reading) -> Refused:
    return Refused(
        phrase(
            "{name} needs a password. Save a copy without one and send that.", name=reading.shown
        )
    )

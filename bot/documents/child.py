"""The process that reads one document, and nothing else.

On its standard input come one line of JSON (the name and the limits) and the bytes of the file;
on its standard output go lines of JSON: a part each, and at the end ``{"kind": …, "warnings": …}``
or ``{"refused": …}``. Anything else means that it broke.

Before the first byte of the document is looked at it limits its own memory and time, and then
gives up the right to open anything: with no file descriptor to be had there is no file, no
connection and no other process, for native code as for Python's.
"""

from __future__ import annotations

import json
import os
import sys
from typing import BinaryIO

from bot.documents import charset
from bot.documents.extracted import Limits, Part
from bot.documents.readers import read
from bot.documents.reading import Reading, Refused
from bot.language import phrase, to_json

_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "open")


def main() -> None:
    limits, name, data = _request(sys.stdin.buffer)
    _limit(limits)
    _warm_up(data)
    _close_off()
    # Python's own buffer would be written whatever happens; this one ends with the process.
    answer = sys.stdout.buffer

    def emit(part: Part) -> None:
        _write(answer, {"t": part.text, "p": part.page, "s": part.section, "r": part.shape})

    reading = Reading(name, limits, emit)
    try:
        kind = read(name, data, reading)
    except Refused as refused:
        _write(answer, {"refused": to_json(refused.args[0])})
    except (MemoryError, RecursionError):
        _write(
            answer,
            {
                "refused": to_json(
                    phrase(
                        "{name} takes more memory to read than a document may.", name=reading.shown
                    )
                )
            },
        )
    else:
        warnings = [to_json(warning) for warning in reading.warnings]
        _write(answer, {"kind": str(kind), "warnings": warnings})
    answer.flush()
    # What native libraries do on their way out is of no interest.
    os._exit(0)


def _request(source: BinaryIO) -> tuple[Limits, str, bytes]:
    header = json.loads(source.readline())
    return Limits(**header["limits"]), header["name"], source.read()


def _write(answer: BinaryIO, message: object) -> None:
    answer.write(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _limit(limits: Limits) -> None:
    """Limit memory and processor time, where the system can: Windows cannot, and macOS does not
    keep to a limit of memory. There the limit of wall time and the readers' own limits hold."""
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return
    wanted = {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_CPU": limits.cpu_s,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
    }
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is not None:
            try:
                resource.setrlimit(number, (value, value))
            except (ValueError, OSError):
                # Not to be had on this system.
                continue


def _warm_up(data: bytes) -> None:
    """Import what is imported on first use, for afterwards no file can be opened."""
    charset.load(data)
    "".encode("idna")


def _close_off() -> None:
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        pass
    else:
        # 0, not 3: or a descriptor could be closed and its number taken for a new one.
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    """Where no limit of the system holds, Python code at least is stopped."""
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"the sandbox allows no {event}")

"""The bot's side of the process in which a document is read.

A process of its own for each file: parsers crash, hang and eat memory on files that were made
for it, and what they are in then has to go. It is started with nothing of the bot's environment,
so no token is in its reach.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bot.documents.cleaning import one_line
from bot.documents.extracted import Extracted, Limits, Part, quoted, shown_name
from bot.errors import DocumentError
from bot.language import changed, from_json, phrase

log = logging.getLogger(__name__)

_ROOT = str(Path(__file__).parents[2])
# -I keeps the environment and the current folder out, so the place of the bot is given by hand.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from bot.documents.child import main; main()"

_SLICE = 256 * 1024

# A character is at most six bytes of JSON, and each part brings its place.
_BYTES_A_CHARACTER = 6
_OVERHEAD = 4 << 20


async def read_in_sandbox(name: str, data: bytes, limits: Limits) -> Extracted:
    """Read ``data`` in a process of its own, which is ended when this is cancelled.

    Raises:
        DocumentError: it cannot be read, or the process broke; the text names the file.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        _START,
        _ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
        limit=_SLICE,
    )
    try:
        async with asyncio.timeout(limits.wall_s):
            answer, said, _ = await asyncio.gather(
                _read(process.stdout, limits.characters * _BYTES_A_CHARACTER + _OVERHEAD),
                _read(process.stderr, _OVERHEAD),
                _send(process.stdin, name, data, limits),
            )
            code = await process.wait()
    except TimeoutError:
        raise _too_slow(name) from None
    finally:
        await _end(process)
    if said:
        log.debug("the reader of a document said: %s", said.decode(errors="replace")[-2000:])
    return await asyncio.to_thread(_extracted, name, answer, code)


def _environment() -> dict[str, str]:
    """Nothing, but on Windows the one variable without which Python cannot start there."""
    return {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    assert stream is not None  # noqa: S101 - a pipe
    pieces: list[bytes] = []
    size = 0
    while piece := await stream.read(_SLICE):
        size += len(piece)
        # What comes past the limit is thrown away, so that the process can end.
        if size <= most:
            pieces.append(piece)
    return b"".join(pieces)


async def _send(
    stream: asyncio.StreamWriter | None, name: str, data: bytes, limits: Limits
) -> None:
    assert stream is not None  # noqa: S101 - a pipe
    header = json.dumps({"name": shown_name(name), "limits": asdict(limits)})
    view = memoryview(data)
    # If it died, its exit code says why.
    with contextlib.suppress(ConnectionError):
        stream.write(header.encode() + b"\n")
        for at in range(0, len(view), _SLICE):
            stream.write(view[at : at + _SLICE])
            await stream.drain()
    stream.close()
    with contextlib.suppress(ConnectionError):
        await stream.wait_closed()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        # A second cancellation must not leave it behind; a killed process ends at once.
        await asyncio.shield(process.wait())


def _extracted(name: str, answer: bytes, code: int) -> Extracted:
    parts: list[Part] = []
    for line in _lines(answer):
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            break
        if "t" in message:
            parts.append(_part(message))
        elif "refused" in message:
            raise DocumentError(_sentence(message["refused"]))
        elif code == 0:
            warnings = [_sentence(warning) for warning in message["warnings"]]
            return Extracted(shown_name(name), str(message["kind"]), parts, warnings)
    raise _broken(name, code)


def _sentence(said: object) -> str:
    return changed(from_json(said), lambda text: one_line(text, 400))


def _lines(answer: bytes) -> Iterator[bytes]:
    at = 0
    while (end := answer.find(b"\n", at)) >= 0:
        yield answer[at:end]
        at = end + 1


def _part(message: dict[str, object]) -> Part:
    page, section = message["p"], message["s"]
    return Part(
        # A lone surrogate, which no database takes, can be written in JSON.
        str(message["t"]).encode(errors="replace").decode(),
        page if isinstance(page, int) else None,
        one_line(section, 400) if isinstance(section, str) else None,
        "rows" if message["r"] == "rows" else "text",
    )


def _too_slow(name: str) -> DocumentError:
    return DocumentError(
        phrase(
            "{name} takes too long to read. Send a part of it, or save it in another format.",
            name=quoted(name),
        )
    )


def _broken(name: str, code: int) -> DocumentError:
    log.info("the reader of a document ended with exit code %d", code)
    if hasattr(signal, "SIGXCPU") and code in (-signal.SIGXCPU, -signal.SIGKILL):
        return _too_slow(name)
    return DocumentError(
        phrase(
            "{name} could not be read: the program that reads it gave up on it. Save it "
            "anew or in another format and send that.",
            name=quoted(name),
        )
    )

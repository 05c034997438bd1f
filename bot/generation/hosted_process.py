"""The process that hosts an engine, from its start to its end, as the event loop sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path

from bot.errors import EngineFailed
from bot.generation.child_process import environment
from bot.generation.hosted_wire import (
    LONGEST_LINE,
    Message,
    Start,
    ToHost,
    WireError,
    pack,
    receive_async,
)
from bot.language import phrase

log = logging.getLogger(__name__)

_ROOT = str(Path(__file__).parents[2])
# -P keeps the current folder out, so the place of the bot is given by hand.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from bot.generation.host import main; main()"

_EXIT_S = 10.0
"""How long it may take to free its model; it gives itself half of it."""

_PIPES_S = 2.0
"""How long the pipes of a process that has ended are read."""

_LAST_WORDS = 40
"""Lines that are kept to be logged if the process breaks."""
_LONGEST_WORDS = 8192
"""Characters of each."""
_BUFFER = 256 * 1024

_NOT_RUNNING = phrase("The language model is not running. Please try again in a minute.")


class HostProcess:
    """One process. Made on the event loop and used there.

    ``on_message`` gets what it says; ``on_end`` is called once, when it has ended by itself.
    """

    def __init__(
        self, on_message: Callable[[Message], None], on_end: Callable[[str], None]
    ) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._is_unwanted = False
        self._has_ended = False

    @property
    def pid(self) -> int | None:
        """``None`` before the start."""
        return None if self._process is None else self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and not self._has_ended

    async def start(self, start: Start) -> None:
        """Start it and tell it what to load.

        Raises:
            EngineFailed: it was closed or killed meanwhile.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", _START, _ROOT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
            limit=_BUFFER,
        )
        self._tasks = [
            asyncio.create_task(self._read(self._process), name="engine host"),
            asyncio.create_task(self._log(self._process), name="engine host's log"),
        ]
        if self._is_unwanted:
            await self.kill()
            raise EngineFailed(_NOT_RUNNING)
        self.send(start)

    def send(self, message: ToHost) -> None:
        """
        Raises:
            EngineFailed: it has ended.
        """
        if self._process is None or self._process.stdin is None or not self.is_alive:
            raise EngineFailed(_NOT_RUNNING)
        self._process.stdin.write(pack(message))

    async def drain(self) -> None:
        """Wait until it has taken what was sent."""
        if self._process is not None and self._process.stdin is not None:
            # If it died, the end of its messages tells.
            with contextlib.suppress(ConnectionError):
                await self._process.stdin.drain()

    async def close(self) -> None:
        """Let it free its model and end, some seconds at most."""
        self._is_unwanted = True
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EXIT_S):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End it now, and leave nothing of it behind. A second cancellation does not stop that."""
        self._is_unwanted = True
        if self._process is None:
            return
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await asyncio.shield(self._reap(self._process))

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()
        # What it started itself may hold its pipes open.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PIPES_S):
                await process.wait()
                await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - a pipe
        try:
            while (message := await receive_async(process.stdout)) is not None:
                self._on_message(message)
        except WireError as error:
            log.error("the engine's process says what nobody understands: %s", error)  # noqa: TRY400
        except Exception:
            log.exception("the engine's process could not be listened to")
        self._has_ended = True
        if process.returncode is None and not self._is_unwanted:
            await self._let_end(process)
        if not self._is_unwanted:
            # Its last words come by another pipe.
            await asyncio.wait(self._tasks[1:], timeout=_PIPES_S)
            how = _how_it_ended(process.returncode)
            log.error("the engine's process has ended (%s)\n%s", how, "\n".join(self._last_words))
            self._on_end(how)

    async def _let_end(self, process: asyncio.subprocess.Process) -> None:
        """What says nothing more is ending, or is of no use."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PIPES_S):
                await process.wait()
                return
        process.kill()
        await process.wait()

    async def _log(self, process: asyncio.subprocess.Process) -> None:
        """Its log goes into the bot's. What libraries print goes there at DEBUG, for it might be
        anything, and as its last words if it breaks."""
        assert process.stderr is not None  # noqa: S101 - a pipe
        rest = b""
        while piece := await process.stderr.read(_BUFFER):
            *lines, rest = (rest + piece).split(b"\n")
            rest = rest[:LONGEST_LINE]
            for line in lines:
                self._log_line(line)
        self._log_line(rest)

    def _log_line(self, line: bytes) -> None:
        text = line[:LONGEST_LINE].decode(errors="replace").rstrip()
        if not text:
            return
        try:
            level, name, said = json.loads(text)
            logging.getLogger(name).log(level, "%s", said)
        except (ValueError, TypeError):
            self._last_words.append(text[:_LONGEST_WORDS])
            log.debug("the engine's process: %s", text[:_LONGEST_WORDS])


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"

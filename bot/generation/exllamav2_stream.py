"""From the engine's thread to the event loop: one reply's way back."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from bot.errors import AirocordError
from bot.generation.engine import Finish, Piece

End = Finish | AirocordError


class Stream:
    """One reply, as the event loop reads it.

    Holds no more than the reply's own text: pieces that nobody has read yet are joined.
    """

    def __init__(self) -> None:
        self._text = ""
        self._end: End | None = None
        self._changed = asyncio.Event()

    def put(self, text: str, end: End | None) -> None:
        """On the event loop. Nothing is taken after an end."""
        if self._end is None:
            self._text += text
            self._end = end
            self._changed.set()

    async def next(self) -> Piece | Finish:
        """Wait for the next piece, or for the end after the last.

        Raises:
            AirocordError: the end that was put.
        """
        while True:
            if self._text:
                text, self._text = self._text, ""
                return Piece(text)
            if isinstance(self._end, Finish):
                return self._end
            if self._end is not None:
                raise self._end
            self._changed.clear()
            await self._changed.wait()


class Outbox:
    """Takes what the engine's thread has written to the loop: however much there is, it is woken
    once for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._waiting: list[tuple[Stream, str, End | None]] = []

    def put(self, stream: Stream, text: str, end: End | None = None) -> None:
        """From any thread."""
        with self._lock:
            self._waiting.append((stream, text, end))
            is_first = len(self._waiting) == 1
        if is_first:
            # The loop is closed when the program ends without waiting for the thread.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for stream, text, end in waiting:
            stream.put(text, end)

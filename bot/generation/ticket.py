"""A ticket: one request on its way through the queue, as the one who waits for it sees it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import partial

from bot.errors import Cancelled, GenerationError
from bot.generation.engine import Finish, SamplingParams
from bot.language import phrase
from bot.prompts import Prompt


class Priority(IntEnum):
    """Lower is served first."""

    INTERACTIVE = 0
    """A person is waiting."""
    BACKGROUND = 1
    """Nobody is: started only when no person waits, put back when one comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of the queue.

    A ``prompt`` that is a coroutine function is called when the request's turn has come, so that
    a conversation's prompt holds the replies that were written while it waited.
    """

    prompt: Prompt | Callable[[], Awaitable[Prompt]]
    params: SamplingParams
    person: int
    """Who waits for it: lanes are shared out evenly between persons."""
    guild: int | None = None
    priority: Priority = Priority.INTERACTIVE
    prepare: Callable[[Ticket], Awaitable[None]] | None = None
    """What has to be done before the request is put in line, in a task of the queue's that ends
    with the request. It may ask the queue for things in the background."""
    part_of: Ticket | None = None
    """For whose preparation it is asked: it was let in with that one, so neither a pause nor a
    full line nor a reload keeps it out."""
    id: str = field(default_factory=partial(secrets.token_hex, 4))
    """Short; told to people where something goes wrong, and stands in the log."""
    continues: bool = False
    """The prompt ends in the middle of a reply, so the space that may come first is part of it."""
    is_ahead: bool = False
    """Only to have the prompt in the engine's cache: nobody reads a reply, and it counts for none
    in what the queue tells of itself."""


class TicketState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (TicketState.DONE, TicketState.CANCELLED, TicketState.FAILED)


@dataclass(slots=True, eq=False)
class Ticket:
    """One request and what has become of it so far.

    Read :attr:`text` as often as you like: a reader who comes late sees the latest text, so a
    slow one never makes pieces pile up. :meth:`changed` says when looking again is worth it.
    """

    request: Request
    state: TicketState = TicketState.WAITING
    position: int | None = None
    """1 is next; ``None`` once it has left the waiting line."""
    estimate_s: float | None = None
    """Seconds until it starts, as far as past replies tell; ``None`` while nothing is known."""
    text: str = ""
    """The reply so far. Only ever grows, except that a request that is put back starts anew."""
    notice: str = ""
    """What its author has to be told of it, whatever the reply says; set while the prompt is
    built."""
    progress: str = ""
    """What is being done before it is put in line, for its author; empty: nothing."""
    finish: Finish | None = None
    error: GenerationError | None = None
    _version: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _on_cancel: Callable[[Ticket, GenerationError], None] | None = None
    context: Context = field(default_factory=copy_context)
    """In which it is served: that of whoever submitted it."""

    @property
    def id(self) -> str:
        """Of the request; stands in the log beside everything that happens to it."""
        return self.request.id

    @property
    def version(self) -> int:
        """Counts the changes of anything above."""
        return self._version

    async def changed(self, since: int) -> int:
        """Wait until :attr:`version` is not ``since`` any more and return it."""
        while self._version == since:
            await self._changed.wait()
        return self._version

    async def result(self) -> Finish:
        """Wait for the end.

        Raises:
            GenerationError: the reply did not end by itself; :attr:`text` holds what there is.
        """
        while not self.state.ended:
            await self.changed(self._version)
        if self.error is not None:
            raise self.error
        assert self.finish is not None  # noqa: S101 - DONE is only ever set together with it
        return self.finish

    async def whole(self) -> str:
        """Wait for the end, and return the reply. To cancel the wait cancels the request.

        Raises:
            GenerationError: the reply did not end by itself.
        """
        try:
            await self.result()
        finally:
            self.cancel()
        return self.text

    def cancel(self, reason: GenerationError | None = None) -> None:
        """End it in whatever state it is; once it has ended this does nothing."""
        if self._on_cancel is not None and not self.state.ended:
            self._on_cancel(self, reason or Cancelled(phrase("The reply was stopped.")))

    def tell(self, progress: str) -> None:
        """Set :attr:`progress`."""
        self.progress = progress
        self.touch()

    def touch(self) -> None:
        """Wake everybody in :meth:`changed`. For the queue only."""
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

"""A stage for replies: a loop whose clock only moves when nothing else can, and a Discord that
plays a script."""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import discord

from bot.errors import GenerationError
from bot.generation.engine import Finish, FinishReason, SamplingParams
from bot.generation.ticket import Request, Ticket, TicketState
from bot.prompts import Prompt
from bot.replies.live import Conclusion, LiveReply, Outcome
from bot.replies.outlets import TextFile
from bot.replies.pacing import Pacer

T = TypeVar("T")


class _Leaping(selectors.DefaultSelector):
    """Instead of waiting for a timer, lets the clock leap to it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("everybody waits for something that will never happen")
            self.now += timeout
        return events


class LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


def play(scene: Coroutine[Any, Any, T]) -> T:
    """Run a scene to its end, without waiting for its clock."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(scene)


async def passes(seconds: float) -> None:
    """Let time pass on the scene's clock; nobody waits for it."""
    await asyncio.sleep(seconds)


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Message:
    id: int
    text: str
    buttons: list[str]
    file: TextFile | None


@dataclass
class ScriptedDiscord:
    """Stands in for Discord's HTTP as an outlet: keeps messages, takes time, and fails as told.

    A fault set by :meth:`fail` is raised by the next calls of that kind; ``takes_s`` is how long
    each call takes.
    """

    takes_s: float = 0.05
    deadline_at: float | None = None
    language: str = "en"
    max_messages: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    """When each call began, what it was, and its text."""
    nonces: dict[str, int] = field(default_factory=dict)
    typed_at: list[float] = field(default_factory=list)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    is_applied: bool = False
    """Whether a call that fails has done its work all the same, as with a lost response."""
    watch: Callable[[], None] = lambda: None
    """Called after each change of a message."""
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(100))

    def fail(self, kind: str, *errors: Exception) -> None:
        self.faults.setdefault(kind, []).extend(errors)

    @property
    def deadline_s(self) -> float | None:
        return None if self.deadline_at is None else self.deadline_at - now()

    @property
    def text(self) -> str:
        """All that a reader sees, from top to bottom."""
        return "\n".join(message.text for message in self.messages.values())

    @property
    def last(self) -> Message:
        return list(self.messages.values())[-1]

    async def acknowledge(self) -> None:
        self.calls.append((now(), "acknowledge", ""))
        self._maybe_fail("acknowledge")

    async def typing(self) -> None:
        self.typed_at.append(now())
        self._maybe_fail("typing")

    async def send(
        self,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
        nonce: str | None = None,
    ) -> int:
        self.calls.append((now(), "send", text))
        await passes(self.takes_s)
        if nonce in self.nonces:
            self._maybe_fail("send")
            return self.nonces[nonce]
        if not self.is_applied:
            self._maybe_fail("send")
        message_id = next(self._ids)
        if nonce is not None:
            self.nonces[nonce] = message_id
        self.messages[message_id] = Message(message_id, text, labels(view), file)
        self.watch()
        self._maybe_fail("send")
        return message_id

    async def edit(
        self,
        message_id: int,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
    ) -> None:
        self.calls.append((now(), "edit", text))
        await passes(self.takes_s)
        if not self.is_applied:
            self._maybe_fail("edit")
        self.messages[message_id] = Message(message_id, text, labels(view), file)
        self.watch()
        self._maybe_fail("edit")

    async def delete(self, message_id: int) -> None:
        self.calls.append((now(), "delete", ""))
        self._maybe_fail("delete")
        del self.messages[message_id]

    def _maybe_fail(self, kind: str) -> None:
        if self.faults.get(kind):
            raise self.faults[kind].pop(0)

    def times_of(self, *kinds: str) -> list[float]:
        return [when for when, kind, _ in self.calls if kind in kinds]


def labels(view: discord.ui.View | None) -> list[str]:
    """The buttons that a message shows."""
    items = [getattr(item, "item", item) for item in view.children] if view else []
    return [item.label or "" for item in items if isinstance(item, discord.ui.Button)]


class Writer:
    """Moves a ticket as the queue would."""

    def __init__(self) -> None:
        self.ticket = Ticket(Request(prompt=Prompt(["?"]), params=SamplingParams(), person=1))
        self.ticket._on_cancel = self._cancelled

    def _cancelled(self, ticket: Ticket, reason: GenerationError) -> None:
        ticket.state, ticket.error, ticket.position = TicketState.CANCELLED, reason, None
        ticket.touch()

    def waits(self, position: int | None, estimate_s: float | None = None) -> None:
        self.ticket.state, self.ticket.text = TicketState.WAITING, ""
        self.ticket.position, self.ticket.estimate_s = position, estimate_s
        self.ticket.touch()

    def runs(self) -> None:
        self.ticket.state, self.ticket.position = TicketState.RUNNING, None
        self.ticket.touch()

    def writes(self, text: str) -> None:
        if self.ticket.state is not TicketState.RUNNING:
            self.runs()
        self.ticket.text += text
        self.ticket.touch()

    def ends(self, reason: FinishReason = FinishReason.STOP) -> None:
        self.ticket.state = TicketState.DONE
        self.ticket.finish = Finish(
            reason=reason, prompt_tokens=1, cached_tokens=0, new_tokens=len(self.ticket.text)
        )
        self.ticket.touch()

    def fails(self, error: GenerationError) -> None:
        self.ticket.state, self.ticket.error = TicketState.FAILED, error
        self.ticket.touch()


def _button(label: str) -> discord.ui.View:
    return discord.ui.View(timeout=None).add_item(discord.ui.Button(label=label))


def _finished(can_continue: bool) -> discord.ui.View:
    view = _button("Regenerate")
    return view.add_item(discord.ui.Button(label="Continue")) if can_continue else view


@dataclass
class Stage:
    """One reply being written, and what it told the database."""

    discord: ScriptedDiscord = field(default_factory=ScriptedDiscord)
    writer: Writer = field(default_factory=Writer)
    pacer: Pacer = field(default_factory=Pacer)
    max_messages: int = 4
    prefix: str = ""
    conclude: Callable[[str], Awaitable[Conclusion]] | None = None
    saved: list[str] = field(default_factory=list)
    noted: list[tuple[int, int]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.live = LiveReply(
            self.writer.ticket,
            self.discord,
            self.pacer,
            running=lambda: _button("Stop"),
            finished=_finished,
            on_shown=self._on_shown,
            on_message=self._on_message,
            on_removed=self._on_removed,
            conclude=self.conclude,
            max_messages=self.max_messages,
            prefix=self.prefix,
        )
        self.task = asyncio.create_task(self.live.run())

    async def _on_shown(self, text: str) -> None:
        self.saved.append(text)

    async def _on_message(self, message_id: int, part: int) -> None:
        self.noted.append((message_id, part))

    async def _on_removed(self, message_id: int) -> None:
        self.removed.append(message_id)

    async def until_over(self) -> Outcome:
        async with asyncio.timeout(600):
            outcome = await self.task
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left behind"
        return outcome

"""The single queue before the engine: everything the model writes goes through here.

The queue hands the engine as many requests as it has lanes. Who comes next is decided by
:class:`~bot.generation.line.WaitingLine`; this module runs the lanes and guards them: limits on
waiting and running, cancelling in every state, recovery after a fault, a drain at the end.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from bot.errors import (
    AirocordError,
    Cancelled,
    EngineFailed,
    EngineSick,
    GenerationError,
    PromptFailed,
    RunTimedOut,
    ShuttingDown,
    StartTimedOut,
)
from bot.generation.accounts import Accounts
from bot.generation.admission import Admission
from bot.generation.engine import Engine, Finish, FinishReason, Piece
from bot.generation.figures import Health, QueueLimits, QueueStatus
from bot.generation.grammar import grammar_of
from bot.generation.keeper import EngineKeeper
from bot.generation.line import WaitingLine
from bot.generation.stops import StopFilter
from bot.generation.ticket import Priority, Request, Ticket, TicketState
from bot.language import phrase
from bot.prompts import Prompt

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_REFRESH_S = 0.5
"""Shortest time between two recounts of everybody's position: with a long line each recount
wakes many readers, and no reader shows a change sooner than this anyway."""


class GenerationQueue:
    """Takes requests, gives tickets. All methods are called on the event loop."""

    def __init__(self, engine: Engine, limits: QueueLimits | None = None) -> None:
        self.engine = engine
        self.limits = limits or QueueLimits()
        self.accounts = Accounts()
        self._line = WaitingLine()
        self._lanes: dict[Ticket, asyncio.Task[None]] = {}
        self._leaving: set[Ticket] = set()
        self._submitted_at: dict[Ticket, float] = {}
        self._start_timers: dict[Ticket, asyncio.TimerHandle] = {}
        self._admission = Admission(self.limits)
        self._preparing: dict[Ticket, asyncio.Task[None]] = {}
        self.keeper = EngineKeeper(
            engine,
            recover_s=self.limits.recover_s,
            retry_s=self.limits.sick_retry_s,
            on_ready=self._pump,
            on_sick=self._fall_sick,
        )
        self._refresh: asyncio.TimerHandle | None = None
        self._refreshed_at = -math.inf
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def status(self) -> QueueStatus:
        ready = self.keeper.health not in (Health.LOADING, Health.CLOSED)
        return QueueStatus(
            health=self.keeper.health,
            loaded=self.keeper.loaded,
            is_paused=self.keeper.is_paused,
            waiting=len(self._line),
            running=len(self._lanes),
            lanes=self.engine.lanes if ready else 0,
            tokens_per_s=self.accounts.tokens_per_s,
            counters=replace(self.accounts.counters),
        )

    async def load(self) -> None:
        """Load the engine and open the queue.

        Raises:
            ModelError, EngineUnavailable: as :meth:`Engine.load` raises them.
            ShuttingDown: it is not wanted any more.
        """
        await self.keeper.load()

    async def reload(self) -> None:
        """Unload the engine and load it anew. What runs ends with a sentence, or is put back where
        nobody sees it; what waits waits.

        Raises:
            EngineLoading, ShuttingDown: not now.
            ModelError, EngineUnavailable: it cannot be loaded; no requests are taken until
                another reload succeeds.
        """
        await self.keeper.reload(self._end_lanes)

    def submit(self, request: Request) -> Ticket:
        """Put a request in line.

        Raises:
            EngineLoading, EngineSick, EnginePaused, ShuttingDown: nothing is taken at present.
            QueueFull: a limit is reached; nothing was queued.
            TooFrequent: a rate is.
        """
        if request.part_of is None:
            self.ensure_open_for(request.person, request.guild, request.priority)
        else:
            self._ensure_goes_on()
        ticket = Ticket(request=request, _on_cancel=self._cancel)
        if not request.is_ahead:
            self.accounts.counters.submitted += 1
        self._admission.enter(request)
        self._idle.clear()
        if request.prepare is None:
            self._stand_in_line(ticket)
        else:
            task = asyncio.create_task(
                self._prepare(ticket, request.prepare), name=f"preparing {ticket.id}"
            )
            self._preparing[ticket] = task
            task.add_done_callback(lambda _: self._prepared(ticket))
        return ticket

    async def drain(self, grace_s: float) -> None:
        """Take nothing new, tell those who wait, let running replies finish for ``grace_s``
        seconds, then end them and free the engine. Call it once."""
        self.keeper.close()
        closing = ShuttingDown(phrase("The bot is restarting. Please ask again in a minute."))
        preparing = dict(self._preparing)
        for ticket in (*preparing, *self._line.in_order()):
            self._cancel(ticket, closing)
        await asyncio.gather(*preparing.values(), return_exceptions=True)
        for ticket in list(self._lanes):
            if ticket.request.priority is Priority.BACKGROUND:
                self._cancel(ticket, closing)
        if self._lanes:
            await asyncio.wait(self._lanes.values(), timeout=grace_s)
        for ticket in list(self._lanes):
            self._cancel(ticket, closing)
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)
        if self._refresh is not None:
            self._refresh.cancel()
        await self.keeper.free()

    async def idle(self) -> None:
        """Wait until nothing waits and nothing runs."""
        await self._idle.wait()

    # -- what may come in ----------------------------------------------------------------

    def ensure_open(self) -> None:
        """Pass if requests are taken.

        Raises:
            EngineLoading, EngineSick, EnginePaused, ShuttingDown: with the sentence for those
                who ask.
        """
        self.keeper.ensure_open()

    def ensure_open_for(
        self, person: int, guild: int | None, priority: Priority = Priority.INTERACTIVE
    ) -> None:
        """Pass if a request of ``person`` would be taken now. It holds no place for them.

        Raises:
            EngineLoading, EngineSick, EnginePaused, ShuttingDown: nothing is taken at present.
            QueueFull: a limit is reached.
            TooFrequent: a rate is.
        """
        try:
            self.ensure_open()
            self._admission.check(person, guild, len(self._line) + len(self._preparing), priority)
        except GenerationError as error:
            self.accounts.refused(error)
            raise

    def _ensure_goes_on(self) -> None:
        """Pass if what was let in is still served.

        Raises:
            EngineSick, ShuttingDown: it is not.
        """
        try:
            self.keeper.ensure_goes_on()
        except GenerationError as error:
            self.accounts.refused(error)
            raise

    def _stand_in_line(self, ticket: Ticket) -> None:
        self._submitted_at[ticket] = time.monotonic()
        self._limit_start(ticket)
        ticket.position = self._line.add(ticket)
        ticket.estimate_s = self._estimate(ticket.position)
        self._pump()

    # -- what is done before that --------------------------------------------------------

    async def _prepare(self, ticket: Ticket, prepare: Callable[[Ticket], Awaitable[None]]) -> None:
        try:
            await _unless_cancelled(prepare(ticket))
        except AirocordError as error:
            self._refuse(ticket, error)
        except Exception:
            log.exception("ticket %s could not be prepared", ticket.id)
            self._end(ticket, error=PromptFailed(_our_fault(ticket)))

    def _prepared(self, ticket: Ticket) -> None:
        del self._preparing[ticket]
        if ticket.state.ended:
            self._pump()
            return
        ticket.progress = ""
        self._stand_in_line(ticket)
        ticket.touch()

    # -- lanes ---------------------------------------------------------------------------

    def _pump(self) -> None:
        """Fill free lanes and bring positions up to date. Called after every change."""
        if self.keeper.health is Health.READY:
            while len(self._lanes) < self.engine.lanes and (ticket := self._line.take()):
                self._start(ticket)
            self._make_room()
        if not self._lanes and not self._line and not self._preparing:
            self._idle.set()
        self._schedule_refresh()

    def _make_room(self) -> None:
        """Put background work back so that no person waits for it."""
        freeing = len(self._leaving)
        for ticket in list(self._lanes):
            if freeing >= self._line.count(Priority.INTERACTIVE):
                return
            if ticket.request.priority is Priority.BACKGROUND and ticket not in self._leaving:
                self._leave(ticket)
                freeing += 1

    def _leave(self, ticket: Ticket) -> None:
        # Once only: a second cancel would interrupt the engine while it frees the lane.
        if ticket in self._lanes and ticket not in self._leaving:
            self._leaving.add(ticket)
            self._lanes[ticket].cancel()

    def _start(self, ticket: Ticket) -> None:
        if timer := self._start_timers.pop(ticket, None):
            timer.cancel()
        ticket.state, ticket.position, ticket.estimate_s = TicketState.RUNNING, None, None
        ticket.touch()
        lane = asyncio.create_task(
            self._run(ticket), name=f"lane {ticket.id}", context=ticket.context
        )
        self._lanes[ticket] = lane
        # Not in a finally of _run: a task that is cancelled before its first step never gets there.
        lane.add_done_callback(lambda _: self._vacate(ticket))

    def _vacate(self, ticket: Ticket) -> None:
        del self._lanes[ticket]
        self._leaving.discard(ticket)
        if not ticket.state.ended:
            self._put_back(ticket)
        self._pump()

    async def _run(self, ticket: Ticket) -> None:
        """One request's time in a lane. It ends the ticket, unless it is cancelled."""
        queue_s = time.monotonic() - self._submitted_at[ticket]
        epoch = self.keeper.epoch
        try:
            async with asyncio.timeout(self.limits.run_s):
                finish = await _unless_cancelled(self._generate(ticket))
        except TimeoutError:
            sentence = phrase(
                "The reply took too long (id {id}). Please ask for a shorter one.", id=ticket.id
            )
            self._end(ticket, error=RunTimedOut(sentence))
        except AirocordError as error:
            self._refuse(ticket, error)
            if isinstance(error, EngineFailed | RunTimedOut):
                log.warning("ticket %s: %s", ticket.id, error)
                self.keeper.failed(epoch)
        except Exception:
            log.exception("ticket %s: the engine failed", ticket.id)
            sentence = phrase(
                "The model stumbled over this reply (id {id}). Please try again.", id=ticket.id
            )
            self._end(ticket, error=EngineFailed(sentence))
            self.keeper.failed(epoch)
        else:
            self.keeper.succeeded()
            self._end(ticket, finish=replace(finish, queue_s=queue_s))

    async def _generate(self, ticket: Ticket) -> Finish:
        params = ticket.request.params
        prompt = await self._prompt_of(ticket)
        async with asyncio.timeout(self.limits.stall_s):
            ids = await asyncio.to_thread(self._encode, prompt, ticket)
        stops = StopFilter(params.stop, begun=ticket.request.continues)
        pieces = 0
        async with aclosing(self.engine.generate(ids, params)) as stream:
            while True:
                event = await self._next_event(stream, ticket)
                if isinstance(event, Finish):
                    self._show(ticket, stops.flush())
                    return event
                if stops.stopped:
                    # The engine went on past a stop string that it should have known.
                    return Finish(
                        reason=FinishReason.STOP,
                        prompt_tokens=len(ids),
                        cached_tokens=0,
                        new_tokens=pieces,
                    )
                pieces += 1
                self._show(ticket, stops.feed(event.text))

    async def _prompt_of(self, ticket: Ticket) -> Prompt:
        prompt = ticket.request.prompt
        if isinstance(prompt, Prompt):
            return prompt
        try:
            async with asyncio.timeout(self.limits.stall_s):
                return await _unless_cancelled(prompt())
        except AirocordError:
            raise
        except Exception as error:
            log.exception("ticket %s: its prompt could not be built", ticket.id)
            raise PromptFailed(_our_fault(ticket)) from error

    def _encode(self, prompt: Prompt, ticket: Ticket) -> list[int]:
        """In a thread. The same constraints are refused on every engine, before it is asked.

        Raises:
            PromptFailed: the constraint is none that can be held.
            AirocordError: as the engine raises it.
        """
        constraint = ticket.request.params.constraint
        if constraint is not None:
            try:
                grammar_of(constraint)
            except (ValueError, RecursionError) as error:
                log.exception("ticket %s: its constraint cannot be held", ticket.id)
                raise PromptFailed(_our_fault(ticket)) from error
        return self.engine.encode(prompt)

    async def _next_event(
        self, stream: AsyncGenerator[Piece | Finish, None], ticket: Ticket
    ) -> Piece | Finish:
        try:
            async with asyncio.timeout(self.limits.stall_s):
                return await anext(stream)
        except TimeoutError as error:
            raise RunTimedOut(
                phrase(
                    "The model has been silent for too long (id {id}). Please try again.",
                    id=ticket.id,
                )
            ) from error
        except StopAsyncIteration as error:
            raise EngineFailed(
                phrase("The model broke off this reply (id {id}). Please try again.", id=ticket.id)
            ) from error

    @staticmethod
    def _show(ticket: Ticket, text: str) -> None:
        if text and not ticket.state.ended:
            ticket.text += text
            ticket.touch()

    # -- ends ----------------------------------------------------------------------------

    def _cancel(self, ticket: Ticket, reason: GenerationError) -> None:
        """The ticket ends at once; a lane it held is free when the engine has let go of it."""
        waiting = self._line.remove(ticket)
        self._end(ticket, error=reason)
        self._leave(ticket)
        if ticket in self._preparing:
            self._preparing[ticket].cancel()
        if waiting:
            self._pump()

    def _limit_start(self, ticket: Ticket) -> None:
        loop = asyncio.get_running_loop()
        self._start_timers[ticket] = loop.call_later(self.limits.start_s, self._expire, ticket)

    def _expire(self, ticket: Ticket) -> None:
        sentence = phrase(
            "The line is too long at present and your turn did not come. Please try later."
        )
        self._cancel(ticket, StartTimedOut(sentence))

    def _end(
        self, ticket: Ticket, *, finish: Finish | None = None, error: GenerationError | None = None
    ) -> None:
        if ticket.state.ended:
            return
        if timer := self._start_timers.pop(ticket, None):
            timer.cancel()
        self._submitted_at.pop(ticket, None)
        self._admission.leave(ticket.request)
        ticket.position = ticket.estimate_s = None
        ticket.finish, ticket.error = finish, error
        if finish is not None:
            ticket.state = TicketState.DONE
        elif isinstance(error, Cancelled):
            ticket.state = TicketState.CANCELLED
        elif error is not None:
            ticket.state = TicketState.FAILED
        if not ticket.request.is_ahead:
            self.accounts.ended(finish, error)
        ticket.touch()

    def _refuse(self, ticket: Ticket, error: AirocordError) -> None:
        """End it with the sentence of ``error``. A model or an engine that does not suit this one
        request is not broken."""
        if not isinstance(error, GenerationError):
            log.warning("ticket %s: %s", ticket.id, error)
            error = PromptFailed(*error.args)
        self._end(ticket, error=error)

    def _put_back(self, ticket: Ticket) -> None:
        ticket.state, ticket.text = TicketState.WAITING, ""
        self.accounts.counters.put_back += 1
        self._line.put_back(ticket)
        self._limit_start(ticket)
        ticket.touch()

    # -- faults --------------------------------------------------------------------------

    def _fall_sick(self) -> None:
        # Those that leave a lane would be put back in line.
        for ticket in (*self._preparing, *self._leaving, *self._line.in_order()):
            self._cancel(
                ticket, EngineSick(phrase("The model keeps failing. Please try again later."))
            )

    async def _end_lanes(self) -> None:
        reloading = EngineFailed(
            phrase("The model is being loaded anew. Please ask again in a minute.")
        )
        for ticket in list(self._lanes):
            if ticket.request.priority is Priority.BACKGROUND:
                self._leave(ticket)
            else:
                self._cancel(ticket, reloading)
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    # -- positions -----------------------------------------------------------------------

    def _estimate(self, position: int) -> float | None:
        if self.accounts.run_s is None:
            return None
        return position * self.accounts.run_s / self.engine.lanes

    def _schedule_refresh(self) -> None:
        if self._line and self._refresh is None:
            wait = self._refreshed_at + _REFRESH_S - time.monotonic()
            loop = asyncio.get_running_loop()
            self._refresh = loop.call_later(max(0.0, wait), self._refresh_positions)

    def _refresh_positions(self) -> None:
        self._refresh = None
        self._refreshed_at = time.monotonic()
        for position, ticket in enumerate(self._line.in_order(), start=1):
            if ticket.position != position:
                ticket.position, ticket.estimate_s = position, self._estimate(position)
                ticket.touch()


async def _unless_cancelled(work: Awaitable[Result]) -> Result:
    """Its result. A cancellation is let through only where this task is wanted to end.

    Raises:
        RuntimeError: something that ``work`` waited for was cancelled by somebody else.
    """
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("what it waited for was cancelled") from error


def _our_fault(ticket: Ticket) -> str:
    return phrase("Something went wrong on our side (id {id}). Please try again.", id=ticket.id)

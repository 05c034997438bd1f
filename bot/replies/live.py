"""A live reply: one object that owes a person everything between their question and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

import discord

from bot.errors import Cancelled, GenerationError, ShuttingDown
from bot.generation.engine import Finish
from bot.generation.ticket import Ticket, TicketState
from bot.language import phrase
from bot.replies import pages
from bot.replies.appearance import Appearance, Conclusion, End
from bot.replies.faults import (
    FileRefused,
    MessageGone,
    NotPermitted,
    OutletError,
    Rejected,
    Transient,
)
from bot.replies.messages import Messages
from bot.replies.outlets import Outlet
from bot.replies.pacing import Pacer, Rank
from bot.replies.pages import Controls, Page, Shape
from bot.replies.splitting import display

__all__ = ["Conclusion", "End", "LiveReply", "Outcome"]

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 15.0
"""The longest wait for a change before looking again."""
TYPING_EVERY_S = 8.0
"""Discord shows "typing…" for ten seconds."""
_CROWDED_S = 1.0
"""So long until "typing…" is tried again where messages took all the room."""
FINAL_LIMIT_S = 60.0
"""So long the end of a reply is tried without any success."""
LAST_RESORT_LIMIT_S = 20.0
"""So long a new message is tried after that."""
LONGEST_PAUSE_S = 8.0
"""Between two tries, unless Discord names a time."""
CALLBACK_LIMIT_S = 5.0
"""So long the database may hold up a reply."""
LEAVING_LIMIT_S = 5.0
"""So long a shutdown waits for the last text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a reply."""

    text: str
    """All that the model wrote, or what was concluded from it."""
    end: End
    finish: Finish | None
    error: GenerationError | None
    message_ids: tuple[int, ...]
    """Its messages on Discord, in reading order."""
    is_delivered: bool
    """Whether all of it stands there."""


class LiveReply:
    """Shows one ticket's reply in one outlet, from the place in line to the controls under its
    end. :meth:`run` it once.

    Args:
        running: makes the controls under a reply that waits or is being written.
        finished: makes those under one that has ended; is told whether it can be continued.
        on_shown: gets the model's whole text whenever more of it is shown, before Discord does,
            so that a process that is killed has saved all that it has shown.
        on_message: gets the id of each new message and its index in the reply.
        on_removed: gets the id of a message before the reply itself deletes it, which happens
            when Discord takes no more edits of it, or when the reply starts anew and is shorter.
        conclude: gets the model's whole text when it has ended, if there is any, and returns what
            is to be shown of it in the end.
        max_messages: a reply that needs more becomes a file.
        prefix: shown, as it is, before the model's text.

    The callbacks can neither hold up nor break the reply: it goes on after five seconds or an
    exception, which is logged. Those that take longer are let end behind it.
    """

    def __init__(
        self,
        ticket: Ticket,
        outlet: Outlet,
        pacer: Pacer,
        *,
        running: Callable[[], discord.ui.View],
        finished: Callable[[bool], discord.ui.View],
        on_shown: Callable[[str], Coroutine[Any, Any, None]],
        on_message: Callable[[int, int], Coroutine[Any, Any, None]],
        on_removed: Callable[[int], Coroutine[Any, Any, None]],
        conclude: Callable[[str], Awaitable[Conclusion]] | None = None,
        max_messages: int = 4,
        prefix: str = "",
    ) -> None:
        self._ticket = ticket
        self._outlet = outlet
        self._pacer = pacer
        self._running = running
        self._finished = finished
        self._on_shown = on_shown
        self._conclude = conclude
        self._look = Appearance(
            ticket,
            prefix=prefix,
            shape=Shape(
                min(max_messages, outlet.max_messages or max_messages), language=outlet.language
            ),
        )
        self._messages = Messages(
            outlet,
            self._view,
            on_message=lambda message_id, part: self._call(on_message(message_id, part)),
            on_removed=lambda message_id: self._call(on_removed(message_id)),
        )
        self._saved = ""
        self._is_delivered = False
        self._writer: asyncio.Task[None] | None = None
        self._storing: set[asyncio.Task[None]] = set()
        """Callbacks that are under way."""

    async def run(self) -> Outcome:
        """Write the reply and return when it has ended, one way or the other.

        If the task is cancelled the text so far is left on Discord, saying that it was
        interrupted, which takes five seconds at most; then ``CancelledError`` goes on.
        """
        if self._look.verdict is None:
            self._writer = asyncio.create_task(self._write())
            typist = asyncio.create_task(self._keep_typing())
            try:
                await asyncio.wait((self._writer,))
            except asyncio.CancelledError:
                await _stop(self._writer, typist)
                await self._leave()
                raise
            finally:
                await _stop(self._writer, typist)
                self._ticket.cancel()  # nobody reads it any more
                await self._stored()
        return Outcome(
            text=self._look.text,
            end=self._look.ending()[0],
            finish=self._ticket.finish,
            error=self._ticket.error,
            message_ids=self._messages.ids,
            is_delivered=self._is_delivered,
        )

    def deleted(self, message_id: int) -> None:
        """A message of this reply, or the one that it answers, was deleted: end it and write
        nothing more. Messages that the reply itself deleted do not count."""
        if not self._messages.has_removed(message_id):
            self.withdraw()

    def withdraw(self) -> None:
        """End it as if it had been deleted, and write nothing more."""
        self._end_as(End.DELETED, phrase("The message was deleted."))
        if self._writer is not None:
            self._writer.cancel()

    def _end_as(self, end: End, note: str) -> None:
        self._look.verdict = (end, note)
        self._ticket.cancel(Cancelled(note))

    def _pages(self) -> list[Page]:
        return self._look.pages(is_silence_allowed=not self._messages.ids)

    def _view(self, page: Page) -> discord.ui.View | None:
        if page.controls is Controls.NONE:
            return None
        if page.controls is Controls.RUNNING:
            return self._running()
        view = self._finished(page.controls is Controls.CONTINUABLE)
        for button in self._look.conclusion.buttons() if self._look.conclusion else ():
            view.add_item(button)
        return view

    async def _write(self) -> None:
        try:
            try:
                with contextlib.suppress(Transient, Rejected):
                    await self._outlet.acknowledge()
                await self._follow()
                await self._end_well()
                self._is_delivered = await self._finish()
            except OutletError:
                raise
            except Exception:
                log.exception("reply %s broke", self._ticket.id)
                self._end_as(End.FAILED, pages.fault_sentence(self._ticket.id))
                self._is_delivered = await self._finish()
        except MessageGone:
            self._end_as(End.DELETED, phrase("The message was deleted."))
        except NotPermitted as error:
            log.info("reply %s may not be written: %s", self._ticket.id, error)
            self._end_as(End.NO_PERMISSION, phrase("I may not write in this channel."))
        except Exception:
            log.exception("reply %s could not be ended", self._ticket.id)

    async def _follow(self) -> None:
        """Show what there is until the ticket has ended."""
        ticket = self._ticket
        failures = 0
        while not ticket.state.ended:
            version = ticket.version
            deadline_s = self._outlet.deadline_s
            if deadline_s is not None and deadline_s <= 0:
                self._end_as(End.STOPPED, pages.NO_TIME_LEFT)
                return
            desired = self._pages()
            if self._messages.difference(desired) is None:
                limits = [LOOK_AGAIN_S, deadline_s, None if desired else self._look.silence_s()]
                limit_s = max(0.0, min(limit for limit in limits if limit is not None))
                await self._change(version, limit_s)
                continue
            try:
                if not self._messages.ids and self._rank() is Rank.STATUS:
                    # The acknowledgement that is owed within a second waits for nobody's edits.
                    await self._step()
                else:
                    async with self._pacer.turn(self._rank):
                        await self._step()
                failures = 0
            except (Transient, Rejected) as error:
                log.info("reply %s: an update was lost: %s", ticket.id, error)
                await _pause(failures, error)
                failures += 1

    async def _end_well(self) -> None:
        text = self._ticket.text
        if self._conclude is None or not display(text):
            return
        try:
            async with asyncio.timeout(CALLBACK_LIMIT_S):
                self._look.conclusion = await self._conclude(text)
        except Exception:
            log.exception("reply %s is shown without its conclusion", self._ticket.id)

    async def _finish(self) -> bool:
        """Show the end, however often it takes; ``False`` when even that was in vain."""
        now = asyncio.get_running_loop().time
        give_up_at = now() + FINAL_LIMIT_S
        is_last_resort = False
        failures = 0
        while (behind := self._messages.difference(self._pages())) is not None:
            try:
                async with self._pacer.turn(lambda: Rank.FINAL):
                    await self._step()
                failures = 0
                give_up_at = max(give_up_at, now() + LAST_RESORT_LIMIT_S)
            except (Transient, Rejected) as error:
                log.warning("reply %s: its end was not taken: %s", self._ticket.id, error)
                is_hopeless = isinstance(error, Rejected)
                if not is_hopeless and now() < give_up_at:
                    await _pause(failures, error)
                    failures += 1
                    continue
                if is_last_resort:
                    return False
                is_last_resort = True
                give_up_at = now() + LAST_RESORT_LIMIT_S
                self._look.is_only_file = is_hopeless
                self._messages.give_up_from(0 if is_hopeless else behind)
        await self._messages.delete_replaced()
        return True

    async def _step(self) -> None:
        """One call to Discord, with the text as it is at this moment."""
        desired = self._pages()
        text = self._ticket.text
        if text != self._saved:
            await self._call(self._on_shown(text))
            self._saved = text
        try:
            await self._messages.approach(desired)
        except (NotPermitted, FileRefused):
            if desired[-1].file is None or not self._look.shape.may_attach:
                raise
            self._look.shape = replace(self._look.shape, may_attach=False)

    async def _call(self, callback: Coroutine[Any, Any, None]) -> None:
        """Have something stored. It is not broken off where it takes long, or where nobody waits
        for it any more: the next one is not stored before it either."""
        task = asyncio.create_task(callback, name=f"store of reply {self._ticket.id}")
        self._storing.add(task)
        task.add_done_callback(self._was_stored)
        done, _ = await asyncio.wait({task}, timeout=CALLBACK_LIMIT_S)
        if not done:
            log.warning("reply %s goes on, but something of it is not stored yet", self._ticket.id)

    def _was_stored(self, task: asyncio.Task[None]) -> None:
        self._storing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "reply %s goes on, but something of it was not stored",
                self._ticket.id,
                exc_info=error,
            )

    async def _stored(self) -> None:
        """Wait for what is still being stored, for some seconds; then it is given up."""
        if self._storing:
            _, late = await asyncio.wait(self._storing, timeout=CALLBACK_LIMIT_S)
            await _stop(*late)

    def _rank(self) -> Rank:
        if self._ticket.state.ended:
            return Rank.FINAL
        return Rank.TEXT if display(self._ticket.text) else Rank.STATUS

    async def _change(self, version: int, limit_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._ticket.changed(version)

    async def _keep_typing(self) -> None:
        """Show "typing…" while the model runs; whether that works is of no account."""
        now = asyncio.get_running_loop().time
        while True:
            if self._ticket.state is not TicketState.RUNNING:
                await self._change(self._ticket.version, LOOK_AGAIN_S)
                continue
            if not self._pacer.traffic.spares(now()):
                await asyncio.sleep(_CROWDED_S)
                continue
            with contextlib.suppress(OutletError):
                await self._outlet.typing()
            await asyncio.sleep(TYPING_EVERY_S)

    async def _leave(self) -> None:
        """The last attempt of a process that is going down."""
        if self._is_delivered or self._look.ending()[0] in (End.DELETED, End.NO_PERMISSION):
            return
        if not self._ticket.state.ended:
            self._look.verdict = (End.FAILED, pages.INTERRUPTED)
            self._ticket.cancel(ShuttingDown(pages.INTERRUPTED))
        try:
            async with asyncio.timeout(LEAVING_LIMIT_S):
                while self._messages.difference(self._pages()) is not None:
                    await self._step()
        except (OutletError, TimeoutError) as error:
            log.warning("reply %s was left unfinished: %r", self._ticket.id, error)


async def _pause(failures: int, error: OutletError) -> None:
    pause_s = min(2.0**failures, LONGEST_PAUSE_S)
    if isinstance(error, Transient):
        pause_s = max(pause_s, min(error.retry_after_s, LAST_RESORT_LIMIT_S))
    await asyncio.sleep(pause_s)


async def _stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

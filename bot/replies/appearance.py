"""What one reply should look like now: its ticket's state as pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import discord

from bot.errors import Cancelled
from bot.generation.engine import FinishReason
from bot.generation.ticket import Ticket, TicketState
from bot.language import joined, spoken
from bot.replies import pages
from bot.replies.pages import Controls, Page, Shape
from bot.replies.splitting import display

QUEUE_LINE_AFTER_S = 0.7
"""A reply that starts sooner shows no place in line."""
READING_LINE_AFTER_S = 3.0
"""So long nothing but "typing…" is shown while the prompt is read; then a line with Stop."""


class End(StrEnum):
    """How a reply ended."""

    COMPLETE = "complete"
    LENGTH = "length"
    """It may be continued."""
    STOPPED = "stopped"
    FAILED = "failed"
    DELETED = "deleted"
    """The question or a message of the reply was deleted."""
    NO_PERMISSION = "no permission"
    """The bot may not write in the channel (any more)."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What stands there in the end in place of the model's text."""

    text: str
    footer: str = ""
    """Lines under it in small print, without its mark."""
    buttons: Callable[[], Sequence[discord.ui.Item[discord.ui.View | discord.ui.LayoutView]]] = (
        tuple
    )
    """Made anew for each message; beside the controls under the reply."""


class Appearance:
    """Reads the ticket each time it is asked, so that what is shown is never older than that.

    Made when the wait begins; times are the event loop's.
    """

    def __init__(self, ticket: Ticket, *, prefix: str, shape: Shape) -> None:
        self._ticket = ticket
        self._prefix = prefix
        self._line: tuple[int | None, str] | None = None
        self._cut: tuple[str, list[Page]] = ("", [])
        self._silent_since = asyncio.get_running_loop().time()
        self._was_waiting = True
        self.shape = shape
        self.verdict: tuple[End, str] | None = None
        """An end that is not the ticket's own, and the note that goes below the text."""
        self.conclusion: Conclusion | None = None
        self.is_only_file = False
        """Discord does not take the end as messages."""

    @property
    def text(self) -> str:
        """The reply itself."""
        return self.conclusion.text if self.conclusion is not None else self._ticket.text

    def pages(self, *, is_silence_allowed: bool) -> list[Page]:
        """The messages as they should be now; none while it is too early for any and
        nothing need stand there."""
        ticket = self._ticket
        if ticket.state.ended or self.verdict is not None:
            return self._final_pages()
        if display(ticket.text):
            return self._running_pages()
        if is_silence_allowed and self.silence_s() > 0:
            return []
        if ticket.state is TicketState.RUNNING:
            return pages.status_page(pages.FIRST_WORDS_SOON, self.shape.language)
        if ticket.progress:
            return pages.status_page(ticket.progress, self.shape.language)
        if self._line is None or self._line[0] != ticket.position:
            # Not at every new estimate: the edits are better spent on somebody's text.
            self._line = (ticket.position, pages.queue_line(ticket.position, ticket.estimate_s))
        return pages.status_page(self._line[1], self.shape.language)

    def silence_s(self) -> float:
        """Seconds until a reply that has no text yet shows a line of ours."""
        now = asyncio.get_running_loop().time()
        is_waiting = self._ticket.state is TicketState.WAITING
        if is_waiting != self._was_waiting:
            self._silent_since, self._was_waiting = now, is_waiting
        limit_s = QUEUE_LINE_AFTER_S if is_waiting else READING_LINE_AFTER_S
        return self._silent_since + limit_s - now

    def ending(self) -> tuple[End, str]:
        """How the reply ended, and the note that goes below its text."""
        ticket = self._ticket
        if self.verdict is not None:
            return self.verdict
        if ticket.error is not None:
            is_stopped = isinstance(ticket.error, Cancelled)
            return End.STOPPED if is_stopped else End.FAILED, str(ticket.error)
        if ticket.finish is not None and ticket.finish.reason is FinishReason.LENGTH:
            return End.LENGTH, pages.TOO_LONG
        return End.COMPLETE, ""

    def _running_pages(self) -> list[Page]:
        text = self.shape.head(self._whole())
        if text != self._cut[0]:
            self._cut = (text, pages.running_pages(text, self.shape))
        return self._cut[1]

    def _whole(self) -> str:
        """The model's text with everything that stands above it."""
        notice = spoken(pages.small_print(self._ticket.notice), self.shape.language)
        notice = f"{notice}\n" if notice else ""
        return self._prefix + notice + self.text

    def _final_pages(self) -> list[Page]:
        end, note = self.ending()
        text = self._whole() if display(self.text) else ""
        if self.conclusion is not None and self.conclusion.footer:
            note = joined(filter(None, [self.conclusion.footer, note]))
        can_continue = end is not End.COMPLETE and text != ""
        controls = Controls.CONTINUABLE if can_continue else Controls.FINISHED
        if self.is_only_file and text:
            return pages.file_page(text, controls, self.shape.language)
        return pages.finished_pages(text, note, self.shape, controls)

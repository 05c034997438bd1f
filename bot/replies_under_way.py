"""The replies that are being written: what is shown is kept, and their ends are stored."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot.answering import Approach
from bot.errors import Cancelled
from bot.generation.engine import Finish
from bot.generation.ticket import Ticket
from bot.language import phrase
from bot.replies.controls import view_finished, view_running, view_unkept
from bot.replies.faults import OutletError
from bot.replies.live import Conclusion, End, LiveReply, Outcome
from bot.replies.outlets import Outlet
from bot.replies.pacing import Pacers
from bot.replies.saying import persistently
from bot.replies.splitting import display
from bot.storage import ChannelRef, Conversations, PersonalData, TurnState

log = logging.getLogger(__name__)

_PAUSES_S = (0.5, 2.0, 5.0)
"""Between tries to store the end of a reply."""

_SETTLE_LIMIT_S = 1.0
"""How long a press waits for what is shown to be stored; Discord gives it three seconds in all."""

_WITHDRAW_LIMIT_S = 10.0
"""How long replies that are taken away may take for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply that is to be written."""

    id: int
    """Of its turn, which is open."""
    channel: ChannelRef
    ticket: Ticket
    outlet: Outlet
    approach: Approach
    person: int
    """Whose question it answers."""
    unkept_question: int | None = None
    """The question's turn, if nothing of it is to be kept."""
    question_messages: Sequence[int] = ()
    """Those that ask for it."""
    messages: Sequence[int] = ()
    """Those that it stands in already, where it is written on."""
    prefix: str = ""
    """Shown before it."""
    written: str = ""
    """What it begins with, which is shown already."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    live: LiveReply
    reply: Reply
    messages: set[int]
    """Those that it stands in, and the one that asked for it."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class RepliesUnderWay:
    """Writes replies, and knows which are being written."""

    def __init__(
        self,
        history: Conversations,
        people: PersonalData,
        pacers: Pacers,
        *,
        max_messages: int,
        after: Callable[[Reply], Awaitable[None]],
    ) -> None:
        """``after``: called when the end of a reply is stored; it counts as under way until then,
        so a stop waits for it too."""
        self._after = after
        self._history = history
        self._people = people
        self.pacers = pacers
        self._max_messages = max_messages
        self._under_way: dict[int, _UnderWay] = {}
        """By the id of the reply."""
        self._none = asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._under_way)

    def stop(self, reply_id: int) -> bool:
        """End a reply that is waiting or being written; whether it was."""
        found = self._under_way.get(reply_id)
        if found is None or found.reply.ticket.state.ended:
            return False
        found.reply.ticket.cancel(Cancelled(phrase("Stopped.")))
        return True

    def deleted(self, message_ids: Set[int]) -> None:
        """End the replies that stand in these Discord messages, or were asked for by them."""
        for found in list(self._under_way.values()):
            for message_id in found.messages & message_ids:
                found.live.deleted(message_id)

    async def withdraw(self, person: int) -> None:
        """End all that is being written for a person and take it away, and wait until it is gone,
        for some seconds at most."""
        theirs = [found for found in self._under_way.values() if found.reply.person == person]
        for found in theirs:
            found.live.withdraw()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WITHDRAW_LIMIT_S):
                await asyncio.gather(*(found.ended.wait() for found in theirs))

    async def settled(self, reply_id: int) -> None:
        """Wait, for a second at most, until the end of a reply that is shown whole is stored."""
        found = self._under_way.get(reply_id)
        if found is not None and found.reply.ticket.state.ended:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE_LIMIT_S):
                    await found.ended.wait()

    async def finished(self, limit_s: float) -> None:
        """Wait until no reply is being written any more, ``limit_s`` seconds at most."""
        try:
            async with asyncio.timeout(limit_s):
                await self._none.wait()
        except TimeoutError:
            log.warning("%d replies could not be finished in time", len(self._under_way))

    async def write(self, reply: Reply) -> bool:
        """Show a reply while it is written, keep what is shown, and store its end; whether the
        model wrote anything.

        Of the reply to a question that is not to be kept nothing is stored but where it stands,
        and that and the question go at the end.
        """
        is_kept = reply.unkept_question is None
        reply_id, written, first_part = reply.id, reply.written, len(reply.messages)
        messages = {*reply.question_messages, *reply.messages}

        async def on_message(message_id: int, part: int) -> None:
            messages.add(message_id)
            # Where nothing is kept too, until the end: a restart has to find them.
            await self._history.add_message(reply_id, message_id, first_part + part)

        async def on_removed(message_id: int) -> None:
            messages.discard(message_id)
            await self._history.drop_message(message_id)

        async def on_shown(text: str) -> None:
            if is_kept:
                await self._history.save_progress(reply_id, written + text)

        async def conclude(text: str) -> Conclusion:
            conclusion = await reply.approach.conclude(reply_id, written + text)
            if not is_kept:
                # Sources are not kept either, so no button leads to them.
                return replace(conclusion, buttons=list)
            # What stands in earlier messages stands; only the rest can still be changed.
            begun = conclusion.text.startswith(written)
            return replace(conclusion, text=conclusion.text[len(written) :] if begun else text)

        live = LiveReply(
            reply.ticket,
            reply.outlet,
            self.pacers.for_channel(reply.channel.id),
            running=partial(view_running, reply_id),
            finished=partial(view_finished, reply_id) if is_kept else view_unkept,
            on_shown=on_shown,
            on_message=on_message,
            on_removed=on_removed,
            conclude=conclude,
            max_messages=self._max_messages,
            prefix=reply.prefix,
        )
        self._under_way[reply_id] = under_way = _UnderWay(live, reply, messages)
        self._none.clear()
        try:
            outcome = await live.run()
            if is_kept:
                await self._close(reply, outcome)
            if outcome.end is End.DELETED:
                await self._take_away(reply_id, outcome.message_ids, reply.outlet)
            log.info(
                "reply %d in channel %d ended: %s%s",
                reply_id,
                reply.channel.id,
                outcome.end,
                _costs(outcome.finish),
            )
            await self._after(reply)
            return display(outcome.text) != ""
        finally:
            reply.ticket.cancel()
            try:
                if reply.unkept_question is not None:
                    await self._people.drop_unkept(reply.unkept_question)
            finally:
                under_way.ended.set()
                del self._under_way[reply_id]
                if not self._under_way:
                    self._none.set()

    async def _close(self, reply: Reply, outcome: Outcome) -> None:
        """Store the end, again and again where the database is not to be had: a reply that is
        shown whole must not be missing in the conversation."""
        for pause_s in (*_PAUSES_S, None):
            try:
                await self._history.close_reply(
                    reply.id,
                    content=reply.written + outcome.text,
                    state=_state(outcome, reply.written),
                    tokens=outcome.finish.new_tokens if outcome.finish else None,
                )
            except (SQLAlchemyError, OSError) as error:
                if pause_s is None:
                    raise
                log.warning("the end of reply %d is not stored yet: %r", reply.id, error)
                await asyncio.sleep(pause_s)
            else:
                return

    async def _take_away(self, reply_id: int, message_ids: Sequence[int], outlet: Outlet) -> None:
        """Take half a reply away whose question, or other half, somebody deleted."""
        for message_id in message_ids:
            with contextlib.suppress(OutletError):
                await persistently(partial(outlet.delete, message_id))
        # By its own id: the deletion may have come before the message was known to be its.
        await self._history.delete_reply(reply_id)


def _costs(finish: Finish | None) -> str:
    if finish is None:
        return ""
    return (
        f"; {finish.prompt_tokens} tokens read ({finish.cached_tokens} from cache) and "
        f"{finish.new_tokens} written; {finish.queue_s:.1f} s waited, {finish.prefill_s:.1f} s "
        f"read, {finish.generation_s:.1f} s wrote"
    )


def _state(outcome: Outcome, written: str) -> TurnState:
    match outcome.end:
        case End.COMPLETE | End.LENGTH:
            return TurnState.COMPLETE
        case End.FAILED:
            # What has been said was said, and stays in the conversation.
            return TurnState.STOPPED if written or outcome.text else TurnState.FAILED
        case _:
            return TurnState.STOPPED

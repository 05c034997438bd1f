"""One exchange, from a person's question to the reply that is stored and shown.

This is where the rooms meet: the question goes into the history, its prompt into the queue, the
reply to Discord piece by piece, and its end back into the history. A command, a mention and a
button all take this way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.exc import IntegrityError

from bot.answering import Approach, Talk, within
from bot.background import Background
from bot.errors import AirocordError, Cancelled, QueueFull
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request, Ticket
from bot.incoming import as_asked
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.replies.controls import view_finished, view_running, view_unkept
from bot.replies.faults import OutletError
from bot.replies.live import Conclusion, End, LiveReply, Outcome
from bot.replies.outlets import Outlet
from bot.replies.pacing import Pacers
from bot.replies.rewriting import RewritingOutlet
from bot.storage import (
    ChannelRef,
    Conversations,
    PersonalData,
    Preferences,
    StoredTurn,
    TurnState,
)
from bot.uninterrupted import to_the_end

log = logging.getLogger(__name__)

QUESTION_GONE = "I cannot write on here: the question was deleted."
OPTED_OUT = (
    "Whoever asked this wants nothing kept since, so I write no more to it. Please ask anew."
)

_WITHDRAW_LIMIT_S = 10.0
"""How long replies that are taken away may take for it."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who says something: a person, or the bot itself."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person asked, and where."""

    channel: ChannelRef
    speaker: Speaker
    text: str
    message_id: int | None = None
    """The message it stands in; ``None`` for a slash command."""


class ReplyUnavailable(AirocordError):
    """A control was used on a reply that does not take it (any more)."""


@dataclass(frozen=True, slots=True)
class _Writing:
    """A reply that is being written."""

    live: LiveReply
    ticket: Ticket
    messages: set[int]
    """Those that it stands in, and the one that asked for it."""
    person: int
    """Whose question it answers."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


ApproachOf = Callable[[StoredTurn], Awaitable[Approach | None]]
"""How a stored reply was come by, for another one to be written; ``None``: by talking."""


class Conversation:
    """Answers questions, and carries out what people do to the answers."""

    def __init__(
        self,
        *,
        queue: GenerationQueue,
        prompter: Prompter,
        history: Conversations,
        preferences: Preferences,
        people: PersonalData,
        pacers: Pacers,
        system_prompt: str,
        max_messages: int,
        approach_of: ApproachOf | None = None,
    ) -> None:
        self.history = history
        self.preferences = preferences
        self.people = people
        self._queue = queue
        self._talk = Talk(prompter, history, preferences, system_prompt)
        self._approach_of = approach_of
        self._pacers = pacers
        self._max_messages = max_messages
        self._in_order = asyncio.Lock()
        """Who asks first is put in line first, whatever has to be looked up for it."""
        self._writing: dict[int, _Writing] = {}
        self._none_writing = asyncio.Event()
        self._none_writing.set()

    def ensure_open(self) -> None:
        """Pass if questions are taken: worth asking before work is put into one.

        Raises:
            EngineLoading, EngineSick, ShuttingDown: with the sentence for those who ask.
        """
        self._queue.ensure_open()

    # -- what people ask for -------------------------------------------------------------

    async def answer(
        self,
        question: Question,
        outlet: Outlet,
        me: Speaker,
        *,
        prefix: str = "",
        approach: Approach | None = None,
    ) -> None:
        """Store a question, write the reply to it into ``outlet``, and store that.

        Returns when the reply has ended, however it did; whoever asked has been told. ``prefix``
        is shown before the reply. Without an ``approach`` the conversation goes on. Of those who
        have opted out, a question without words and an empty reply are stored until the end.

        Raises:
            GenerationError: the question was refused; nothing is stored.
        """
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # First in line, then in the history: what is refused leaves no trace there, and the
        # prompt is not built before the question is stored.
        approach = approach or self._talk
        async with self._in_order:
            is_kept = not await self.people.has_opted_out(question.speaker.id)
            ticket = await self._ask(
                question.channel,
                question.speaker.id,
                stored,
                outlet,
                approach=approach,
                unkept=None if is_kept else question,
            )
        try:
            await outlet.acknowledge()
            question_id = await self.history.add_question(
                channel=question.channel,
                author_id=question.speaker.id,
                author_name=question.speaker.name if is_kept else "",
                content=question.text if is_kept else "",
                message_id=question.message_id,
            )
            await approach.begin(question_id)
            stored.set_result(question_id)
            reply_id = await self._open(question_id, me)
        except (IntegrityError, ReplyUnavailable):
            # Discord repeats events when a connection is resumed, and this one is being answered
            # already; or the question was deleted in this very moment. Nobody waits for anything.
            ticket.cancel()
        except BaseException:
            ticket.cancel()
            raise
        else:
            await self._write(
                reply_id,
                question.channel,
                ticket,
                outlet,
                approach,
                person=question.speaker.id,
                unkept_question=None if is_kept else question_id,
                question_message=question.message_id,
                prefix=prefix,
            )

    async def regenerate(self, reply: StoredTurn, person: int, outlet: Outlet, me: Speaker) -> None:
        """Write another reply to the same question into the same messages; the old one leaves
        the conversation.

        Raises:
            ReplyUnavailable: its question is gone, or it is still being written.
            GenerationError: it was refused; the old reply stands.
        """
        channel = await self._channel_of(reply)
        question = await self._kept_question(_question_of(reply))
        # Who asked by a command has no message in which the question stands.
        prefix = "" if await self.history.messages_of(question.id) else as_asked(question.content)
        approach = await self._approach_to(reply)
        messages = await self.history.messages_of(reply.id)
        ticket = await self._ask(channel, person, _known(question.id), outlet, approach=approach)
        try:
            if await self.history.replace(reply.id) is None:
                raise ReplyUnavailable("This reply is being written, or was replaced already.")
            reply_id = await self._open(question.id, me)
        except BaseException:
            ticket.cancel()
            raise
        rewriting = RewritingOutlet(outlet, messages)
        await self._write(
            reply_id,
            channel,
            ticket,
            rewriting,
            approach,
            person=question.author_id,
            prefix=prefix,
        )
        await rewriting.delete_rest()

    async def resume(self, reply: StoredTurn, person: int, outlet: Outlet) -> None:
        """Write on where a reply ended, in new messages.

        Raises:
            ReplyUnavailable: its question is gone, or it is still being written.
            GenerationError: it was refused; the reply stays as it is.
        """
        channel = await self._channel_of(reply)
        question = await self._kept_question(_question_of(reply))
        approach = await self._approach_to(reply)
        ticket = await self._ask(
            channel,
            person,
            _known(question.id),
            outlet,
            approach=approach,
            reply_so_far=reply.content,
        )
        if not await self.history.extend(reply.id):
            ticket.cancel()
            raise ReplyUnavailable("This reply is being written already, or was replaced.")
        await self._write(
            reply.id,
            channel,
            ticket,
            outlet,
            approach,
            person=question.author_id,
            written=reply.content,
        )

    def stop(self, reply_id: int) -> bool:
        """End a reply that is waiting or being written; whether it was."""
        writing = self._writing.get(reply_id)
        if writing is None or writing.ticket.state.ended:
            return False
        writing.ticket.cancel(Cancelled("Stopped."))
        return True

    async def forget_messages(self, message_ids: Iterable[int]) -> None:
        """Follow the deletion of Discord messages: replies to them end, turns in them go."""
        gone = set(message_ids)
        for writing in list(self._writing.values()):
            for message_id in writing.messages & gone:
                writing.live.deleted(message_id)
        await self.history.delete_messages(sorted(gone))

    async def withdraw(self, person: int) -> None:
        """End all that is being written for a person and take it away, and wait until it is gone,
        for some seconds at most."""
        theirs = [writing for writing in self._writing.values() if writing.person == person]
        for writing in theirs:
            writing.live.withdraw()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WITHDRAW_LIMIT_S):
                await asyncio.gather(*(writing.ended.wait() for writing in theirs))

    async def finished(self, limit_s: float) -> None:
        """Wait until no reply is being written any more, ``limit_s`` seconds at most."""
        try:
            async with asyncio.timeout(limit_s):
                await self._none_writing.wait()
        except TimeoutError:
            log.warning("%d replies could not be finished in time", len(self._writing))

    # -- how it is done ------------------------------------------------------------------

    async def _ask(
        self,
        channel: ChannelRef,
        person: int,
        question_id: asyncio.Future[int],
        outlet: Outlet,
        *,
        approach: Approach,
        reply_so_far: str = "",
        unkept: Question | None = None,
    ) -> Ticket:
        """Put a question in line; its prompt waits for the question to be stored. ``unkept``: the
        question, if its words are not stored."""
        self._queue.ensure_open()
        choices = await self.preferences.guilds.choices(channel.guild_id)

        async def prompt() -> Prompt:
            question = await self._question(question_id, unkept)
            composed = await approach.compose(channel, question, reply_so_far)
            ticket.notice = composed.notice
            return composed.prompt

        async def prepare(ticket: Ticket) -> None:
            background = Background(self._queue, person, channel.guild_id, ticket.tell)
            question = await self._question(question_id, unkept)
            await approach.prepare(channel, question, background)

        ticket = self._queue.submit(
            Request(
                prompt=prompt,
                prepare=prepare if approach.prepares else None,
                params=within(approach.params, choices, is_talk=approach is self._talk),
                person=person,
                guild=channel.guild_id,
                continues=bool(reply_so_far),
            )
        )
        if outlet.deadline_s is not None and (ticket.estimate_s or 0) > outlet.deadline_s:
            ticket.cancel()
            raise QueueFull(
                "So many people are waiting that the answer would come too late here. "
                "Please try again later, or in a server that I am a member of."
            )
        return ticket

    async def _question(
        self, question_id: asyncio.Future[int], unkept: Question | None
    ) -> StoredTurn:
        """The question as it stands now, once it is stored."""
        # Whoever is cancelled while waiting must not take the future along.
        question = await self.history.turn(await asyncio.shield(question_id))
        if question is None:
            raise Cancelled("The question was deleted.")
        if unkept is not None:
            return replace(question, content=unkept.text, author_name=unkept.speaker.name)
        return question

    async def _kept_question(self, question_id: int) -> StoredTurn:
        """A question of which more may be kept."""
        question = await self.history.turn(question_id)
        if question is None:
            raise ReplyUnavailable(QUESTION_GONE)
        if await self.people.has_opted_out(question.author_id):
            raise ReplyUnavailable(OPTED_OUT)
        return question

    async def _approach_to(self, reply: StoredTurn) -> Approach:
        found = await self._approach_of(reply) if self._approach_of is not None else None
        return found or self._talk

    async def _open(self, question_id: int, me: Speaker) -> int:
        reply_id = await self.history.open_reply(question_id, author_id=me.id, author_name=me.name)
        if reply_id is None:
            raise ReplyUnavailable("The question was deleted before I could answer it.")
        return reply_id

    async def _write(
        self,
        reply_id: int,
        channel: ChannelRef,
        ticket: Ticket,
        outlet: Outlet,
        approach: Approach,
        *,
        person: int,
        unkept_question: int | None = None,
        question_message: int | None = None,
        prefix: str = "",
        written: str = "",
    ) -> None:
        """Show a reply while it is written, keep what is shown, and store its end.

        ``written`` is what it begins with, which is shown already. Of the reply to a question
        that is not to be kept nothing is stored, and the question goes at the end.
        """
        is_kept = unkept_question is None
        first_part = len(await self.history.messages_of(reply_id)) if written else 0
        messages = set() if question_message is None else {question_message}

        async def on_message(message_id: int, part: int) -> None:
            messages.add(message_id)
            if is_kept:
                await to_the_end(self.history.add_message(reply_id, message_id, first_part + part))

        async def on_removed(message_id: int) -> None:
            messages.discard(message_id)
            await to_the_end(self.history.drop_message(message_id))

        async def on_shown(text: str) -> None:
            if is_kept:
                await to_the_end(self.history.save_progress(reply_id, written + text))

        async def conclude(text: str) -> Conclusion:
            conclusion = await approach.conclude(reply_id, written + text)
            if not is_kept:
                # Sources are not kept either, so no button leads to them.
                return replace(conclusion, buttons=list)
            # What stands in earlier messages stands; only the rest can still be changed.
            begun = conclusion.text.startswith(written)
            return replace(conclusion, text=conclusion.text[len(written) :] if begun else text)

        live = LiveReply(
            ticket,
            outlet,
            self._pacers.for_channel(channel.id),
            running=partial(view_running, reply_id),
            finished=partial(view_finished, reply_id) if is_kept else view_unkept,
            on_shown=on_shown,
            on_message=on_message,
            on_removed=on_removed,
            conclude=conclude,
            max_messages=self._max_messages,
            prefix=prefix,
        )
        self._writing[reply_id] = writing = _Writing(live, ticket, messages, person)
        self._none_writing.clear()
        try:
            outcome = await live.run()
            if is_kept:
                await self.history.close_reply(
                    reply_id,
                    content=written + outcome.text,
                    state=_state(outcome, written),
                    tokens=outcome.finish.new_tokens if outcome.finish else None,
                )
            if outcome.end is End.DELETED:
                await self._withdraw(reply_id, outcome.message_ids, outlet)
            log.info("reply %d in channel %d ended: %s", reply_id, channel.id, outcome.end)
        finally:
            ticket.cancel()
            try:
                if unkept_question is not None:
                    await self.people.drop_unkept(unkept_question)
            finally:
                writing.ended.set()
                del self._writing[reply_id]
                if not self._writing:
                    self._none_writing.set()

    async def _withdraw(self, reply_id: int, message_ids: Sequence[int], outlet: Outlet) -> None:
        """Take half a reply away whose question, or other half, somebody deleted."""
        for message_id in message_ids:
            with contextlib.suppress(OutletError):
                await outlet.delete(message_id)
        # By its own id: the deletion may have come before the message was known to be its.
        await self.history.delete_reply(reply_id)

    async def _channel_of(self, turn: StoredTurn) -> ChannelRef:
        channel = await self.history.channel(turn.channel_id)
        if channel is None:
            raise ReplyUnavailable("This channel's conversation is gone.")
        return channel


def _known(question_id: int) -> asyncio.Future[int]:
    known: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    known.set_result(question_id)
    return known


def _question_of(reply: StoredTurn) -> int:
    if reply.answers is None:
        raise ReplyUnavailable(QUESTION_GONE)
    return reply.answers


def _state(outcome: Outcome, written: str) -> TurnState:
    match outcome.end:
        case End.COMPLETE | End.LENGTH:
            return TurnState.COMPLETE
        case End.FAILED:
            # What has been said was said, and stays in the conversation.
            return TurnState.STOPPED if written or outcome.text else TurnState.FAILED
        case _:
            return TurnState.STOPPED

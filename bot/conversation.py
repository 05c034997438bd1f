"""One exchange, from a person's question to the reply that is stored and shown.

This is where the rooms meet: the question goes into the history, its prompt into the queue, the
reply to Discord piece by piece, and its end back into the history. A command, a mention and a
button all take this way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from bot.answering import Approach, Talk, within
from bot.background import Background
from bot.errors import AirocordError, Cancelled, QueueFull
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request, Ticket
from bot.incoming import as_asked
from bot.language import phrase
from bot.logs import request_id
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.questions_coming import Coming, QuestionsComing
from bot.reading_ahead import ReadingAhead
from bot.replies.outlets import Outlet
from bot.replies.pacing import Pacers
from bot.replies.rewriting import RewritingOutlet
from bot.replies_under_way import RepliesUnderWay, Reply
from bot.storage import (
    ChannelRef,
    Conversations,
    PersonalData,
    Preferences,
    StoredTurn,
    TurnState,
)

log = logging.getLogger(__name__)

QUESTION_GONE = phrase("I cannot continue here: the question was deleted.")
OPTED_OUT = phrase(
    "The person who asked this has since opted out, so I write no more to it. Please ask again."
)

_WRITTEN_NOW = phrase("This reply is being written, or was replaced already.")
_NOT_ENDED = (TurnState.PENDING, TurnState.REPLACED)


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
        reads_ahead: bool = False,
    ) -> None:
        """``reads_ahead``: while nobody waits, let the model read what the next question needs."""
        self.history = history
        self.preferences = preferences
        self.people = people
        self._queue = queue
        self._talk = Talk(prompter, history, preferences, system_prompt)
        self._approach_of = approach_of
        self._ahead = ReadingAhead(queue, self._talk, history) if reads_ahead else None
        self.replies = RepliesUnderWay(
            history, people, pacers, max_messages=max_messages, after=self._after
        )
        self.coming = QuestionsComing()
        self._changing: set[int] = set()
        """Replies that are continued or written anew."""
        self._in_order = asyncio.Lock()
        """Who asks first is put in line first, whatever has to be looked up for it."""

    def ensure_open(self, person: int, guild: int | None) -> None:
        """Pass if a question of ``person`` would be taken: worth asking before work is put in it.

        Raises:
            GenerationError: it would be refused; the text is the sentence for the person.
        """
        self._queue.ensure_open_for(person, guild)

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
            ReplyUnavailable: it was asked by a command, and all that is the person's was deleted
                meanwhile; nothing is stored.
        """
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # First in line, then in the history: what is refused leaves no trace there, and the
        # prompt is not built before the question is stored.
        approach = approach or self._talk
        asked_in = () if question.message_id is None else (question.message_id,)
        with self.coming.following(question.message_id, question.speaker.id) as coming:
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
                question_id = await self._store(question, coming, is_kept=is_kept)
                await approach.begin(question_id)
                stored.set_result(question_id)
                reply_id = await self._open(question_id, me)
                if coming.is_withdrawn:
                    # The deletion came when there was no reply under way that it could end.
                    await self.history.delete_reply(reply_id)
                    raise ReplyUnavailable(QUESTION_GONE)
            except (IntegrityError, ReplyUnavailable):
                # Discord repeats events when a connection is resumed, and this one is being
                # answered already; or the question was deleted.
                ticket.cancel()
                if question.message_id is None:
                    raise  # who used a command still waits
            except BaseException:
                ticket.cancel()
                raise
            else:
                await self.replies.write(
                    Reply(
                        id=reply_id,
                        channel=question.channel,
                        ticket=ticket,
                        outlet=outlet,
                        approach=approach,
                        person=question.speaker.id,
                        unkept_question=None if is_kept else question_id,
                        question_messages=asked_in,
                        prefix=prefix,
                    )
                )

    async def regenerate(self, reply: StoredTurn, person: int, outlet: Outlet, me: Speaker) -> None:
        """Write another reply to the same question into the same messages; the old one leaves
        the conversation.

        Raises:
            ReplyUnavailable: its question is gone, or it is still being written.
            GenerationError: it was refused; the old reply stands.
        """
        with self._alone_at(reply):
            await self._write_anew(reply, person, outlet, me)

    async def _write_anew(
        self, reply: StoredTurn, person: int, outlet: Outlet, me: Speaker
    ) -> None:
        channel = await self._channel_of(reply)
        question = await self._kept_question(_question_of(reply))
        asked_in = await self.history.messages_of(question.id)
        # Who asked by a command has no message in which the question stands.
        prefix = "" if asked_in else as_asked(question.content)
        approach = await self._approach_to(reply)
        messages = await self.history.messages_of(reply.id)
        ticket = await self._ask(channel, person, _known(question.id), outlet, approach=approach)
        try:
            await outlet.acknowledge()
            if await self.history.replace(reply.id) is None:
                raise ReplyUnavailable(_WRITTEN_NOW)
            reply_id = await self._open(question.id, me)
        except BaseException:
            ticket.cancel()
            raise
        rewriting = RewritingOutlet(outlet, messages)
        await self.replies.write(
            Reply(
                id=reply_id,
                channel=channel,
                ticket=ticket,
                outlet=rewriting,
                approach=approach,
                person=question.author_id,
                question_messages=asked_in,
                prefix=prefix,
            )
        )
        await rewriting.delete_rest()

    async def resume(self, reply: StoredTurn, person: int, outlet: Outlet) -> bool:
        """Write on where a reply ended, in new messages; whether anything was added to it.

        Raises:
            ReplyUnavailable: its question is gone, or it is still being written.
            GenerationError: it was refused; the reply stays as it is.
        """
        with self._alone_at(reply):
            return await self._write_on(reply, person, outlet)

    async def _write_on(self, reply: StoredTurn, person: int, outlet: Outlet) -> bool:
        channel = await self._channel_of(reply)
        question = await self._kept_question(_question_of(reply))
        approach = await self._approach_to(reply)
        asked_in = await self.history.messages_of(question.id)
        messages = await self.history.messages_of(reply.id)
        ticket = await self._ask(
            channel,
            person,
            _known(question.id),
            outlet,
            approach=approach,
            reply_so_far=reply.content,
        )
        try:
            await outlet.acknowledge()
            if not await self.history.extend(reply.id):
                raise ReplyUnavailable(_WRITTEN_NOW)
        except BaseException:
            ticket.cancel()
            raise
        return await self.replies.write(
            Reply(
                id=reply.id,
                channel=channel,
                ticket=ticket,
                outlet=outlet,
                approach=approach,
                person=question.author_id,
                question_messages=asked_in,
                messages=messages,
                written=reply.content,
            )
        )

    async def forget_messages(self, message_ids: Iterable[int]) -> None:
        """Follow the deletion of Discord messages: replies to them end, turns in them go, and
        what is about to be one is not stored."""
        gone = set(message_ids)
        self.coming.deleted(gone)
        self.replies.deleted(gone)
        await self.history.delete_messages(sorted(gone))

    # -- how it is done ------------------------------------------------------------------

    @contextmanager
    def _alone_at(self, reply: StoredTurn) -> Iterator[None]:
        """Let nobody else continue a reply or have it written anew, who pressed at the same time.

        Raises:
            ReplyUnavailable: somebody does, or it has not ended.
        """
        if reply.id in self._changing or reply.state in _NOT_ENDED:
            raise ReplyUnavailable(_WRITTEN_NOW)
        self._changing.add(reply.id)
        try:
            yield
        finally:
            self._changing.remove(reply.id)

    async def _store(self, question: Question, coming: Coming, *, is_kept: bool) -> int:
        """Write a question down as its message stands now.

        Raises:
            ReplyUnavailable: the message was deleted meanwhile, or all that is the person's;
                nothing is stored.
        """
        async with coming.changing:
            if coming.is_withdrawn:
                raise ReplyUnavailable(QUESTION_GONE)
            question_id: int | None = None
            try:
                question_id = await self.history.add_question(
                    channel=question.channel,
                    author_id=question.speaker.id,
                    author_name=question.speaker.name if is_kept else "",
                    content=(coming.text or question.text) if is_kept else "",
                    message_id=question.message_id,
                )
            finally:
                # The deletion looked for it before it was there. No reply to it is opened.
                if coming.is_withdrawn and question.message_id is not None:
                    await self.history.delete_messages([question.message_id])
                elif coming.is_withdrawn and question_id is not None:
                    await self.people.delete_question(question_id)
            return question_id

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
            # It stands above what is continued already.
            ticket.notice = "" if reply_so_far else composed.notice
            return composed.prompt

        async def prepare(ticket: Ticket) -> None:
            background = Background(
                self._queue, person, channel.guild_id, ticket.tell, part_of=ticket
            )
            question = await self._question(question_id, unkept)
            await approach.prepare(channel, question, background)

        ticket = self._queue.submit(
            Request(
                prompt=prompt,
                prepare=prepare if approach.prepares else None,
                params=within(approach.params, choices, is_talk=approach is self._talk),
                person=person,
                guild=channel.guild_id,
                id=request_id(),
                continues=bool(reply_so_far),
            )
        )
        if outlet.deadline_s is not None and (ticket.estimate_s or 0) > outlet.deadline_s:
            ticket.cancel()
            raise QueueFull(
                phrase(
                    "So many people are waiting that the answer would come too late here. "
                    "Please try again later, or in a server that I am a member of."
                )
            )
        return ticket

    async def _after(self, reply: Reply) -> None:
        """The end of a reply is stored."""
        is_talk = reply.approach is self._talk and reply.unkept_question is None
        if self._ahead is not None and is_talk:
            await self._ahead.after(reply)

    async def _question(
        self, question_id: asyncio.Future[int], unkept: Question | None
    ) -> StoredTurn:
        """The question as it stands now, once it is stored."""
        # Whoever is cancelled while waiting must not take the future along.
        question = await self.history.turn(await asyncio.shield(question_id))
        if question is None:
            raise Cancelled(phrase("The question was deleted."))
        if unkept is not None:
            text = self.coming.text_of(unkept.message_id) or unkept.text
            return replace(question, content=text, author_name=unkept.speaker.name)
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
            raise ReplyUnavailable(phrase("The question was deleted before I could answer it."))
        return reply_id

    async def _channel_of(self, turn: StoredTurn) -> ChannelRef:
        channel = await self.history.channel(turn.channel_id)
        if channel is None:
            raise ReplyUnavailable(phrase("This channel's conversation is gone."))
        return channel


def _known(question_id: int) -> asyncio.Future[int]:
    known: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    known.set_result(question_id)
    return known


def _question_of(reply: StoredTurn) -> int:
    if reply.answers is None:
        raise ReplyUnavailable(QUESTION_GONE)
    return reply.answers

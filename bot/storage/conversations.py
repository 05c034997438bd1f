"""What was said in each channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, func, select, update

from bot.shards import ALL_SHARDS, Shards
from bot.storage.channels import ChannelRef, in_channel_of, make_known
from bot.storage.database import Database
from bot.storage.engine import insert_into
from bot.storage.schema import Channel, Role, Turn, TurnMessage, TurnState
from bot.storage.statements import (
    PENDING,
    SPOKEN,
    add_turn,
    change,
    complete_questions,
    delete_turns,
    is_reply,
    newest_exchanges,
)
from bot.storage.turns import InterruptedReply, Reset, StoredExchange, StoredTurn, stored

ENDINGS = frozenset(
    {TurnState.COMPLETE, TurnState.STOPPED, TurnState.FAILED, TurnState.INTERRUPTED}
)
"""The states in which a reply can end."""


class Conversations:
    """The history of every channel.

    Each method is one transaction. What has been told to it survives the death of the process at
    any moment. Methods that name a turn or a message which is not there any more (people delete
    things while a reply is written) say so in what they return and change nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_question(
        self,
        *,
        channel: ChannelRef,
        author_id: int,
        author_name: str,
        content: str,
        message_id: int | None,
    ) -> int:
        """Write down what a person said, before anything is generated.

        Args:
            message_id: the Discord message; ``None`` for a slash command, which has none.

        Returns:
            The turn's id. It stays pending until a reply to it is closed.

        Raises:
            sqlalchemy.exc.IntegrityError: that message was written down already.
        """
        async with self._database.writing() as session:
            await make_known(session, channel)
            turn = await add_turn(
                session,
                channel.id,
                Role.USER,
                author_id=author_id,
                author_name=author_name,
                content=content,
            )
            if message_id is not None:
                session.add(TurnMessage(message_id=message_id, turn_id=turn, part=0))
            return turn

    async def open_reply(self, question_id: int, *, author_id: int, author_name: str) -> int | None:
        """Begin a reply, pending and empty.

        Returns:
            Its turn id; ``None`` if the question has been deleted.
        """
        async with self._database.writing() as session:
            channel_id = await session.scalar(
                select(Turn.channel_id)
                .where(Turn.id == question_id, Turn.role == Role.USER)
                .with_for_update(read=True)
            )
            if channel_id is None:
                return None
            return await add_turn(
                session,
                channel_id,
                Role.ASSISTANT,
                author_id=author_id,
                author_name=author_name,
                answers=question_id,
            )

    async def add_message(self, turn_id: int, message_id: int, part: int) -> bool:
        """Note that a turn stands in a Discord message.

        A message that another turn stood in belongs to this one from now on: Regenerate writes
        into the message that is there.

        Args:
            part: counts from 0 in reading order.

        Returns:
            Whether the turn still exists.
        """
        async with self._database.writing() as session:
            there = select(Turn.id).where(Turn.id == turn_id).with_for_update(read=True)
            if await session.scalar(there) is None:
                return False
            await session.execute(
                insert_into(session, TurnMessage)
                .values(message_id=message_id, turn_id=turn_id, part=part)
                .on_conflict_do_update(
                    index_elements=["message_id"], set_={"turn_id": turn_id, "part": part}
                )
            )
            return True

    async def drop_message(self, message_id: int) -> None:
        """Note that a turn does not stand in a message any more: the bot deletes it itself, and
        the deletion must not take the turn along."""
        async with self._database.writing() as session:
            await session.execute(delete(TurnMessage).where(TurnMessage.message_id == message_id))

    async def save_progress(self, reply_id: int, content: str) -> bool:
        """Keep what of a pending reply has been shown, the whole text so far.

        Returns:
            Whether the reply is still pending.
        """
        async with self._database.writing() as session:
            return await change(
                session, update(Turn).where(is_reply(reply_id), PENDING).values(content=content)
            )

    async def close_reply(
        self, reply_id: int, *, content: str, state: TurnState, tokens: int | None
    ) -> bool:
        """End a pending reply; its question is complete then, whatever the end.

        Args:
            content: the whole reply, what :meth:`extend` began with included.
            state: one of :data:`ENDINGS`.
            tokens: what the model wrote, for the counters; ``None`` if that is not known.

        Returns:
            Whether it was pending until now.
        """
        if state not in ENDINGS:
            raise ValueError(f"a reply cannot end as {state}")
        async with self._database.writing() as session:
            now = datetime.now(UTC)
            closed = await change(
                session,
                update(Turn)
                .where(is_reply(reply_id), PENDING)
                .values(content=content, state=state, tokens=tokens, finished_at=now),
            )
            if closed:
                await complete_questions(session, [reply_id])
            return closed

    async def extend(self, reply_id: int) -> bool:
        """Open a reply that stands in the conversation again, so that more can be written to it.

        Returns:
            Whether it could be: not twice at once, nor when it failed or was replaced.
        """
        async with self._database.writing() as session:
            return await change(
                session,
                update(Turn)
                .where(is_reply(reply_id), Turn.state.in_(SPOKEN))
                .values(state=TurnState.PENDING, finished_at=None),
            )

    async def replace(self, reply_id: int) -> int | None:
        """Take a reply that has ended out of the conversation, for another one to be opened.

        Returns:
            The turn id of its question; ``None`` if it is still pending, was replaced before, or
            its question has been deleted.
        """
        async with self._database.writing() as session:
            replaced = await change(
                session,
                update(Turn)
                .where(
                    is_reply(reply_id), Turn.state.in_(ENDINGS), Turn.answers_turn_id.is_not(None)
                )
                .values(state=TurnState.REPLACED),
            )
            if not replaced:
                return None
            return await session.scalar(select(Turn.answers_turn_id).where(Turn.id == reply_id))

    async def window(
        self, channel_id: int, *, before: int | None = None, limit: int = 256
    ) -> list[StoredExchange]:
        """The conversation as the prompt needs it, oldest first.

        An exchange is a question with the latest reply to it that stands and has text; questions
        without one are left out.

        Args:
            before: only questions before this turn.
            limit: how many exchanges at most, counted from the newest. More than fit the context
                window, or the first one differs every time and no prefix is ever served again.
        """
        async with self._database.reading() as session:
            channel = await session.get(Channel, channel_id)
            if channel is None:
                return []
            start = max(channel.anchor_turn_id or 0, (channel.forgotten_turn_id or 0) + 1)
            rows = await newest_exchanges(
                session, channel_id, start=start, before=before, limit=limit
            )
        return [StoredExchange(stored(asked), stored(said)) for asked, said in reversed(rows)]

    async def move_anchor(self, channel_id: int, turn_id: int) -> bool:
        """Let the window start at a later turn.

        Returns:
            Whether it does: not if it starts there or later already, nor if the turn has been
            forgotten since.
        """
        async with self._database.writing() as session:
            return await change(
                session,
                update(Channel)
                .where(
                    Channel.id == channel_id,
                    func.coalesce(Channel.anchor_turn_id, 0) < turn_id,
                    func.coalesce(Channel.forgotten_turn_id, 0) < turn_id,
                )
                .values(anchor_turn_id=turn_id),
            )

    async def forget(self, channel_id: int) -> Reset | None:
        """Let the conversation start after what has been said until now. Nothing is deleted.

        The anchor stays: it is behind the new start, and right again if this is undone.

        Returns:
            What :meth:`unforget` needs; ``None`` if nothing was said since the last time.
        """
        async with self._database.writing() as session:
            channel = await session.get(Channel, channel_id, with_for_update=True)
            if channel is None:
                return None
            # One role at a time, each is the end of a range in the index.
            newest = [
                await session.scalar(
                    select(func.max(Turn.id)).where(
                        Turn.channel_id == channel_id, Turn.role == role
                    )
                )
                for role in Role
            ]
            last = max(turn_id or 0 for turn_id in newest)
            previous = channel.forgotten_turn_id
            if last <= (previous or 0):
                return None
            channel.forgotten_turn_id = last
            return Reset(forgotten=last, previous=previous)

    async def unforget(self, channel_id: int, forgotten: int, previous: int | None) -> bool:
        """Undo a reset, given what :meth:`forget` returned.

        Returns:
            Whether it was the last one; if not, nothing changes.
        """
        async with self._database.writing() as session:
            return await change(
                session,
                update(Channel)
                .where(Channel.id == channel_id, Channel.forgotten_turn_id == forgotten)
                .values(forgotten_turn_id=previous),
            )

    async def edit_message(self, message_id: int, content: str) -> int | None:
        """Follow a person's edit of their message.

        Returns:
            The turn's id; ``None`` if no person's turn stands in that message.
        """
        async with self._database.writing() as session:
            turn = await session.scalar(
                select(Turn)
                .join(TurnMessage, TurnMessage.turn_id == Turn.id)
                .where(TurnMessage.message_id == message_id, Turn.role == Role.USER)
            )
            # What is not to be kept is not written down by an edit either.
            if turn is None or (turn.state is TurnState.PENDING and not turn.content):
                return None
            turn.content = content
            turn.tokens = None
            return turn.id

    async def delete_messages(self, message_ids: Sequence[int]) -> list[int]:
        """Follow the deletion of messages: a turn goes with any message it stands in.

        A reply outlives its question, for it is still there to be read, but leaves the window
        with it; the replies that it replaced are not, and go too.

        Returns:
            The ids of the turns that stood in those messages.
        """
        async with self._database.writing() as session:
            found = await session.scalars(
                select(TurnMessage.turn_id).where(TurnMessage.message_id.in_(message_ids))
            )
            gone = sorted(set(found))
            if gone:
                await delete_turns(session, gone)
            return gone

    async def delete_reply(self, reply_id: int) -> None:
        """Take a reply away, whichever messages it stands in."""
        async with self._database.writing() as session:
            await delete_turns(session, [reply_id])

    async def turn(self, turn_id: int) -> StoredTurn | None:
        async with self._database.reading() as session:
            found = await session.get(Turn, turn_id)
            return None if found is None else stored(found)

    async def turn_of_message(self, message_id: int) -> StoredTurn | None:
        """The turn that stands in a Discord message."""
        async with self._database.reading() as session:
            found = await session.scalar(
                select(Turn)
                .join(TurnMessage, TurnMessage.turn_id == Turn.id)
                .where(TurnMessage.message_id == message_id)
            )
            return None if found is None else stored(found)

    async def messages_of(self, turn_id: int) -> list[int]:
        """The ids of the Discord messages that a turn stands in, in reading order."""
        async with self._database.reading() as session:
            found = await session.scalars(
                select(TurnMessage.message_id)
                .where(TurnMessage.turn_id == turn_id)
                .order_by(TurnMessage.part, TurnMessage.message_id)
            )
            return list(found)

    async def replaced_messages(self, question_id: int) -> list[int]:
        """The ids of the Discord messages that show a reply to a question which was replaced, in
        reading order: what is to stand there instead has not been written."""
        async with self._database.reading() as session:
            found = await session.scalars(
                select(TurnMessage.message_id)
                .join(Turn, Turn.id == TurnMessage.turn_id)
                .where(Turn.answers_turn_id == question_id, Turn.state == TurnState.REPLACED)
                .order_by(TurnMessage.part, TurnMessage.message_id)
            )
            return list(found)

    async def last_reply(self, channel_id: int) -> StoredTurn | None:
        """The newest reply since the last reset that was not replaced and whose question is still
        there; it may be pending."""
        async with self._database.reading() as session:
            forgotten = select(Channel.forgotten_turn_id).where(Channel.id == channel_id)
            found = await session.scalar(
                select(Turn)
                .where(
                    Turn.channel_id == channel_id,
                    Turn.role == Role.ASSISTANT,
                    Turn.state != TurnState.REPLACED,
                    Turn.answers_turn_id > func.coalesce(forgotten.scalar_subquery(), 0),
                )
                .order_by(Turn.id.desc())
                .limit(1)
            )
            return None if found is None else stored(found)

    async def close_interrupted(self, shards: Shards = ALL_SHARDS) -> list[InterruptedReply]:
        """Close what the last process left pending. At start, before anything is asked.

        Args:
            shards: this process's; what is pending on others is being written by another one.

        Returns:
            The replies, oldest first, so that their messages can be marked.
        """
        left = PENDING & in_channel_of(shards, Turn.channel_id)
        async with self._database.writing() as session:
            replies = list(
                await session.scalars(
                    select(Turn).where(left, Turn.role == Role.ASSISTANT).order_by(Turn.id)
                )
            )
            messages: dict[int, list[int]] = {reply.id: [] for reply in replies}
            for message in await session.scalars(
                select(TurnMessage)
                .where(TurnMessage.turn_id.in_(list(messages)))
                .order_by(TurnMessage.part, TurnMessage.message_id)
            ):
                messages[message.turn_id].append(message.message_id)
            await change(
                session,
                update(Turn)
                .where(left)
                .values(state=TurnState.INTERRUPTED, finished_at=datetime.now(UTC)),
            )
            return [
                InterruptedReply(
                    turn_id=reply.id,
                    channel_id=reply.channel_id,
                    message_ids=tuple(messages[reply.id]),
                    content=reply.content,
                )
                for reply in replies
            ]

    async def channel(self, channel_id: int) -> ChannelRef | None:
        """The channel as it was named when it was first written to."""
        async with self._database.reading() as session:
            found = await session.get(Channel, channel_id)
            return None if found is None else ChannelRef(found.id, found.guild_id, found.parent_id)

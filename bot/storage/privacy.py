"""What is stored about one person: counted, given out, erased, or not kept at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Delete,
    Select,
    Update,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from bot.shards import ALL_SHARDS, Shards
from bot.storage.channels import in_channel_of
from bot.storage.database import Database
from bot.storage.document_schema import Document, Passage, TurnDocument
from bot.storage.engine import insert_into
from bot.storage.game_schema import Award, DailyResult, Game, Pack, QuestionReport
from bot.storage.personal_export import ASKED, Json, about, asked_by, exported
from bot.storage.privacy_schema import OptOut
from bot.storage.schema import Channel, Role, Turn, TurnMessage
from bot.storage.statements import PENDING
from bot.storage.turns import InterruptedReply

_AT_ONCE = 100
"""Rows that one transaction deletes: nobody waits longer for it than some milliseconds."""

NOBODY = 0
"""Stands where a person must be named and had their data removed. Discord has no such id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """How much is stored about a person, by kind."""

    questions: int = 0
    replies: int = 0
    """To their questions, those that were written anew included."""
    documents: int = 0
    rounds: int = 0
    """Of games, in which they have points or took part."""
    daily_results: int = 0
    reports: int = 0
    games_started: int = 0
    packs_added: int = 0
    rules: int = 0
    """By which admins let them use the bot, or do not. Those are the admins' to change."""

    @property
    def own(self) -> Holdings:
        """What is the person's to delete."""
        return replace(self, rules=0)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything that carries a person's id."""

    database: Database

    async def holdings(self, person_id: int) -> Holdings:
        """What is stored at this moment."""
        async with self.database.reading() as session:

            async def number(condition: ColumnElement[bool]) -> int:
                return await session.scalar(select(func.count()).where(condition)) or 0

            return Holdings(
                questions=await number(asked_by(person_id)),
                replies=await session.scalar(
                    select(func.count(Turn.id))
                    .join(ASKED, ASKED.id == Turn.answers_turn_id)
                    .where(ASKED.author_id == person_id)
                )
                or 0,
                documents=await number(Document.added_by == person_id),
                rounds=await number(Award.person_id == person_id),
                daily_results=await number(DailyResult.person_id == person_id),
                reports=await number(QuestionReport.person_id == person_id),
                games_started=await number(Game.started_by == person_id),
                packs_added=await number(Pack.added_by == person_id),
                rules=await number(about(person_id)),
            )

    async def export(self, person_id: int, *, with_texts: bool = True) -> Json:
        """All of it, as JSON takes it. ``with_texts``: of the documents too."""
        async with self.database.reading() as session:
            return await exported(session, person_id, with_texts=with_texts)

    async def erase(self, person_id: int, *, direct_channel: int | None = None) -> Holdings:
        """Delete all of it for good, and return how much it was. That they have opted out stays,
        and so do the admins' rules about them.

        It takes several transactions, so that nobody waits for long: whoever sees it break off
        asks for it again. What others own stays without them: the games that they started, and a
        server's packs. What the bot was told of a direct message (``direct_channel``, and any
        other that they spoke in) goes with it.
        """
        erased = (await self.holdings(person_id)).own
        async with self.database.reading() as session:
            direct = set(
                await session.scalars(
                    select(Channel.id)
                    .join(Turn, Turn.channel_id == Channel.id)
                    .where(Channel.guild_id.is_(None), asked_by(person_id))
                    .distinct()
                )
            )
            questions = list(await session.scalars(select(Turn.id).where(asked_by(person_id))))
            documents = list(
                await session.scalars(select(Document.id).where(Document.added_by == person_id))
            )
        if direct_channel is not None:
            direct.add(direct_channel)
        for start in range(0, len(questions), _AT_ONCE):
            await self._delete_questions(questions[start : start + _AT_ONCE])
        for document_id in documents:
            await delete_document(self.database, document_id)
        async with self.database.writing() as session:
            for table, owner in (
                (Award, Award.person_id),
                (DailyResult, DailyResult.person_id),
                (QuestionReport, QuestionReport.person_id),
            ):
                await _execute(session, delete(table).where(owner == person_id))
            await _execute(
                session, update(Game).where(Game.started_by == person_id).values(started_by=None)
            )
            await _execute(
                session, update(Pack).where(Pack.added_by == person_id).values(added_by=NOBODY)
            )
            others = exists().where(Turn.channel_id == Channel.id, Turn.role == Role.USER)
            await _execute(
                session,
                delete(Channel).where(Channel.id.in_(direct), Channel.guild_id.is_(None), ~others),
            )
        return erased

    async def _delete_questions(self, question_ids: Sequence[int]) -> None:
        async with self.database.writing() as session:
            await _execute(session, delete(Turn).where(Turn.answers_turn_id.in_(question_ids)))
            await _execute(session, delete(Turn).where(Turn.id.in_(question_ids)))

    async def delete_question(self, question_id: int) -> None:
        """Delete a question and the replies to it."""
        await self._delete_questions([question_id])

    # -- those who want nothing kept -------------------------------------------------------

    async def has_opted_out(self, person_id: int) -> bool:
        """Asked of the database each time: another process may have been told."""
        async with self.database.reading() as session:
            return await session.get(OptOut, person_id) is not None

    async def opt_out(self, person_id: int) -> None:
        """Keep nothing from now on of what this person asks. What is there already stays."""
        async with self.database.writing() as session:
            await session.execute(
                insert_into(session, OptOut)
                .values(person_id=person_id, at=datetime.now(UTC))
                .on_conflict_do_nothing()
            )

    async def opt_in(self, person_id: int) -> None:
        async with self.database.writing() as session:
            await _execute(session, delete(OptOut).where(OptOut.person_id == person_id))

    async def drop_unkept(self, question_id: int) -> None:
        """Take a question away that was not to be kept, the replies to it, and the documents that
        the person brought for it."""
        async with self.database.reading() as session:
            about = list(
                await session.scalars(
                    select(TurnDocument.document_id).where(TurnDocument.turn_id == question_id)
                )
            )
        await self._delete_questions([question_id])
        await self.drop_unkept_documents(about)

    async def drop_unkept_documents(self, document_ids: Sequence[int]) -> None:
        """Take those of the documents away that somebody brought after they had opted out."""
        async with self.database.reading() as session:
            brought = list(
                await session.scalars(_brought_since().where(Document.id.in_(document_ids)))
            )
        for document_id in brought:
            await delete_document(self.database, document_id)

    async def drop_documents(self, person_id: int, document_ids: Sequence[int]) -> None:
        """Take those of the documents away that a person brought."""
        async with self.database.reading() as session:
            brought = list(
                await session.scalars(
                    select(Document.id).where(
                        Document.added_by == person_id, Document.id.in_(document_ids)
                    )
                )
            )
        for document_id in brought:
            await delete_document(self.database, document_id)

    async def drop_all_unkept(self, shards: Shards = ALL_SHARDS) -> list[InterruptedReply]:
        """Take away what a process that died had no time to: what was pending of those who have
        opted out, and what documents they have brought since. At the start, before anything that
        is pending is closed.

        Args:
            shards: this process's; on others a process that lives is at it.

        Returns:
            The replies among it, so that their messages can be marked.
        """
        async with self.database.reading() as session:
            questions = list(
                await session.scalars(
                    select(Turn.id)
                    .join(OptOut, OptOut.person_id == Turn.author_id)
                    .where(PENDING, in_channel_of(shards, Turn.channel_id))
                )
            )
            brought = _brought_since().where(in_channel_of(shards, Document.channel_id))
            documents = list(await session.scalars(brought))
            interrupted = await _replies_to(session, questions)
        await self._delete_questions(questions)
        for document_id in documents:
            await delete_document(self.database, document_id)
        return interrupted


async def _replies_to(session: AsyncSession, questions: Sequence[int]) -> list[InterruptedReply]:
    """Those that were not ended, to questions that are not to be kept."""
    replies = list(
        await session.scalars(
            select(Turn).where(Turn.answers_turn_id.in_(questions), PENDING).order_by(Turn.id)
        )
    )
    messages: dict[int, list[int]] = {}
    for message in await session.scalars(
        select(TurnMessage)
        .where(TurnMessage.turn_id.in_([*questions, *(reply.id for reply in replies)]))
        .order_by(TurnMessage.part, TurnMessage.message_id)
    ):
        messages.setdefault(message.turn_id, []).append(message.message_id)
    return [
        InterruptedReply(
            turn_id=reply.id,
            channel_id=reply.channel_id,
            message_ids=tuple(messages.get(reply.id, ())),
            content="",
            is_kept=False,
            asked_in=next(iter(messages.get(reply.answers_turn_id or 0, ())), None),
        )
        for reply in replies
    ]


async def delete_document(database: Database, document_id: int) -> None:
    """Delete a document, its passages some at a time: a book has thousands."""
    while True:
        async with database.writing() as session:
            some = list(
                await session.scalars(
                    select(Passage.position)
                    .where(Passage.document_id == document_id)
                    .limit(_AT_ONCE)
                )
            )
            await _execute(
                session,
                delete(Passage).where(
                    Passage.document_id == document_id, Passage.position.in_(some)
                ),
            )
            if len(some) < _AT_ONCE:
                await _execute(session, delete(Document).where(Document.id == document_id))
                return


def _brought_since() -> Select[int]:
    return (
        select(Document.id)
        .join(OptOut, OptOut.person_id == Document.added_by)
        .where(Document.added_at >= OptOut.at)
    )


async def _execute(session: AsyncSession, statement: Delete | Update) -> int:
    """The number of rows that it was about."""
    result = await session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)  # noqa: S101 - these have no other
    return result.rowcount

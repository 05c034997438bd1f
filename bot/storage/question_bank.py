"""Questions that do not come with the bot, and what each channel has been asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import AirocordError
from bot.language import phrase
from bot.storage.channels import ChannelRef, make_known
from bot.storage.database import Database
from bot.storage.engine import insert_into
from bot.storage.game_schema import BankQuestion, Clue, Pack, QuestionReport, ServedQuestion
from bot.storage.schema import Guild

REPORTS_TO_RETIRE = 2
"""People who have to say that a model's question is wrong before it is not asked any more."""

_AT_ONCE = 500
"""Rows in one statement; SQLite takes some thirty thousand values in one."""


class PackRefused(AirocordError):
    """The server has a pack of that title, or as many as it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankEntry:
    """A question in the bank."""

    id: str
    origin: str
    category: str
    difficulty: str
    text: str
    answer: str
    aliases: tuple[str, ...] = ()
    distractors: tuple[str, ...] = ()
    explanation: str = ""
    written_by: str | None = None
    """The model that wrote it."""


@dataclass(frozen=True, slots=True)
class StoredPack:
    """A server's pack, without its questions."""

    id: int
    title: str
    credit: str
    added_by: int
    questions: int


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """How many questions a category has."""

    category: str
    origin: str
    count: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A question without its text."""

    id: str
    category: str
    origin: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions are meant. ``None`` and empty: all."""

    guild_id: int | None = None
    """The server that asks: its packs count too."""
    origins: tuple[str, ...] = ()
    category: str | None = None
    difficulty: str | None = None


@dataclass(frozen=True, slots=True)
class QuestionBank:
    """All changes are whole or not at all."""

    database: Database

    async def add(self, entries: Sequence[BankEntry]) -> int:
        """Add questions for every server, and return how many were not there yet."""
        async with self.database.writing() as session:
            return await _add(session, entries, None)

    async def add_pack(
        self,
        guild_id: int,
        *,
        title: str,
        credit: str,
        added_by: int,
        entries: Sequence[BankEntry],
        most_packs: int,
    ) -> StoredPack:
        """Keep a server's pack. The questions get ids of their own, for two servers may bring
        the same pack.

        Raises:
            PackRefused: there is one of that title, or ``most_packs`` are there.
        """
        now = datetime.now(UTC)
        async with self.database.writing() as session:
            await session.execute(
                insert_into(session, Guild)
                .values(id=guild_id, first_seen_at=now)
                .on_conflict_do_nothing()
            )
            titles = list(
                await session.scalars(select(Pack.title).where(Pack.guild_id == guild_id))
            )
            if title in titles:
                raise PackRefused(
                    phrase(
                        'This server has a pack "{title}" already. Remove it first with '
                        "`/trivia pack remove`, or give yours another title.",
                        title=title,
                    )
                )
            if len(titles) >= most_packs:
                raise PackRefused(
                    phrase(
                        "This server has {count} packs, and {most} is the most. Remove "
                        "one first with `/trivia pack remove`.",
                        count=len(titles),
                        most=most_packs,
                    )
                )
            pack = Pack(
                guild_id=guild_id, title=title, credit=credit, added_by=added_by, added_at=now
            )
            session.add(pack)
            await session.flush()
            numbered = [
                BankEntry(
                    id=f"pack:{pack.id}:{number}",
                    origin=entry.origin,
                    category=entry.category,
                    difficulty=entry.difficulty,
                    text=entry.text,
                    answer=entry.answer,
                    aliases=entry.aliases,
                    distractors=entry.distractors,
                    explanation=entry.explanation,
                )
                for number, entry in enumerate(entries, 1)
            ]
            await _add(session, numbered, pack.id)
            return StoredPack(pack.id, title, credit, added_by, len(numbered))

    async def packs(self, guild_id: int) -> list[StoredPack]:
        """A server's packs by title."""
        statement = (
            select(Pack.id, Pack.title, Pack.credit, Pack.added_by, func.count(BankQuestion.id))
            .outerjoin(BankQuestion, BankQuestion.pack_id == Pack.id)
            .where(Pack.guild_id == guild_id)
            .group_by(Pack.id, Pack.title, Pack.credit, Pack.added_by)
            .order_by(Pack.title)
        )
        async with self.database.reading() as session:
            return [StoredPack(*row) for row in await session.execute(statement)]

    async def remove_pack(self, guild_id: int, pack_id: int) -> bool:
        """Remove a server's pack and its questions; ``False``: it is not there."""
        async with self.database.writing() as session:
            removed = await session.execute(
                delete(Pack).where(Pack.id == pack_id, Pack.guild_id == guild_id).returning(Pack.id)
            )
            return removed.first() is not None

    async def categories(self, guild_id: int | None) -> list[CategoryCount]:
        """What can be asked in a server, by name."""
        statement = (
            select(BankQuestion.category, BankQuestion.origin, func.count())
            .where(_is_for(guild_id), ~BankQuestion.is_retired)
            .group_by(BankQuestion.category, BankQuestion.origin)
            .order_by(BankQuestion.category, BankQuestion.origin)
        )
        async with self.database.reading() as session:
            return [CategoryCount(*row) for row in await session.execute(statement)]

    async def listed(self, wanted: Wanted) -> list[Listed]:
        """The questions that are wanted, without their texts."""
        statement = _wanted(wanted).with_only_columns(
            BankQuestion.id, BankQuestion.category, BankQuestion.origin
        )
        async with self.database.reading() as session:
            return [Listed(*row) for row in await session.execute(statement)]

    async def get(self, ids: Sequence[str]) -> list[BankEntry]:
        """Questions by their ids, in that order; those that are gone are left out. Some dozens."""
        statement = select(BankQuestion).where(BankQuestion.id.in_(ids))
        async with self.database.reading() as session:
            found = {row.id: _entry(row) for row in await session.scalars(statement)}
        return [found[one] for one in ids if one in found]

    async def texts(self, origin: str) -> list[str]:
        """Every question of an origin, those that were retired too, to find repetitions."""
        async with self.database.reading() as session:
            return list(
                await session.scalars(
                    select(BankQuestion.text).where(BankQuestion.origin == origin)
                )
            )

    async def credits(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Titles and credits of the packs that questions are from, by title. Some dozens."""
        statement = (
            select(Pack.title, Pack.credit)
            .join(BankQuestion, BankQuestion.pack_id == Pack.id)
            .where(BankQuestion.id.in_(ids))
            .distinct()
            .order_by(Pack.title)
        )
        async with self.database.reading() as session:
            return [(title, credit) for title, credit in await session.execute(statement)]

    # -- what a channel has had --------------------------------------------------------------

    async def served(self, channel_id: int) -> set[str]:
        """Ids of the questions that a channel has had."""
        async with self.database.reading() as session:
            return set(
                await session.scalars(
                    select(ServedQuestion.question_id).where(
                        ServedQuestion.channel_id == channel_id
                    )
                )
            )

    async def serve(self, channel: ChannelRef, question_id: str) -> None:
        """The channel is being asked this now."""
        async with self.database.writing() as session:
            await make_known(session, channel)
            await session.execute(
                insert_into(session, ServedQuestion)
                .values(channel_id=channel.id, question_id=question_id, at=datetime.now(UTC))
                .on_conflict_do_nothing()
            )

    async def empty_bag(self, channel_id: int, ids: Sequence[str]) -> None:
        """The channel has had all of these: they may come again."""
        async with self.database.writing() as session:
            for start in range(0, len(ids), _AT_ONCE):
                await session.execute(
                    delete(ServedQuestion).where(
                        ServedQuestion.channel_id == channel_id,
                        ServedQuestion.question_id.in_(ids[start : start + _AT_ONCE]),
                    )
                )

    # -- what is wrong with a question -------------------------------------------------------

    async def report(self, question_id: str, person_id: int, *, origin: str) -> bool:
        """A person says that it is wrong; ``True`` where it is not asked any more for that."""
        async with self.database.writing() as session:
            await session.execute(
                insert_into(session, QuestionReport)
                .values(question_id=question_id, person_id=person_id, at=datetime.now(UTC))
                .on_conflict_do_nothing()
            )
            reports = await session.scalar(
                select(func.count()).where(QuestionReport.question_id == question_id)
            )
            if origin != "model" or (reports or 0) < REPORTS_TO_RETIRE:
                return False
            await session.execute(
                update(BankQuestion).where(BankQuestion.id == question_id).values(is_retired=True)
            )
            return True

    async def reported(self) -> set[str]:
        """Ids that enough people have reported, of any origin."""
        async with self.database.reading() as session:
            return set(
                await session.scalars(
                    select(QuestionReport.question_id)
                    .group_by(QuestionReport.question_id)
                    .having(func.count() >= REPORTS_TO_RETIRE)
                )
            )

    # -- clues -------------------------------------------------------------------------------

    async def add_clue(self, word: str, text: str, *, written_by: str) -> None:
        """Keep a clue that was checked; a newer one takes an older one's place."""
        values = {"text": text, "written_by": written_by, "added_at": datetime.now(UTC)}
        async with self.database.writing() as session:
            await session.execute(
                insert_into(session, Clue)
                .values(word=word, **values)
                .on_conflict_do_update(index_elements=[Clue.word], set_=values)
            )

    async def clues(self, words: Sequence[str]) -> dict[str, str]:
        """Clues by word, for those of ``words`` that have one."""
        async with self.database.reading() as session:
            rows = await session.execute(select(Clue.word, Clue.text).where(Clue.word.in_(words)))
            return dict(rows.all())

    async def clue_count(self) -> int:
        """How many words have a clue."""
        async with self.database.reading() as session:
            return await session.scalar(select(func.count()).select_from(Clue)) or 0


def _is_for(guild_id: int | None) -> ColumnElement[bool]:
    packs = select(Pack.id).where(Pack.guild_id == guild_id)
    return or_(BankQuestion.pack_id.is_(None), BankQuestion.pack_id.in_(packs))


def _wanted(wanted: Wanted) -> Select[BankQuestion]:
    statement = select(BankQuestion).where(_is_for(wanted.guild_id), ~BankQuestion.is_retired)
    if wanted.origins:
        statement = statement.where(BankQuestion.origin.in_(wanted.origins))
    if wanted.category is not None:
        statement = statement.where(BankQuestion.category == wanted.category)
    if wanted.difficulty is not None:
        statement = statement.where(BankQuestion.difficulty == wanted.difficulty)
    return statement


async def _add(session: AsyncSession, entries: Sequence[BankEntry], pack_id: int | None) -> int:
    now = datetime.now(UTC)
    added = 0
    for start in range(0, len(entries), _AT_ONCE):
        rows = [
            {
                "id": entry.id,
                "origin": entry.origin,
                "pack_id": pack_id,
                "category": entry.category,
                "difficulty": entry.difficulty,
                "text": entry.text,
                "answer": entry.answer,
                "aliases": json.dumps(entry.aliases),
                "distractors": json.dumps(entry.distractors),
                "explanation": entry.explanation,
                "written_by": entry.written_by,
                "is_retired": False,
                "added_at": now,
            }
            for entry in entries[start : start + _AT_ONCE]
        ]
        inserted = await session.execute(
            insert_into(session, BankQuestion)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(BankQuestion.id)
        )
        added += len(inserted.all())
    return added


def _entry(row: BankQuestion) -> BankEntry:
    return BankEntry(
        id=row.id,
        origin=row.origin,
        category=row.category,
        difficulty=row.difficulty,
        text=row.text,
        answer=row.answer,
        aliases=tuple(json.loads(row.aliases)),
        distractors=tuple(json.loads(row.distractors)),
        explanation=row.explanation,
        written_by=row.written_by,
    )

"""Each channel's documents, and which of them an answer rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import AirocordError
from bot.language import figure, phrase, plural
from bot.storage.channels import ChannelRef, make_known
from bot.storage.database import Database
from bot.storage.document_schema import Document, Passage, TurnDocument, TurnSource
from bot.storage.schema import Turn

_AT_ONCE = 250
"""Passages that the event loop is held up for, some milliseconds, when they are put into the
database or taken out: a book has thousands."""


class LibraryFull(AirocordError):
    """The channel has as many documents, or as much text, as it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassage:
    """A stretch of a document."""

    position: int
    """Counts from 0 in reading order."""
    text: str
    page: int | None
    last_page: int | None
    section: str | None
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A file that was read, about to be kept."""

    name: str
    """Fit to be shown."""
    kind: str
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    size: int
    """Bytes."""
    characters: int
    pages: int | None
    warnings: tuple[str, ...]
    added_by: int
    message_id: int | None
    """The Discord message it came with."""
    passages: Sequence[StoredPassage]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document of a channel, without its text."""

    id: int
    channel_id: int
    name: str
    kind: str
    sha256: str
    size: int
    characters: int
    pages: int | None
    warnings: tuple[str, ...]
    added_by: int
    message_id: int | None
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a reply rests on: passages of one document that follow each other."""

    number: int
    """As shown under the reply, from 1."""
    document_id: int
    first: int
    last: int
    """Positions of the first and the last passage."""


@dataclass(frozen=True, slots=True)
class Library:
    """Documents by channel. All changes are whole or not at all."""

    database: Database

    async def add(
        self,
        channel: ChannelRef,
        document: NewDocument,
        *,
        most_documents: int,
        most_characters: int,
    ) -> StoredDocument:
        """Keep a document with all its passages, or return the one of the same content that the
        person has brought already; it goes with the last message that it came with. The limits
        are the channel's, of all its documents together.

        Raises:
            LibraryFull: it would be too much; nothing is kept.
        """
        async with self.database.writing() as session:
            await make_known(session, channel)
            there = await session.scalar(
                select(Document).where(
                    Document.channel_id == channel.id,
                    Document.sha256 == document.sha256,
                    Document.added_by == document.added_by,
                )
            )
            if there is not None:
                if there.message_id is not None:
                    there.message_id = document.message_id
                return _stored(there)
            await _check_room(session, channel.id, document, most_documents, most_characters)
            row = Document(
                channel_id=channel.id,
                name=document.name,
                kind=document.kind,
                sha256=document.sha256,
                size=document.size,
                characters=document.characters,
                pages=document.pages,
                warnings="\n".join(document.warnings),
                added_by=document.added_by,
                message_id=document.message_id,
                added_at=datetime.now(UTC),
            )
            session.add(row)
            await session.flush()
            for start in range(0, len(document.passages), _AT_ONCE):
                await session.execute(
                    insert(Passage),
                    [
                        {
                            "document_id": row.id,
                            "position": passage.position,
                            "text": passage.text,
                            "page": passage.page,
                            "last_page": passage.last_page,
                            "section": passage.section,
                            "tokens": passage.tokens,
                        }
                        for passage in document.passages[start : start + _AT_ONCE]
                    ],
                )
            return _stored(row)

    async def documents(self, channel_id: int) -> list[StoredDocument]:
        """The documents of a channel, the newest last."""
        async with self.database.reading() as session:
            rows = await session.scalars(
                select(Document).where(Document.channel_id == channel_id).order_by(Document.id)
            )
            return [_stored(row) for row in rows]

    async def passages(self, document_ids: Sequence[int]) -> dict[int, list[StoredPassage]]:
        """All passages of these documents in reading order, by document."""
        found: dict[int, list[StoredPassage]] = {document_id: [] for document_id in document_ids}
        columns = (
            Passage.document_id,
            Passage.position,
            Passage.text,
            Passage.page,
            Passage.last_page,
            Passage.section,
            Passage.tokens,
        )
        async with self.database.reading() as session:
            stream = await session.stream(
                select(*columns)
                .where(Passage.document_id.in_(document_ids))
                .order_by(Passage.document_id, Passage.position)
            )
            async for rows in stream.partitions(_AT_ONCE):
                for document_id, position, text, page, last_page, section, tokens in rows:
                    found[document_id].append(
                        StoredPassage(
                            position=position,
                            text=text,
                            page=page,
                            last_page=last_page,
                            section=section,
                            tokens=tokens,
                        )
                    )
        return found

    async def remove(self, channel_id: int, document_id: int) -> bool:
        """Take one document out of a channel; whether it was there."""
        async with self.database.writing() as session:
            gone = await session.scalars(
                delete(Document)
                .where(Document.channel_id == channel_id, Document.id == document_id)
                .returning(Document.id)
            )
            return bool(gone.all())

    async def clear(self, channel_id: int) -> int:
        """Take all documents out of a channel; how many there were."""
        async with self.database.writing() as session:
            gone = await session.scalars(
                delete(Document).where(Document.channel_id == channel_id).returning(Document.id)
            )
            return len(gone.all())

    async def delete_messages(self, message_ids: Sequence[int]) -> int:
        """Follow the deletion of Discord messages: documents that came with them go."""
        async with self.database.writing() as session:
            gone = await session.scalars(
                delete(Document).where(Document.message_id.in_(message_ids)).returning(Document.id)
            )
            return len(gone.all())

    # -- what answers rest on ------------------------------------------------------------

    async def asked_about(self, turn_id: int, document_ids: Sequence[int]) -> None:
        """Remember which documents a question is about. Those that are gone are left out."""
        async with self.database.writing() as session:
            if await session.get(Turn, turn_id) is None:
                return
            there = await session.scalars(select(Document.id).where(Document.id.in_(document_ids)))
            await session.execute(delete(TurnDocument).where(TurnDocument.turn_id == turn_id))
            session.add_all(TurnDocument(turn_id=turn_id, document_id=id_) for id_ in there)

    async def documents_of(self, turn_id: int) -> list[int] | None:
        """The ids of the documents that a question was about, as far as they are still there;
        ``None`` if it was not about documents."""
        async with self.database.reading() as session:
            rows = await session.execute(
                select(TurnDocument.document_id, Document.id)
                .outerjoin(Document, Document.id == TurnDocument.document_id)
                .where(TurnDocument.turn_id == turn_id)
                .order_by(TurnDocument.document_id)
            )
            found = rows.all()
            return [there for _, there in found if there is not None] if found else None

    async def cite(self, turn_id: int, sources: Sequence[Source]) -> None:
        """Write down what a reply rests on, in place of what was written down before."""
        async with self.database.writing() as session:
            if await session.get(Turn, turn_id) is None:
                return
            ids = {source.document_id for source in sources}
            there = set(await session.scalars(select(Document.id).where(Document.id.in_(ids))))
            await session.execute(delete(TurnSource).where(TurnSource.turn_id == turn_id))
            session.add_all(
                TurnSource(
                    turn_id=turn_id,
                    number=source.number,
                    document_id=source.document_id,
                    first=source.first,
                    last=source.last,
                )
                for source in sources
                if source.document_id in there
            )

    async def sources(self, turn_id: int) -> list[Source]:
        """What a reply rests on, as far as the documents are still there."""
        async with self.database.reading() as session:
            rows = await session.scalars(
                select(TurnSource).where(TurnSource.turn_id == turn_id).order_by(TurnSource.number)
            )
            return [
                Source(
                    number=row.number, document_id=row.document_id, first=row.first, last=row.last
                )
                for row in rows
            ]

    async def shown(
        self, turn_id: int, number: int
    ) -> tuple[StoredDocument, list[StoredPassage]] | None:
        """The document and the passages of one source; ``None`` if it is gone."""
        async with self.database.reading() as session:
            source = await session.get(TurnSource, (turn_id, number))
            if source is None:
                return None
            document = await session.get_one(Document, source.document_id)
            rows = await session.scalars(
                select(Passage)
                .where(
                    Passage.document_id == document.id,
                    Passage.position.between(source.first, source.last),
                )
                .order_by(Passage.position)
            )
            return _stored(document), [
                StoredPassage(
                    position=row.position,
                    text=row.text,
                    page=row.page,
                    last_page=row.last_page,
                    section=row.section,
                    tokens=row.tokens,
                )
                for row in rows
            ]


async def _check_room(
    session: AsyncSession,
    channel_id: int,
    document: NewDocument,
    most_documents: int,
    most_characters: int,
) -> None:
    count, characters = (
        await session.execute(
            select(func.count(), func.coalesce(func.sum(Document.characters), 0)).where(
                Document.channel_id == channel_id
            )
        )
    ).one()
    if count >= most_documents:
        raise LibraryFull(
            plural(
                "This channel has {count} document already, and no more fit. Remove one with "
                "`/docs remove`, and try again.",
                "This channel has {count} documents already, and no more fit. Remove one with "
                "`/docs remove`, and try again.",
                count,
            )
        )
    if characters + document.characters > most_characters:
        raise LibraryFull(
            phrase(
                "There is no room for {name} here: all documents of a channel together may have "
                "{characters} characters. Remove one with `/docs remove`, and try again.",
                name=f"`{document.name}`",
                characters=figure(most_characters),
            )
        )


def _stored(row: Document) -> StoredDocument:
    return StoredDocument(
        id=row.id,
        channel_id=row.channel_id,
        name=row.name,
        kind=row.kind,
        sha256=row.sha256,
        size=row.size,
        characters=row.characters,
        pages=row.pages,
        warnings=tuple(row.warnings.splitlines()),
        added_by=row.added_by,
        message_id=row.message_id,
        added_at=row.added_at,
    )

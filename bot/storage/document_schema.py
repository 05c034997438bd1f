"""The tables of documents: what was attached, cut into passages, and what answers rest on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.schema import Base, Id, UtcDateTime, Words


class Document(Base):
    """A file that was attached in a channel. The same content is there once of each person: what
    one of them has deleted is still the other's."""

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Words)
    kind: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes of the file, which itself is not kept."""
    characters: Mapped[int]
    pages: Mapped[int | None]
    warnings: Mapped[str] = mapped_column(Words)
    """Sentences for the person, a line each."""
    added_by: Mapped[int] = mapped_column(Id, index=True)
    message_id: Mapped[int | None] = mapped_column(Id, index=True)
    """The Discord message it came with last; ``None`` if it ever was an option of a command."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "channel_id", "sha256", "added_by", unique=True),
        # Buttons name documents, so the id of a removed one is not given again.
        {"sqlite_autoincrement": True},
    )


class Passage(Base):
    """A stretch of a document, as long as a search result is."""

    __tablename__ = "passages"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Counts from 0 in reading order."""
    text: Mapped[str] = mapped_column(Words)
    page: Mapped[int | None]
    last_page: Mapped[int | None]
    section: Mapped[str | None] = mapped_column(Words)
    tokens: Mapped[int]
    """By the tokenizer of the day: an estimate once the model has changed."""


class TurnDocument(Base):
    """A document that a question was asked about. It stays when the document is removed, so that
    the question is not taken for one that needs none."""

    __tablename__ = "turn_documents"

    turn_id: Mapped[int] = mapped_column(
        ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    document_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)


class TurnSource(Base):
    """A passage that a reply rests on."""

    __tablename__ = "turn_sources"

    turn_id: Mapped[int] = mapped_column(
        ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """As shown under the reply, from 1."""
    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    first: Mapped[int]
    last: Mapped[int]
    """Positions of the passages it is made of, both included."""

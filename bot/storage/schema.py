"""The tables, as typed models.

Every constraint has a name, so that a later migration can alter it on any database. Columns use
only types that SQLite and PostgreSQL share; where the two differ, the difference is in the three
types at the top.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Id = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both. SQLite numbers rows by itself only in a column declared ``INTEGER``."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. SQLite keeps no offset, so what is stored there is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that people or a model wrote, of any length.

    PostgreSQL takes no NUL character and neither database takes half a surrogate pair. Both can
    arrive from outside, and neither is worth losing a turn over: NUL is dropped, half a pair
    becomes a question mark.
    """

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class TurnState(StrEnum):
    PENDING = "pending"
    """A reply that is being written, or a question that waits for one."""
    COMPLETE = "complete"
    STOPPED = "stopped"
    """A person pressed Stop."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The process died while it was pending."""
    REPLACED = "replaced"
    """Regenerated: another reply stands in its place."""


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


def _values(values: type[StrEnum]) -> list[str]:
    return [value.value for value in values]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


class Guild(Base):
    """A Discord server, from the first thing said to the bot in it."""

    __tablename__ = "guilds"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the bot ceased to be a member; ``None`` while it is one."""


class Channel(Base):
    """A text channel, a thread or a direct message: whatever has a conversation of its own.

    The two turn ids are positions in the conversation, not references: a turn that is deleted
    leaves the position where it was.
    """

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    guild_id: Mapped[int | None] = mapped_column(
        ForeignKey("guilds.id", ondelete="CASCADE"), index=True
    )
    """``None`` for a direct message."""
    parent_id: Mapped[int | None] = mapped_column(Id)
    """The channel a thread was opened in, which need not be known here."""
    talk: Mapped[bool | None]
    """Whether the bot answers everything said here; ``None`` leaves it to the parent."""
    persona: Mapped[str | None] = mapped_column(Words)
    """System prompt; ``None`` leaves it to the parent."""
    anchor_turn_id: Mapped[int | None] = mapped_column(Id)
    """The first turn of the prompt's window."""
    forgotten_turn_id: Mapped[int | None] = mapped_column(Id)
    """The conversation starts after this turn."""


class Turn(Base):
    """One person's message, or one reply."""

    __tablename__ = "turns"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    role: Mapped[Role] = mapped_column(
        Enum(Role, native_enum=False, length=16, values_callable=_values)
    )
    author_id: Mapped[int] = mapped_column(Id)
    author_name: Mapped[str] = mapped_column(Words)
    content: Mapped[str] = mapped_column(Words)
    tokens: Mapped[int | None]
    state: Mapped[TurnState] = mapped_column(
        Enum(TurnState, native_enum=False, length=16, values_callable=_values)
    )
    answers_turn_id: Mapped[int | None] = mapped_column(
        ForeignKey("turns.id", ondelete="SET NULL"), index=True
    )
    """The question that a reply answers; ``None`` once that question was deleted."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(_one_of("role", Role), name="role"),
        CheckConstraint(_one_of("state", TurnState), name="state"),
        CheckConstraint("answers_turn_id IS NULL OR role = 'assistant'", name="answers"),
        # A conversation is read by (channel, role) and then along the ids.
        Index(None, "channel_id", "role", "id"),
        Index(None, "created_at"),
        # What start-up has to close is a handful among any number of turns.
        Index(
            "ix_turns_pending",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        # Positions in the channel outlive turns, so the id of a deleted turn is not given again.
        {"sqlite_autoincrement": True},
    )


class TurnMessage(Base):
    """A Discord message that a turn stands in; a long reply has several."""

    __tablename__ = "turn_messages"

    message_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), index=True)
    part: Mapped[int]
    """Counts from 0 in reading order."""

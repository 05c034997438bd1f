"""What the admins of a server have decided for it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, Double, Enum, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.schema import Base, Id, Words


class Subject(StrEnum):
    """Whom or what a rule of access is about."""

    CHANNEL = "channel"
    ROLE = "role"
    PERSON = "person"


_SUBJECTS = ", ".join(repr(subject.value) for subject in Subject)


class GuildChoices(Base):
    """One row for each server whose admins have changed anything; what is ``None`` is left to
    whoever runs the bot."""

    __tablename__ = "guild_choices"

    guild_id: Mapped[int] = mapped_column(
        ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    persona: Mapped[str | None] = mapped_column(Words)
    temperature: Mapped[float | None] = mapped_column(Double)
    reply_tokens: Mapped[int | None]
    """Longest reply."""
    games: Mapped[bool | None]
    documents: Mapped[bool | None]
    ranks_model_questions: Mapped[bool | None]
    """Whether games with questions that the model wrote count on scoreboards."""
    retention_days: Mapped[int | None]


class AccessRule(Base):
    """A channel, a role or a person that the bot may or may not be used by."""

    __tablename__ = "access_rules"

    guild_id: Mapped[int] = mapped_column(
        ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    subject: Mapped[Subject] = mapped_column(
        Enum(
            Subject,
            native_enum=False,
            length=16,
            values_callable=lambda subjects: [subject.value for subject in subjects],
        ),
        primary_key=True,
    )
    subject_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    is_allowed: Mapped[bool]

    __table_args__ = (CheckConstraint(f"subject IN ({_SUBJECTS})", name="subject"),)

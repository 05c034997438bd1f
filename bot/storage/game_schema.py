"""The tables of the games: what was played, who got what for it, and what may be asked."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, Enum, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.schema import Base, Id, UtcDateTime, Words

QUESTION_ID_LENGTH = 100
WORD_LENGTH = 32


class GameState(StrEnum):
    RUNNING = "running"
    ENDED = "ended"
    INTERRUPTED = "interrupted"
    """The process died or was stopped while it ran."""


_STATES = ", ".join(repr(state.value) for state in GameState)


class Game(Base):
    """One game in a channel."""

    __tablename__ = "games"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(16))
    """``trivia``, ``classic``, ``twist`` or ``conundrum``."""
    started_by: Mapped[int | None] = mapped_column(Id)
    """``None`` once that person had their data removed."""
    message_id: Mapped[int | None] = mapped_column(Id)
    """Where the game stands now."""
    state: Mapped[GameState] = mapped_column(
        Enum(
            GameState,
            native_enum=False,
            length=16,
            values_callable=lambda states: [state.value for state in states],
        )
    )
    may_rank: Mapped[bool]
    """Whether its points may count on scoreboards; they do from two players on."""
    players: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        # One game a channel, whatever process starts it.
        Index(
            "ix_games_running",
            "channel_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        {"sqlite_autoincrement": True},
    )


class Award(Base):
    """What a person got in a round; 0 points for having played without being right."""

    __tablename__ = "awards"

    game_id: Mapped[int] = mapped_column(
        ForeignKey("games.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Counts from 1."""
    person_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False, index=True)
    points: Mapped[int]
    correct: Mapped[int]
    """How many right answers, or words, these points are for."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class DailyResult(Base):
    """What a person got for the puzzle of a day; the first result stands."""

    __tablename__ = "daily_results"

    person_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    points: Mapped[int]
    """0: tried and not solved."""


class Pack(Base):
    """Questions that a server's admins brought."""

    __tablename__ = "packs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(Words)
    credit: Mapped[str] = mapped_column(Words)
    """Author and licence, as they are to be shown."""
    added_by: Mapped[int] = mapped_column(Id)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "guild_id", "title", unique=True),
        # Its questions are named by it in what was served.
        {"sqlite_autoincrement": True},
    )


class BankQuestion(Base):
    """A question that does not come with the bot."""

    __tablename__ = "bank_questions"

    id: Mapped[str] = mapped_column(String(QUESTION_ID_LENGTH), primary_key=True)
    origin: Mapped[str] = mapped_column(String(16))
    pack_id: Mapped[int | None] = mapped_column(
        ForeignKey("packs.id", ondelete="CASCADE"), index=True
    )
    """``None``: it may be asked in every server."""
    category: Mapped[str] = mapped_column(Words)
    difficulty: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Words)
    answer: Mapped[str] = mapped_column(Words)
    aliases: Mapped[str] = mapped_column(Words)
    """A list in JSON, as the next one is."""
    distractors: Mapped[str] = mapped_column(Words)
    explanation: Mapped[str] = mapped_column(Words)
    written_by: Mapped[str | None] = mapped_column(Words)
    """The model, where it is a model's."""
    is_retired: Mapped[bool]
    """Reported, and not asked any more."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "origin", "category"),)


class QuestionReport(Base):
    """A person says that a question is wrong; once each."""

    __tablename__ = "question_reports"

    question_id: Mapped[str] = mapped_column(String(QUESTION_ID_LENGTH), primary_key=True)
    """Of any question, those that come with the bot too."""
    person_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False, index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ServedQuestion(Base):
    """A question that a channel has had."""

    __tablename__ = "served_questions"

    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    question_id: Mapped[str] = mapped_column(String(QUESTION_ID_LENGTH), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Clue(Base):
    """A model's clue for an anagram, which was checked."""

    __tablename__ = "clues"

    word: Mapped[str] = mapped_column(String(WORD_LENGTH), primary_key=True)
    text: Mapped[str] = mapped_column(Words)
    written_by: Mapped[str] = mapped_column(Words)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)

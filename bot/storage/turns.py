"""What the history gives out: plain values, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.storage.schema import Role, Turn, TurnState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTurn:
    """One person's message, or one reply."""

    id: int
    """Later turns have greater ids; an id is never given twice."""
    channel_id: int
    role: Role
    author_id: int
    author_name: str
    content: str
    tokens: int | None
    state: TurnState
    answers: int | None
    """Of a reply: the turn id of the question, ``None`` once that was deleted."""
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """A question and the reply that stands for it."""

    question: StoredTurn
    reply: StoredTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedReply:
    """A reply that was being written when the process died."""

    turn_id: int
    channel_id: int
    message_ids: tuple[int, ...]
    """In reading order; empty if nothing of it had been sent."""
    content: str
    """What of it had been sent."""
    is_kept: bool = True
    """If not, its question, it and its content are gone from the history."""
    asked_in: int | None = None
    """Of one that is not kept: the Discord message with the question, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """What one reset did, and all that is needed to undo it."""

    forgotten: int
    """The conversation starts after this turn now…"""
    previous: int | None
    """…and started after this one before."""


def stored(turn: Turn) -> StoredTurn:
    """The plain value of a row."""
    return StoredTurn(
        id=turn.id,
        channel_id=turn.channel_id,
        role=turn.role,
        author_id=turn.author_id,
        author_name=turn.author_name,
        content=turn.content,
        tokens=turn.tokens,
        state=turn.state,
        answers=turn.answers_turn_id,
        created_at=turn.created_at,
        finished_at=turn.finished_at,
    )

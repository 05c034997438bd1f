"""The statements of the history that are worth a name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Update,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.storage.schema import Role, Turn, TurnState

SPOKEN = (TurnState.COMPLETE, TurnState.STOPPED, TurnState.INTERRUPTED)
"""The states of a reply that stands in the conversation, and can be continued."""

PENDING = Turn.state == TurnState.PENDING

# Making an alias takes longer than the statement it is used in.
_REPLY = aliased(Turn)
_CANDIDATE = aliased(Turn)


def is_reply(turn_id: int) -> ColumnElement[bool]:
    return and_(Turn.id == turn_id, Turn.role == Role.ASSISTANT)


async def newest_exchanges(
    session: AsyncSession, channel_id: int, *, start: int, before: int | None, limit: int
) -> list[tuple[Turn, Turn]]:
    """Questions with ``start <= id < before`` and their replies, newest first.

    Read backwards along one index from the end of the range: ``limit`` ends the reading, so
    neither the size of the table nor that of the channel matters.
    """
    standing = (
        select(func.max(_CANDIDATE.id))
        .where(
            _CANDIDATE.answers_turn_id == Turn.id,
            _CANDIDATE.state.in_(SPOKEN),
            _CANDIDATE.content != "",
        )
        .correlate(Turn)
        .scalar_subquery()
    )
    statement = (
        select(Turn, _REPLY)
        .join(_REPLY, _REPLY.id == standing)
        .where(Turn.channel_id == channel_id, Turn.role == Role.USER, Turn.id >= start)
        .order_by(Turn.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Turn.id < before)
    return [(asked, said) for asked, said in await session.execute(statement)]


async def change(session: AsyncSession, statement: Update) -> bool:
    """Execute it and say whether it changed a row."""
    result = await session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)  # noqa: S101 - an UPDATE has no other
    return result.rowcount > 0


async def add_turn(
    session: AsyncSession,
    channel_id: int,
    role: Role,
    *,
    author_id: int,
    author_name: str,
    content: str = "",
    answers: int | None = None,
) -> int:
    """Insert a pending turn and return its id."""
    turn = Turn(
        channel_id=channel_id,
        role=role,
        author_id=author_id,
        author_name=author_name,
        content=content,
        state=TurnState.PENDING,
        answers_turn_id=answers,
        created_at=datetime.now(UTC),
    )
    session.add(turn)
    await session.flush()
    return turn.id


async def complete_questions(session: AsyncSession, reply_ids: Sequence[int]) -> None:
    """The questions of these replies wait no longer."""
    answered = select(Turn.answers_turn_id).where(
        Turn.id.in_(reply_ids), Turn.answers_turn_id.is_not(None)
    )
    await change(
        session,
        update(Turn)
        .where(Turn.id.in_(answered), Turn.state.in_((TurnState.PENDING, TurnState.INTERRUPTED)))
        .values(state=TurnState.COMPLETE, finished_at=datetime.now(UTC)),
    )


async def delete_turns(session: AsyncSession, turn_ids: Sequence[int]) -> None:
    """Delete turns, and the replies that were replaced as answers to them."""
    await complete_questions(session, turn_ids)
    await session.execute(
        delete(Turn).where(
            or_(
                Turn.id.in_(turn_ids),
                Turn.answers_turn_id.in_(turn_ids) & (Turn.state == TurnState.REPLACED),
            )
        )
    )

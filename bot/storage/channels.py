"""A channel as Discord names it, and its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, func, literal_column, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from bot.shards import DIRECT_MESSAGES, Shards
from bot.storage.engine import insert_into
from bot.storage.schema import Channel, Guild


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """Discord ids of a channel, a thread or a direct message."""

    id: int
    guild_id: int | None = None
    """``None`` for a direct message."""
    parent_id: int | None = None
    """The channel that a thread was opened in."""


async def make_known(session: AsyncSession, channel: ChannelRef) -> None:
    """See to it that the channel and its guild have rows."""
    if channel.guild_id is not None:
        await session.execute(
            insert_into(session, Guild)
            .values(id=channel.guild_id, first_seen_at=datetime.now(UTC))
            .on_conflict_do_nothing()
        )
    await session.execute(
        insert_into(session, Channel)
        .values(id=channel.id, guild_id=channel.guild_id, parent_id=channel.parent_id)
        .on_conflict_do_nothing()
    )


def in_channel_of(shards: Shards, channel_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a row belongs to a channel that is on one of these shards."""
    if shards.are_all:
        return true()
    # PostgreSQL shifts 64 bits only by a number of 32, and parameters here are of 64.
    period = Channel.guild_id.bitwise_rshift(literal_column("22")).self_group()
    shard = func.coalesce(period % shards.count, DIRECT_MESSAGES)
    return channel_id.in_(select(Channel.id).where(shard.in_(shards.ids)))

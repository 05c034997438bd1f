"""A channel as Discord names it, and its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

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

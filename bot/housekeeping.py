"""Removing what is older than it is to be kept, and what belongs to servers that were left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.shards import Shards
from bot.storage import Preferences, Retention

log = logging.getLogger(__name__)

EVERY_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Membership:
    """In which servers the bot is, as far as this process can tell."""

    joined: frozenset[int]
    shards: frozenset[int]
    """Those that ``joined`` is whole for."""
    shard_count: int = 1

    def has_left(self, guild_id: int) -> bool:
        """Whether this process would know of the server if the bot were in it, and does not."""
        shards = Shards(self.shards, self.shard_count)
        return shards.have(guild_id) and guild_id not in self.joined


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Sweeps at the start and every six hours."""

    retention: Retention
    preferences: Preferences
    days: int
    """How long conversations and documents are kept; 0: for ever. A server may have chosen
    less."""
    grace_days: int
    """How long a server's data outlives the bot's membership."""
    removes: bool = True
    """Not where another process on the same database does: this one only notes which of its own
    servers it was taken out of."""

    async def run(self, membership: Callable[[], Membership]) -> None:
        """Sweep until cancelled. What goes wrong once is tried again the next time."""
        while True:
            try:
                await self.sweep(membership(), datetime.now(UTC))
            except Exception:
                log.exception("what is old could not be removed this time")
            await asyncio.sleep(EVERY_S)

    async def sweep(self, membership: Membership, now: datetime) -> None:
        """Remove what is due at ``now``."""
        await self._follow(membership)
        if not self.removes:
            return
        gone = await self.retention.remove_left(now - timedelta(days=self.grace_days))
        turns = documents = 0
        for guild_id, days in await self._periods():
            removed = await self.retention.remove_older(
                now - timedelta(days=days), guild_id=guild_id
            )
            turns += removed.turns
            documents += removed.documents
        if gone:
            self.preferences.forget_all()
        if gone or turns or documents:
            await self.retention.database.empty_log()
            log.info(
                "removed what is old: %d turns, %d documents, %d servers",
                turns,
                documents,
                len(gone),
            )

    async def left(self, guild_id: int) -> None:
        """The bot was taken out of a server."""
        await self.retention.mark_left([guild_id])

    async def joined(self, guild_id: int) -> None:
        """The bot was brought into a server, perhaps again."""
        await self.retention.mark_joined([guild_id])
        # Another process may have removed what was chosen there the last time.
        self.preferences.forget_all()

    async def _follow(self, membership: Membership) -> None:
        """Catch up with what happened while nobody listened."""
        known = await self.retention.guilds()
        left = {
            guild_id: membership.has_left(guild_id)
            for guild_id, left_at in known.items()
            if left_at is None
        }
        await self.retention.mark_left([guild_id for guild_id, has in left.items() if has])
        back = [
            guild_id
            for guild_id, left_at in known.items()
            if left_at is not None and guild_id in membership.joined
        ]
        await self.retention.mark_joined(back)

    async def _periods(self) -> Collection[tuple[int | None, int]]:
        """Days for all (``None``) and for each server that has chosen fewer."""
        house: list[tuple[int | None, int]] = [(None, self.days)] if self.days else []
        chosen = await self.preferences.guilds.retention()
        return house + [
            (guild_id, days)
            for guild_id, days in chosen.items()
            if not self.days or days < self.days
        ]

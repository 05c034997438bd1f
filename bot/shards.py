"""Which of the bot's servers are this process's: Discord shares them out over shards."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.errors import SettingsError

DIRECT_MESSAGES = 0
"""The shard that gets what happens outside of servers."""


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards ``ids`` of ``count``; the others are another process's.

    https://discord.com/developers/docs/events/gateway#sharding
    """

    ids: Collection[int] = (0,)
    """Ascending."""
    count: int = 1

    @property
    def are_all(self) -> bool:
        """There is no other process."""
        return len(self.ids) == self.count

    @property
    def lead(self) -> bool:
        """Whether this is the process that does what only one may do."""
        return DIRECT_MESSAGES in self.ids

    def have(self, guild_id: int) -> bool:
        """Whether a server is on one of them."""
        return (guild_id >> 22) % self.count in self.ids

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.ids))} of {self.count}"


ALL_SHARDS = Shards()


def read_shards(count: int, ids: str) -> Shards:
    """``SHARD_COUNT`` and ``SHARD_IDS``; no ids: all of them.

    Raises:
        SettingsError: there are no such shards.
    """
    parts = [part.strip() for part in ids.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and int(part) < count for part in parts):
        raise SettingsError(
            f"SHARD_IDS is {ids!r}, but with SHARD_COUNT={count} it takes numbers from 0 to "
            f"{count - 1}, separated by commas. Please correct one of them."
        )
    chosen = sorted({int(part) for part in parts})
    return Shards(tuple(chosen or range(count)), count)

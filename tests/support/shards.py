"""Servers that lie on chosen shards."""

from __future__ import annotations

from sandbox.world import World

_OWN = 1 << 21
"""In ids of these servers alone, so that they are nobody else's."""


def add_guild(world: World, owner_id: int, *, shard: int, count: int) -> int:
    """A server on shard ``shard`` of ``count``, which is in the milliseconds of its id."""
    last = world.ids.next()
    now_ms = (last >> 22) + count
    guild_ms = now_ms - (now_ms - shard) % count
    guild_id = guild_ms << 22 | _OWN | last & (_OWN - 1)
    return world.add_guild(f"Server on shard {shard}", owner_id, guild_id=guild_id)

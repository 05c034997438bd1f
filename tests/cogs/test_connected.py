"""Whether the bot notices that Discord has lost it: who watches over it asks for that."""

from __future__ import annotations

from bot.client import ShardedClient
from bot.shards import Shards
from tests.support.world import World


async def test_a_lost_connection_is_known_until_it_is_there_again(world: World) -> None:
    client = world.client
    await client.on_ready()
    assert client.connection().is_ready
    for back in (client.on_resumed, client.on_ready):
        await client.on_disconnect()
        assert client.is_ready()  # discord.py's stays as it is
        assert not client.connection().is_ready
        await back()
        assert client.connection().is_ready


async def test_a_process_of_several_shards_is_connected_by_all_of_them() -> None:
    client = ShardedClient.__new__(ShardedClient)
    client.own_shards = Shards((1, 2), 4)

    async def told(event: str, shard_id: int) -> bool:
        await getattr(client, f"on_{event}")(shard_id)
        return client.is_connected

    assert not client.is_connected
    assert not await told("shard_ready", 1)
    assert await told("shard_ready", 2)
    assert not await told("shard_disconnect", 1)
    assert await told("shard_resumed", 1)

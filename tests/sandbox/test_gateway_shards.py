"""The gateway, spoken to by hand by a bot of several shards."""

from __future__ import annotations

import pytest

from sandbox import gateway as module
from sandbox.server import Sandbox
from sandbox.types import Json
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api, PlainGateway, plain_gateway
from tests.support.shards import add_guild

COUNT = 2


@pytest.fixture
def rooms(sandbox: Sandbox, place: Place) -> list[int]:
    """A channel on each shard."""
    world = sandbox.world
    guilds = [add_guild(world, place.ada.id, shard=shard, count=COUNT) for shard in range(COUNT)]
    return [world.add_channel(guild, "room") for guild in guilds]


async def begin(sandbox: Sandbox, gateway: PlainGateway, shard: object) -> Json:
    """Identify as a shard; returns READY."""
    await gateway.receive()
    return await gateway.identify(sandbox.bot_token, shard=shard)


async def test_each_shard_knows_and_hears_only_its_own_servers(
    sandbox: Sandbox, place: Place, rooms: list[int]
) -> None:
    world = sandbox.world
    for shard, room in enumerate(rooms):
        async with plain_gateway(sandbox, identified=False) as gateway:
            ready = await begin(sandbox, gateway, [shard, COUNT])
            own = {str(guild) for guild in world.guilds if (guild >> 22) % COUNT == shard}
            assert ready["shard"] == [shard, COUNT]
            assert {guild["id"] for guild in ready["guilds"]} == own
            assert {(await gateway.event("GUILD_CREATE"))["id"] for _ in own} == own
            place.ada.send(rooms[1 - shard], "elsewhere")
            place.ada.send(room, "here")
            assert (await gateway.event("MESSAGE_CREATE"))["content"] == "here"


async def test_direct_messages_come_to_the_first_shard(
    sandbox: Sandbox, place: Place, rooms: list[int]
) -> None:
    async with (
        plain_gateway(sandbox, identified=False) as first,
        plain_gateway(sandbox, identified=False) as second,
    ):
        await begin(sandbox, first, [0, COUNT])
        await begin(sandbox, second, [1, COUNT])
        place.bo.send(place.bo.open_dm(), "in private")
        place.ada.send(rooms[1], "in the open")
        assert (await first.event("MESSAGE_CREATE"))["content"] == "in private"
        assert (await second.event("MESSAGE_CREATE"))["content"] == "in the open"


async def test_a_shard_that_comes_twice_takes_its_own_place_and_no_other(
    sandbox: Sandbox, place: Place, rooms: list[int]
) -> None:
    async with (
        plain_gateway(sandbox, identified=False) as first,
        plain_gateway(sandbox, identified=False) as second,
        plain_gateway(sandbox, identified=False) as again,
    ):
        await begin(sandbox, first, [0, COUNT])
        await begin(sandbox, second, [1, COUNT])
        await begin(sandbox, again, [1, COUNT])
        assert await second.closed() == 4000
        place.ada.send(rooms[0], "to the first")
        place.ada.send(rooms[1], "to the second")
        assert (await first.event("MESSAGE_CREATE"))["content"] == "to the first"
        assert (await again.event("MESSAGE_CREATE"))["content"] == "to the second"


async def test_a_shard_is_told_what_it_missed_whatever_the_others_did(
    sandbox: Sandbox, place: Place, rooms: list[int]
) -> None:
    async with plain_gateway(sandbox, identified=False) as gateway:
        await begin(sandbox, gateway, [1, COUNT])
        await gateway.event("GUILD_CREATE")
        session, sequence = gateway.session_id, gateway.sequence
    for _ in range(module.KEPT_SESSIONS + 1):
        async with plain_gateway(sandbox, identified=False) as other:
            await begin(sandbox, other, [0, COUNT])
    place.ada.send(rooms[0], "not its own")
    place.ada.send(rooms[1], "missed")
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.resume(sandbox.bot_token, session, sequence)
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "missed"


@pytest.mark.parametrize("shard", [[2, 2], [-1, 2], [0, 0]])
async def test_a_shard_that_cannot_be_is_refused(sandbox: Sandbox, shard: list[int]) -> None:
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.receive()
        await gateway.send(
            2, {"token": sandbox.bot_token, "intents": 0, "properties": {}, "shard": shard}
        )
        assert await gateway.closed() == 4010


@pytest.mark.parametrize("shard", ["first", [1], [1, 2, 3], ["0", "2"]])
async def test_what_is_no_shard_at_all_ends_the_connection(sandbox: Sandbox, shard: object) -> None:
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.receive()
        await gateway.send(
            2, {"token": sandbox.bot_token, "intents": 0, "properties": {}, "shard": shard}
        )
        assert await gateway.closed() == 4002


async def test_all_shards_lose_their_connections_together(
    sandbox: Sandbox, place: Place, rooms: list[int]
) -> None:
    async with (
        plain_gateway(sandbox, identified=False) as first,
        plain_gateway(sandbox, identified=False) as second,
    ):
        await begin(sandbox, first, [0, COUNT])
        await begin(sandbox, second, [1, COUNT])
        sandbox.faults.close_gateway(4000)
        assert (await first.closed(), await second.closed()) == (4000, 4000)
        assert not sandbox.gateway.is_connected


async def test_it_says_how_many_shards_it_recommends(sandbox: Sandbox, api: Api) -> None:
    sandbox.gateway.recommended_shards = 4
    assert (await api("GET", "/gateway/bot")).body["shards"] == 4

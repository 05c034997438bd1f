"""Rate limits: the headers that announce them, and what happens beyond them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from sandbox.buckets import KEPT, MESSAGE, MESSAGES, Buckets, Limits, Rate
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api, Clock, new_client, running

QUICK = Rate(2, 0.2)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """One with limits that a test can wait for."""
    made = Sandbox(limits=Limits(routes={("POST", MESSAGES): QUICK, ("PATCH", MESSAGE): QUICK}))
    await made.start()
    yield made
    await made.close()


def test_the_limits_are_those_that_discord_is_seen_to_have() -> None:
    limits = Limits()
    assert limits.routes["POST", MESSAGES] == Rate(5, 5.0)
    assert limits.routes["PATCH", MESSAGE] == Rate(5, 5.0)
    assert limits.overall == Rate(50, 1.0)


async def test_every_answer_says_how_many_are_left(api: Api, place: Place) -> None:
    first = (await api("POST", place.messages, {"content": "x"})).headers
    second = (await api("POST", place.messages, {"content": "x"})).headers
    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("2", "1")
    assert second["X-RateLimit-Remaining"] == "0"
    assert 0 < float(second["X-RateLimit-Reset-After"]) <= 0.2
    assert float(second["X-RateLimit-Reset"]) > 1_700_000_000, "seconds since 1970"
    assert first["X-RateLimit-Bucket"] == second["X-RateLimit-Bucket"]


async def test_one_too_many_is_refused_until_it_says(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    answers = [await api("POST", place.messages, {"content": str(n)}) for n in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.body["message"] == "You are being rate limited."
    assert refused.body["global"] is False
    assert refused.headers["Via"], "without it discord.py takes it for Cloudflare's"
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert int(refused.headers["Retry-After"]) >= refused.body["retry_after"]
    assert [m["content"] for m in place.bo.messages(place.channel_id)] == ["0", "1"]


def test_a_limit_is_over_when_it_said(clock: Clock) -> None:
    buckets = Buckets(Limits(routes={}, other=Rate(2, 5.0)), clock, clock)

    def waits() -> float | None:
        return buckets.take("GET", "/x", "1", is_interaction=True).retry_after_s

    assert [waits(), waits(), waits()] == [None, None, 5.0]
    clock.now += 4.0
    assert waits() == 1.0
    clock.now += 1.0
    assert [waits(), waits(), waits()] == [None, None, 5.0]


async def test_a_limit_is_one_channels_and_one_routes(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    other = sandbox.world.add_channel(place.guild_id, "other")
    body = {"content": "x"}
    for _ in range(2):
        sent = await api("POST", place.messages, body)
    assert (await api("POST", place.messages, body)).status == 429
    assert (await api("POST", f"/channels/{other}/messages", body)).status == 200
    assert (await api("PATCH", f"{place.messages}/{sent.body['id']}", body)).status == 200
    assert (await api("GET", place.messages)).status == 200


async def test_edits_of_all_messages_of_a_channel_share_a_limit(api: Api, place: Place) -> None:
    sent = [(await api("POST", place.messages, {"content": "x"})).body["id"] for _ in range(2)]
    statuses = [
        (await api("PATCH", f"{place.messages}/{sent[n % 2]}", {"content": str(n)})).status
        for n in range(3)
    ]
    assert statuses == [200, 200, 429]


async def test_over_all_routes_there_is_a_limit_that_interactions_are_not_under() -> None:
    limits = Limits(routes={}, other=Rate(100, 1.0), overall=Rate(3, 60.0))
    sandbox = Sandbox(limits=limits)
    await sandbox.start()
    async with aiohttp.ClientSession() as session:
        api = Api(sandbox, session)
        statuses = [(await api("GET", "/users/@me")).status for _ in range(4)]
        refused = await api("GET", "/gateway/bot")
        callback = await api("POST", "/interactions/1/x/callback", {"type": 5})
    await sandbox.close()
    assert statuses == [200, 200, 200, 429]
    assert refused.body["global"] is True
    assert refused.headers["X-RateLimit-Global"] == "true"
    assert refused.headers["X-RateLimit-Scope"] == "global"
    assert callback.refusal == (404, 10062)


async def test_discord_py_waits_and_loses_nothing(sandbox: Sandbox, place: Place) -> None:
    client = new_client()
    async with running(sandbox, client):
        channel = client.get_partial_messageable(place.channel_id)
        await asyncio.gather(*(channel.send(str(number)) for number in range(5)))
    assert {m["content"] for m in place.bo.messages(place.channel_id)} == set("01234")
    assert all(e.status == 200 for e in sandbox.traffic.of("POST", MESSAGES)), "it waited before"


async def test_discord_py_gives_up_a_limit_that_lasts_longer_than_it_wants_to_wait(
    place: Place,
) -> None:
    limits = Limits(routes={("POST", MESSAGES): Rate(1, 3600.0)})
    sandbox = Sandbox(limits=limits)
    await sandbox.start()
    client = discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=30.0)
    async with running(sandbox, client):
        channel = client.get_partial_messageable(Place(sandbox).channel_id)
        await channel.send("one")
        with pytest.raises(discord.RateLimited):
            await channel.send("two")
    await sandbox.close()


def test_what_is_remembered_of_limits_is_bounded() -> None:
    clock = Clock()
    buckets = Buckets(Limits(routes={}, other=Rate(1, 60.0)), clock, clock)
    for number in range(KEPT + 1):
        assert buckets.take("GET", "/x", str(number), is_interaction=True).retry_after_s is None
    assert buckets.take("GET", "/x", str(KEPT), is_interaction=True).retry_after_s == 60.0
    assert buckets.take("GET", "/x", "0", is_interaction=True).retry_after_s is None, "forgotten"

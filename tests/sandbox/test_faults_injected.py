"""Faults that tests inject: each does what it says, as often as it says, where it says."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from sandbox.faults import Answer as Injected
from sandbox.faults import Denied, Dropped, ExpiredToken, Failed, Fault, Held, RateLimited
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api, new_client, plain_gateway, running

SEND = "/channels/{channel_id}/messages"
EDIT = f"{SEND}/{{message_id}}"
HELLO = {"content": "Hello"}


def texts(place: Place) -> list[str]:
    return [message["content"] for message in place.bo.messages(place.channel_id)]


@pytest.mark.parametrize(
    ("injected", "refusal"),
    [
        (Failed(500), (500, 0)),
        (Failed(503), (503, 0)),
        (Failed(413, code=40005), (413, 40005)),
        (Denied(), (403, 50013)),
        (ExpiredToken(), (401, 50027)),
    ],
)
async def test_a_request_is_refused_as_often_as_was_said(
    api: Api, place: Place, sandbox: Sandbox, injected: Injected, refusal: tuple[int, int]
) -> None:
    sandbox.traffic.listeners.clear()  # what is refused here is not as Discord describes it
    fault = sandbox.faults.add(Fault(method="POST", route=SEND, answer=injected, times=2))
    for hits in (1, 2):
        assert (await api("POST", place.messages, HELLO)).refusal == refusal
        assert fault.hits == hits
    assert texts(place) == []
    assert (await api("POST", place.messages, HELLO)).status == 200


@pytest.mark.parametrize("is_global", [False, True])
async def test_a_limit_is_injected_with_its_time(
    api: Api, place: Place, sandbox: Sandbox, is_global: bool
) -> None:
    limited = RateLimited(retry_after_s=0.3, is_global=is_global)
    sandbox.faults.add(Fault(route=SEND, answer=limited))
    answer = await api("POST", place.messages, HELLO)
    assert answer.status == 429
    assert (answer.body["retry_after"], answer.body["global"]) == (0.3, is_global)
    assert answer.headers["Via"]
    assert answer.headers.get("X-RateLimit-Global") == ("true" if is_global else None)
    assert texts(place) == []


@pytest.mark.parametrize("after", [False, True])
async def test_a_connection_is_dropped_before_or_after_the_request_was_carried_out(
    api: Api, place: Place, sandbox: Sandbox, after: bool
) -> None:
    sandbox.faults.add(Fault(route=SEND, answer=Dropped(after=after)))
    with pytest.raises(aiohttp.ClientError):
        await api("POST", place.messages, HELLO)
    assert texts(place) == (["Hello"] if after else [])
    assert sandbox.traffic.of("POST", SEND)[-1].status == 0
    assert (await api("POST", place.messages, HELLO)).status == 200


async def test_a_request_may_be_carried_out_and_called_failed(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(route=SEND, answer=Failed(502, after=True)))
    answer = await api("POST", place.messages, HELLO)
    assert (answer.status, texts(place)) == (502, ["Hello"])


async def test_a_request_is_held_until_it_is_let_go(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    held = Held()
    fault = sandbox.faults.add(Fault(route=SEND, answer=held))
    sending = asyncio.create_task(api("POST", place.messages, HELLO))
    while not fault.hits:
        await asyncio.sleep(0)
    assert (await api("GET", "/users/@me")).status == 200
    assert texts(place) == []
    assert not sending.done()
    held.until.set()
    assert (await sending).status == 200
    assert texts(place) == ["Hello"]


async def test_a_request_is_held_for_a_time(api: Api, place: Place, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(route=SEND, answer=Held(at_most_s=0.01)))
    assert (await api("POST", place.messages, HELLO)).status == 200


async def test_only_what_was_meant_is_hit(api: Api, place: Place, sandbox: Sandbox) -> None:
    faults = [
        Fault(method="PATCH", route=EDIT, answer=Failed(500), times=None),
        Fault(route=SEND, answer=Failed(502), has_file=True, times=None),
        Fault(route="/guilds/*", answer=Failed(504), times=None),
    ]
    for fault in faults:
        sandbox.faults.add(fault)
    sent = await api("POST", place.messages, HELLO)
    assert sent.status == 200
    path = f"{place.messages}/{sent.body['id']}"
    assert (await api("GET", path)).status == 200
    assert (await api("PATCH", path, HELLO)).status == 500
    assert (await api("POST", place.messages, {}, files={"a.txt": b"a"})).status == 502
    assert (await api("GET", f"/guilds/{place.guild_id}/members/{place.bo.id}")).status == 504
    assert [fault.hits for fault in faults] == [1, 1, 1]
    sandbox.faults.clear()
    assert (await api("PATCH", path, HELLO)).status == 200


async def test_tokens_of_interactions_end_at_once(api: Api, place: Place, sandbox: Sandbox) -> None:
    chat = {"name": "chat", "description": "Talk", "type": 1}
    await api("PUT", f"/applications/{place.bot_id}/commands", [chat])
    answered = place.bo.use_command(place.channel_id, "chat")
    waiting = place.bo.use_command(place.channel_id, "chat")
    path = f"/interactions/{answered.id}/{answered.token}/callback"
    assert (await api("POST", path, {"type": 5})).status == 204
    sandbox.faults.expire_tokens()
    original = f"/webhooks/{place.bot_id}/{answered.token}/messages/@original"
    assert (await api("PATCH", original, HELLO)).refusal == (401, 50027)
    path = f"/interactions/{waiting.id}/{waiting.token}/callback"
    assert (await api("POST", path, {"type": 5})).refusal == (404, 10062)
    later = place.bo.use_command(place.channel_id, "chat")
    path = f"/interactions/{later.id}/{later.token}/callback"
    assert (await api("POST", path, {"type": 5})).status == 204


@pytest.mark.parametrize("code", [1001, 4000, 4009])
async def test_the_gateway_ends_with_the_code_that_was_asked_for(
    sandbox: Sandbox, code: int
) -> None:
    async with plain_gateway(sandbox) as gateway:
        sandbox.faults.close_gateway(code)
        assert await gateway.closed() == code
    sandbox.faults.close_gateway(code)  # nobody is there: nothing happens


# -- through discord.py ------------------------------------------------------------------------


async def test_discord_py_tries_again_after_a_limit_and_says_it_once(
    place: Place, sandbox: Sandbox
) -> None:
    limited = sandbox.faults.add(
        Fault(method="POST", route=SEND, answer=RateLimited(retry_after_s=0.01), times=3)
    )
    client = new_client()
    async with running(sandbox, client):
        await client.get_partial_messageable(place.channel_id).send("Hello")
    assert limited.hits == 3
    assert texts(place) == ["Hello"]


async def test_discord_py_does_nothing_else_while_a_global_limit_lasts(
    place: Place, sandbox: Sandbox
) -> None:
    limited = RateLimited(retry_after_s=0.2, is_global=True)
    fault = sandbox.faults.add(Fault(method="POST", route=SEND, answer=limited))
    client = new_client()
    async with running(sandbox, client):
        sending = asyncio.create_task(
            client.get_partial_messageable(place.channel_id).send("Hello")
        )
        while client.http._global_over.is_set():
            await asyncio.sleep(0.001)
        asking = asyncio.create_task(client.fetch_user(place.bo.id))
        await sending
        await asking
    assert fault.hits == 1
    asked = [(e.method, e.status) for e in sandbox.traffic.exchanges]
    assert asked.index(("POST", 429)) == len(asked) - 3, "both went after the limit was over"
    assert texts(place) == ["Hello"]


async def test_discord_py_does_not_try_a_dropped_connection_again(
    place: Place, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(method="POST", route=SEND, answer=Dropped()))
    client = new_client()
    async with running(sandbox, client):
        channel = client.get_partial_messageable(place.channel_id)
        with pytest.raises((aiohttp.ClientError, OSError)):
            await channel.send("Hello")
        await channel.send("Hello again")
    assert texts(place) == ["Hello again"]

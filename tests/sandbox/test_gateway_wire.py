"""The gateway, spoken to by hand."""

from __future__ import annotations

import asyncio

import pytest

from sandbox import gateway as module
from sandbox.files import Upload
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import DEFAULT_INTENTS, EVERYTHING, plain_gateway

MESSAGES_IN_SERVERS, CONTENT, GUILDS, DMS = 1 << 9, 1 << 15, 1 << 0, 1 << 12


async def test_it_says_hello_then_ready_then_every_server(sandbox: Sandbox, place: Place) -> None:
    async with plain_gateway(sandbox, identified=False) as gateway:
        hello = await gateway.receive()
        assert hello["op"] == 10
        assert hello["d"]["heartbeat_interval"] > 0
        ready = await gateway.identify(sandbox.bot_token)
        assert ready["user"]["id"] == str(place.bot_id)
        assert ready["resume_gateway_url"] == sandbox.gateway.url
        assert ready["guilds"] == [{"id": str(place.guild_id), "unavailable": True}]
        guild = await gateway.event("GUILD_CREATE")
    assert [channel["name"] for channel in guild["channels"]] == ["general", "games"]
    assert {member["user"]["username"] for member in guild["members"]} == {"ada", "bo", "Airocord"}
    assert guild["member_count"] == 3


async def test_every_heartbeat_is_acknowledged(sandbox: Sandbox) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        await gateway.send(1, gateway.sequence)
        assert (await gateway.receive())["op"] == 11


async def test_each_of_two_heartbeats_in_a_row_is_acknowledged(sandbox: Sandbox) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        await gateway.send(1, gateway.sequence)
        await gateway.send(1, gateway.sequence)
        assert [(await gateway.receive())["op"] for _ in range(2)] == [11, 11]


async def test_a_heartbeat_that_waits_for_its_answer_holds_nothing_up(
    sandbox: Sandbox, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACK_AFTER_S", 1000.0)
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        await gateway.send(1, gateway.sequence)
        await gateway.send(8, {"guild_id": str(place.guild_id)})
        assert (await gateway.receive())["t"] == "GUILD_MEMBERS_CHUNK"


async def test_who_sends_no_heartbeat_is_cut_off(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_MS", 50)
    async with plain_gateway(sandbox) as gateway:
        assert await gateway.closed() == 4009


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "another.token", "intents": 0, "properties": {}}, 4004),
        (6, {"token": "another.token", "session_id": "x", "seq": 1}, 4004),
        (2, {"intents": 0}, 4002),
        (8, {"guild_id": "1"}, 4003),
        (77, None, 4003),
    ],
)
async def test_who_does_not_introduce_itself_properly_is_cut_off_with_the_reason(
    sandbox: Sandbox, op: int, data: object, code: int
) -> None:
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.receive()
        await gateway.send(op, data)
        assert await gateway.closed() == code


@pytest.mark.parametrize(("op", "code"), [(77, 4001), (2, 4005), (6, 4005)])
async def test_nonsense_in_a_session_ends_it_with_the_reason(
    sandbox: Sandbox, op: int, code: int
) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.send(op, {"token": sandbox.bot_token, "intents": 0})
        assert await gateway.closed() == code


async def test_what_is_no_payload_at_all_ends_the_connection(sandbox: Sandbox) -> None:
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.socket.send_str("hello")
        assert await gateway.closed() == 4002


@pytest.mark.parametrize("intent", [1 << 1, 1 << 8, CONTENT])
async def test_an_intent_that_is_not_switched_on_is_refused(sandbox: Sandbox, intent: int) -> None:
    sandbox.world.application["flags"] = 0
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.receive()
        await gateway.send(2, {"token": sandbox.bot_token, "intents": intent | GUILDS})
        assert await gateway.closed() == 4014


async def test_compressed_all_is_one_zlib_stream(sandbox: Sandbox, place: Place) -> None:
    async with plain_gateway(sandbox, query="?compress=zlib-stream&v=10") as gateway:
        place.bo.send(place.channel_id, "a" * 2000)
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "a" * 2000
        place.bo.send(place.channel_id, "b")
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "b"


# -- what the bot is told ----------------------------------------------------------------------


async def test_what_people_do_is_told_in_order(sandbox: Sandbox, place: Place) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        sent = int(place.bo.send(place.channel_id, "Hello")["id"])
        place.bo.edit(place.channel_id, sent, "Hello!")
        place.ada.react(place.channel_id, sent, "👍")
        place.ada.unreact(place.channel_id, sent, "👍")
        place.ada.type(place.channel_id)
        place.bo.delete(place.channel_id, sent)
        assert await gateway.names_until("MESSAGE_DELETE") == [
            "MESSAGE_CREATE",
            "MESSAGE_UPDATE",
            "MESSAGE_REACTION_ADD",
            "MESSAGE_REACTION_REMOVE",
            "TYPING_START",
            "MESSAGE_DELETE",
        ]


async def test_a_message_in_a_server_brings_its_author_as_a_member(
    sandbox: Sandbox, place: Place
) -> None:
    async with plain_gateway(sandbox) as gateway:
        place.bo.send(place.channel_id, f"Hello <@{place.bot_id}>")
        told = await gateway.event("MESSAGE_CREATE")
    assert told["guild_id"] == str(place.guild_id)
    assert told["author"]["global_name"] == "Bo"
    assert told["member"]["roles"] == []
    assert [user["id"] for user in told["mentions"]] == [str(place.bot_id)]


@pytest.mark.parametrize(
    ("intents", "told"),
    [
        (GUILDS | MESSAGES_IN_SERVERS, ["in the server"]),
        (GUILDS | DMS, ["in private"]),
        (GUILDS, []),
        (DEFAULT_INTENTS, ["in the server", "in private"]),
    ],
)
async def test_only_what_was_asked_for_is_told(
    sandbox: Sandbox, place: Place, intents: int, told: list[str]
) -> None:
    async with plain_gateway(sandbox, intents=intents | CONTENT) as gateway:
        await gateway.event("GUILD_CREATE")
        place.bo.send(place.channel_id, "in the server")
        place.bo.send(place.bo.open_dm(), "in private")
        sandbox.world.add_channel(place.guild_id, "last")
        heard = []
        while (payload := await gateway.receive())["t"] != "CHANNEL_CREATE":
            heard.append(payload["d"]["content"])
    assert heard == told


async def test_without_the_content_intent_only_what_is_meant_for_the_bot_can_be_read(
    sandbox: Sandbox, place: Place
) -> None:
    own = sandbox.world.post(place.channel_id, place.bot_id, "the bot's own")
    async with plain_gateway(sandbox, intents=DEFAULT_INTENTS & ~CONTENT) as gateway:
        place.bo.send(place.channel_id, "to nobody")
        first = int(place.bo.messages(place.channel_id)[-1]["id"])
        place.ada.send(place.channel_id, f"<@{place.bot_id}> to the bot", reply_to=first)
        place.bo.send(place.channel_id, "a reply", reply_to=int(own["id"]))
        place.bo.send(place.bo.open_dm(), "in private")
        told = [await gateway.event("MESSAGE_CREATE") for _ in range(4)]
    assert [message["content"] for message in told] == [
        "",
        f"<@{place.bot_id}> to the bot",
        "a reply",
        "in private",
    ]
    assert told[1]["referenced_message"]["content"] == ""
    assert told[2]["referenced_message"]["content"] == "the bot's own"


async def test_attachments_are_as_private_as_the_text(sandbox: Sandbox, place: Place) -> None:
    async with plain_gateway(sandbox, intents=DEFAULT_INTENTS & ~CONTENT) as gateway:
        place.bo.send(place.channel_id, "x", files=[Upload("a.txt", b"secret")])
        told = await gateway.event("MESSAGE_CREATE")
    assert told["attachments"] == []
    [attachment] = place.bo.messages(place.channel_id)[-1]["attachments"]
    assert attachment["filename"] == "a.txt"


async def test_what_happens_where_the_bot_may_not_look_is_not_told(
    sandbox: Sandbox, place: Place
) -> None:
    hidden = sandbox.world.add_channel(place.guild_id, "staff")
    sandbox.world.allow(hidden, place.bot_id, deny=1 << 10)
    async with plain_gateway(sandbox) as gateway:
        place.ada.send(hidden, "behind closed doors")
        place.ada.send(place.channel_id, "in the open")
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "in the open"


async def test_members_are_told_when_asked_for(sandbox: Sandbox, place: Place) -> None:
    sandbox.world.application["flags"] |= 1 << 15
    async with plain_gateway(sandbox, intents=EVERYTHING & ~(1 << 8)) as gateway:
        await gateway.send(8, {"guild_id": str(place.guild_id), "query": "", "limit": 0})
        chunk = await gateway.event("GUILD_MEMBERS_CHUNK")
    assert len(chunk["members"]) == 3
    assert chunk["chunk_count"] == 1


# -- coming back -------------------------------------------------------------------------------


async def test_who_comes_back_is_told_what_it_missed(sandbox: Sandbox, place: Place) -> None:
    async with plain_gateway(sandbox) as gateway:
        place.bo.send(place.channel_id, "one")
        await gateway.event("MESSAGE_CREATE")
        sandbox.faults.close_gateway(4000, resumable=True)
        assert await gateway.closed() == 4000
        session, sequence = gateway.session_id, gateway.sequence
    place.bo.send(place.channel_id, "two")
    place.bo.send(place.channel_id, "three")
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.resume(sandbox.bot_token, session, sequence)
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "two"
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "three"
        assert gateway.sequence == sequence + 2
        await gateway.event("RESUMED")
        place.bo.send(place.channel_id, "four")
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "four"


async def test_what_was_sent_but_not_received_is_sent_again(sandbox: Sandbox, place: Place) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        before = gateway.sequence
        place.bo.send(place.channel_id, "lost on the way")
        await gateway.event("MESSAGE_CREATE")
        session = gateway.session_id
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.resume(sandbox.bot_token, session, before)
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "lost on the way"


@pytest.mark.parametrize("why", ["not resumable", "never heard of", "from the future"])
async def test_who_cannot_come_back_has_to_begin_anew(sandbox: Sandbox, why: str) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        session, sequence = gateway.session_id, gateway.sequence
        sandbox.faults.close_gateway(4000, resumable=why != "not resumable")
        await gateway.closed()
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.receive()
        if why == "never heard of":
            session = "0" * 32
        await gateway.resume(
            sandbox.bot_token, session, sequence + (99 if why == "from the future" else 0)
        )
        assert await gateway.receive() == {"op": 9, "d": False}
        await gateway.identify(sandbox.bot_token)


async def test_more_than_is_kept_cannot_be_made_up_for(sandbox: Sandbox, place: Place) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        session, sequence = gateway.session_id, gateway.sequence
        sandbox.faults.close_gateway(4000, resumable=True)
        await gateway.closed()
    for _ in range(module.REPLAYED + 1):
        place.bo.type(place.channel_id)
    async with plain_gateway(sandbox, identified=False) as gateway:
        await gateway.receive()
        await gateway.resume(sandbox.bot_token, session, sequence)
        assert (await gateway.receive())["op"] == 9


async def test_a_second_connection_takes_the_place_of_the_first(
    sandbox: Sandbox, place: Place
) -> None:
    async with plain_gateway(sandbox) as first, plain_gateway(sandbox) as second:
        assert await first.closed() == 4000
        place.bo.send(place.channel_id, "hello")
        assert (await second.event("MESSAGE_CREATE"))["content"] == "hello"


async def test_it_can_be_waited_for_and_asked(sandbox: Sandbox) -> None:
    assert not sandbox.gateway.is_connected
    with pytest.raises(TimeoutError):
        await sandbox.gateway.connected(within_s=0.01)
    async with plain_gateway(sandbox):
        await sandbox.gateway.connected()
        assert sandbox.gateway.is_connected


async def test_closing_the_sandbox_ends_the_connection_and_leaves_nothing_running(
    sandbox: Sandbox,
) -> None:
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        closing = asyncio.create_task(sandbox.close())
        assert await gateway.closed() == 1001
        await closing
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"gateway"})

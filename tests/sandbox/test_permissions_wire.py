"""What the bot and people may do, computed as Discord does, and enforced."""

from __future__ import annotations

import pytest

from sandbox.errors import Refused
from sandbox.files import Upload
from sandbox.permissions import ALL, Permission
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api

P = Permission


def may(sandbox: Sandbox, place: Place, user_id: int, permission: Permission) -> bool:
    return bool(sandbox.world.permissions(user_id, place.channel_id) & permission)


def test_the_owner_may_do_everything_whatever_a_channel_says(
    sandbox: Sandbox, place: Place
) -> None:
    sandbox.world.allow(place.channel_id, place.ada.id, deny=P.VIEW_CHANNEL | P.SEND_MESSAGES)
    assert sandbox.world.permissions(place.ada.id, place.channel_id) == ALL


def test_an_administrator_may_do_everything_too(sandbox: Sandbox, place: Place) -> None:
    role = sandbox.world.add_role(place.guild_id, "admin", P.ADMINISTRATOR)
    sandbox.world.join(place.guild_id, place.bo.id, [role])
    sandbox.world.allow(place.channel_id, role, deny=P.VIEW_CHANNEL)
    assert sandbox.world.permissions(place.bo.id, place.channel_id) == ALL


def test_overwrites_go_from_everybody_over_roles_to_the_member(
    sandbox: Sandbox, place: Place
) -> None:
    world, bo = sandbox.world, place.bo.id
    first = world.add_role(place.guild_id, "first", 0)
    second = world.add_role(place.guild_id, "second", P.MANAGE_MESSAGES)
    world.join(place.guild_id, bo, [first, second])
    assert may(sandbox, place, bo, P.MANAGE_MESSAGES)
    world.allow(place.channel_id, place.guild_id, deny=P.SEND_MESSAGES)
    assert not may(sandbox, place, bo, P.SEND_MESSAGES)
    world.allow(place.channel_id, first, deny=P.SEND_MESSAGES)
    world.allow(place.channel_id, second, allow=P.SEND_MESSAGES)
    assert may(sandbox, place, bo, P.SEND_MESSAGES), "of roles, what allows wins"
    world.allow(place.channel_id, bo, deny=P.SEND_MESSAGES)
    assert not may(sandbox, place, bo, P.SEND_MESSAGES)


def test_who_cannot_see_a_channel_can_do_nothing_in_it(sandbox: Sandbox, place: Place) -> None:
    sandbox.world.allow(place.channel_id, place.guild_id, deny=P.VIEW_CHANNEL)
    assert sandbox.world.permissions(place.bo.id, place.channel_id) == 0


def test_a_thread_is_as_open_as_its_channel(sandbox: Sandbox, place: Place) -> None:
    thread = int(sandbox.world.add_thread(place.channel_id, place.bo.id, "Talk")["id"])
    assert sandbox.world.permissions(place.bo.id, thread) & P.SEND_MESSAGES_IN_THREADS
    sandbox.world.allow(place.channel_id, place.bo.id, deny=P.VIEW_CHANNEL)
    assert sandbox.world.permissions(place.bo.id, thread) == 0


def test_a_stranger_may_do_nothing(sandbox: Sandbox, place: Place) -> None:
    stranger = sandbox.world.add_user("Cy")
    assert sandbox.world.permissions(stranger, place.channel_id) == 0
    assert sandbox.world.permissions(stranger, place.bo.open_dm()) == 0


@pytest.mark.parametrize(
    ("denied", "request_line", "refusal"),
    [
        (P.VIEW_CHANNEL, "GET", (403, 50001)),
        (P.VIEW_CHANNEL, "GET /messages", (403, 50001)),
        (P.VIEW_CHANNEL, "POST /messages", (403, 50001)),
        (P.VIEW_CHANNEL, "PATCH /messages/{own}", (403, 50001)),
        (P.VIEW_CHANNEL, "DELETE /messages/{own}", (403, 50001)),
        (P.SEND_MESSAGES, "POST /messages", (403, 50013)),
        (P.READ_MESSAGE_HISTORY, "GET /messages/{own}", (403, 50013)),
        (P.ADD_REACTIONS, "PUT /messages/{own}/reactions/x/@me", (403, 50013)),
    ],
)
async def test_what_the_bot_may_not_do_is_refused(
    place: Place, api: Api, denied: Permission, request_line: str, refusal: tuple[int, int]
) -> None:
    world = place.sandbox.world
    own = world.post(place.channel_id, place.bot_id, "own")["id"]
    world.allow(place.channel_id, place.bot_id, deny=denied)
    method, _, path = request_line.partition(" ")
    url = f"/channels/{place.channel_id}" + path.format(own=own)
    body = {"content": "x"} if method in ("POST", "PATCH") else None
    assert (await api(method, url, body)).refusal == refusal


async def test_a_permission_that_is_taken_away_hinders_no_edit(
    sandbox: Sandbox, place: Place, api: Api
) -> None:
    own = sandbox.world.post(place.channel_id, place.bot_id, "own")["id"]
    sandbox.world.allow(place.channel_id, place.bot_id, deny=P.SEND_MESSAGES)
    assert (await api("PATCH", f"{place.messages}/{own}", {"content": "x"})).status == 200


async def test_without_history_the_bot_reads_none_and_cannot_reply(
    sandbox: Sandbox, place: Place, api: Api
) -> None:
    question = place.bo.send(place.channel_id, "Who?")["id"]
    sandbox.world.allow(place.channel_id, place.bot_id, deny=P.READ_MESSAGE_HISTORY)
    assert (await api("GET", place.messages)).body == []
    body = {"content": "Me", "message_reference": {"message_id": question}}
    assert (await api("POST", place.messages, body)).refusal == (400, 160002)


async def test_without_the_permission_files_are_refused_and_embeds_left_out(
    sandbox: Sandbox, place: Place, api: Api
) -> None:
    sandbox.world.allow(place.channel_id, place.bot_id, deny=P.ATTACH_FILES | P.EMBED_LINKS)
    refused = await api("POST", place.messages, {"content": "x"}, files={"a.txt": b"a"})
    assert refused.refusal == (403, 50013)
    sent = await api("POST", place.messages, {"content": "x", "embeds": [{"title": "t"}]})
    assert sent.body["embeds"] == []
    changed = await api("PATCH", f"{place.messages}/{sent.body['id']}", {}, files={"a.txt": b"a"})
    assert changed.refusal == (403, 50013)


async def test_in_threads_another_permission_counts(
    sandbox: Sandbox, place: Place, api: Api
) -> None:
    thread = sandbox.world.add_thread(place.channel_id, place.bo.id, "Talk")["id"]
    path = f"/channels/{thread}/messages"
    sandbox.world.allow(place.channel_id, place.bot_id, deny=P.SEND_MESSAGES)
    assert (await api("POST", path, {"content": "x"})).status == 200
    sandbox.world.allow(place.channel_id, place.bot_id, deny=P.SEND_MESSAGES_IN_THREADS)
    assert (await api("POST", path, {"content": "x"})).refusal == (403, 50013)


def test_people_are_held_to_the_same_and_told_in_words(sandbox: Sandbox, place: Place) -> None:
    sandbox.world.allow(place.channel_id, place.bo.id, deny=P.SEND_MESSAGES | P.ADD_REACTIONS)
    sent = int(place.ada.send(place.channel_id, "Hello")["id"])
    with pytest.raises(Refused, match="permission"):
        place.bo.send(place.channel_id, "Hello")
    with pytest.raises(Refused, match="permission"):
        place.bo.react(place.channel_id, sent, "👍")
    with pytest.raises(Refused, match="permission"):
        place.bo.delete(place.channel_id, sent)
    with pytest.raises(Refused, match="your own"):
        place.bo.edit(place.channel_id, sent, "Bye")
    with pytest.raises(Refused, match="not there any more"):
        place.bo.edit(place.channel_id, 1, "Bye")
    sandbox.world.allow(place.channel_id, place.bo.id, deny=P.ATTACH_FILES)
    with pytest.raises(Refused, match="permission"):
        place.bo.send(place.channel_id, "x", files=[Upload("a.txt", b"a")])
    with pytest.raises(Refused, match="empty"):
        place.bo.send(place.channel_id, " ")
    sandbox.world.allow(place.channel_id, place.bo.id, deny=P.VIEW_CHANNEL)
    with pytest.raises(Refused):
        place.bo.messages(place.channel_id)
    assert place.channel_id not in {int(channel["id"]) for channel in place.bo.channels()}

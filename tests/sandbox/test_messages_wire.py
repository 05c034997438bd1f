"""Messages, over the plain API."""

from __future__ import annotations

import pytest

from sandbox.permissions import Permission
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api, Clock, plain_gateway


async def posted(api: Api, place: Place, body: object) -> str:
    """Its id."""
    answer = await api("POST", place.messages, body)
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


async def test_a_message_is_sent_read_changed_and_deleted(api: Api, place: Place) -> None:
    sent = await api("POST", place.messages, {"content": "Hello"})
    assert sent.status == 200
    path = f"{place.messages}/{sent.body['id']}"
    assert (await api("GET", path)).body["content"] == "Hello"
    assert sent.body["edited_timestamp"] is None
    changed = await api("PATCH", path, {"content": "Hello there"})
    assert changed.body["edited_timestamp"] is not None
    assert place.bo.messages(place.channel_id)[-1]["content"] == "Hello there"
    assert (await api("DELETE", path)).status == 204
    assert (await api("GET", path)).refusal == (404, 10008)
    assert (await api("PATCH", path, {"content": "x"})).refusal == (404, 10008)
    assert (await api("DELETE", path)).refusal == (404, 10008)
    assert place.bo.messages(place.channel_id) == []


async def test_an_edit_changes_only_what_it_names(api: Api, place: Place) -> None:
    embeds = [{"title": "Title"}]
    sent = await posted(api, place, {"content": "Text", "embeds": embeds})
    path = f"{place.messages}/{sent}"
    assert (await api("PATCH", path, {"content": "New"})).body["embeds"][0]["title"] == "Title"
    changed = (await api("PATCH", path, {"embeds": []})).body
    assert (changed["content"], changed["embeds"]) == ("New", [])


async def test_an_edit_may_not_empty_a_message(api: Api, place: Place) -> None:
    path = f"{place.messages}/{await posted(api, place, {'content': 'Text'})}"
    assert (await api("PATCH", path, {"content": ""})).refusal == (400, 50006)
    assert (await api("GET", path)).body["content"] == "Text"


async def test_nobody_elses_message_can_be_edited(api: Api, place: Place) -> None:
    theirs = place.ada.send(place.channel_id, "Mine")["id"]
    path = f"{place.messages}/{theirs}"
    assert (await api("PATCH", path, {"content": "Yours"})).refusal == (403, 50005)


async def test_an_old_message_can_be_edited_only_now_and_then(
    api: Api, place: Place, clock: Clock
) -> None:
    path = f"{place.messages}/{await posted(api, place, {'content': 'Text'})}"
    clock.now += 3601
    answers = [await api("PATCH", path, {"content": str(number)}) for number in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[-1].body["code"] == 30046
    assert answers[-1].body["retry_after"] == 3600
    clock.now += 3600
    assert (await api("PATCH", path, {"content": "later"})).status == 200


# -- history -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "987654321"),
        ("?limit=3", "987"),
        ("?limit=2&before={5}", "43"),
        ("?limit=2&after={5}", "76"),
        ("?limit=3&around={5}", "654"),
        ("?after=0&limit=2", "21"),
        ("?before={1}", ""),
    ],
)
async def test_history_is_newest_first_and_begins_where_it_is_asked_to(
    api: Api, place: Place, query: str, found: str
) -> None:
    ids = ["0", *(place.bo.send(place.channel_id, str(number))["id"] for number in range(1, 10))]
    answer = await api("GET", place.messages + query.format(*ids))
    assert "".join(message["content"] for message in answer.body) == found


@pytest.mark.parametrize("limit", ["0", "101", "many"])
async def test_history_is_given_by_the_hundred_at_most(api: Api, place: Place, limit: str) -> None:
    assert (await api("GET", f"{place.messages}?limit={limit}")).refusal == (400, 50035)


async def test_without_the_intent_others_words_cannot_be_read_here_either(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    sandbox.world.application["flags"] = 0
    said = place.bo.send(place.channel_id, "not for the bot")["id"]
    await posted(api, place, {"content": "the bot's own"})
    place.bo.send(place.channel_id, f"<@{place.bot_id}> for the bot")
    seen = (await api("GET", place.messages)).body
    assert [m["content"] for m in seen[1:]] == ["the bot's own", ""]
    assert seen[0]["content"].endswith("for the bot")
    assert (await api("GET", f"{place.messages}/{said}")).body["content"] == ""


# -- replies -----------------------------------------------------------------------------------


async def test_a_reply_shows_what_it_replies_to_as_it_is_now(api: Api, place: Place) -> None:
    question = place.bo.send(place.channel_id, "Who?")["id"]
    body = {"content": "Me", "message_reference": {"message_id": question}}
    sent = (await api("POST", place.messages, body)).body
    assert sent["type"] == 19
    assert sent["message_reference"]["message_id"] == question
    assert sent["referenced_message"]["content"] == "Who?"
    assert [user["id"] for user in sent["mentions"]] == [str(place.bo.id)]
    path = f"{place.messages}/{sent['id']}"
    place.bo.edit(place.channel_id, int(question), "Who then?")
    assert (await api("GET", path)).body["referenced_message"]["content"] == "Who then?"
    place.bo.delete(place.channel_id, int(question))
    assert (await api("GET", path)).body["referenced_message"] is None


async def test_a_reply_to_nothing_is_refused_unless_it_may_be_a_plain_message(
    api: Api, place: Place
) -> None:
    body = {"content": "Me", "message_reference": {"message_id": "1"}}
    refused = await api("POST", place.messages, body)
    assert refused.refusal == (400, 50035)
    [reason] = refused.body["errors"]["message_reference"]["_errors"]
    assert reason["code"] == "REPLIES_UNKNOWN_MESSAGE"
    body["message_reference"] = {"message_id": "1", "fail_if_not_exists": False}
    sent = await api("POST", place.messages, body)
    assert sent.body["type"] == 0
    assert "message_reference" not in sent.body


# -- whom it pings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, ["Ada", "Bo"]),
        ({"parse": ["users"]}, ["Ada"]),
        ({"parse": ["users"], "replied_user": True}, ["Ada", "Bo"]),
        ({"parse": []}, []),
        ({"parse": [], "replied_user": True}, ["Bo"]),
        ({"parse": [], "users": []}, []),
    ],
)
async def test_it_pings_whom_it_is_allowed_to(
    api: Api, place: Place, allowed: object, pinged: list[str]
) -> None:
    question = place.bo.send(place.channel_id, "Who?")["id"]
    body = {"content": f"<@{place.ada.id}>", "message_reference": {"message_id": question}}
    if allowed is not None:
        body["allowed_mentions"] = allowed  # type: ignore[assignment]
    sent = (await api("POST", place.messages, body)).body
    assert [user["global_name"] for user in sent["mentions"]] == pinged


async def test_roles_and_everybody_are_pinged_only_where_that_is_allowed(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    role = sandbox.world.add_role(place.guild_id, "players", 0)
    body = {"content": f"@everyone <@&{role}>"}
    sent = (await api("POST", place.messages, body)).body
    assert (sent["mention_everyone"], sent["mention_roles"]) == (False, [str(role)])
    sandbox.world.allow(place.channel_id, place.bot_id, allow=Permission.MENTION_EVERYONE)
    assert (await api("POST", place.messages, body)).body["mention_everyone"]
    for allowed, roles in (({"parse": []}, []), ({"roles": [str(role)]}, [str(role)])):
        sent = (await api("POST", place.messages, {**body, "allowed_mentions": allowed})).body
        assert (sent["mention_everyone"], sent["mention_roles"]) == (False, roles)


async def test_all_of_a_kind_and_some_of_it_cannot_be_allowed_at_once(
    api: Api, place: Place
) -> None:
    allowed = {"parse": ["users"], "users": [str(place.bo.id)]}
    body = {"content": "x", "allowed_mentions": allowed}
    assert (await api("POST", place.messages, body)).refusal == (400, 50035)


# -- once and not twice ------------------------------------------------------------------------


async def test_a_nonce_keeps_a_message_from_being_sent_twice(api: Api, place: Place) -> None:
    body = {"content": "Once", "nonce": "n1", "enforce_nonce": True}
    first = (await api("POST", place.messages, body)).body
    assert (await api("POST", place.messages, body)).body["id"] == first["id"]
    again = {**body, "enforce_nonce": False}
    assert (await api("POST", place.messages, again)).body["id"] != first["id"]
    assert (await api("POST", place.messages, {**body, "nonce": "n" * 26})).status == 400


# -- deleting ----------------------------------------------------------------------------------


async def test_others_messages_are_deleted_only_with_the_permission(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    path = f"{place.messages}/{place.bo.send(place.channel_id, 'Mine')['id']}"
    assert (await api("DELETE", path)).refusal == (403, 50013)
    sandbox.world.allow(place.channel_id, place.bot_id, allow=Permission.MANAGE_MESSAGES)
    assert (await api("DELETE", path)).status == 204


async def test_many_are_deleted_at_once_and_told_of_at_once(
    api: Api, place: Place, sandbox: Sandbox, clock: Clock
) -> None:
    old = [place.bo.send(place.channel_id, "old")["id"] for _ in range(2)]
    clock.now += 15 * 24 * 3600
    new = [place.bo.send(place.channel_id, str(number))["id"] for number in range(3)]
    path = f"{place.messages}/bulk-delete"
    assert (await api("POST", path, {"messages": new})).refusal == (403, 50013)
    sandbox.world.allow(place.channel_id, place.bot_id, allow=Permission.MANAGE_MESSAGES)
    assert (await api("POST", path, {"messages": old})).refusal == (400, 50034)
    assert (await api("POST", path, {"messages": new[:1]})).refusal == (400, 50035)
    async with plain_gateway(sandbox) as gateway:
        assert (await api("POST", path, {"messages": [*new, str(int(new[0]) + 999)]})).status == 204
        assert (await gateway.event("MESSAGE_DELETE_BULK"))["ids"] == new
    assert [m["content"] for m in place.bo.messages(place.channel_id)] == ["old", "old"]
    dm = place.bo.open_dm()
    refused = await api("POST", f"/channels/{dm}/messages/bulk-delete", {"messages": new})
    assert refused.refusal == (400, 50003)


# -- direct messages, typing, reactions --------------------------------------------------------


async def test_a_person_can_be_written_to(api: Api, place: Place) -> None:
    dm = (await api("POST", "/users/@me/channels", {"recipient_id": str(place.bo.id)})).body
    assert dm["type"] == 1
    assert [person["id"] for person in dm["recipients"]] == [str(place.bo.id)]
    assert (await api("POST", f"/channels/{dm['id']}/messages", {"content": "Hi"})).status == 200
    assert place.bo.messages(int(dm["id"]))[-1]["content"] == "Hi"
    assert int(dm["id"]) not in {int(channel["id"]) for channel in place.ada.channels()}
    refused = await api("POST", "/users/@me/channels", {"recipient_id": "1"})
    assert refused.refusal == (404, 10013)


async def test_typing_is_seen_by_those_who_see_the_channel(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    watch = place.bo.watch()
    assert (await api("POST", f"/channels/{place.channel_id}/typing")).status == 204
    name, data = await anext(watch)
    assert (name, data["user_id"]) == ("TYPING_START", str(place.bot_id))
    watch.close()
    sandbox.world.allow(place.channel_id, place.bot_id, deny=Permission.SEND_MESSAGES)
    assert (await api("POST", f"/channels/{place.channel_id}/typing")).refusal == (403, 50013)


async def test_a_reaction_is_put_and_taken_back(api: Api, place: Place) -> None:
    sent = int(place.bo.send(place.channel_id, "Hello")["id"])
    place.ada.react(place.channel_id, sent, "👍")
    path = f"{place.messages}/{sent}"
    assert (await api("PUT", f"{path}/reactions/%F0%9F%91%8D/@me")).status == 204
    [reaction] = (await api("GET", path)).body["reactions"]
    assert (reaction["emoji"]["name"], reaction["count"], reaction["me"]) == ("👍", 2, True)
    assert (await api("DELETE", f"{path}/reactions/%F0%9F%91%8D/@me")).status == 204
    [reaction] = (await api("GET", path)).body["reactions"]
    assert (reaction["count"], reaction["me"]) == (1, False)


# -- threads -----------------------------------------------------------------------------------


async def test_a_thread_hangs_on_a_message_and_is_a_channel(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    starter = place.bo.send(place.channel_id, "Let us talk")["id"]
    async with plain_gateway(sandbox) as gateway:
        made = await api("POST", f"{place.messages}/{starter}/threads", {"name": "Talk"})
        assert made.status == 201
        assert (await gateway.event("THREAD_CREATE"))["newly_created"]
        assert (await gateway.event("MESSAGE_UPDATE"))["thread"]["id"] == starter
    thread = made.body
    assert (thread["id"], thread["parent_id"]) == (starter, str(place.channel_id))
    again = await api("POST", f"{place.messages}/{starter}/threads", {"name": "Talk"})
    assert again.refusal == (400, 160004)
    path = f"/channels/{thread['id']}"
    assert (await api("PUT", f"{path}/thread-members/@me")).status == 204
    assert (await api("POST", f"{path}/messages", {"content": "Yes"})).status == 200
    assert (await api("GET", path)).body["name"] == "Talk"
    assert place.bo.messages(int(thread["id"]))[-1]["content"] == "Yes"


async def test_a_thread_needs_a_text_channel_a_name_and_the_permission(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    path = f"/channels/{place.channel_id}/threads"
    assert (await api("POST", path, {"name": "x" * 101, "type": 11})).refusal == (400, 50035)
    thread = (await api("POST", path, {"name": "Free", "type": 11})).body
    inside = await api("POST", f"/channels/{thread['id']}/threads", {"name": "x", "type": 11})
    assert inside.refusal == (400, 50024)
    joined = await api("PUT", f"/channels/{place.channel_id}/thread-members/@me")
    assert joined.refusal == (400, 50024)
    sandbox.world.allow(place.channel_id, place.bot_id, deny=Permission.CREATE_PUBLIC_THREADS)
    assert (await api("POST", path, {"name": "x", "type": 11})).refusal == (403, 50013)


async def test_a_channel_that_goes_takes_its_threads_along(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    path = f"/channels/{place.channel_id}"
    thread = (await api("POST", f"{path}/threads", {"name": "Free", "type": 11})).body
    assert (await api("DELETE", path)).refusal == (403, 50013)
    async with plain_gateway(sandbox) as gateway:
        await gateway.event("GUILD_CREATE")
        sandbox.world.remove_channel(place.channel_id)
        assert await gateway.names_until("CHANNEL_DELETE") == ["THREAD_DELETE", "CHANNEL_DELETE"]
    assert (await api("GET", f"/channels/{thread['id']}")).refusal == (404, 10003)
    assert (await api("POST", f"{path}/messages", {"content": "x"})).refusal == (404, 10003)

"""The life of an interaction, over the plain API: who answers when, and who sees what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sandbox import interactions as module
from sandbox.errors import Refused
from sandbox.files import Upload
from sandbox.filling import Fields
from sandbox.interactions import Interaction
from sandbox.people import Person
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from sandbox.world import EPHEMERAL, LOADING
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Answer, Api, Clock, plain_gateway

Body = dict[str, Any]

BUTTON: Body = {
    "type": 1,
    "id": 1,
    "components": [{"type": 2, "id": 2, "style": 1, "label": "Go", "custom_id": "go"}],
}
INPUT = {"type": 4, "custom_id": "name", "style": 1, "max_length": 5}
MODAL = {"title": "Who?", "custom_id": "who", "components": [
    {"type": 18, "label": "Name", "component": INPUT},
    {"type": 10, "content": "Only your first name."},
]}  # fmt: skip


class Bot:
    """The bot's side of one interaction."""

    def __init__(self, api: Api, place: Place, of: Interaction) -> None:
        self._api = api
        self.callback = f"/interactions/{of.id}/{of.token}/callback"
        self.webhook = f"/webhooks/{place.bot_id}/{of.token}"
        self.original = f"{self.webhook}/messages/@original"

    async def answers(self, kind: int, data: Body | None = None, query: str = "") -> Answer:
        body = {"type": kind} if data is None else {"type": kind, "data": data}
        return await self._api("POST", self.callback + query, body)

    async def says(self, content: str, **fields: object) -> Answer:
        return await self._api("POST", f"{self.webhook}?wait=true", {"content": content, **fields})

    async def edits(self, content: str, **fields: object) -> Answer:
        return await self._api("PATCH", self.original, {"content": content, **fields})


@pytest.fixture
async def used(api: Api, place: Place) -> Interaction:
    """Bo has just used /chat."""
    chat = {"name": "chat", "description": "Talk", "type": 1}
    await api("PUT", f"/applications/{place.bot_id}/commands", [chat])
    return place.bo.use_command(place.channel_id, "chat")


@pytest.fixture
def bot(api: Api, place: Place, used: Interaction) -> Bot:
    return Bot(api, place, used)


def texts(person: Person, place: Place) -> list[str]:
    return [message["content"] for message in person.messages(place.channel_id)]


# -- what the bot is sent ----------------------------------------------------------------------


async def test_the_bot_is_told_who_where_and_what_it_may(
    sandbox: Sandbox, place: Place, used: Interaction
) -> None:
    async with plain_gateway(sandbox, intents=0) as gateway:
        place.bo.use_command(place.channel_id, "chat")
        told = await gateway.event("INTERACTION_CREATE")
    assert told["type"] == 2
    assert told["data"]["name"] == "chat"
    assert told["member"]["user"]["id"] == str(place.bo.id)
    assert told["channel"]["name"] == "general"
    assert told["context"] == 0
    assert told["authorizing_integration_owners"] == {"0": str(place.guild_id)}
    assert told["attachment_size_limit"] == 10 * 1024 * 1024
    assert told["entitlements"] == []
    assert int(told["app_permissions"]) & Permission.SEND_MESSAGES
    assert not int(told["member"]["permissions"]) & Permission.MANAGE_GUILD


async def test_in_private_there_is_a_user_and_no_member(place: Place, used: Interaction) -> None:
    payload = place.bo.use_command(place.bo.open_dm(), "chat").payload
    assert payload["user"]["id"] == str(place.bo.id)
    assert "member" not in payload
    assert "guild_id" not in payload
    assert payload["context"] == 1


async def test_the_apps_permissions_are_those_of_the_channel(
    sandbox: Sandbox, place: Place, used: Interaction
) -> None:
    sandbox.world.allow(place.channel_id, place.bot_id, deny=Permission.SEND_MESSAGES)
    payload = place.bo.use_command(place.channel_id, "chat").payload
    assert not int(payload["app_permissions"]) & Permission.SEND_MESSAGES


# -- the first answer --------------------------------------------------------------------------


async def test_an_answer_is_a_message_of_the_bots(
    place: Place, used: Interaction, bot: Bot
) -> None:
    assert (await bot.answers(4, {"content": "Hello"})).status == 204
    assert (await used.answered()).state == "answered"
    assert texts(place.ada, place) == ["Hello"]
    assert used.message is not None
    assert used.message["type"] == 20
    assert used.message["interaction_metadata"]["user"]["id"] == str(place.bo.id)


async def test_the_answer_can_be_asked_back(bot: Bot, used: Interaction) -> None:
    answer = await bot.answers(4, {"content": "Hello"}, "?with_response=true")
    assert answer.status == 200
    assert answer.body["interaction"]["id"] == str(used.id)
    assert answer.body["resource"]["message"]["content"] == "Hello"
    assert answer.body["interaction"]["response_message_ephemeral"] is False


async def test_two_answers_are_one_too_many(bot: Bot) -> None:
    await bot.answers(4, {"content": "Hello"})
    assert (await bot.answers(4, {"content": "Hello"})).refusal == (400, 40060)
    assert (await bot.answers(5)).refusal == (400, 40060)


async def test_a_wrong_token_answers_nothing(bot: Bot, api: Api, used: Interaction) -> None:
    callback = bot.callback.replace(used.token, "x" * 64)
    assert (await api("POST", callback, {"type": 5})).refusal == (404, 10062)


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 12])
async def test_an_answer_has_to_fit_what_was_asked(bot: Bot, kind: int) -> None:
    assert (await bot.answers(kind, {"content": "x", "choices": []})).refusal == (400, 50035)
    assert (await bot.answers(5)).status == 204, "the refusal has acknowledged nothing"


async def test_an_answer_that_breaks_a_rule_acknowledges_nothing(bot: Bot) -> None:
    assert (await bot.answers(4, {"content": ""})).refusal == (400, 50006)
    assert (await bot.answers(4, {"content": "x" * 2001})).refusal == (400, 50035)
    assert (await bot.answers(4, {"content": "x"})).status == 204


async def test_who_does_not_answer_in_time_has_failed_and_cannot_answer_any_more(
    place: Place, api: Api, used: Interaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.ACKNOWLEDGE_S == 3.0
    monkeypatch.setattr(module, "ACKNOWLEDGE_S", 0.02)
    watch = place.bo.watch()
    late = place.bo.use_command(place.channel_id, "chat")
    assert (await late.answered()).state == "failed"
    seen = [await anext(watch) for _ in range(2)]
    watch.close()
    assert seen == [
        ("INTERACTION_CREATE", {"id": str(late.id)}),
        (
            "INTERACTION_FAILURE",
            {"id": str(late.id), "reason": "The application did not respond"},
        ),
    ]
    bot = Bot(api, place, late)
    assert (await bot.answers(4, {"content": "Sorry"})).refusal == (404, 10062)
    assert (await bot.says("Sorry")).refusal == (404, 10015)


# -- thinking… ---------------------------------------------------------------------------------


async def test_thinking_is_shown_until_the_answer_takes_its_place(
    place: Place, bot: Bot, used: Interaction
) -> None:
    assert (await bot.answers(5)).status == 204
    [thinking] = place.ada.messages(place.channel_id)
    assert thinking["flags"] & LOADING
    assert (await bot.edits("Here it is")).status == 200
    [message] = place.ada.messages(place.channel_id)
    assert (message["content"], message["flags"] & LOADING) == ("Here it is", 0)
    assert message["edited_timestamp"] is None, "filling it in is no edit"
    assert (await bot.edits("Better")).body["edited_timestamp"] is not None


async def test_the_first_follow_up_takes_the_place_of_thinking_and_is_seen_by_the_same(
    place: Place, bot: Bot
) -> None:
    await bot.answers(5, {"flags": EPHEMERAL})
    first = (await bot.says("For you", flags=0)).body
    assert first["flags"] & EPHEMERAL
    assert not first["flags"] & LOADING
    second = (await bot.says("For all")).body
    assert first["id"] != second["id"]
    assert texts(place.bo, place) == ["For you", "For all"]
    assert texts(place.ada, place) == ["For all"]


async def test_a_public_thinking_cannot_become_private(place: Place, bot: Bot) -> None:
    await bot.answers(5)
    assert not (await bot.says("For you", flags=EPHEMERAL)).body["flags"] & EPHEMERAL
    assert texts(place.ada, place) == ["For you"]


async def test_what_was_deleted_is_not_filled_in(place: Place, bot: Bot, api: Api) -> None:
    await bot.answers(5)
    assert (await api("DELETE", bot.original)).status == 204
    assert (await bot.edits("x")).refusal == (404, 10008)
    assert (await bot.says("Anew")).status == 200
    assert texts(place.bo, place) == ["Anew"]


# -- only for one ------------------------------------------------------------------------------


async def test_an_ephemeral_answer_is_seen_by_its_person_only(
    sandbox: Sandbox, place: Place, bot: Bot, api: Api, used: Interaction
) -> None:
    watch = place.ada.watch()
    async with plain_gateway(sandbox) as gateway:
        await bot.answers(4, {"content": "Psst", "flags": EPHEMERAL})
        place.ada.send(place.channel_id, "What?")
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == "What?"
    assert (await anext(watch))[1]["content"] == "What?"
    watch.close()
    assert texts(place.bo, place) == ["Psst", "What?"]
    assert texts(place.ada, place) == ["What?"]
    assert used.message is not None
    path = f"{place.messages}/{used.message['id']}"
    assert (await api("GET", path)).refusal == (404, 10008)
    assert (await api("PATCH", path, {"content": "x"})).refusal == (404, 10008)
    assert [m["content"] for m in (await api("GET", place.messages)).body] == ["What?"]
    assert (await bot.edits("Psst!")).status == 200
    place.bo.delete(place.channel_id, int(used.message["id"]))
    assert texts(place.bo, place) == ["What?"]


# -- follow-ups --------------------------------------------------------------------------------


async def test_follow_ups_are_read_changed_and_deleted(place: Place, bot: Bot, api: Api) -> None:
    await bot.answers(4, {"content": "One"})
    assert (await api("GET", bot.original)).body["content"] == "One"
    more = (await bot.says("Two")).body
    path = f"{bot.webhook}/messages/{more['id']}"
    assert (await api("GET", path)).body["content"] == "Two"
    assert (await api("PATCH", path, {"content": "Three"})).body["content"] == "Three"
    assert texts(place.ada, place) == ["One", "Three"]
    assert (await api("DELETE", path)).status == 204
    assert (await api("GET", path)).refusal == (404, 10008)
    assert texts(place.ada, place) == ["One"]


async def test_a_follow_up_is_returned_only_where_it_is_waited_for(bot: Bot, api: Api) -> None:
    await bot.answers(4, {"content": "One"})
    assert (await api("POST", bot.webhook, {"content": "Two"})).status == 204


async def test_no_follow_up_comes_before_the_answer(bot: Bot, api: Api) -> None:
    assert (await bot.says("Too early")).refusal == (404, 10015)
    assert (await api("GET", bot.original)).refusal == (404, 10015)


async def test_somebody_elses_message_is_no_follow_up(place: Place, bot: Bot, api: Api) -> None:
    await bot.answers(4, {"content": "One"})
    theirs = place.ada.send(place.channel_id, "Mine")["id"]
    path = f"{bot.webhook}/messages/{theirs}"
    assert (await api("PATCH", path, {"content": "x"})).refusal == (404, 10008)


async def test_after_fifteen_minutes_the_token_is_worth_nothing(bot: Bot, clock: Clock) -> None:
    await bot.answers(4, {"content": "One"})
    clock.now += 15 * 60
    assert (await bot.edits("Two")).status == 200
    clock.now += 1
    assert (await bot.edits("Three")).refusal == (401, 50027)
    assert (await bot.says("Three")).refusal == (401, 50027)


# -- buttons, selects --------------------------------------------------------------------------


@pytest.fixture
async def pressed(sandbox: Sandbox, place: Place) -> Interaction:
    """Bo has just pressed a button."""
    made = sandbox.world.post(place.channel_id, place.bot_id, "Ready?", components=[BUTTON])
    return place.bo.press(place.channel_id, int(made["id"]), "go")


async def test_the_bot_is_told_which_button_of_which_message(pressed: Interaction) -> None:
    assert pressed.payload["type"] == 3
    assert pressed.payload["data"] == {"custom_id": "go", "component_type": 2}
    assert pressed.payload["message"]["content"] == "Ready?"


async def test_a_button_can_change_its_message(
    api: Api, place: Place, pressed: Interaction
) -> None:
    bot = Bot(api, place, pressed)
    assert (await bot.answers(7, {"content": "Gone", "components": []})).status == 204
    [message] = place.ada.messages(place.channel_id)
    assert (message["content"], message["components"]) == ("Gone", [])
    with pytest.raises(Refused):
        place.bo.press(place.channel_id, int(message["id"]), "go")


async def test_a_button_can_be_acknowledged_and_its_message_changed_later(
    api: Api, place: Place, pressed: Interaction
) -> None:
    bot = Bot(api, place, pressed)
    assert (await bot.answers(6)).status == 204
    assert texts(place.ada, place) == ["Ready?"]
    assert (await bot.edits("Later")).status == 200
    assert (await bot.says("And more")).status == 200
    assert texts(place.ada, place) == ["Later", "And more"]


async def test_a_button_can_be_answered_with_a_message_of_its_own(
    api: Api, place: Place, pressed: Interaction
) -> None:
    bot = Bot(api, place, pressed)
    assert (await bot.answers(4, {"content": "Yes", "flags": EPHEMERAL})).status == 204
    assert texts(place.bo, place) == ["Ready?", "Yes"]
    assert texts(place.ada, place) == ["Ready?"]


async def test_what_is_disabled_or_unknown_cannot_be_pressed(
    sandbox: Sandbox, place: Place
) -> None:
    off = {**BUTTON["components"][0], "disabled": True}
    row = {"type": 1, "components": [off]}
    made = sandbox.world.post(place.channel_id, place.bot_id, "x", components=[row])
    for custom_id in ("go", "stop"):
        with pytest.raises(Refused):
            place.bo.press(place.channel_id, int(made["id"]), custom_id)


SELECTS: dict[int, Body] = {
    3: {"options": [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]},
    5: {},
    6: {},
    7: {},
    8: {"channel_types": [0]},
}


@pytest.mark.parametrize("kind", SELECTS)
async def test_every_select_says_what_was_chosen(sandbox: Sandbox, place: Place, kind: int) -> None:
    role = sandbox.world.add_role(place.guild_id, "players", 0)
    chosen, resolved = {
        3: ("a", {}),
        5: (str(place.ada.id), {"users", "members"}),
        6: (str(role), {"roles"}),
        7: (str(role), {"roles"}),
        8: (str(place.channel_id), {"channels"}),
    }[kind]
    select = {"type": kind, "custom_id": "s", **SELECTS[kind]}
    row = {"type": 1, "components": [select]}
    made = sandbox.world.post(place.channel_id, place.bot_id, "x", components=[row])
    message_id = int(made["id"])
    data = place.bo.select(place.channel_id, message_id, "s", [chosen]).payload["data"]
    assert (data["component_type"], data["values"]) == (kind, [chosen])
    assert set(data.get("resolved", {})) == set(resolved)
    for wrong in ([], [chosen, chosen], ["nothing"]):
        with pytest.raises(Refused):
            place.bo.select(place.channel_id, message_id, "s", wrong)


# -- suggestions -------------------------------------------------------------------------------


async def test_suggestions_come_for_the_option_that_is_being_typed(api: Api, place: Place) -> None:
    options = [
        {"name": "topic", "description": "x", "type": 3, "autocomplete": True, "required": True},
        {"name": "size", "description": "x", "type": 3, "required": True},
    ]
    quiz = {"name": "quiz", "description": "Play", "type": 1, "options": options}
    await api("PUT", f"/applications/{place.bot_id}/commands", [quiz])
    asked = place.bo.complete(place.channel_id, "quiz", {"topic": "an"}, "topic")
    assert asked.payload["type"] == 4
    [typed] = asked.payload["data"]["options"]
    assert (typed["value"], typed["focused"]) == ("an", True)
    bot = Bot(api, place, asked)
    many = [{"name": str(n), "value": str(n)} for n in range(26)]
    assert (await bot.answers(8, {"choices": many})).refusal == (400, 50035)
    assert (await bot.answers(4, {"content": "x"})).refusal == (400, 50035)
    assert (await bot.answers(8, {"choices": many[:25]})).status == 204
    assert (await asked.answered()).response is not None
    assert asked.response == {"type": 8, "data": {"choices": many[:25]}}
    assert place.bo.messages(place.channel_id) == []


# -- dialogs and menus -------------------------------------------------------------------------


async def test_a_dialog_is_opened_filled_in_and_answered(
    place: Place, bot: Bot, used: Interaction, api: Api
) -> None:
    watch = place.bo.watch()
    assert (await bot.answers(9, MODAL)).status == 204
    names = [(await anext(watch))[0] for _ in range(2)]
    watch.close()
    assert names == ["INTERACTION_SUCCESS", "INTERACTION_MODAL_CREATE"]
    wrongs: list[Fields] = [{}, {"name": ""}, {"name": "x" * 6}]
    for wrong in wrongs:
        with pytest.raises(Refused):
            place.bo.submit(used, wrong)
    sent = place.bo.submit(used, {"name": "Bo"})
    assert sent.payload["type"] == 5
    assert sent.payload["data"]["custom_id"] == "who"
    [label] = sent.payload["data"]["components"]
    assert label["component"]["value"] == "Bo"
    answer = Bot(api, place, sent)
    assert (await answer.answers(9, MODAL)).refusal == (400, 50035), "a dialog opens no dialog"
    assert (await answer.answers(4, {"content": "Hello, Bo"})).status == 204
    assert texts(place.ada, place) == ["Hello, Bo"]
    [message] = place.ada.messages(place.channel_id)
    opener = message["interaction_metadata"]["triggering_interaction_metadata"]
    assert (opener["id"], opener["name"]) == (str(used.id), "chat")


async def test_a_dialog_takes_choices_and_files(place: Place, bot: Bot, used: Interaction) -> None:
    parts = [
        {"type": 18, "label": "Size", "component": {
            "type": 3, "custom_id": "size", "options": [{"label": "Big", "value": "big"}]}},
        {"type": 18, "label": "Files", "component": {
            "type": 19, "custom_id": "files", "min_values": 1, "max_values": 2}},
    ]  # fmt: skip
    await bot.answers(9, {**MODAL, "components": parts})
    three = [Upload(f"{n}.txt", b"x") for n in range(3)]
    wrongs: list[Fields] = [{"size": ["big"]}, {"size": ["small"], "files": three[:1]}]
    for wrong in wrongs:
        with pytest.raises(Refused):
            place.bo.submit(used, wrong)
    with pytest.raises(Refused):
        place.bo.submit(used, {"size": ["big"], "files": three})
    data = place.bo.submit(used, {"size": ["big"], "files": three[:2]}).payload["data"]
    size, files = (label["component"] for label in data["components"])
    assert size["values"] == ["big"]
    names = [data["resolved"]["attachments"][key]["filename"] for key in files["values"]]
    assert names == ["0.txt", "1.txt"]


async def test_without_a_dialog_there_is_nothing_to_send(place: Place, used: Interaction) -> None:
    with pytest.raises(Refused, match="no dialog"):
        place.bo.submit(used, {})


async def test_a_dialog_from_a_button_can_change_the_buttons_message(
    api: Api, place: Place, pressed: Interaction
) -> None:
    await Bot(api, place, pressed).answers(9, MODAL)
    sent = place.bo.submit(pressed, {"name": "Bo"})
    assert sent.payload["message"]["content"] == "Ready?"
    await Bot(api, place, sent).answers(7, {"content": "Hello, Bo"})
    assert texts(place.ada, place) == ["Hello, Bo"]


async def test_menus_bring_the_message_or_the_person(api: Api, place: Place) -> None:
    menus = [{"name": "Explain", "type": 3}, {"name": "Score", "type": 2}]
    await api("PUT", f"/applications/{place.bot_id}/commands", menus)
    said = int(place.ada.send(place.channel_id, "E = mc²")["id"])
    explain = place.bo.use_menu(place.channel_id, "Explain", message_id=said).payload["data"]
    assert explain["target_id"] == str(said)
    assert explain["resolved"]["messages"][str(said)]["content"] == "E = mc²"
    score = place.bo.use_menu(place.channel_id, "Score", user_id=place.ada.id).payload["data"]
    assert score["resolved"]["users"][score["target_id"]]["global_name"] == "Ada"
    with pytest.raises(Refused):
        place.bo.use_menu(place.channel_id, "Explain", user_id=place.ada.id)


async def test_nothing_runs_on_when_the_sandbox_is_closed(
    sandbox: Sandbox, used: Interaction
) -> None:
    await sandbox.close()
    assert used.state == "failed"
    await asyncio.wait_for(used.answered(), 1)

"""Application commands: what is taken, what is refused, and to whom they are offered."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.errors import Refused
from sandbox.files import Upload
from sandbox.filling import OptionValue
from sandbox.people import Person
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api

Body = dict[str, Any]


def command(name: str = "chat", **fields: object) -> Body:
    return {"name": name, "description": "Talk", "type": 1, **fields}


def option(name: str = "text", kind: int = 3, **fields: object) -> Body:
    return {"name": name, "description": "What to say", "type": kind, **fields}


def menu(name: str = "Explain this", kind: int = 3) -> Body:
    return {"name": name, "type": kind}


def scope(place: Place, *, in_guild: bool = False) -> str:
    guild = f"/guilds/{place.guild_id}" if in_guild else ""
    return f"/applications/{place.bot_id}{guild}/commands"


def choices(number: int) -> list[Body]:
    return [{"name": str(n), "value": str(n)} for n in range(number)]


CHOICE = {"name": "one", "value": "1"}
FITS: dict[str, list[Body]] = {
    "none": [],
    "a name of 32": [command("x" * 32)],
    "a name in another script": [command("чат-бот_1")],
    "a description of 100": [command(description="x" * 100)],
    "25 options": [command(options=[option(f"o{n}") for n in range(25)])],
    "25 choices": [command(options=[option(choices=choices(25))])],
    "required before optional": [command(options=[option("a", required=True), option("b")])],
    "100 commands": [command(f"c{n}") for n in range(100)],
    "15 menus of a kind": [menu(f"M {n}", kind) for kind in (2, 3) for n in range(15)],
    "a command and a menu of one name": [command("same"), menu("same"), menu("same", 2)],
    "groups of subcommands": [
        command(options=[option("a", 2, options=[option("b", 1, options=[option("c")])])])
    ],
    "localised": [command(name_localizations={"de": "plaudern"})],
}  # fmt: skip
BREAKS: dict[str, list[Body]] = {
    "a name of 33": [command("x" * 33)],
    "no name": [command("")],
    "capitals": [command("Chat")],
    "a space": [command("chat now")],
    "a dot": [command("chat.now")],
    "capitals in a translation": [command(name_localizations={"de": "Plaudern"})],
    "a description of 101": [command(description="x" * 101)],
    "no description": [command(description="")],
    "a long translation": [command(description_localizations={"de": "x" * 101})],
    "26 options": [command(options=[option(f"o{n}") for n in range(26)])],
    "one option twice": [command(options=[option(), option()])],
    "a wrong name of an option": [command(options=[option("Text")])],
    "an option without a description": [command(options=[option(description="")])],
    "optional before required": [command(options=[option("a"), option("b", required=True)])],
    "26 choices": [command(options=[option(choices=choices(26))])],
    "a choice of 101": [command(options=[option(choices=[{"name": "x" * 101, "value": "1"}])])],
    "a long translation of a choice": [
        command(options=[option(choices=[CHOICE | {"name_localizations": {"de": "x" * 101}}])])
    ],
    "one choice twice": [command(options=[option(choices=[CHOICE, CHOICE])])],
    "choices and autocomplete": [command(options=[option(choices=[CHOICE], autocomplete=True)])],
    "subcommands beside options": [command(options=[option("a", 1), option("b")])],
    "a subcommand in a subcommand": [command(options=[option("a", 1, options=[option("b", 1)])])],
    "an option in a group": [command(options=[option("a", 2, options=[option("b")])])],
    "optional before required, inside": [
        command(options=[option("s", 1, options=[option("a"), option("b", required=True)])])
    ],
    "101 commands": [command(f"c{n}") for n in range(101)],
    "16 menus of a kind": [menu(f"M {n}") for n in range(16)],
    "one name twice": [command(), command()],
    "a menu with a description": [menu() | {"description": "x"}],
    "a menu of 33": [menu("x" * 33)],
    "over 8,000 characters": [
        command(
            options=[
                option(f"o{n}", description="x" * 100, choices=[
                    {"name": f"{c}" + "n" * 98, "value": "v" * 100} for c in range(4)
                ])
                for n in range(9)
            ]
        )
    ],
}  # fmt: skip


@pytest.mark.parametrize("in_guild", [False, True], ids=["everywhere", "in a server"])
@pytest.mark.parametrize("given", FITS.values(), ids=FITS.keys())
async def test_what_is_at_the_limit_is_registered(
    api: Api, place: Place, given: list[Body], in_guild: bool
) -> None:
    path = scope(place, in_guild=in_guild)
    assert (await api("PUT", path, given)).status == 200
    listed = (await api("GET", path)).body
    assert [(c["name"], c["type"]) for c in listed] == [(c["name"], c["type"]) for c in given]
    assert all(c.get("guild_id") == (str(place.guild_id) if in_guild else None) for c in listed)


@pytest.mark.parametrize("given", BREAKS.values(), ids=BREAKS.keys())
async def test_what_breaks_a_rule_is_refused_and_nothing_is_changed(
    api: Api, place: Place, given: list[Body]
) -> None:
    await api("PUT", scope(place), [command("before")])
    refused = await api("PUT", scope(place), given)
    assert refused.refusal == (400, 50035)
    assert refused.body["errors"]
    assert [c["name"] for c in (await api("GET", scope(place))).body] == ["before"]


async def test_one_can_be_added_read_changed_and_removed(api: Api, place: Place) -> None:
    made = (await api("POST", scope(place), command())).body
    path = f"{scope(place)}/{made['id']}"
    assert (await api("GET", path)).body["description"] == "Talk"
    changed = await api("PATCH", path, {"description": "Talk to me"})
    assert (changed.body["id"], changed.body["description"]) == (made["id"], "Talk to me")
    assert changed.body["version"] != made["version"]
    assert (await api("PATCH", path, {"name": "No"})).refusal == (400, 50035)
    again = (await api("POST", scope(place), command(description="Anew"))).body
    assert again["id"] == made["id"], "one of the same name is replaced"
    assert (await api("DELETE", path)).status == 204
    assert (await api("GET", path)).refusal == (404, 10063)
    assert (await api("DELETE", path)).refusal == (404, 10063)


async def test_a_command_keeps_its_id_when_all_are_registered_again(api: Api, place: Place) -> None:
    [first] = (await api("PUT", scope(place), [command()])).body
    second = (await api("PUT", scope(place), [command("new"), command()])).body
    assert second[1]["id"] == first["id"]
    assert second[0]["id"] != first["id"]


async def test_other_applications_and_servers_are_not_the_bots(api: Api, place: Place) -> None:
    assert (await api("GET", "/applications/1/commands")).refusal == (403, 20012)
    path = f"/applications/{place.bot_id}/guilds/1/commands"
    assert (await api("PUT", path, [])).refusal == (403, 50001)


# -- whom they are offered to ------------------------------------------------------------------


def offered(person: Person, channel_id: int) -> list[str]:
    return [c["name"] for c in person.commands(channel_id)]


async def test_commands_of_a_server_are_offered_there_only_and_hide_those_from_everywhere(
    api: Api, place: Place
) -> None:
    await api("PUT", scope(place), [command("everywhere"), command("both")])
    here = [command("here"), command("both", description="Here")]
    await api("PUT", scope(place, in_guild=True), here)
    assert sorted(offered(place.bo, place.channel_id)) == ["both", "everywhere", "here"]
    [both] = [c for c in place.bo.commands(place.channel_id) if c["name"] == "both"]
    assert both["description"] == "Here"
    assert sorted(offered(place.bo, place.bo.open_dm())) == ["both", "everywhere"]


async def test_contexts_say_where_a_command_is_offered(api: Api, place: Place) -> None:
    given = [command("server", contexts=[0]), command("private", contexts=[1])]
    await api("PUT", scope(place), [*given, command("old", dm_permission=False)])
    assert offered(place.bo, place.channel_id) == ["server", "old"]
    assert offered(place.bo, place.bo.open_dm()) == ["private"]


@pytest.mark.parametrize(
    ("needed", "ada", "bo"),
    [
        (None, True, True),
        (str(int(Permission.MANAGE_GUILD)), True, False),
        (int(Permission.MANAGE_GUILD), True, False),
        (str(int(Permission.SEND_MESSAGES)), True, True),
        ("0", True, False),
    ],
)
async def test_a_command_is_offered_to_those_who_have_the_permission(
    api: Api, place: Place, needed: str | int | None, ada: bool, bo: bool
) -> None:
    await api("PUT", scope(place), [command("settings", default_member_permissions=needed)])
    assert bool(offered(place.ada, place.channel_id)) is ada
    assert bool(offered(place.bo, place.channel_id)) is bo
    if not bo:
        with pytest.raises(Refused, match="no command settings"):
            place.bo.use_command(place.channel_id, "settings")


async def test_who_may_not_use_commands_at_all_is_refused(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    await api("PUT", scope(place), [command()])
    denied = Permission.USE_APPLICATION_COMMANDS
    sandbox.world.allow(place.channel_id, place.bo.id, deny=denied)
    with pytest.raises(Refused, match="permission"):
        place.bo.use_command(place.channel_id, "chat")


# -- what a person fills in --------------------------------------------------------------------

OPTIONS = [
    option("text", required=True, min_length=2, max_length=4),
    option("size", choices=[{"name": "Big", "value": "big"}]),
    option("count", 4, min_value=1, max_value=10),
    option("share", 10),
    option("loud", 5),
    option("who", 6),
    option("where", 7, channel_types=[0]),
    option("role", 8),
    option("file", 11),
]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text": "x"},
        {"text": "xxxxx"},
        {"text": 7},
        {"text": "okay", "size": "small"},
        {"text": "okay", "count": 0},
        {"text": "okay", "count": 11},
        {"text": "okay", "count": 1.5},
        {"text": "okay", "count": True},
        {"text": "okay", "share": "half"},
        {"text": "okay", "loud": "yes"},
        {"text": "okay", "who": "1"},
        {"text": "okay", "who": "Bo"},
        {"text": "okay", "where": "1"},
        {"text": "okay", "role": "1"},
        {"text": "okay", "file": "1"},
        {"text": "okay", "nothing": "x"},
    ],
)
async def test_what_discords_client_would_not_send_is_refused(
    api: Api, place: Place, given: dict[str, str | int | float | bool]
) -> None:
    await api("PUT", scope(place), [command(options=OPTIONS)])
    with pytest.raises(Refused):
        place.bo.use_command(place.channel_id, "chat", given)


async def test_every_kind_of_option_arrives_with_what_it_names(
    api: Api, place: Place, sandbox: Sandbox
) -> None:
    await api("PUT", scope(place), [command(options=OPTIONS)])
    role = sandbox.world.add_role(place.guild_id, "players", 0)
    given: dict[str, OptionValue] = {"text": "okay", "size": "big", "count": 3, "share": 0.5}
    given["loud"] = True
    named = {"who": str(place.ada.id), "where": str(place.channel_id), "role": str(role)}
    file = {"file": Upload("a.txt", b"abc")}
    used = place.bo.use_command(place.channel_id, "chat", {**given, **named}, files=file)
    data = used.payload["data"]
    values = {o["name"]: o["value"] for o in data["options"]}
    assert given.items() <= values.items()
    resolved = data["resolved"]
    assert resolved["users"][values["who"]]["global_name"] == "Ada"
    assert resolved["members"][values["who"]]["permissions"]
    assert resolved["channels"][values["where"]]["name"] == "general"
    assert resolved["roles"][values["role"]]["name"] == "players"
    assert resolved["attachments"][values["file"]]["size"] == 3


async def test_a_channel_of_another_kind_cannot_be_chosen(api: Api, place: Place) -> None:
    await api("PUT", scope(place), [command(options=OPTIONS)])
    dm = str(place.bo.open_dm())
    with pytest.raises(Refused, match="kind"):
        place.bo.use_command(place.channel_id, "chat", {"text": "okay", "where": dm})


async def test_subcommands_are_found_by_their_path(api: Api, place: Place) -> None:
    inner = option("persona", 1, options=[option("text")])
    options = [option("show", 1), option("set", 2, options=[inner])]
    await api("PUT", scope(place), [command("settings", options=options)])
    used = place.bo.use_command(place.channel_id, "settings set persona", {"text": "x"})
    [group] = used.payload["data"]["options"]
    assert (group["name"], group["type"]) == ("set", 2)
    [sub] = group["options"]
    assert (sub["name"], sub["type"]) == ("persona", 1)
    assert sub["options"] == [{"name": "text", "type": 3, "value": "x"}]
    for path in ("settings", "settings set", "settings nothing", "settings set persona more"):
        with pytest.raises(Refused):
            place.bo.use_command(place.channel_id, path)

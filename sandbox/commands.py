"""Application commands: what the bot registers, checked as Discord checks it.

https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sandbox.errors import ApiError, invalid
from sandbox.snowflakes import Snowflakes
from sandbox.types import Json, ReadOnlyJson

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_COMMAND_GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER_OPTION, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)

_NAME = re.compile(r"[-_'\w]{1,32}")
_MOST = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
_INSIDE = {SUB_COMMAND: range(3, 12), SUB_COMMAND_GROUP: (SUB_COMMAND,)}
"""What these take as options."""
_WRONG_TYPE = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
_KIND = {CHAT_INPUT: "slash", USER: "user", MESSAGE: "message"}


class Commands:
    """Those of one application, everywhere and by server."""

    def __init__(self, ids: Snowflakes, application_id: int) -> None:
        self._ids = ids
        self._application_id = application_id
        self._by_scope: dict[int | None, dict[int, Json]] = {None: {}}

    def listed(self, guild_id: int | None = None) -> list[Json]:
        """Those registered for a server, or (``None``) for everywhere."""
        return list(self._by_scope.get(guild_id, {}).values())

    def offered(self, guild_id: int | None) -> list[Json]:
        """Those that Discord shows in a server, or (``None``) in a direct message. One of the
        server hides one of the same name from everywhere."""
        if guild_id is None:
            return [c for c in self.listed() if _is_for(c, context=1)]
        own = self.listed(guild_id)
        names = {(c["name"], c["type"]) for c in own}
        everywhere = [c for c in self.listed() if (c["name"], c["type"]) not in names]
        return own + [c for c in everywhere if _is_for(c, context=0)]

    def get(self, command_id: int, guild_id: int | None = None) -> Json:
        found = self._by_scope.get(guild_id, {}).get(command_id)
        if found is None:
            raise ApiError(10063)
        return found

    def overwrite(self, given: Sequence[ReadOnlyJson], guild_id: int | None = None) -> list[Json]:
        """Replace all of one scope. Nothing is changed where one of them breaks a rule."""
        check_all(given)
        known = {(c["name"], c["type"]): c["id"] for c in self.listed(guild_id)}
        scope: dict[int, Json] = {}
        for command in given:
            key = command["name"], command.get("type", CHAT_INPUT)
            made = self._made(command, guild_id, known.get(key))
            scope[int(made["id"])] = made
        self._by_scope[guild_id] = scope
        return self.listed(guild_id)

    def add(self, given: ReadOnlyJson, guild_id: int | None = None) -> Json:
        """Register one more, in place of one of the same name and type."""
        kind = given.get("type", CHAT_INPUT)
        others = [
            c for c in self.listed(guild_id) if (c["name"], c["type"]) != (given["name"], kind)
        ]
        check_all([*others, given])
        known = {(c["name"], c["type"]): c["id"] for c in self.listed(guild_id)}
        made = self._made(given, guild_id, known.get((given["name"], kind)))
        self._by_scope.setdefault(guild_id, {})[int(made["id"])] = made
        return made

    def change(self, command_id: int, given: ReadOnlyJson, guild_id: int | None = None) -> Json:
        """Set what ``given`` names."""
        old = self.get(command_id, guild_id)
        own = ("id", "application_id", "version", "guild_id")
        new = {**{key: value for key, value in old.items() if key not in own}, **given}
        others = [c for c in self.listed(guild_id) if c["id"] != old["id"]]
        check_all([*others, new])
        made = self._made(new, guild_id, old["id"])
        self._by_scope[guild_id][command_id] = made
        return made

    def remove(self, command_id: int, guild_id: int | None = None) -> None:
        self.get(command_id, guild_id)
        del self._by_scope[guild_id][command_id]

    def _made(self, given: ReadOnlyJson, guild_id: int | None, known_id: str | None) -> Json:
        made: Json = {
            "type": CHAT_INPUT,
            "description": "",
            "options": [],
            "default_member_permissions": None,
            "nsfw": False,
            "contexts": None,
            "integration_types": [0],
            # What is null is as good as not said.
            **{key: value for key, value in given.items() if value is not None},
            "id": known_id or str(self._ids.next()),
            "application_id": str(self._application_id),
            "version": str(self._ids.next()),
        }
        if made["default_member_permissions"] is not None:
            made["default_member_permissions"] = str(made["default_member_permissions"])
        if guild_id is not None:
            made["guild_id"] = str(guild_id)
        return made


def _is_for(command: ReadOnlyJson, *, context: int) -> bool:
    """Context 0: a server, 1: a direct message with the bot."""
    contexts = command.get("contexts")
    if contexts is not None:
        return context in contexts
    return context == 0 or command.get("dm_permission") is not False


def check_all(commands: Sequence[ReadOnlyJson]) -> None:
    """Raises :class:`ApiError` for the first rule that is broken."""
    for kind, most in _MOST.items():
        of_kind = [c for c in commands if c.get("type", CHAT_INPUT) == kind]
        if len(of_kind) > most:
            raise invalid("commands", f"At most {most} {_KIND[kind]} commands.", "MAX_COMMANDS")
        if len({c["name"] for c in of_kind}) != len(of_kind):
            raise invalid("name", "Names must be unique.", "APPLICATION_COMMANDS_DUPLICATE_NAME")
    for number, command in enumerate(commands):
        _check(command, str(number))


def _check(command: ReadOnlyJson, path: str) -> None:
    if command.get("type", CHAT_INPUT) != CHAT_INPUT:
        for name in _texts(command, "name"):
            _length(f"{path}.name", name, 1, 32)
        if command.get("description"):
            raise invalid(f"{path}.description", "Menus take no description.", "NOT_ALLOWED")
        return
    _check_named(command, path)
    options = command.get("options") or []
    _check_options(options, path)
    size = _size(command)
    if size > 8000:
        raise invalid(path, f"Command exceeds maximum size of 8000 ({size}).", "COMMAND_TOO_LARGE")


def _check_options(
    options: Sequence[ReadOnlyJson], path: str, takes: Sequence[int] = range(1, 12)
) -> None:
    if len(options) > 25:
        raise invalid(f"{path}.options", "Must be 25 or fewer in length.")
    if len({option["name"] for option in options}) != len(options):
        raise invalid(f"{path}.options", "Option names must be unique.", "DUPLICATE_OPTION_NAME")
    inner = [option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP) for option in options]
    if any(inner) and not all(inner):
        raise invalid(f"{path}.options", "Subcommands and options do not mix.", _WRONG_TYPE)
    has_optional = False
    for number, option in enumerate(options):
        where = f"{path}.options.{number}"
        _check_named(option, where)
        if option["type"] not in takes:
            raise invalid(f"{where}.type", "This type is not taken here.", _WRONG_TYPE)
        if option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP):
            _check_options(option.get("options") or [], where, _INSIDE[option["type"]])
            continue
        if option.get("required") and has_optional:
            raise invalid(
                where,
                "Required options must be placed before non-required options",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
            )
        has_optional = has_optional or not option.get("required")
        choices = option.get("choices") or []
        if len(choices) > 25 or (choices and option.get("autocomplete")):
            raise invalid(f"{where}.choices", "25 or fewer, and none where there is autocomplete.")
        for choice in choices:
            for name in _texts(choice, "name"):
                _length(f"{where}.choices.name", name, 1, 100)
            _length(f"{where}.choices.value", str(choice["value"]), 1, 100)
        if len({choice["name"] for choice in choices}) != len(choices):
            raise invalid(f"{where}.choices", "Names must be unique.", "DUPLICATE_CHOICE")


def _check_named(item: ReadOnlyJson, path: str) -> None:
    for name in _texts(item, "name"):
        if not _NAME.fullmatch(name) or name != name.lower():
            raise invalid(
                f"{path}.name",
                "Command name is invalid",
                "APPLICATION_COMMAND_INVALID_NAME",
            )
    for description in _texts(item, "description"):
        _length(f"{path}.description", description, 1, 100)


def _texts(item: ReadOnlyJson, field: str) -> Iterator[str]:
    yield item.get(field) or ""
    yield from (item.get(f"{field}_localizations") or {}).values()


def _size(item: ReadOnlyJson) -> int:
    """Characters of names, descriptions and values; of localisations the longest counts."""
    own = sum(max(map(len, _texts(item, field))) for field in ("name", "description"))
    choices = sum(
        max(map(len, _texts(c, "name"))) + len(str(c["value"])) for c in item.get("choices") or []
    )
    return own + choices + sum(map(_size, item.get("options") or []))


def _length(path: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise invalid(path, f"Must be between {least} and {most} in length.")

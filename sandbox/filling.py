"""What a person fills in: options of a command, choices of a select, fields of a modal.

Each becomes the JSON that Discord sends on, with what it names in ``resolved``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox import commands as app
from sandbox.errors import ApiError, Refused
from sandbox.files import Files, Upload
from sandbox.types import Json, ReadOnlyJson
from sandbox.world import World

OptionValue = str | int | float | bool
Fields = Mapping[str, str | Sequence[str] | Sequence[Upload]]

_ROW, _TEXT_INPUT, _LABEL, _FILE_UPLOAD = 1, 4, 18, 19
_USER_SELECT, _ROLE_SELECT, _MENTIONABLE_SELECT, _CHANNEL_SELECT = 5, 6, 7, 8


class Filling:
    """One interaction's worth of it. What does not fit raises :class:`Refused`."""

    def __init__(self, world: World, files: Files, person_id: int, channel_id: int) -> None:
        self.resolved: Json = {}
        self._world = world
        self._files = files
        self._person_id = person_id
        self._channel_id = channel_id

    def option(
        self, option: ReadOnlyJson, value: OptionValue | Upload | None, *, is_whole: bool
    ) -> Json | None:
        """One option of a command; ``None`` where it is left out. ``is_whole``: the command is
        sent, not still being typed."""
        name, kind = option["name"], option["type"]
        if value is None:
            if is_whole and option.get("required"):
                raise Refused(f"The option {name} is required.")
            return None
        if isinstance(value, Upload) != (kind == app.ATTACHMENT):
            raise Refused(f"{name} takes another kind of value.")
        if isinstance(value, Upload):
            return {"name": name, "type": kind, "value": self._attach(value)}
        if is_whole:
            _check_value(option, value)
        if kind == app.USER_OPTION:
            self.user(_id(value))
        elif kind == app.CHANNEL:
            self._channel(_id(value), option.get("channel_types"))
        elif kind in (app.ROLE, app.MENTIONABLE):
            self._role(_id(value), or_person=kind == app.MENTIONABLE)
        return {"name": name, "type": kind, "value": value}

    def choose(self, component: ReadOnlyJson, values: Sequence[str]) -> None:
        """The values of a select."""
        _check_number(component, len(values))
        for value in values:
            if component["type"] == _USER_SELECT:
                self.user(_id(value))
            elif component["type"] in (_ROLE_SELECT, _MENTIONABLE_SELECT):
                self._role(_id(value), or_person=component["type"] == _MENTIONABLE_SELECT)
            elif component["type"] == _CHANNEL_SELECT:
                self._channel(_id(value), component.get("channel_types"))
            elif value not in {option["value"] for option in component.get("options", [])}:
                raise Refused("There is no such choice.")

    def modal(self, part: ReadOnlyJson, fields: Fields) -> Json | None:
        """One component of a modal; ``None`` for one that takes nothing."""
        if part["type"] == _ROW:
            inner = [self.modal(component, fields) for component in part["components"]]
            return {"type": _ROW, "id": 1, "components": inner}
        if part["type"] == _LABEL:
            return {"type": _LABEL, "id": 1, "component": self.modal(part["component"], fields)}
        if "custom_id" not in part:
            return None
        filled: Json = {"type": part["type"], "custom_id": part["custom_id"], "id": 1}
        value = fields.get(part["custom_id"]) or ("" if part["type"] == _TEXT_INPUT else ())
        if part.get("required", True) and not value:
            raise Refused("Something that is required is missing.")
        if part["type"] == _TEXT_INPUT:
            if not isinstance(value, str) or len(value) > (part.get("max_length") or 4000):
                raise Refused("The text is too long.")
            if value and len(value) < (part.get("min_length") or 0):
                raise Refused("The text is too short.")
            return filled | {"value": value}
        if part["type"] == _FILE_UPLOAD and value:
            _check_number(part, len(value))
        chosen = [self._attach(item) if isinstance(item, Upload) else item for item in value]
        if part["type"] != _FILE_UPLOAD and chosen:
            self.choose(part, chosen)
        return filled | {"values": chosen}

    def user(self, user_id: int) -> None:
        if user_id not in self._world.users:
            raise Refused("There is nobody of that name.")
        self._resolve("users", user_id, self._world.users[user_id])
        guild_id = self._world.guild_id(self._channel_id)
        member = self._world.members[guild_id].get(user_id) if guild_id is not None else None
        if member is not None:
            allowed = str(int(self._world.permissions(user_id, self._channel_id)))
            slim = {k: v for k, v in member.items() if k not in ("user", "deaf", "mute")}
            self._resolve("members", user_id, {**slim, "permissions": allowed})

    def _role(self, role_id: int, *, or_person: bool) -> None:
        guild_id = self._world.guild_id(self._channel_id)
        roles = self._world.guilds[guild_id]["roles"] if guild_id is not None else []
        role = next((r for r in roles if r["id"] == str(role_id)), None)
        if role is not None:
            self._resolve("roles", role_id, role)
        elif or_person:
            self.user(role_id)
        else:
            raise Refused("There is no such role.")

    def _channel(self, channel_id: int, types: Sequence[int] | None) -> None:
        try:
            channel = self._world.channel(channel_id)
        except ApiError as error:
            raise Refused("There is no such channel.") from error
        if types and channel["type"] not in types:
            raise Refused("A channel of this kind cannot be chosen.")
        allowed = str(int(self._world.permissions(self._person_id, channel_id)))
        self._resolve("channels", channel_id, {**channel, "permissions": allowed})

    def _attach(self, upload: Upload) -> str:
        """Keep a file and return its id."""
        try:
            attachment = self._files.add(upload, self._channel_id)
        except ApiError as error:
            raise Refused("The file is too large.") from error
        self._resolve("attachments", int(attachment["id"]), attachment)
        return str(attachment["id"])

    def _resolve(self, kind: str, item_id: int, item: Json) -> None:
        self.resolved.setdefault(kind, {})[str(item_id)] = item


def _check_number(component: ReadOnlyJson, chosen: int) -> None:
    """What was not said, or said to be null, is one."""
    least, most = component.get("min_values"), component.get("max_values")
    least, most = 1 if least is None else least, 1 if most is None else most
    if not least <= chosen <= most:
        raise Refused(f"Choose {least} to {most}.")


def _id(value: OptionValue) -> int:
    if not str(value).isdecimal():
        raise Refused(f"{value} is nobody and nothing here.")
    return int(value)


def _check_value(option: ReadOnlyJson, value: OptionValue) -> None:
    """What Discord's client checks before it lets a command be sent."""
    kind, name = option["type"], option["name"]
    fits = {
        app.STRING: isinstance(value, str),
        app.INTEGER: isinstance(value, int) and not isinstance(value, bool),
        app.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
        app.BOOLEAN: isinstance(value, bool),
    }
    if not fits.get(kind, True):
        raise Refused(f"{name} takes another kind of value.")
    if option.get("choices") and value not in {choice["value"] for choice in option["choices"]}:
        raise Refused(f"{name} takes one of its choices.")
    if isinstance(value, str) and kind == app.STRING:
        if not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
            raise Refused(f"{name} is too short or too long.")
    elif isinstance(value, int | float) and kind in (app.INTEGER, app.NUMBER):
        least, most = option.get("min_value", -(2**53)), option.get("max_value", 2**53)
        if not least <= value <= most:
            raise Refused(f"{name} is too small or too large.")

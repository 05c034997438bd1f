"""What a person does and sees, as Discord's own client lets them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sandbox import commands as app
from sandbox.commands import Commands
from sandbox.errors import ApiError, Refused
from sandbox.files import Files, Upload
from sandbox.filling import Fields, Filling, OptionValue
from sandbox.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction, Interactions
from sandbox.permissions import Permission
from sandbox.rules import walk
from sandbox.shapes import ENGLISH
from sandbox.types import Json
from sandbox.world import END, Event, World

WATCHED = 10_000
"""Events that may wait for whoever watches; then the oldest are lost."""


class Watch:
    """What happens where a person can see it. An async iterator of (event name, data)."""

    def __init__(self, world: World, person_id: int) -> None:
        self._world = world
        self._person_id = person_id
        self._waiting: asyncio.Queue[tuple[str, Json] | None] = asyncio.Queue(WATCHED)
        world.listeners.append(self._on_event)

    def close(self) -> None:
        """End the iteration."""
        if self._on_event in self._world.listeners:
            self._world.listeners.remove(self._on_event)
            self._put(None)

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> tuple[str, Json]:
        item = await self._waiting.get()
        if item is None:
            raise StopAsyncIteration
        return item

    def _on_event(self, event: Event) -> None:
        if event.name == END:
            self.close()
            return
        if event.name == "INTERACTION_CREATE":
            user = event.data.get("user") or event.data["member"]["user"]
            if user["id"] == str(self._person_id):
                self._put((event.name, {"id": event.data["id"]}))
            return
        if event.only not in (None, self._person_id):
            return
        if event.channel_id is not None:
            allowed = self._world.permissions(self._person_id, event.channel_id)
            if not allowed & Permission.VIEW_CHANNEL:
                return
        if event.name == "MESSAGE_DELETE_BULK":
            where = {key: value for key, value in event.data.items() if key != "ids"}
            for message_id in event.data["ids"]:
                self._put(("MESSAGE_DELETE", {"id": message_id, **where}))
            return
        name = "CHANNEL_DELETE" if event.name == "THREAD_DELETE" else event.name
        self._put((name, event.data))

    def _put(self, item: tuple[str, Json] | None) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(item)


class Person:
    """Somebody on this Discord. Everything takes effect at once; nothing is rate-limited.

    What Discord's client would not let them do raises :class:`Refused` with a sentence.
    """

    def __init__(
        self,
        person_id: int,
        world: World,
        commands: Commands,
        interactions: Interactions,
        files: Files,
        *,
        locale: str = ENGLISH,
    ) -> None:
        """``locale``: the language of their Discord, such as ``de`` or ``pt-BR``."""
        self.id = person_id
        self.locale = locale
        self._world = world
        self._commands = commands
        self._interactions = interactions
        self._files = files

    @property
    def name(self) -> str:
        return str(self._world.users[self.id]["global_name"])

    # -- reading -------------------------------------------------------------------------

    def watch(self) -> Watch:
        return Watch(self._world, self.id)

    def channels(self) -> list[Json]:
        """Those that this person sees, threads and the direct message with the bot included."""
        return [
            {**channel, "permissions": str(int(self._world.permissions(self.id, channel_id)))}
            for channel_id, channel in self._world.channels.items()
            if self._world.permissions(self.id, channel_id) & Permission.VIEW_CHANNEL
        ]

    def messages(
        self, channel_id: int, *, limit: int = 50, before: int | None = None
    ) -> list[Json]:
        """Oldest first; those only this person sees included, those only others see not."""
        self._need(channel_id, Permission.READ_MESSAGE_HISTORY)
        seen = self._world.messages(channel_id, self.id)
        if before is not None:
            seen = [message for message in seen if int(message["id"]) < before]
        return seen[-limit:]

    def commands(self, channel_id: int) -> list[Json]:
        """The application commands that Discord offers this person here, of all three types."""
        allowed = self._world.permissions(self.id, channel_id)
        offered = self._commands.offered(self._world.guild_id(channel_id))
        return [command for command in offered if _may(allowed, command)]

    # -- messages ------------------------------------------------------------------------

    def open_dm(self) -> int:
        return self._world.open_dm(self.id)

    def send(
        self,
        channel_id: int,
        content: str = "",
        *,
        files: Sequence[Upload] = (),
        reply_to: int | None = None,
    ) -> Json:
        in_thread = self._world.channel(channel_id)["type"] in (10, 11, 12)
        sends = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
        self._need(channel_id, sends)
        if files:
            self._need(channel_id, Permission.ATTACH_FILES)
        if not content.strip() and not files:
            raise Refused("An empty message cannot be sent.")
        if len(content) > 4000:
            raise Refused("The message is too long.")
        fields: Json = {"attachments": [self._attach(file, channel_id) for file in files]}
        if reply_to is not None:
            fields |= reference_to(self._visible(channel_id, reply_to), self._world)
        return self._world.post(channel_id, self.id, content, **fields)

    def edit(self, channel_id: int, message_id: int, content: str) -> Json:
        message = self._visible(channel_id, message_id)
        if message["author"]["id"] != str(self.id):
            raise Refused("You can only edit your own messages.")
        return self._world.change(message, {"content": content})

    def delete(self, channel_id: int, message_id: int) -> None:
        message = self._visible(channel_id, message_id)
        is_own = message["author"]["id"] == str(self.id)
        is_only_mine = self._world.only_for(message_id) == self.id
        if not (is_own or is_only_mine):
            self._need(channel_id, Permission.MANAGE_MESSAGES)
        self._world.remove(channel_id, [message_id])

    def react(self, channel_id: int, message_id: int, emoji: str) -> None:
        self._need(channel_id, Permission.ADD_REACTIONS)
        self._world.react(self._visible(channel_id, message_id), self.id, emoji, adds=True)

    def unreact(self, channel_id: int, message_id: int, emoji: str) -> None:
        self._world.react(self._visible(channel_id, message_id), self.id, emoji, adds=False)

    def type(self, channel_id: int) -> None:
        self._need(channel_id, Permission.SEND_MESSAGES)
        self._world.typing(channel_id, self.id)

    # -- interactions --------------------------------------------------------------------

    def use_command(
        self,
        channel_id: int,
        path: str,
        options: Mapping[str, OptionValue] | None = None,
        *,
        files: Mapping[str, Upload] | None = None,
    ) -> Interaction:
        """``path``: a command with its subcommand, such as "settings persona"; ``files`` are the
        options that are attachments."""
        return self._command(COMMAND, channel_id, path, {**(options or {}), **(files or {})})

    def complete(
        self, channel_id: int, path: str, options: Mapping[str, OptionValue], focused: str
    ) -> Interaction:
        """Ask for suggestions for the option ``focused``, as far as it is typed in ``options``."""
        return self._command(AUTOCOMPLETE, channel_id, path, options, focused=focused)

    def use_menu(
        self,
        channel_id: int,
        name: str,
        *,
        message_id: int | None = None,
        user_id: int | None = None,
    ) -> Interaction:
        """A command of a message's or a person's menu."""
        kind = app.MESSAGE if message_id is not None else app.USER
        command = self._find(channel_id, name, kind)
        filling = self._filling(channel_id)
        if message_id is not None:
            message = self._visible(channel_id, message_id)
            filling.resolved["messages"] = {message["id"]: message}
        elif user_id is not None:
            filling.user(user_id)
        data: Json = {
            "id": command["id"],
            "name": name,
            "type": kind,
            "target_id": str(message_id or user_id),
            "resolved": filling.resolved,
        }
        return self._begin(COMMAND, channel_id, data)

    def press(self, channel_id: int, message_id: int, custom_id: str) -> Interaction:
        return self._use(channel_id, message_id, custom_id, None)

    def select(
        self, channel_id: int, message_id: int, custom_id: str, values: Sequence[str]
    ) -> Interaction:
        return self._use(channel_id, message_id, custom_id, values)

    def submit(self, opened: Interaction, fields: Fields) -> Interaction:
        """Send a modal that ``opened`` was answered with; ``fields`` by custom id."""
        response = opened.response
        if response is None or response["type"] != 9:
            raise Refused("There is no dialog open.")
        filling = self._filling(opened.channel_id)
        shown = response["data"]
        parts = [filling.modal(part, fields) for part in shown["components"]]
        data: Json = {"custom_id": shown["custom_id"], "components": [p for p in parts if p]}
        if filling.resolved:
            data["resolved"] = filling.resolved
        return self._begin(
            MODAL, opened.channel_id, data, of_message=opened.of_message, opened_by=opened
        )

    def _command(
        self,
        kind: int,
        channel_id: int,
        path: str,
        given: Mapping[str, OptionValue | Upload],
        *,
        focused: str | None = None,
    ) -> Interaction:
        name, *inner = path.split(" ")
        command = self._find(channel_id, name, app.CHAT_INPUT)
        leaf, chain = command, list[Json]()
        for part in inner:
            leaf = _named(leaf.get("options", []), part)
            chain.append(leaf)
        known = leaf.get("options", [])
        if any(option["type"] in (app.SUB_COMMAND, app.SUB_COMMAND_GROUP) for option in known):
            raise Refused(f"/{path} needs a subcommand.")
        if unknown := set(given) - {option["name"] for option in known}:
            raise Refused(f"/{path} has no option {', '.join(sorted(unknown))}.")
        filling = self._filling(channel_id)
        options: list[Json] = []
        for option in known:
            value = given.get(option["name"])
            filled = filling.option(option, value, is_whole=focused is None)
            if filled is not None:
                options.append(filled | ({"focused": True} if option["name"] == focused else {}))
        for sub in reversed(chain):
            options = [{"name": sub["name"], "type": sub["type"], "options": options}]
        data: Json = {"id": command["id"], "name": name, "type": app.CHAT_INPUT, "options": options}
        if filling.resolved:
            data["resolved"] = filling.resolved
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return self._begin(kind, channel_id, data)

    def _use(
        self, channel_id: int, message_id: int, custom_id: str, values: Sequence[str] | None
    ) -> Interaction:
        message = self._visible(channel_id, message_id)
        used = [c for c in walk(message["components"]) if c.get("custom_id") == custom_id]
        if not used or used[0].get("disabled"):
            raise Refused("This cannot be used.")
        data: Json = {"custom_id": custom_id, "component_type": used[0]["type"]}
        if values is not None:
            filling = self._filling(channel_id)
            filling.choose(used[0], values)
            data["values"] = list(values)
            if filling.resolved:
                data["resolved"] = filling.resolved
        return self._begin(COMPONENT, channel_id, data, of_message=message)

    def _begin(
        self,
        kind: int,
        channel_id: int,
        data: Json,
        *,
        of_message: Json | None = None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        return self._interactions.begin(
            kind,
            self.id,
            channel_id,
            data,
            locale=self.locale,
            of_message=of_message,
            opened_by=opened_by,
        )

    def _filling(self, channel_id: int) -> Filling:
        return Filling(self._world, self._files, self.id, channel_id)

    # -- what is needed for it -----------------------------------------------------------

    def _find(self, channel_id: int, name: str, kind: int) -> Json:
        for command in self.commands(channel_id):
            if (command["name"], command["type"]) == (name, kind):
                self._need(channel_id, Permission.USE_APPLICATION_COMMANDS)
                return command
        raise Refused(f"There is no command {name} here.")

    def _visible(self, channel_id: int, message_id: int) -> Json:
        for message in self._world.messages(channel_id, self.id):
            if message["id"] == str(message_id):
                return message
        raise Refused("This message is not there any more.")

    def _need(self, channel_id: int, permission: Permission) -> None:
        try:
            allowed = self._world.permissions(self.id, channel_id)
        except ApiError as error:
            raise Refused("This channel is not there any more.") from error
        if not allowed & Permission.VIEW_CHANNEL or not allowed & permission:
            raise Refused("You do not have the permission for that in this channel.")

    def _attach(self, upload: Upload, channel_id: int) -> Json:
        try:
            return self._files.add(upload, channel_id)
        except ApiError as error:
            raise Refused("The file is too large.") from error


def reference_to(message: Json, world: World) -> Json:
    """The fields that make a message a reply to another."""
    channel_id = int(message["channel_id"])
    reference: Json = {
        "type": 0,
        "message_id": message["id"],
        "channel_id": message["channel_id"],
    }
    if guild_id := world.guild_id(channel_id):
        reference["guild_id"] = str(guild_id)
    shown = {key: value for key, value in message.items() if key != "referenced_message"}
    return {"type": 19, "message_reference": reference, "referenced_message": shown}


def _may(allowed: int, command: Json) -> bool:
    needed = command["default_member_permissions"]
    if needed is None or allowed & Permission.ADMINISTRATOR:
        return True
    return int(needed) != 0 and allowed & int(needed) == int(needed)


def _named(options: Sequence[Json], name: str) -> Json:
    for option in options:
        if option["name"] == name and option["type"] in (app.SUB_COMMAND, app.SUB_COMMAND_GROUP):
            return option
    raise Refused(f"There is no subcommand {name}.")

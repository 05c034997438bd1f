"""What there is: people, servers, channels, messages. Everybody who watches is told of changes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sandbox import shapes
from sandbox.errors import ApiError
from sandbox.permissions import ALL, EVERYBODY, THREADS, Permission, in_channel
from sandbox.snowflakes import Snowflakes, timestamp
from sandbox.types import Json, ReadOnlyJson

EPHEMERAL = 1 << 6
LOADING = 1 << 7
HAS_THREAD = 1 << 5
"""Message flags: https://discord.com/developers/docs/resources/message#message-object."""

KEPT_MESSAGES = 2000
"""In one channel; the oldest go."""

_USER_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


END = "END"
"""The event, none of the gateway's, after which nothing more happens."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened; ``data`` is the gateway's, complete."""

    name: str
    data: Json
    channel_id: int | None = None
    guild_id: int | None = None
    only: int | None = None
    """The one person that may know of it."""


class World:
    """The state, and the only place where it changes."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives seconds since 1970."""
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.users: dict[int, Json] = {}
        self.guilds: dict[int, Json] = {}
        self.members: dict[int, dict[int, Json]] = {}
        """By server and person."""
        self.channels: dict[int, Json] = {}
        self.listeners: list[Callable[[Event], None]] = []
        self._messages: dict[int, dict[int, Json]] = {}
        self._ephemeral: dict[int, int] = {}
        """Message to the only person who sees it."""
        self._nonces: dict[tuple[int, str], int] = {}
        self.bot_id = self.add_user("Airocord", is_bot=True)
        self.application = shapes.application(self.users[self.bot_id])

    # -- who and where -------------------------------------------------------------------

    def add_user(self, name: str, *, is_bot: bool = False) -> int:
        user_id = self.ids.next()
        self.users[user_id] = shapes.user(user_id, name, is_bot=is_bot)
        return user_id

    def add_guild(self, name: str, owner_id: int, *, guild_id: int | None = None) -> int:
        """A server with its owner, who also owns the application, and the bot in it.
        ``guild_id``: where its shard matters, which is in the id."""
        self.application["owner"] = self.users[owner_id]
        guild_id = guild_id or self.ids.next()
        now = timestamp(self.clock())
        self.guilds[guild_id] = shapes.guild(guild_id, name, owner_id, EVERYBODY, now)
        self.members[guild_id] = {}
        self.join(guild_id, owner_id)
        self.join(guild_id, self.bot_id)
        return guild_id

    def add_role(self, guild_id: int, name: str, permissions: int) -> int:
        role_id = self.ids.next()
        self.guilds[guild_id]["roles"].append(shapes.role(role_id, name, permissions))
        return role_id

    def join(self, guild_id: int, user_id: int, roles: Sequence[int] = ()) -> None:
        now = timestamp(self.clock())
        self.members[guild_id][user_id] = shapes.member(self.users[user_id], roles, now)

    def add_channel(self, guild_id: int, name: str, topic: str = "") -> int:
        channel_id = self.ids.next()
        channel: Json = {
            "id": str(channel_id),
            "type": 0,
            "guild_id": str(guild_id),
            "name": name,
            "topic": topic or None,
            "position": sum(c.get("guild_id") == str(guild_id) for c in self.channels.values()),
            "permission_overwrites": [],
            "parent_id": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
            "last_message_id": None,
            "flags": 0,
        }
        self._open(channel_id, channel)
        self._tell("CHANNEL_CREATE", channel, channel_id)
        return channel_id

    def add_thread(self, parent_id: int, owner_id: int, name: str, at: int | None = None) -> Json:
        """A public thread; ``at`` is the message that it hangs on and shares its id with."""
        thread_id = at or self.ids.next()
        now = timestamp(self.clock())
        thread = shapes.thread(thread_id, self.channel(parent_id), owner_id, name, now)
        self._open(thread_id, thread)
        self._tell("THREAD_CREATE", {**thread, "newly_created": True}, thread_id)
        if at is not None:
            starter = self.message(parent_id, at)
            fields = {"thread": thread, "flags": starter["flags"] | HAS_THREAD}
            self.change(starter, fields, is_edit=False)
        return thread

    def open_dm(self, person_id: int) -> int:
        """The channel between a person and the bot, made when first asked for."""
        for channel_id, channel in self.channels.items():
            if channel["type"] == 1 and channel["recipients"][0]["id"] == str(person_id):
                return channel_id
        channel_id = self.ids.next()
        dm: Json = {
            "id": str(channel_id),
            "type": 1,
            "recipients": [self.users[person_id]],
            "last_message_id": None,
            "flags": 0,
        }
        self._open(channel_id, dm)
        self._tell("CHANNEL_CREATE", dm, channel_id)
        return channel_id

    def allow(self, channel_id: int, target_id: int, *, allow: int = 0, deny: int = 0) -> None:
        """Set what a role or a member may do in a channel, over what they may do otherwise."""
        channel = self.channel(channel_id)
        is_role = str(target_id) in {r["id"] for r in self._guild_of(channel)["roles"]}
        others = [o for o in channel["permission_overwrites"] if o["id"] != str(target_id)]
        entry = {
            "id": str(target_id),
            "type": 0 if is_role else 1,
            "allow": str(int(allow)),
            "deny": str(int(deny)),
        }
        channel["permission_overwrites"] = [*others, entry]
        self._tell("CHANNEL_UPDATE", channel, channel_id)

    def channel(self, channel_id: int) -> Json:
        """Raises :class:`ApiError` where there is no such channel."""
        if channel_id not in self.channels:
            raise ApiError(10003)
        return self.channels[channel_id]

    def remove_channel(self, channel_id: int) -> None:
        """Its threads go with it."""
        channel = self.channel(channel_id)
        for thread_id, thread in list(self.channels.items()):
            if thread.get("parent_id") == str(channel_id):
                self.remove_channel(thread_id)
        kind = "THREAD" if channel["type"] in THREADS else "CHANNEL"
        self._tell(f"{kind}_DELETE", channel, channel_id)
        for message_id in self._messages.pop(channel_id):
            self._ephemeral.pop(message_id, None)
        del self.channels[channel_id]

    def guild_id(self, channel_id: int) -> int | None:
        """The server of a channel; ``None`` for a direct message."""
        guild_id = self.channel(channel_id).get("guild_id")
        return None if guild_id is None else int(guild_id)

    def permissions(self, user_id: int, channel_id: int) -> int:
        """What somebody may do in a channel; 0 if they are not there at all."""
        channel = self.channel(channel_id)
        if channel["type"] == 1:
            is_there = user_id == self.bot_id or channel["recipients"][0]["id"] == str(user_id)
            return ALL & ~Permission.MANAGE_MESSAGES if is_there else 0
        guild = self._guild_of(channel)
        member = self.members[int(guild["id"])].get(user_id)
        if member is None:
            return 0
        of = self.channel(int(channel["parent_id"])) if channel["type"] in THREADS else channel
        return in_channel(guild, member, of)

    def full_guild(self, guild_id: int) -> Json:
        """A server as ``GUILD_CREATE`` tells it."""
        own = [c for c in self.channels.values() if c.get("guild_id") == str(guild_id)]
        members = self.members[guild_id]
        return {
            **self.guilds[guild_id],
            "channels": [c for c in own if c["type"] not in THREADS],
            "threads": [c for c in own if c["type"] in THREADS],
            "members": list(members.values()),
            "member_count": len(members),
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    # -- messages ------------------------------------------------------------------------

    def messages(self, channel_id: int, viewer_id: int) -> list[Json]:
        """What somebody sees of a channel, oldest first."""
        self.channel(channel_id)
        return [
            message
            for message_id, message in self._messages[channel_id].items()
            if self._ephemeral.get(message_id, viewer_id) == viewer_id
        ]

    def message(self, channel_id: int, message_id: int) -> Json:
        """Raises :class:`ApiError` where there is no such message."""
        self.channel(channel_id)
        if message_id not in self._messages[channel_id]:
            raise ApiError(10008)
        return self._messages[channel_id][message_id]

    def holds(self, message: ReadOnlyJson) -> bool:
        """Whether a message is still there."""
        held = self._messages.get(int(message["channel_id"]), {})
        return held.get(int(message["id"])) is message

    def only_for(self, message_id: int) -> int | None:
        """The person that an ephemeral message is for."""
        return self._ephemeral.get(message_id)

    def sent_with(self, channel_id: int, nonce: str) -> Json | None:
        """The message that this nonce was used for, if it is still there."""
        message_id = self._nonces.get((channel_id, nonce))
        return self._messages[channel_id].get(message_id) if message_id else None

    def post(
        self,
        channel_id: int,
        author_id: int,
        content: str,
        *,
        only: int | None = None,
        allowed_mentions: ReadOnlyJson | None = None,
        nonce: str | None = None,
        **fields: object,
    ) -> Json:
        """A new message. ``only``: the one person who sees it. ``fields`` as in Discord's message
        object."""
        message_id = self.ids.next()
        message: Json = {
            "id": str(message_id),
            "channel_id": str(channel_id),
            "type": 0,
            "author": self.users[author_id],
            "content": content,
            "timestamp": timestamp(self.clock()),
            "edited_timestamp": None,
            "tts": False,
            "pinned": False,
            "attachments": [],
            "embeds": [],
            "components": [],
            "flags": 0,
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            **fields,
        }
        self._mention(message, channel_id, allowed_mentions)
        held = self._messages[channel_id]
        held[message_id] = message
        if only is not None:
            self._ephemeral[message_id] = only
        if nonce is not None:
            message["nonce"] = nonce
            self._nonces[channel_id, nonce] = message_id
            while len(self._nonces) > KEPT_MESSAGES:
                del self._nonces[next(iter(self._nonces))]
        self.channel(channel_id)["last_message_id"] = str(message_id)
        while len(held) > KEPT_MESSAGES:
            self._ephemeral.pop(next(iter(held)), None)
            del held[next(iter(held))]
        self._tell_message("MESSAGE_CREATE", message)
        return message

    def change(
        self,
        message: Json,
        fields: ReadOnlyJson,
        *,
        allowed_mentions: ReadOnlyJson | None = None,
        is_edit: bool = True,
    ) -> Json:
        """Set fields of a message, as an edit (or, for what fills a "thinking…", not as one)."""
        message.update(fields)
        if "content" in fields:
            self._mention(message, int(message["channel_id"]), allowed_mentions)
        if is_edit:
            message["edited_timestamp"] = timestamp(self.clock())
        self._tell_message("MESSAGE_UPDATE", message)
        return message

    def remove(self, channel_id: int, message_ids: Iterable[int]) -> None:
        """Several at once are told of as one event.

        Raises:
            ApiError: there is no such message; none is removed.
        """
        messages = [self.message(channel_id, message_id) for message_id in message_ids]
        ids = [int(message["id"]) for message in messages]
        only = None
        for message_id in ids:
            only = self._ephemeral.pop(message_id, None)
            del self._messages[channel_id][message_id]
        where: Json = {"channel_id": str(channel_id)}
        if guild_id := self.guild_id(channel_id):
            where["guild_id"] = str(guild_id)
        if len(ids) == 1:
            self._tell("MESSAGE_DELETE", {"id": str(ids[0]), **where}, channel_id, only)
        elif ids:
            gone: Json = {"ids": [str(message_id) for message_id in ids], **where}
            self._tell("MESSAGE_DELETE_BULK", gone, channel_id)

    def react(self, message: Json, user_id: int, emoji: str, *, adds: bool) -> None:
        reactions: list[Json] = message.setdefault("reactions", [])
        entry = next((r for r in reactions if r["emoji"]["name"] == emoji), None)
        if entry is None:
            entry = {"emoji": {"id": None, "name": emoji}, "burst_colors": [], "by": []}
            reactions.append(entry)
        if (str(user_id) in entry["by"]) == adds:
            return
        entry["by"] = [by for by in entry["by"] if by != str(user_id)] + [str(user_id)] * adds
        entry |= {
            "count": len(entry["by"]),
            "count_details": {"burst": 0, "normal": len(entry["by"])},
            "me": str(self.bot_id) in entry["by"],
            "me_burst": False,
        }
        message["reactions"] = [r for r in reactions if r["count"]]
        channel_id = int(message["channel_id"])
        data: Json = {
            "user_id": str(user_id),
            "channel_id": str(channel_id),
            "message_id": message["id"],
            "emoji": entry["emoji"],
            "burst": False,
            "type": 0,
        }
        if guild_id := self.guild_id(channel_id):
            data["guild_id"] = str(guild_id)
        self._tell(f"MESSAGE_REACTION_{'ADD' if adds else 'REMOVE'}", data, channel_id)

    def typing(self, channel_id: int, user_id: int) -> None:
        data: Json = {
            "channel_id": str(channel_id),
            "user_id": str(user_id),
            "timestamp": int(self.clock()),
        }
        if guild_id := self.guild_id(channel_id):
            data |= {"guild_id": str(guild_id), "member": self.members[guild_id][user_id]}
        self._tell("TYPING_START", data, channel_id)

    def emit(self, event: Event) -> None:
        for listener in list(self.listeners):
            listener(event)

    # -- how it is told ------------------------------------------------------------------

    def _open(self, channel_id: int, channel: Json) -> None:
        self.channels[channel_id] = channel
        self._messages[channel_id] = {}

    def _guild_of(self, channel: ReadOnlyJson) -> Json:
        return self.guilds[int(channel["guild_id"])]

    def _tell(self, name: str, data: Json, channel_id: int, only: int | None = None) -> None:
        self.emit(Event(name, data, channel_id, self.guild_id(channel_id), only))

    def _tell_message(self, name: str, message: Json) -> None:
        channel_id = int(message["channel_id"])
        guild_id = self.guild_id(channel_id)
        told = {**message}
        if guild_id is not None:
            told["guild_id"] = str(guild_id)
            member = self.members[guild_id].get(int(message["author"]["id"]))
            if member is not None:
                told["member"] = {key: value for key, value in member.items() if key != "user"}
        self._tell(name, told, channel_id, self._ephemeral.get(int(message["id"])))

    def _mention(self, message: Json, channel_id: int, allowed: ReadOnlyJson | None) -> None:
        """Who is mentioned: what the text names, less what its author did not allow."""
        content = message["content"]
        if allowed is None:
            allowed = {"parse": ["users", "roles", "everyone"], "replied_user": True}
        kinds = allowed.get("parse") or []
        users = [int(found) for found in _USER_MENTION.findall(content)]
        if "users" not in kinds:
            users = [u for u in users if str(u) in (allowed.get("users") or [])]
        replied = (message.get("referenced_message") or message)["author"]["id"]
        if allowed.get("replied_user") and replied != message["author"]["id"]:
            users.append(int(replied))
        known = dict.fromkeys(u for u in users if u in self.users)
        message["mentions"] = [self.users[user] for user in known]
        roles = dict.fromkeys(_ROLE_MENTION.findall(content))
        named = allowed.get("roles") or []
        message["mention_roles"] = [role for role in roles if "roles" in kinds or role in named]
        may = self.permissions(int(message["author"]["id"]), channel_id)
        message["mention_everyone"] = bool(
            "everyone" in kinds and may & Permission.MENTION_EVERYONE and _EVERYONE.search(content)
        )


def without_content(message: Json, reader_id: int) -> Json:
    """A message of a server as a bot without the Message Content Intent gets it: what was not
    said by it or to it cannot be read."""
    shown = message
    mentioned = [message["author"], *message["mentions"]]
    if all(user["id"] != str(reader_id) for user in mentioned):
        shown = {**message, "content": "", "embeds": [], "attachments": [], "components": []}
    if message.get("referenced_message"):
        replied = without_content(message["referenced_message"], reader_id)
        shown = {**shown, "referenced_message": replied}
    return shown

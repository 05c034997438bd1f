"""Channels, their messages, threads and reactions."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox import filled
from sandbox.errors import ApiError, invalid
from sandbox.files import Files
from sandbox.interactions import kept_attachments
from sandbox.people import reference_to
from sandbox.permissions import THREADS, Permission
from sandbox.rest import Call, Route
from sandbox.rules import IS_V2, check_allowed_mentions, check_message
from sandbox.shapes import CONTENT_INTENT
from sandbox.snowflakes import sent_at
from sandbox.types import Json
from sandbox.world import EPHEMERAL, HAS_THREAD, LOADING, World, without_content

CHANNEL = "/channels/{channel_id}"
MESSAGES = f"{CHANNEL}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"

_OLD_S = 3600.0
OLD_EDITS = 5
"""Edits of a message older than an hour, in an hour."""

_BULK_S = 14 * 24 * 3600.0
"""Older messages cannot be deleted many at a time."""

_OWN_FLAGS = EPHEMERAL | LOADING | HAS_THREAD
_UNKNOWN_REPLY = "REPLIES_UNKNOWN_MESSAGE"

TEXT, DM = 0, 1
"""Channel types: https://discord.com/developers/docs/resources/channel#channel-object."""


class MessageRoutes:
    """What the bot may do in channels, as far as its permissions go."""

    def __init__(self, world: World, files: Files) -> None:
        self._world = world
        self._files = files
        self._old_edits: dict[str, list[float]] = {}

    def routes(self) -> list[Route]:
        return [
            Route("GET", CHANNEL, self.get_channel),
            Route("DELETE", CHANNEL, self.delete_channel),
            Route("GET", MESSAGES, self.history),
            Route("POST", MESSAGES, self.create),
            Route("POST", f"{MESSAGES}/bulk-delete", self.delete_many),
            Route("GET", MESSAGE, self.get),
            Route("PATCH", MESSAGE, self.edit),
            Route("DELETE", MESSAGE, self.delete),
            Route("POST", f"{CHANNEL}/typing", self.typing),
            Route("PUT", f"{MESSAGE}/reactions/{{emoji}}/@me", self.react),
            Route("DELETE", f"{MESSAGE}/reactions/{{emoji}}/@me", self.unreact),
            Route("POST", f"{MESSAGE}/threads", self.thread_at, status=201),
            Route("POST", f"{CHANNEL}/threads", self.thread, status=201),
            Route("PUT", f"{CHANNEL}/thread-members/@me", self.join_thread),
            Route("POST", "/attachments/refresh-urls", self.refresh),
        ]

    def get_channel(self, call: Call) -> Json:
        self._need(call, Permission.VIEW_CHANNEL)
        return self._world.channel(call.id("channel_id"))

    def delete_channel(self, call: Call) -> Json:
        self._need(call, Permission.MANAGE_CHANNELS)
        channel = self._world.channel(call.id("channel_id"))
        self._world.remove_channel(call.id("channel_id"))
        return channel

    def history(self, call: Call) -> list[Json]:
        """Newest first."""
        channel_id = self._need(call, Permission.VIEW_CHANNEL)
        if not self._may(channel_id, Permission.READ_MESSAGE_HISTORY):
            return []
        limit = int(call.query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise invalid("limit", "int value should be between 1 and 100.", "NUMBER_TYPE_MAX")
        seen = self._world.messages(channel_id, self._world.bot_id)
        if "before" in call.query:
            seen = [m for m in seen if int(m["id"]) < int(call.query["before"])][-limit:]
        elif "after" in call.query:
            seen = [m for m in seen if int(m["id"]) > int(call.query["after"])][:limit]
        elif "around" in call.query:
            middle = int(call.query["around"])
            older = [m for m in seen if int(m["id"]) < middle][-(limit // 2) :]
            newer = [m for m in seen if int(m["id"]) >= middle][: limit - limit // 2]
            seen = [*older, *newer]
        return [self._shown(message) for message in seen[-limit:][::-1]]

    def get(self, call: Call) -> Json:
        self._need(call, Permission.READ_MESSAGE_HISTORY)
        return self._shown(self._message(call))

    def create(self, call: Call) -> Json:
        world, body = self._world, call.body
        channel_id = self._need_to_send(call)
        if call.files and not self._may(channel_id, Permission.ATTACH_FILES):
            raise ApiError(50013)
        nonce = str(body["nonce"]) if body.get("nonce") is not None else None
        if nonce is not None and len(nonce) > 25:
            raise invalid("nonce", "Must be 25 or fewer in length.")
        if nonce is not None and body.get("enforce_nonce"):
            already = world.sent_with(channel_id, nonce)
            if already is not None:
                return already
        allowed_mentions = body.get("allowed_mentions")
        check_allowed_mentions(allowed_mentions)
        check_message(body, files=len(call.files))
        fields = self._reference(call, channel_id)
        return world.post(
            channel_id,
            world.bot_id,
            body.get("content") or "",
            nonce=nonce,
            allowed_mentions=allowed_mentions,
            embeds=self._embeds(channel_id, body),
            components=filled.components(body),
            attachments=uploaded(self._files, call, channel_id),
            flags=(body.get("flags") or 0) & ~_OWN_FLAGS,
            **fields,
        )

    def edit(self, call: Call) -> Json:
        world, body = self._world, call.body
        channel_id = self._need(call, Permission.VIEW_CHANNEL)
        message = self._message(call)
        if message["author"]["id"] != str(world.bot_id):
            raise ApiError(50005)
        self._check_age(message)
        fields: Json = {}
        if "content" in body:
            fields["content"] = body["content"] or ""
        if "components" in body:
            fields["components"] = filled.components(body)
        if "embeds" in body:
            fields["embeds"] = self._embeds(channel_id, body)
        if call.files and not self._may(channel_id, Permission.ATTACH_FILES):
            raise ApiError(50013)
        fields["attachments"] = kept_attachments(
            message, body, uploaded(self._files, call, channel_id)
        )
        if "flags" in body:
            kept = message["flags"] & (_OWN_FLAGS | IS_V2)
            fields["flags"] = kept | (body["flags"] or 0) & ~_OWN_FLAGS
        allowed_mentions = body.get("allowed_mentions")
        check_allowed_mentions(allowed_mentions)
        check_message({**message, **fields}, files=len(fields["attachments"]))
        return world.change(message, fields, allowed_mentions=allowed_mentions)

    def delete(self, call: Call) -> None:
        channel_id = self._need(call, Permission.VIEW_CHANNEL)
        message = self._message(call)
        if message["author"]["id"] != str(self._world.bot_id):
            self._need(call, Permission.MANAGE_MESSAGES)
        self._world.remove(channel_id, [call.id("message_id")])

    def delete_many(self, call: Call) -> None:
        """Those that there are not are passed over."""
        channel_id = call.id("channel_id")
        if self._world.channel(channel_id)["type"] == DM:
            raise ApiError(50003)
        self._need(call, Permission.MANAGE_MESSAGES)
        ids = {int(entry) for entry in call.body["messages"]}
        if not 2 <= len(call.body["messages"]) <= 100:
            raise invalid("messages", "Must be between 2 and 100 in length.")
        if any(self._world.clock() - sent_at(message_id) > _BULK_S for message_id in ids):
            raise ApiError(50034)
        there = self._world.messages(channel_id, self._world.bot_id)
        self._world.remove(channel_id, [int(m["id"]) for m in there if int(m["id"]) in ids])

    def typing(self, call: Call) -> None:
        self._world.typing(self._need_to_send(call), self._world.bot_id)

    def react(self, call: Call) -> None:
        self._need(call, Permission.ADD_REACTIONS)
        self._world.react(self._message(call), self._world.bot_id, call.ids["emoji"], adds=True)

    def unreact(self, call: Call) -> None:
        self._world.react(self._message(call), self._world.bot_id, call.ids["emoji"], adds=False)

    def thread_at(self, call: Call) -> Json:
        channel_id = self._need_text_channel(call)
        message = self._message(call)
        if "thread" in message:
            raise ApiError(160004)
        return self._world.add_thread(
            channel_id, self._world.bot_id, _thread_name(call), at=int(message["id"])
        )

    def thread(self, call: Call) -> Json:
        channel_id = self._need_text_channel(call)
        return self._world.add_thread(channel_id, self._world.bot_id, _thread_name(call))

    def join_thread(self, call: Call) -> None:
        channel_id = self._need(call, Permission.VIEW_CHANNEL)
        if self._world.channel(channel_id)["type"] not in THREADS:
            raise ApiError(50024)

    def refresh(self, call: Call) -> Json:
        urls: Sequence[str] = call.body["attachment_urls"]
        refreshed = [{"original": url, "refreshed": self._files.refreshed(url)} for url in urls]
        return {"refreshed_urls": refreshed}

    # ------------------------------------------------------------------------------------

    def _need(self, call: Call, permission: Permission) -> int:
        """The channel's id, if the bot may do this there.

        Raises:
            ApiError: 50001 it does not even see the channel, 50013.
        """
        channel_id = call.id("channel_id")
        if not self._may(channel_id, Permission.VIEW_CHANNEL):
            raise ApiError(50001)
        if not self._may(channel_id, permission):
            raise ApiError(50013)
        return channel_id

    def _need_to_send(self, call: Call) -> int:
        channel_id = self._need(call, Permission.VIEW_CHANNEL)
        in_thread = self._world.channel(channel_id)["type"] in THREADS
        sends = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
        return self._need(call, sends)

    def _need_text_channel(self, call: Call) -> int:
        """One where the bot may begin threads."""
        channel_id = self._need(call, Permission.CREATE_PUBLIC_THREADS)
        if self._world.channel(channel_id)["type"] != TEXT:
            raise ApiError(50024)
        return channel_id

    def _may(self, channel_id: int, permission: Permission) -> bool:
        return bool(self._world.permissions(self._world.bot_id, channel_id) & permission)

    def _message(self, call: Call) -> Json:
        message = self._world.message(call.id("channel_id"), call.id("message_id"))
        if self._world.only_for(int(message["id"])) is not None:
            raise ApiError(10008)  # ephemeral: it can be reached by its interaction only
        return message

    def _shown(self, message: Json) -> Json:
        """As the bot gets to read it: what it replied to may be gone by now, and without the
        intent others' words cannot be read here either."""
        world = self._world
        if "message_reference" in message:
            reference = message["message_reference"]
            try:
                replied = world.message(int(reference["channel_id"]), int(reference["message_id"]))
            except ApiError:
                message = {**message, "referenced_message": None}
            else:
                message = {**message, **reference_to(replied, world)}
        may_read = world.application["flags"] & CONTENT_INTENT
        if may_read or world.guild_id(int(message["channel_id"])) is None:
            return message
        return without_content(message, world.bot_id)

    def _embeds(self, channel_id: int, body: Json) -> list[Json]:
        """Without the permission, Discord leaves embeds out and says nothing."""
        return filled.embeds(body) if self._may(channel_id, Permission.EMBED_LINKS) else []

    def _reference(self, call: Call, channel_id: int) -> Json:
        reference = call.body.get("message_reference")
        if reference is None:
            return {}
        if not self._may(channel_id, Permission.READ_MESSAGE_HISTORY):
            raise ApiError(160002)
        try:
            replied = self._world.message(channel_id, int(reference["message_id"]))
        except ApiError:
            if reference.get("fail_if_not_exists", True):
                raise invalid("message_reference", "Unknown message", _UNKNOWN_REPLY) from None
            return {}
        return reference_to(replied, self._world)

    def _check_age(self, message: Json) -> None:
        """Messages older than an hour can be edited only now and then."""
        now = self._world.clock()
        if now - sent_at(int(message["id"])) < _OLD_S:
            return
        edits = [at for at in self._old_edits.get(message["id"], []) if now - at < _OLD_S]
        if len(edits) >= OLD_EDITS:
            raise ApiError(30046, retry_after_s=edits[0] + _OLD_S - now)
        self._old_edits[message["id"]] = [*edits, now]


def uploaded(files: Files, call: Call, channel_id: int) -> list[Json]:
    """Keep the files of a request; their attachment objects in order."""
    described = {str(entry["id"]): entry for entry in call.body.get("attachments") or []}
    return [
        files.add(upload, channel_id, described.get(str(number), {}).get("description"))
        for number, upload in sorted(call.files.items())
    ]


def _thread_name(call: Call) -> str:
    name = str(call.body["name"])
    if not 1 <= len(name) <= 100:
        raise invalid("name", "Must be between 1 and 100 in length.")
    return name

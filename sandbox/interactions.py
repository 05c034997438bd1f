"""The life of an interaction: three seconds to acknowledge it, fifteen minutes to answer it.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox import filled
from sandbox.errors import ApiError, invalid
from sandbox.rules import check_allowed_mentions, check_message, check_modal
from sandbox.shapes import ENGLISH
from sandbox.types import Json, ReadOnlyJson
from sandbox.world import EPHEMERAL, LOADING, Event, World

ACKNOWLEDGE_S = 3.0
TOKEN_LIFE_S = 15 * 60.0
KEPT = 2000
"""Interactions that are remembered."""

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
MESSAGE, _DEFER, _DEFER_UPDATE, UPDATE, _CHOICES, _MODAL = 4, 5, 6, 7, 8, 9
_ANSWERS = {
    COMMAND: {MESSAGE, _DEFER, _MODAL},
    COMPONENT: {MESSAGE, _DEFER, _DEFER_UPDATE, UPDATE, _MODAL},
    AUTOCOMPLETE: {_CHOICES},
    MODAL: {MESSAGE, _DEFER, _DEFER_UPDATE, UPDATE},
}


@dataclass(eq=False)
class Interaction:
    """One thing a person did that the bot has to answer."""

    id: int
    token: str
    kind: int
    person_id: int
    channel_id: int
    payload: Json
    """What the bot was sent."""
    created_at: float
    """Seconds since 1970."""
    of_message: Json | None = None
    """The message whose component was used."""
    opened_by: Interaction | None = None
    """What was answered with the dialog that this one sends."""
    state: Literal["waiting", "answered", "failed"] = "waiting"
    """failed: Discord shows "The application did not respond"."""
    response: Json | None = None
    """``type`` and ``data`` of the first answer, such as choices or a modal."""
    message: Json | None = None
    """The reply as it is shown now; while it is awaited, with the flag LOADING."""
    is_expired: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _timer: asyncio.TimerHandle | None = None

    async def answered(self, within_s: float = 10.0) -> Interaction:
        """Wait until it was acknowledged, or has failed."""
        async with asyncio.timeout(within_s):
            await self._changed.wait()
        return self

    def fail_at(self, timer: asyncio.TimerHandle) -> None:
        """What fails it where it is not answered in time; settling it cancels that."""
        self._timer = timer

    def settle(self, state: Literal["answered", "failed"]) -> None:
        self.state = state
        if self._timer is not None:
            self._timer.cancel()
        self._changed.set()


class Interactions:
    """All interactions, by id and by token."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: OrderedDict[int, Interaction] = OrderedDict()
        self._by_token: dict[str, Interaction] = {}

    def begin(
        self,
        kind: int,
        person_id: int,
        channel_id: int,
        data: Json,
        *,
        locale: str = ENGLISH,
        of_message: Json | None = None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        """Send the bot an interaction. It fails by itself if the bot does not answer in time.
        ``locale``: what the person has set their Discord to."""
        world = self._world
        interaction_id = world.ids.next()
        token = secrets.token_urlsafe(48)
        payload = self._payload(
            interaction_id, token, kind, person_id=person_id, channel_id=channel_id, data=data
        )
        payload["locale"] = locale
        if of_message is not None:
            payload["message"] = of_message
        made = Interaction(
            interaction_id,
            token,
            kind,
            person_id,
            channel_id,
            payload,
            world.clock(),
            of_message=of_message,
            opened_by=opened_by,
        )
        self._by_id[interaction_id] = made
        self._by_token[token] = made
        while len(self._by_id) > KEPT:
            oldest = self._by_id.popitem(last=False)[1]
            oldest.settle("failed" if oldest.state == "waiting" else "answered")
            del self._by_token[oldest.token]
        loop = asyncio.get_running_loop()
        made.fail_at(loop.call_later(ACKNOWLEDGE_S, self._fail, made))
        world.emit(Event("INTERACTION_CREATE", payload, channel_id, world.guild_id(channel_id)))
        return made

    def close(self) -> None:
        """Let no timer run on."""
        for interaction in self._by_id.values():
            if interaction.state == "waiting":
                interaction.settle("failed")

    def expire_all(self) -> None:
        for interaction in self._by_id.values():
            interaction.is_expired = True

    # -- what the bot does with it -------------------------------------------------------

    def answer(
        self, interaction_id: int, token: str, body: ReadOnlyJson, files: Sequence[Json]
    ) -> Interaction:
        """The first answer. ``files``: attachment objects that came with it.

        Raises:
            ApiError: 10062 too late or unknown, 40060 answered already, 50035 a wrong answer.
        """
        found = self._by_id.get(interaction_id)
        if found is None or found.token != token or found.state == "failed" or found.is_expired:
            raise ApiError(10062)
        if found.state == "answered":
            raise ApiError(40060)
        kind, data = body["type"], body.get("data") or {}
        if kind not in _ANSWERS[found.kind]:
            raise invalid("type", f"Type {kind} does not answer this interaction.", "UNION_TYPE")
        if kind in (_DEFER_UPDATE, UPDATE) and found.of_message is None:
            raise invalid("type", "There is no message to update.", "UNION_TYPE")
        if kind == MESSAGE:
            check_allowed_mentions(data.get("allowed_mentions"))
            check_message(data, files=len(files))
            found.message = self._post(found, data, files)
        elif kind == _DEFER:
            flags = LOADING | (data.get("flags", 0) & EPHEMERAL)
            found.message = self._post(found, {"flags": flags}, ())
        elif kind in (_DEFER_UPDATE, UPDATE):
            found.message = found.of_message
            if kind == UPDATE:
                self.edit(found.message or {}, data, files)
        elif kind == _MODAL:
            check_modal(data)
        elif len(data.get("choices", [])) > 25:
            raise invalid("data.choices", "Must be 25 or fewer in length.")
        found.response = {"type": kind, "data": data}
        found.settle("answered")
        self._tell(found, "INTERACTION_SUCCESS", {"id": str(found.id)})
        if kind == _MODAL:
            modal = {"id": str(found.id), "channel_id": str(found.channel_id), **data}
            self._tell(found, "INTERACTION_MODAL_CREATE", modal)
        return found

    def by_token(self, token: str) -> Interaction:
        """The interaction whose token may still be used.

        Raises:
            ApiError: 10015 unknown or not acknowledged, 50027 expired.
        """
        found = self._by_token.get(token)
        if found is None or found.state != "answered":
            raise ApiError(10015)
        if found.is_expired or self._world.clock() - found.created_at > TOKEN_LIFE_S:
            raise ApiError(50027)
        return found

    def follow_up(self, found: Interaction, body: ReadOnlyJson, files: Sequence[Json]) -> Json:
        """Another message. The first one after "thinking…" takes its place, and is seen by whom
        that was seen."""
        check_allowed_mentions(body.get("allowed_mentions"))
        check_message(body, files=len(files))
        waiting = found.message
        if waiting is not None and not self._world.holds(waiting):
            waiting = None
        if waiting is not None and waiting["flags"] & LOADING:
            return self.edit(waiting, body, files)
        return self._post(found, body, files, replies_to=waiting)

    def edit(self, message: Json, body: ReadOnlyJson, files: Sequence[Json]) -> Json:
        """Change a message of this interaction; only what ``body`` names."""
        fields: Json = {}
        if "content" in body:
            fields["content"] = body["content"] or ""
        if "embeds" in body:
            fields["embeds"] = filled.embeds(body)
        if "components" in body:
            fields["components"] = filled.components(body)
        fields["attachments"] = kept_attachments(message, body, files)
        flags = message["flags"] & ~LOADING | (body.get("flags") or 0) & ~EPHEMERAL
        fields["flags"] = flags
        check_message({**message, **fields}, files=len(fields["attachments"]))
        is_edit = not message["flags"] & LOADING
        allowed = body.get("allowed_mentions")
        check_allowed_mentions(allowed)
        return self._world.change(message, fields, allowed_mentions=allowed, is_edit=is_edit)

    def _post(
        self,
        found: Interaction,
        body: ReadOnlyJson,
        files: Sequence[Json],
        *,
        replies_to: Json | None = None,
    ) -> Json:
        flags = body.get("flags") or 0
        is_command = found.kind == COMMAND
        fields: Json = {
            "type": 0 if replies_to is not None else 20 if is_command else 0,
            "webhook_id": str(self._world.bot_id),
            "application_id": str(self._world.bot_id),
            "interaction_metadata": self._metadata(found),
            "embeds": filled.embeds(body),
            "components": filled.components(body),
            "attachments": list(files),
            "flags": flags,
        }
        return self._world.post(
            found.channel_id,
            self._world.bot_id,
            body.get("content") or "",
            only=found.person_id if flags & EPHEMERAL else None,
            allowed_mentions=body.get("allowed_mentions"),
            **fields,
        )

    def _metadata(self, found: Interaction) -> Json:
        """What a message says of the interaction that it answers."""
        metadata: Json = {
            "id": str(found.id),
            "type": found.kind,
            "user": self._world.users[found.person_id],
            "authorizing_integration_owners": found.payload["authorizing_integration_owners"],
        }
        if found.kind == COMMAND:
            metadata["name"] = found.payload["data"]["name"]
            metadata["command_type"] = found.payload["data"]["type"]
        elif found.opened_by is not None:
            metadata["triggering_interaction_metadata"] = self._metadata(found.opened_by)
        elif found.of_message is not None:
            metadata["interacted_message_id"] = found.of_message["id"]
        return metadata

    def _payload(
        self,
        interaction_id: int,
        token: str,
        kind: int,
        *,
        person_id: int,
        channel_id: int,
        data: Json,
    ) -> Json:
        world = self._world
        channel = world.channel(channel_id)
        user = world.users[person_id]
        payload: Json = {
            "id": str(interaction_id),
            "application_id": str(world.bot_id),
            "type": kind,
            "token": token,
            "version": 1,
            "data": data,
            "channel_id": str(channel_id),
            "channel": channel,
            "entitlements": [],
            "attachment_size_limit": 10 * 1024 * 1024,
            "app_permissions": str(int(world.permissions(world.bot_id, channel_id))),
            "context": 1,
            "authorizing_integration_owners": {"0": "0"},
        }
        guild_id = world.guild_id(channel_id)
        if guild_id is None:
            return payload | {"user": user}
        guild = world.guilds[guild_id]
        locale = guild["preferred_locale"]
        permissions = str(int(world.permissions(person_id, channel_id)))
        return payload | {
            "guild_id": str(guild_id),
            "guild": {"id": str(guild_id), "locale": locale, "features": guild["features"]},
            "guild_locale": locale,
            "member": {**world.members[guild_id][person_id], "permissions": permissions},
            "context": 0,
            "authorizing_integration_owners": {"0": str(guild_id)},
        }

    def _fail(self, interaction: Interaction) -> None:
        interaction.settle("failed")
        why = {"id": str(interaction.id), "reason": "The application did not respond"}
        self._tell(interaction, "INTERACTION_FAILURE", why)

    def _tell(self, interaction: Interaction, name: str, data: Json) -> None:
        event = Event(name, data, interaction.channel_id, only=interaction.person_id)
        self._world.emit(event)


def kept_attachments(
    message: ReadOnlyJson, body: ReadOnlyJson, files: Sequence[Json]
) -> list[Json]:
    """Those that stay, as ``attachments`` of an edit says, then the new ones."""
    held: list[Json] = message["attachments"]
    if "attachments" in body:
        kept = {str(entry["id"]) for entry in body["attachments"] or []}
        held = [attachment for attachment in held if attachment["id"] in kept]
    return [*held, *files]

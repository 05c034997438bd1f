"""The bot itself, its commands, and the answers to interactions."""

from __future__ import annotations

from sandbox.commands import Commands
from sandbox.errors import ApiError
from sandbox.files import Files
from sandbox.gateway import Gateway
from sandbox.interactions import MESSAGE, UPDATE, Interaction, Interactions
from sandbox.permissions import in_guild
from sandbox.rest import Call, Result, Route
from sandbox.rest_messages import uploaded
from sandbox.shapes import own_user
from sandbox.types import Json
from sandbox.world import EPHEMERAL, LOADING, World

APPLICATION = "/applications/{application_id}"
COMMANDS = f"{APPLICATION}/commands"
GUILD_COMMANDS = f"{APPLICATION}/guilds/{{guild_id}}/commands"
CALLBACK = "/interactions/{interaction_id}/{token}/callback"
WEBHOOK = "/webhooks/{application_id}/{token}"
ORIGINAL = f"{WEBHOOK}/messages/@original"
FOLLOW_UP = f"{WEBHOOK}/messages/{{message_id}}"


class ApplicationRoutes:
    """Login, servers and application commands."""

    def __init__(self, world: World, commands: Commands, gateway: Gateway) -> None:
        self._world = world
        self._commands = commands
        self._gateway = gateway

    def routes(self) -> list[Route]:
        routes = [
            Route("GET", "/gateway", lambda call: {"url": self._gateway.url}, needs_token=False),
            Route("GET", "/gateway/bot", self.gateway),
            Route("GET", "/users/@me", self.me),
            Route("GET", "/users/@me/guilds", self.guilds),
            Route("POST", "/users/@me/channels", self.open_dm),
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", "/applications/@me", lambda call: self._world.application),
            Route("GET", "/oauth2/applications/@me", lambda call: self._world.application),
            Route("GET", "/guilds/{guild_id}", self.guild),
            Route("GET", "/guilds/{guild_id}/members/{user_id}", self.member),
        ]
        for path in (COMMANDS, GUILD_COMMANDS):
            routes += [
                Route("GET", path, self.list_commands),
                Route("PUT", path, self.overwrite_commands),
                Route("POST", path, self.add_command),
                Route("GET", f"{path}/{{command_id}}", self.get_command),
                Route("PATCH", f"{path}/{{command_id}}", self.change_command),
                Route("DELETE", f"{path}/{{command_id}}", self.remove_command),
            ]
        return routes

    def gateway(self, call: Call) -> Json:
        starts = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return {
            "url": self._gateway.url,
            "shards": self._gateway.recommended_shards,
            "session_start_limit": starts,
        }

    def me(self, call: Call) -> Json:
        return own_user(self._world.users[self._world.bot_id])

    def guilds(self, call: Call) -> list[Json]:
        me = self._world.bot_id
        return [
            {
                "id": guild["id"],
                "name": guild["name"],
                "icon": None,
                "banner": None,
                "owner": False,
                "features": [],
                "permissions": str(int(in_guild(guild, self._world.members[guild_id][me]))),
                "approximate_member_count": len(self._world.members[guild_id]),
                "approximate_presence_count": 1,
            }
            for guild_id, guild in self._world.guilds.items()
        ]

    def open_dm(self, call: Call) -> Json:
        person_id = int(call.body["recipient_id"])
        if person_id not in self._world.users:
            raise ApiError(10013)
        return self._world.channel(self._world.open_dm(person_id))

    def user(self, call: Call) -> Json:
        if call.id("user_id") not in self._world.users:
            raise ApiError(10013)
        return self._world.users[call.id("user_id")]

    def guild(self, call: Call) -> Json:
        if call.id("guild_id") not in self._world.guilds:
            raise ApiError(10004)
        return self._world.guilds[call.id("guild_id")]

    def member(self, call: Call) -> Json:
        members = self._world.members.get(call.id("guild_id"))
        if members is None:
            raise ApiError(10004)
        if call.id("user_id") not in members:
            raise ApiError(10007)
        return members[call.id("user_id")]

    def list_commands(self, call: Call) -> list[Json]:
        return self._commands.listed(self._scope(call))

    def overwrite_commands(self, call: Call) -> list[Json]:
        return self._commands.overwrite(call.rows, self._scope(call))

    def add_command(self, call: Call) -> Json:
        return self._commands.add(call.body, self._scope(call))

    def get_command(self, call: Call) -> Json:
        return self._commands.get(call.id("command_id"), self._scope(call))

    def change_command(self, call: Call) -> Json:
        return self._commands.change(call.id("command_id"), call.body, self._scope(call))

    def remove_command(self, call: Call) -> None:
        self._commands.remove(call.id("command_id"), self._scope(call))

    def _scope(self, call: Call) -> int | None:
        """The server that the commands are of; ``None``: they are for everywhere."""
        if call.id("application_id") != self._world.bot_id:
            raise ApiError(20012)
        if "guild_id" not in call.ids:
            return None
        if call.id("guild_id") not in self._world.guilds:
            raise ApiError(50001)
        return call.id("guild_id")


class InteractionRoutes:
    """Answers to interactions, by the token that each of them brings."""

    def __init__(self, world: World, interactions: Interactions, files: Files) -> None:
        self._world = world
        self._interactions = interactions
        self._files = files

    def routes(self) -> list[Route]:
        return [
            Route("POST", CALLBACK, self.answer, needs_token=False),
            Route("POST", WEBHOOK, self.follow_up, needs_token=False),
            Route("GET", ORIGINAL, self.get_original, needs_token=False),
            Route("PATCH", ORIGINAL, self.edit_original, needs_token=False),
            Route("DELETE", ORIGINAL, self.delete_original, needs_token=False),
            Route("GET", FOLLOW_UP, self.get, needs_token=False),
            Route("PATCH", FOLLOW_UP, self.edit, needs_token=False),
            Route("DELETE", FOLLOW_UP, self.delete, needs_token=False),
        ]

    def answer(self, call: Call) -> Result:
        data: Json = call.body.get("data") or {}
        nested = Call(call.ids, call.query, data, files=call.files)
        files = uploaded(self._files, nested, 0)
        found = self._interactions.answer(
            call.id("interaction_id"), call.ids["token"], call.body, files
        )
        if call.query.get("with_response") not in ("1", "true"):
            return None
        interaction: Json = {"id": str(found.id), "type": found.kind}
        answer: Json = {"interaction": interaction}
        if found.message is not None:
            interaction |= {
                "response_message_id": found.message["id"],
                "response_message_loading": bool(found.message["flags"] & LOADING),
                "response_message_ephemeral": bool(found.message["flags"] & EPHEMERAL),
            }
            if call.body["type"] in (MESSAGE, UPDATE):
                answer["resource"] = {"type": call.body["type"], "message": found.message}
        return answer

    def follow_up(self, call: Call) -> Result:
        found = self._found(call)
        files = uploaded(self._files, call, found.channel_id)
        message = self._interactions.follow_up(found, call.body, files)
        return message if call.query.get("wait") in ("1", "true") else None

    def get_original(self, call: Call) -> Json:
        return self._original(self._found(call))

    def edit_original(self, call: Call) -> Json:
        found = self._found(call)
        return self._edit(call, found, self._original(found))

    def delete_original(self, call: Call) -> None:
        found = self._found(call)
        self._world.remove(found.channel_id, [int(self._original(found)["id"])])

    def get(self, call: Call) -> Json:
        return self._own(call, self._found(call))

    def edit(self, call: Call) -> Json:
        found = self._found(call)
        return self._edit(call, found, self._own(call, found))

    def delete(self, call: Call) -> None:
        found = self._found(call)
        self._world.remove(found.channel_id, [int(self._own(call, found)["id"])])

    def _found(self, call: Call) -> Interaction:
        return self._interactions.by_token(call.ids["token"])

    def _original(self, found: Interaction) -> Json:
        if found.message is None:
            raise ApiError(10008)
        return self._world.message(found.channel_id, int(found.message["id"]))

    def _own(self, call: Call, found: Interaction) -> Json:
        message = self._world.message(found.channel_id, call.id("message_id"))
        if message["author"]["id"] != str(self._world.bot_id):
            raise ApiError(10008)
        return message

    def _edit(self, call: Call, found: Interaction, message: Json) -> Json:
        files = uploaded(self._files, call, found.channel_id)
        return self._interactions.edit(message, call.body, files)

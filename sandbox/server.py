"""The whole small Discord, behind one port of the loopback interface."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox import page
from sandbox.buckets import Buckets, Limits
from sandbox.commands import Commands
from sandbox.faults import Faults
from sandbox.files import Files
from sandbox.gateway import Gateway
from sandbox.interactions import Interactions
from sandbox.people import Person
from sandbox.rest import BODY_LIMIT_BYTES, Api
from sandbox.rest_application import ApplicationRoutes, InteractionRoutes
from sandbox.rest_messages import MessageRoutes
from sandbox.scene import furnish
from sandbox.shapes import ENGLISH
from sandbox.traffic import Traffic
from sandbox.world import END, Event, World

HOST = "127.0.0.1"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sandbox:
    """Everything that a bot, and the people who try it, need of Discord."""

    def __init__(
        self,
        *,
        scene: Callable[[World], None] = furnish,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
    ) -> None:
        """``scene`` puts people and channels into the world; ``clock`` gives seconds since
        1970."""
        self.world = World(clock)
        self.bot_token = f"{secrets.token_urlsafe(18)}.{secrets.token_urlsafe(4)}.sandbox"
        self.page_key = secrets.token_urlsafe(24)
        self.traffic = Traffic()
        self.files = Files(self.world.ids, clock)
        self.commands = Commands(self.world.ids, self.world.bot_id)
        self.interactions = Interactions(self.world)
        self.gateway = Gateway(self.world, self.bot_token)
        self.faults = Faults(self.gateway.close, self.interactions.expire_all)
        self._buckets = Buckets(limits or Limits(), time.monotonic, clock)
        self._runner: web.AppRunner | None = None
        self._port = 0
        scene(self.world)

    @property
    def owner_id(self) -> int:
        """Of the person who owns the application."""
        return int(self.world.application["owner"]["id"])

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self._port}/api/v10"

    @property
    def port(self) -> int:
        """0 before it has started."""
        return self._port

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens."""
        return [] if self._runner is None else [address[:2] for address in self._runner.addresses]

    @property
    def page_url(self) -> str:
        return f"http://{HOST}:{self._port}/?key={self.page_key}"

    def person(self, who: str | int, *, locale: str = ENGLISH) -> Person:
        """Somebody by name or id, at a Discord in the language ``locale``.

        Raises:
            KeyError: there is nobody of that name.
        """
        for person_id, user in self.world.users.items():
            if who in (person_id, user["global_name"]) and not user["bot"]:
                return Person(
                    person_id,
                    self.world,
                    self.commands,
                    self.interactions,
                    self.files,
                    locale=locale,
                )
        raise KeyError(who)

    async def start(self, port: int = 0) -> None:
        """Serve on ``port`` of the loopback interface, 0 for any that is free.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application(client_max_size=BODY_LIMIT_BYTES, middlewares=[self._only_from_here])
        api = Api(self.bot_token, self._buckets, self.faults, self.traffic)
        api.add_to(
            app,
            [
                *ApplicationRoutes(self.world, self.commands, self.gateway).routes(),
                *MessageRoutes(self.world, self.files).routes(),
                *InteractionRoutes(self.world, self.interactions, self.files).routes(),
            ],
        )
        app.router.add_get("/gateway", self.gateway.serve)
        link = r"/cdn/attachments/{channel_id:\d+}/{attachment_id:\d+}/{name:[^/]+}"
        app.router.add_get(link, self.files.serve)
        app.router.add_routes(page.routes(self))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, HOST, port)
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]
        self.gateway.url = f"ws://{HOST}:{self._port}/gateway"
        self.files.base_url = f"http://{HOST}:{self._port}/cdn"

    async def close(self) -> None:
        """End every connection."""
        self.interactions.close()
        self.world.emit(Event(END, {}))
        self.gateway.close(1001, resumable=False)
        if self._runner is not None:
            await asyncio.wait_for(self._runner.cleanup(), 10.0)

    @web.middleware
    async def _only_from_here(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """A page of another site cannot reach this one, neither by a name of its own that leads
        here nor by the browser's own requests."""
        own = f"{HOST}:{self._port}"
        if request.headers.get("Host") != own:
            raise web.HTTPForbidden(text="This server answers to its own address only.")
        if request.headers.get("Origin", f"http://{own}") != f"http://{own}":
            raise web.HTTPForbidden(text="Requests from other sites are refused.")
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise web.HTTPForbidden(text="Requests from other sites are refused.")
        return await handler(request)

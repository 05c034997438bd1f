"""What speaks to the sandbox in its tests: its plain API, its plain gateway, and discord.py."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
import discord

from bot.discord_api import served_from
from sandbox.server import Sandbox
from sandbox.types import Json

LIMIT_S = 10.0
EVERYTHING = 0x3FFFFFF
MEMBERS_AND_PRESENCES = 1 << 1 | 1 << 8
DEFAULT_INTENTS = EVERYTHING & ~MEMBERS_AND_PRESENCES


@dataclass
class Clock:
    """Seconds since 1970 that move when a test moves them."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Answer:
    """What the API said. ``body`` is whatever JSON it was."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def refusal(self) -> tuple[int, int]:
        """Status and Discord's own code."""
        return self.status, self.body["code"]


class Api:
    """The bot's requests, without a library that knows better."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self._sandbox = sandbox
        self._session = session
        self.token: str | None = sandbox.bot_token

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        files: Mapping[str, bytes] | None = None,
    ) -> Answer:
        """``path`` with its query; ``files`` by name are sent as Discord wants them, numbered."""
        data: aiohttp.FormData | bytes | None = None
        headers = {} if self.token is None else {"Authorization": f"Bot {self.token}"}
        if files is not None:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("payload_json", json.dumps(body or {}))
            for number, (name, content) in enumerate(files.items()):
                data.add_field(f"files[{number}]", BytesIO(content), filename=name)
        elif body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        url = self._sandbox.api_url + path
        async with self._session.request(method, url, data=data, headers=headers) as response:
            text = await response.text()
            return Answer(response.status, json.loads(text) if text else None, response.headers)


class PlainGateway:
    """One websocket to the gateway, read by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._inflate = zlib.decompressobj() if compressed else None
        self.sequence = 0
        self.session_id = ""

    async def receive(self) -> Json:
        """The next payload, whatever it is."""
        async with asyncio.timeout(LIMIT_S):
            message = await self.socket.receive()
        if self._inflate is not None and message.type is aiohttp.WSMsgType.BINARY:
            text = self._inflate.decompress(message.data).decode()
        else:
            assert message.type is aiohttp.WSMsgType.TEXT, f"closed: {self.socket.close_code}"
            text = message.data
        payload: Json = json.loads(text)
        if payload.get("s") is not None:
            self.sequence = payload["s"]
        return payload

    async def event(self, name: str) -> Json:
        """The data of the next event of that name; what comes before is passed over."""
        while True:
            payload = await self.receive()
            if payload.get("t") == name:
                data: Json = payload["d"]
                return data

    async def names_until(self, name: str) -> list[str]:
        """The names of all events up to and with the next of that name."""
        names: list[str] = []
        while not names or names[-1] != name:
            names.append(str((await self.receive())["t"]))
        return names

    async def send(self, op: int, data: object) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def identify(
        self, token: str, intents: int = DEFAULT_INTENTS, *, shard: object = None
    ) -> Json:
        """Returns READY."""
        given: Json = {"token": token, "intents": intents, "properties": {}}
        await self.send(2, given if shard is None else {**given, "shard": shard})
        ready = await self.event("READY")
        self.session_id = ready["session_id"]
        return ready

    async def resume(self, token: str, session_id: str, sequence: int) -> None:
        await self.send(6, {"token": token, "session_id": session_id, "seq": sequence})

    async def closed(self) -> int | None:
        """The code that it is closed with, once it is."""
        async with asyncio.timeout(LIMIT_S):
            while not self.socket.closed:
                await self.socket.receive()
        return self.socket.close_code


@asynccontextmanager
async def plain_gateway(
    sandbox: Sandbox, *, identified: bool = True, intents: int = DEFAULT_INTENTS, query: str = ""
) -> AsyncIterator[PlainGateway]:
    """``identified``: with a session of its own, whose READY has been read."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(sandbox.gateway.url + query, max_msg_size=0) as socket,
    ):
        gateway = PlainGateway(socket, compressed="zlib-stream" in query)
        if identified:
            assert (await gateway.receive())["op"] == 10
            await gateway.identify(sandbox.bot_token, intents)
        yield gateway


@asynccontextmanager
async def running(sandbox: Sandbox, client: discord.Client) -> AsyncIterator[None]:
    """discord.py's client, connected to the sandbox for as long as the block."""
    with served_from(sandbox.api_url):
        task = asyncio.create_task(client.start(sandbox.bot_token))
        try:
            connecting = asyncio.create_task(sandbox.gateway.connected(within_s=LIMIT_S))
            await asyncio.wait({task, connecting}, return_when=asyncio.FIRST_COMPLETED)
            connecting.cancel()
            if task.done():
                await task
            yield
        finally:
            await client.close()
            await asyncio.gather(task, return_exceptions=True)


def new_client(intents: int = DEFAULT_INTENTS) -> discord.Client:
    """One that is ready as soon as it knows its servers, and not two seconds later."""
    flags = discord.Intents._from_value(intents)
    return discord.Client(intents=flags, guild_ready_timeout=0.0)

"""A server of a model that misbehaves as it is told, and an engine on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from bot.errors import (
    GenerationError,
)
from bot.generation.completions import Timeouts
from bot.generation.engine import Finish, SamplingParams
from bot.generation.remote import RemoteEngine, RemoteOptions
from bot.prompts import BOS, Prompt

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECRET, KEY = "what the person wrote", "the servers key"
ASKED = Prompt([BOS, f"USER: {SECRET} ASSISTANT:"])


def piece(text: str, reason: str | None = None) -> bytes:
    body = {"choices": [{"text": text, "finish_reason": reason}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def says(*chunks: bytes, status: int = 200) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response

    return answer


WELL = says(piece(" Fine"), piece(".", "stop"), b"data: [DONE]\n\n")


def refuses(status: int, body: object = None, headers: dict[str, str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


async def breaks_off(request: web.Request) -> web.StreamResponse:
    response = await says(piece(" Half a"))(request)
    assert request.transport is not None
    request.transport.abort()
    return response


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("nobody waits for ever")


@dataclass
class Scripted:
    """A server that answers one completion after another as it is told, and then well."""

    answers: list[Answer] = field(default_factory=list)
    card: dict[str, object] = field(default_factory=lambda: {"max_model_len": 512})
    owner: str = "somebody"
    model: str = "house"
    health: int = 200
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether its health has been asked for."""
    others: dict[str, object] = field(default_factory=dict)
    """Path to what it answers there."""
    seen: list[dict[str, object]] = field(default_factory=list)
    """Bodies of the completions that were asked of it."""
    keys: set[str | None] = field(default_factory=set)
    port: int = 0
    runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/completions", self._complete)
        app.router.add_get("/health", self._health)
        app.router.add_route("*", "/{path:.*}", self._other)
        self.runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        self.port = self.runner.addresses[0][1]

    async def close(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.keys.add(request.headers.get("Authorization"))
        self.seen.append(await request.json())
        return await (self.answers.pop(0) if self.answers else WELL)(request)

    async def _health(self, request: web.Request) -> web.StreamResponse:
        self.asked.set()
        return web.Response(status=self.health)

    async def _other(self, request: web.Request) -> web.StreamResponse:
        self.keys.add(request.headers.get("Authorization"))
        card = {"id": self.model, "owned_by": self.owner, **self.card}
        known: dict[str, object] = {"/v1/models": {"data": [card]}, **self.others}
        if request.path not in known:
            raise web.HTTPNotFound
        return web.json_response(known[request.path])


@asynccontextmanager
async def remote(
    *servers: Scripted,
    first_token_s: float = 5.0,
    context_tokens: int | None = None,
    probe_every_s: float = 60.0,
) -> AsyncIterator[RemoteEngine]:
    async with AsyncExitStack() as stack:
        for server in servers:
            await server.open()
            stack.push_async_callback(server.close)
        engine = RemoteEngine(
            RemoteOptions(
                urls=tuple(server.url for server in servers),
                key=KEY,
                context_tokens=context_tokens,
                load_wait_s=0.3,
                retries_s=(0.01, 0.01),
                recover_pauses_s=(0.01,),
                probe_every_s=probe_every_s,
                timeouts=Timeouts(connect_s=1.0, first_token_s=first_token_s),
            )
        )
        stack.push_async_callback(engine.close)
        await engine.load(lambda share: None)
        yield engine


async def reply(
    engine: RemoteEngine, params: SamplingParams | None = None
) -> tuple[str, Finish | GenerationError]:
    """What came of a reply, and how it ended."""
    text = ""
    ids = await asyncio.to_thread(engine.encode, ASKED)
    try:
        async with asyncio.timeout(10):
            async for event in engine.generate(ids, params or SamplingParams()):
                if isinstance(event, Finish):
                    return text, event
                text += event.text
    except GenerationError as error:
        return text, error
    raise AssertionError("the stream ended without a Finish")

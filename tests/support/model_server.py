"""A server of ``/v1/completions`` on this machine, whose replies a test writes.

It says no more of itself than OpenAI's documentation has, so ``ENGINE=remote`` sends it text.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from aiohttp import web

Answer = Callable[[str], AsyncIterator[str]]
"""Prompt to the pieces of its reply."""


class ModelServer:
    """Can be killed and started again at the same address."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[str] = []
        """The prompts, as they came."""
        self._answer = answer
        self._port = 0
        self._open: set[asyncio.BaseTransport] = set()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_post("/v1/completions", self._complete)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def kill(self) -> None:
        """Break every connection, as the death of a process does."""
        for transport in self._open:
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "house", "max_model_len": 2048}]})

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        prompt = str((await request.json())["prompt"])
        self.asked.append(prompt)
        response = web.StreamResponse()
        transport = request.transport
        assert transport is not None
        self._open.add(transport)
        try:
            await response.prepare(request)
            async for text in self._answer(prompt):
                await response.write(_event(text, None))
            await response.write(_event("", "stop") + b"data: [DONE]\n\n")
        except (ConnectionError, asyncio.CancelledError):
            # The bot wants no more of it, or the server is being killed.
            pass
        finally:
            self._open.discard(transport)
        return response


def _event(text: str, reason: str | None) -> bytes:
    body = {"choices": [{"text": text, "finish_reason": reason}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"

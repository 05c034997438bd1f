"""A model whose every piece a test lets go, for a bot that runs in another process.

The engine of that process asks over a loopback connection, one a reply; the test answers. Closing
the connection is how the engine says that nobody wants the reply any more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from bot.errors import EngineFailed
from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.prompts import Prompt
from tests.support.engines import spell

LIMIT_S = 60.0

LOAD = "load"
"""What the engine asks instead of for a reply."""


@dataclass(eq=False)
class Asked:
    """One request for a reply, in the test's hands."""

    prompt: str
    max_new_tokens: int
    temperature: float
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _done: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, *pieces: str) -> None:
        for piece in pieces:
            await self._tell({"piece": piece})

    async def end(self, *, at_length: bool = False) -> None:
        await self._tell({"finish": "length" if at_length else "stop"})
        self._done.set()

    async def fail(self) -> None:
        await self._tell({"error": True})
        self._done.set()

    async def given_up(self) -> None:
        """Wait until the bot wants no more of this reply."""
        async with asyncio.timeout(LIMIT_S):
            assert await self._reader.read() == b""
        self._done.set()

    def drop(self) -> None:
        """Nobody is at the other end any more: say nothing more."""
        self._done.set()

    async def _tell(self, line: dict[str, object]) -> None:
        self._writer.write(json.dumps(line).encode() + b"\n")
        await self._writer.drain()


class ModelOnAWire:
    """The test's end: where the engine of the other process asks."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Asked] = asyncio.Queue(1000)
        self._open: set[Asked] = set()
        self.may_load = asyncio.Event()
        """A test that clears it has the engine load until it is set."""
        self.may_load.set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for asked in self._open:
            asked._done.set()
        await self._server.wait_closed()

    async def asked(self) -> Asked:
        """The next request for a reply."""
        async with asyncio.timeout(LIMIT_S):
            return await self._waiting.get()

    async def replies(self, *pieces: str) -> None:
        """Answer the next request with these pieces, to the end."""
        asked = await self.asked()
        await asked.say(*pieces)
        await asked.end()

    @property
    def is_idle(self) -> bool:
        """Nobody has asked for a reply that the test did not take."""
        return self._waiting.empty()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            wanted = json.loads(line)
            if wanted == LOAD:
                await self._load(reader, writer)
                return
            asked = Asked(
                wanted["prompt"], wanted["max_new_tokens"], wanted["temperature"], reader, writer
            )
            self._open.add(asked)
            await self._waiting.put(asked)
            await asked._done.wait()
            self._open.discard(asked)
        finally:
            writer.close()

    async def _load(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let the engine load, or go where its process is ended meanwhile."""
        waiting = {asyncio.create_task(self.may_load.wait()), asyncio.create_task(reader.read())}
        _, late = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        writer.write(b"loaded\n")


@dataclass
class WireEngine:
    """The engine's end, in the bot's process."""

    port: int
    lanes: int = 2
    name: str = "scripted"
    _is_loaded: bool = False
    _running: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def model(self) -> ModelInfo:
        if not self._is_loaded:
            raise RuntimeError("the model is known once load() has returned")
        return ModelInfo(name="scripted model", context_tokens=2048)

    async def load(self, on_progress: Callable[[float], None]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(json.dumps(LOAD).encode() + b"\n")
            await reader.readline()
        finally:
            writer.close()
        self._is_loaded = True
        on_progress(1.0)

    async def recover(self) -> None:
        """Nothing broke here."""

    async def close(self) -> None:
        for writer in self._running:
            writer.close()

    def encode(self, prompt: Prompt) -> list[int]:
        return [ord(c) for c in spell(prompt)]

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        self._running.add(writer)
        try:
            prompt = "".join(map(chr, prompt_ids))
            wanted = {
                "prompt": prompt,
                "max_new_tokens": params.max_new_tokens,
                "temperature": params.temperature,
            }
            writer.write(json.dumps(wanted).encode() + b"\n")
            await writer.drain()
            count = 0
            while line := await reader.readline():
                told = json.loads(line)
                if "error" in told:
                    raise EngineFailed("The model broke.")
                if "finish" in told:
                    yield Finish(
                        reason=FinishReason(told["finish"]),
                        prompt_tokens=len(prompt_ids),
                        cached_tokens=0,
                        new_tokens=count,
                    )
                    return
                count += 1
                yield Piece(told["piece"])
            raise EngineFailed("The test has ended.")
        finally:
            self._running.discard(writer)
            writer.close()

"""Conversations as the bot has them, whose Discord is a list in memory."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import discord

from bot.app import build_client
from bot.conversation import Conversation, Question, Speaker
from bot.core import Core, build_core
from bot.environment import load_settings
from bot.generation.engine import Finish, Piece, SamplingParams
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from bot.replies.outlets import TextFile
from bot.settings import Settings
from bot.storage import ChannelRef, Database
from tests.support.engines import ScriptedEngine

_ME = Speaker(1, "Airo")


class MemoryOutlet:
    """Takes no time, and remembers when it was shown what. For replies of one message."""

    deadline_s: float | None = None
    max_messages: int | None = None
    language = "en"

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._shown: list[tuple[float, str]] = []

    @property
    def first_text_at(self) -> float:
        """When the first text of the reply was shown, now that it has ended. A line in place of
        a reply is not how one begins."""
        last = self._shown[-1][1]
        return next(at for at, text in self._shown if last.startswith(text.rstrip()))

    async def acknowledge(self) -> None:
        """Nobody waits for one."""

    async def typing(self) -> None:
        """Nobody sees it."""

    async def send(
        self,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
        nonce: str | None = None,
    ) -> int:
        message_id = next(self._ids)
        await self.edit(message_id, text)
        return message_id

    async def edit(
        self,
        message_id: int,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
    ) -> None:
        self._shown.append((time.perf_counter(), text))

    async def delete(self, message_id: int) -> None:
        """Replies of one message need no deleting."""


@dataclass(slots=True)
class Talking:
    """A bot whose model is loaded. Every question is somebody else's direct message."""

    core: Core
    conversation: Conversation
    system: str
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))

    async def ask(self, text: str) -> MemoryOutlet:
        """Returns when the whole reply is shown and stored."""
        number = next(self._numbers)
        outlet = MemoryOutlet()
        question = Question(
            channel=ChannelRef(number),
            speaker=Speaker(number, f"Person {number}"),
            text=text,
            message_id=number,
        )
        await self.conversation.answer(question, outlet, _ME)
        return outlet

    async def prompt_ids(self, text: str) -> list[int]:
        """What the engine is asked by :meth:`ask`."""
        window = await self.core.prompter.window(self.system, [], text)
        return await asyncio.to_thread(self.core.engine.encode, window.prompt)

    async def directly(self, prompt_ids: Sequence[int]) -> tuple[float, Finish]:
        """Drive the engine without the bot; when the first text came, and the end."""
        first_at = 0.0
        params = self.core.prompter.params
        async with aclosing(self.core.engine.generate(prompt_ids, params)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    first_at = first_at or time.perf_counter()
                else:
                    return first_at, event
        raise AssertionError("an engine's last event is its end")


@asynccontextmanager
async def open_talking(
    *, lanes: int, reply_tokens: int, engine: ScriptedEngine | None = None
) -> AsyncIterator[Talking]:
    """The bot as ``.env`` makes it, with an empty database of its own.

    Replies are seeded, so that the same question costs the same each time: a request with a seed
    does without llama.cpp's prefix cache. ``engine`` takes the place of the model.
    """
    settings = replace(
        load_settings(),
        lanes=lanes,
        context_tokens=2048,
        max_new_tokens=reply_tokens,
        queue_limit=1000,
    )
    core = build_core(settings, seed=7) if engine is None else _scripted(settings, engine)
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder, 'bench.db')}")
        try:
            await database.upgrade()
            client = build_client(settings, core, database)
            await core.queue.load()
            yield Talking(core, client.conversation, settings.system_prompt)
        finally:
            await core.queue.drain(0)
            await database.close()


def _scripted(settings: Settings, engine: ScriptedEngine) -> Core:
    params = SamplingParams(max_new_tokens=settings.max_new_tokens)
    return Core(engine, "", GenerationQueue(engine), Prompter(engine, "vicuna", params))

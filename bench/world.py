"""What the benchmarks run on: the embedded engine with the demonstration model, as shipped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.core import build_core
from bot.environment import load_settings
from bot.generation.engine import Engine, SamplingParams
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from bot.settings import Settings


@dataclass(slots=True)
class World:
    engine: Engine
    queue: GenerationQueue
    prompter: Prompter
    system: str

    def params(self, *, max_new_tokens: int, seed: int | None = None) -> SamplingParams:
        """The shipped sampling, with another length and a seed."""
        return replace(self.prompter.params, max_new_tokens=max_new_tokens, seed=seed)


@asynccontextmanager
async def open_world(*, lanes: int, context_tokens: int) -> AsyncIterator[World]:
    """The engine that ``.env`` names, loaded, with an empty cache."""
    settings: Settings = replace(load_settings(), lanes=lanes, context_tokens=context_tokens)
    core = build_core(settings)
    try:
        await core.queue.load()
        yield World(core.engine, core.queue, core.prompter, settings.system_prompt)
    finally:
        await core.queue.drain(0)

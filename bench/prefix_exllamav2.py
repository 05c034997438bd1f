"""The conversation of :mod:`bench.prefix` on ExLlamaV2, with pages and without.

Without a card the library runs on the processor, with a stand-in for its kernels: the shares are
then what they are on a card, the seconds are not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from bench.prefix import CONTEXT_TOKENS, WAYS, converse, new_table
from bench.table import Report
from bench.world import World
from bot.errors import EngineUnavailable
from bot.generation.engine import SamplingParams
from bot.generation.figures import QueueLimits
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from bot.settings import Settings

_PATIENT = QueueLimits(run_s=3600.0, stall_s=3600.0)
"""Without a card a whole window may take minutes to read."""


async def run(*, smoke: bool = False) -> Report:
    """40 turns in one channel; 3 for a smoke run.

    Raises:
        EngineUnavailable: torch or ExLlamaV2 are not installed.
    """
    for package in ("torch", "exllamav2", "gguf"):
        if find_spec(package) is None:
            raise EngineUnavailable(
                f"This benchmark needs {package}, which is not installed. "
                'Run: make .venv/.exl2, or pip install -e ".[gpu]" on a machine with a card.'
            )
    turns = 3 if smoke else 40
    table = new_table(
        f"prefix on ExLlamaV2: {turns} turns in one channel, window of {CONTEXT_TOKENS} tokens"
    )
    for is_paged in (True, False):
        for way_of in WAYS:
            async with _open_world(is_paged=is_paged) as world:
                where = "paged, " if is_paged else "unpaged, "
                await converse(table, world, way_of(world), turns, where=where)
    return Report([table])


@asynccontextmanager
async def _open_world(*, is_paged: bool) -> AsyncIterator[World]:
    # Not at the top: they need packages that most who run the benchmarks do not have.
    from tests.support.exl2_engine import engine_on  # noqa: PLC0415
    from tests.support.exl2_smollm2 import smollm2  # noqa: PLC0415

    engine = engine_on(
        smollm2(), paged=is_paged, lanes=1, context_tokens=CONTEXT_TOKENS, chunk_tokens=512
    )
    queue = GenerationQueue(engine, _PATIENT)
    prompter = Prompter(engine, "model", SamplingParams())
    try:
        await queue.load()
        yield World(engine, queue, prompter, Settings().system_prompt)
    finally:
        await queue.drain(0)

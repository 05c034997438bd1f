"""ExLlamaV2 engines on this machine's CPU, for tests that need the real library.

A test module that imports this is skipped, with the reason, where the library is not installed.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal

import pytest

from bot.generation.engine import Finish, SamplingParams
from bot.generation.exl2_memory import CacheType
from bot.generation.exllamav2 import ExLlamaV2Engine
from bot.generation.exllamav2_attention import Attention
from bot.generation.exllamav2_options import LoadOptions
from bot.prompts import Prompt
from tests.support.engine_reply import LIMIT_S, reply

for _package in ("torch", "exllamav2", "safetensors", "lmformatenforcer"):
    if importlib.util.find_spec(_package) is None:
        pytest.skip(
            f"the tests of ExLlamaV2 are left out: {_package} is missing (make test says how)",
            allow_module_level=True,
        )

from tests.exllamav2_on_cpu.stand_in import StandIn, install  # noqa: E402 - it needs torch

LONG = SamplingParams(max_new_tokens=900, temperature=0.0, repetition_penalty=1.0)

_TURNS_TO_READ = 4
"""Of the event loop: what is put wakes the reader, who reads in the next."""

PAGED = Attention(True, "Attention is paged, as the test says.")
UNPAGED = Attention(False, "Attention is not paged, as the test says.")


def stand_in() -> StandIn:
    """The library on the CPU, and how tests look into it."""
    is_first = "exllamav2" not in sys.modules
    found = install()
    if is_first:
        # The library collects garbage at every load, and looks through all of torch for it.
        gc.freeze()
    if found is None:
        pytest.skip("this machine has CUDA: the stand-in, which this looks into, is not used")
    return found


def engine_on(
    folder: Path,
    *,
    paged: bool = True,
    lanes: int = 4,
    context_tokens: int = 512,
    cache_type: CacheType = "fp16",
    chunk_tokens: int = 256,
    gpu_split: tuple[float, ...] = (),
    lora: Path | None = None,
    draft: Path | Literal["ngram"] | None = None,
) -> ExLlamaV2Engine:
    """An engine that is not loaded yet. Small windows load faster."""
    stand_in()
    return ExLlamaV2Engine(
        LoadOptions(
            folder=folder,
            context_tokens=context_tokens,
            lanes=lanes,
            cache_type=cache_type,
            chunk_tokens=chunk_tokens,
            gpu_split=gpu_split,
            lora=lora,
            draft=draft,
            attention=PAGED if paged else UNPAGED,
        )
    )


@asynccontextmanager
async def loaded(engine: ExLlamaV2Engine) -> AsyncIterator[ExLlamaV2Engine]:
    """The engine loaded, and closed at the end."""
    try:
        async with asyncio.timeout(LIMIT_S):
            await engine.load(lambda share: None)
        yield engine
    finally:
        await engine.close()


async def encode(engine: ExLlamaV2Engine, prompt: Prompt | str) -> list[int]:
    whole = Prompt([prompt]) if isinstance(prompt, str) else prompt
    return await asyncio.to_thread(engine.encode, whole)


async def begun(
    engine: ExLlamaV2Engine, ids: Sequence[int], params: SamplingParams = LONG
) -> asyncio.Task[tuple[str, Finish]]:
    """A reply of which the first piece has come."""
    first = asyncio.Event()
    task = asyncio.create_task(reply(engine, ids, params, lambda text: first.set()))
    async with asyncio.timeout(LIMIT_S):
        await first.wait()
    return task


@contextmanager
def failing(function: str, error: Exception, *, after: int = 0) -> Iterator[None]:
    """The library's ``function`` raises ``error``, from its call number ``after`` on."""
    extension = stand_in()
    calls = 0

    def fail() -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise error

    extension.before[function] = fail
    try:
        yield
    finally:
        del extension.before[function]


@contextmanager
def read_as_written() -> Iterator[None]:
    """The engine waits before each step until the event loop has read all that it has written.

    Otherwise pieces are joined where the machine is busy, for nobody has read the first yet.
    """
    loop = asyncio.get_running_loop()
    extension = stand_in()

    async def turns() -> None:
        for _ in range(_TURNS_TO_READ):
            await asyncio.sleep(0)

    def wait() -> None:
        asyncio.run_coroutine_threadsafe(turns(), loop).result(LIMIT_S)

    extension.before["rms_norm"] = wait
    try:
        yield
    finally:
        del extension.before["rms_norm"]

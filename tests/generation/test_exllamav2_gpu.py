"""ExLlamaV2 on a real card: ``pytest -m gpu`` with AIROCORD_TEST_EXL2 naming an EXL2 folder."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.generation.choose import has_nvidia_driver
from bot.generation.engine import SamplingParams
from bot.generation.exllamav2 import ExLlamaV2Engine
from bot.generation.exllamav2_options import LoadOptions
from bot.prompts import BOS, Prompt
from tests.support.engine_reply import reply

_NAMED = os.environ.get("AIROCORD_TEST_EXL2", "")
_MISSING = [
    what
    for what, is_there in (
        ("an NVIDIA card", has_nvidia_driver()),
        ("exllamav2", importlib.util.find_spec("exllamav2") is not None),
        ("AIROCORD_TEST_EXL2, the folder of an EXL2 model", bool(_NAMED)),
    )
    if not is_there
]

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(bool(_MISSING), reason=f"this machine lacks: {'; '.join(_MISSING)}"),
    pytest.mark.asyncio(loop_scope="module"),
]

STORY = Prompt([BOS, "Once upon a time there was a lighthouse. " * 40])
WRITTEN = SamplingParams(max_new_tokens=128, temperature=0.0, repetition_penalty=1.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncGenerator[ExLlamaV2Engine]:
    engine = ExLlamaV2Engine(LoadOptions(folder=Path(_NAMED), cache_type="Q6"))
    try:
        await engine.load(lambda share: None)
        yield engine
    finally:
        await engine.close()


async def write(engine: ExLlamaV2Engine, params: SamplingParams = WRITTEN) -> tuple[str, float]:
    """One reply, and its tokens a second."""
    ids = await asyncio.to_thread(engine.encode, STORY)
    text, finish = await reply(engine, ids, params)
    return text, finish.new_tokens / max(finish.generation_s, 1e-9)


async def test_quantised_weights_write_the_same_twice(engine: ExLlamaV2Engine) -> None:
    first, speed = await write(engine)
    second, _ = await write(engine)
    print(f"one reply: {speed:.1f} tokens/s")
    assert first == second
    assert first.strip()


async def test_several_lanes_together_are_faster_than_one(engine: ExLlamaV2Engine) -> None:
    if engine.lanes == 1:
        pytest.skip("without flash-attn there is one lane")
    _, alone = await write(engine)
    began = time.monotonic()
    await asyncio.gather(*(write(engine) for _ in range(engine.lanes)))
    together = engine.lanes * WRITTEN.max_new_tokens / (time.monotonic() - began)
    print(f"one lane {alone:.1f}, {engine.lanes} lanes {together:.1f} tokens/s in sum")


async def test_flash_attn_pages_where_it_is_installed(engine: ExLlamaV2Engine) -> None:
    assert engine._loaded is not None
    print(engine._loaded.attention.reason)
    assert engine._loaded.attention.paged == (importlib.util.find_spec("flash_attn") is not None)


async def test_memory_is_given_back(engine: ExLlamaV2Engine) -> None:
    import torch  # noqa: PLC0415 - only where there is a card

    await write(engine)
    loaded = torch.cuda.memory_allocated()
    await engine.close()
    freed = torch.cuda.memory_allocated()
    print(f"loaded {loaded / 2**30:.2f} GiB, after closing {freed / 2**30:.2f} GiB")
    assert freed < loaded / 10
    await engine.load(lambda share: None)

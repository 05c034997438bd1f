"""How long ExLlamaV2 holds the bot's event loop up: hosted in a process of its own, as the bot has
it; on a thread of the bot's process; and by the library's own asynchronous wrapper.

On a machine without a card the library runs on the stand-in of the tests.
"""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.table import Report, Table, percentile
from bot.errors import ModelError
from bot.generation.engine import Engine, SamplingParams
from bot.generation.exllamav2 import ExLlamaV2Engine
from bot.generation.exllamav2_attention import Attention
from bot.generation.exllamav2_options import LoadOptions
from bot.prompts import Prompt
from tests.support.exl2_hosted import hosted_on_cpu

_TICK_S = 0.005
_PACKAGES = ("torch", "exllamav2", "safetensors", "tokenizers", "gguf")
_REPLIES = 4
_CONTEXT_TOKENS = 1024
_CHUNK_TOKENS = 256
_SPLIT = (4.0,)
"""Gigabytes; sharing out by itself reads a whole chunk first, which takes a processor long."""

_MODEL = "from tests.support.exl2_smollm2 import smollm2; print(smollm2())"
_SMALL_MODEL = (
    "import sys; from pathlib import Path; from tests.support.exl2_models import random_model; "
    "print(random_model(Path(sys.argv[1])))"
)
_ASKED = "{}. Tell me a long story of the sea and of the old lighthouse. " + "It was dark. " * 30

_NOTES = (
    "The model is SmolLM2-135M, on the processor with a stand-in for the card's kernels, so "
    "that the library's Python and its locks are real and only its kernels are slow. The bot "
    "takes the first way: the library in a process of its own. On a thread of the bot's process "
    "its native code keeps Python's lock; its own asynchronous wrapper computes on the loop "
    "itself. The loop that does nothing shows what the machine's other programs add."
)


async def _ticks(until: asyncio.Event) -> tuple[list[float], list[float]]:
    """Seconds by which each tick of the loop came too late, and how much processor time the
    loop's thread used before it."""
    late: list[float] = []
    busy: list[float] = []
    while not until.is_set():
        used, due = time.thread_time(), time.perf_counter() + _TICK_S
        await asyncio.sleep(_TICK_S)
        late.append(time.perf_counter() - due)
        busy.append(time.thread_time() - used)
    return late, busy


class _Rows:
    """Measures the loop while something goes on, a row of the table each."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @asynccontextmanager
    async def row(self, who: str, what: str) -> AsyncIterator[None]:
        done = asyncio.Event()
        lags = asyncio.create_task(_ticks(done))
        try:
            # So that the first tick is on its way.
            await asyncio.sleep(2 * _TICK_S)
            yield
        finally:
            done.set()
            late, busy = await lags
        figures = (percentile(late, 0.5), percentile(late, 0.99), max(late), max(busy))
        cells = (f"{figure * 1000:.1f} ms" for figure in figures)
        self._table.add(who, what, f"{len(late):,}", *cells)


async def run(*, smoke: bool = False) -> Report:
    """Four replies of 48 tokens of the small real model; of 4 of a tiny one for a smoke run."""
    tokens = 4 if smoke else 48
    title = f"stalls: lag of the event loop while ExLlamaV2 loads and writes {_REPLIES} replies"
    table = Table(title, ("ExLlamaV2", "meanwhile", "ticks", "p50", "p99", "max", "work"))
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        table.note = f"Left out: {', '.join(missing)} is not installed (make test says how)."
        return Report([table], _NOTES)
    table.note = (
        f"A tick every {_TICK_S * 1000:.0f} ms; lag is how late it came. Work is the longest that "
        "the loop itself used the processor between two ticks: a longer lag was spent waiting, for "
        "Python's lock or, where no other thread of the process is at work, for a processor."
    )
    with TemporaryDirectory() as folder:
        model = await _model(Path(folder) / "tiny", smoke=smoke)
        rows = _Rows(table)
        async with rows.row("none", "nothing"):
            await asyncio.sleep(1.0 if smoke else 10.0)
        # First, for there is no torch in this process yet.
        await _ours(rows, "in a process of its own", hosted_on_cpu(_options(model)), tokens)
        async with rows.row("on a thread", "import"):
            await asyncio.to_thread(_import)
        ids = await _ours(rows, "on a thread", ExLlamaV2Engine(_options(model)), tokens)
        await _librarys(rows, model, ids, tokens)
    return Report([table], _NOTES)


def _options(model: Path) -> LoadOptions:
    return LoadOptions(
        folder=model,
        context_tokens=_CONTEXT_TOKENS,
        lanes=_REPLIES,
        cache_type="fp16",
        chunk_tokens=_CHUNK_TOKENS,
        gpu_split=_SPLIT,
        attention=Attention(True, "Attention is paged, as the benchmark says."),
    )


async def _model(folder: Path, *, smoke: bool) -> Path:
    """Made elsewhere: making one takes torch."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SMALL_MODEL if smoke else _MODEL, str(folder)),
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise ModelError("The model for this benchmark could not be made; see above.")
    return Path(said.decode().strip())


def _import() -> None:
    # Not at the top: it imports torch, which is measured.
    from tests.exllamav2_on_cpu.stand_in import install  # noqa: PLC0415

    install()


async def _ours(rows: _Rows, who: str, engine: Engine, tokens: int) -> list[list[int]]:
    async with rows.row(who, "load"):
        await engine.load(lambda share: None)
    try:
        ids = [
            await asyncio.to_thread(engine.encode, Prompt([_ASKED.format(n)]))
            for n in range(_REPLIES)
        ]
        params = SamplingParams(max_new_tokens=tokens, temperature=0.0)

        async def reply(n: int) -> None:
            async with aclosing(engine.generate(ids[n], params)) as events:
                async for _ in events:
                    pass

        await _together(rows, who, reply)
    finally:
        await engine.close()
    return ids


async def _together(rows: _Rows, who: str, reply: Callable[[int], Awaitable[None]]) -> None:
    async with rows.row(who, f"{_REPLIES} replies"):
        await asyncio.gather(*(reply(n) for n in range(_REPLIES)))


async def _librarys(rows: _Rows, folder: Path, ids: Sequence[Sequence[int]], tokens: int) -> None:
    """As its examples do: loading and computing on the loop."""
    # Not at the top: they may not be there.
    import torch  # noqa: PLC0415
    from exllamav2 import (  # noqa: PLC0415
        ExLlamaV2,
        ExLlamaV2Cache,
        ExLlamaV2Config,
        ExLlamaV2Tokenizer,
    )
    from exllamav2.generator import (  # noqa: PLC0415
        ExLlamaV2DynamicGeneratorAsync,
        ExLlamaV2DynamicJobAsync,
        ExLlamaV2Sampler,
    )

    who = "by its own wrapper"
    async with rows.row(who, "load"):
        config = ExLlamaV2Config(str(folder))
        config.max_seq_len, config.max_input_len = _CONTEXT_TOKENS, _CHUNK_TOKENS
        model = ExLlamaV2(config)
        model.load(list(_SPLIT))
        cache = ExLlamaV2Cache(model, max_seq_len=_CONTEXT_TOKENS * _REPLIES)
        tokenizer = ExLlamaV2Tokenizer(config)
        generator = ExLlamaV2DynamicGeneratorAsync(
            model=model,
            cache=cache,
            tokenizer=tokenizer,
            max_batch_size=_REPLIES,
            max_chunk_size=_CHUNK_TOKENS,
        )

    async def reply(n: int) -> None:
        job = ExLlamaV2DynamicJobAsync(
            generator,
            input_ids=torch.tensor([list(ids[n])]),
            max_new_tokens=tokens,
            gen_settings=ExLlamaV2Sampler.Settings.greedy(),
        )
        async for _ in job:
            pass

    await _together(rows, who, reply)
    await generator.close()
    model.unload()

"""ExLlamaV2 in a process of its own says what it says in the bot's, and leaves the bot alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
import torch

from bot.errors import EngineUnavailable
from bot.generation import exllamav2_hosted
from bot.generation.constraint import OneOf
from bot.generation.engine import SamplingParams
from bot.generation.exllamav2 import ExLlamaV2Engine
from bot.generation.exllamav2_options import LoadOptions
from bot.generation.hosted import HostedEngine
from bot.prompts import EOS, Control, Prompt
from tests.support.engine_reply import LIMIT_S, reply
from tests.support.exl2_engine import LONG, PAGED, engine_on, loaded
from tests.support.exl2_hosted import hosted_on_cpu
from tests.support.exl2_models import random_model

# Engines are loaded once for the module, so one event loop too.
pytestmark = pytest.mark.asyncio(loop_scope="module")

STORY = "Once upon a time there was a little girl who lived in a house by the sea. "
ASKED = Prompt([Control("<|im_start|>"), STORY * 6, EOS, "</s> typed"])
GREEDY = SamplingParams(max_new_tokens=40, temperature=0.0, repetition_penalty=1.0)
DRAWN = SamplingParams(max_new_tokens=40, temperature=1.0, seed=7, stop=("zzz",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_model(tmp_path_factory.mktemp("models") / "random")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(folder: Path) -> AsyncGenerator[ExLlamaV2Engine]:
    async with loaded(engine_on(folder, context_tokens=1000)) as engine:
        yield engine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(folder: Path) -> AsyncGenerator[HostedEngine]:
    engine = hosted_on_cpu(
        LoadOptions(
            folder=folder,
            context_tokens=1000,
            lanes=4,
            cache_type="fp16",
            chunk_tokens=256,
            attention=PAGED,
        )
    )
    shares: list[float] = []
    async with asyncio.timeout(LIMIT_S):
        await engine.load(shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 4
    try:
        yield engine
    finally:
        await engine.close()


async def test_it_is_the_same_model_there_as_here(
    here: ExLlamaV2Engine, there: HostedEngine
) -> None:
    assert there.name == here.name
    assert there.model == here.model
    assert there.lanes == here.lanes == 4
    assert await asyncio.to_thread(there.encode, ASKED) == here.encode(ASKED)


@pytest.mark.parametrize("params", [GREEDY, DRAWN], ids=["greedy", "drawn"])
async def test_it_says_there_what_it_says_here(
    here: ExLlamaV2Engine, there: HostedEngine, params: SamplingParams
) -> None:
    ids = here.encode(ASKED)
    said, finish = await reply(here, ids, params)
    said_there, finish_there = await reply(there, ids, params)
    assert said_there == said
    assert finish_there.reason is finish.reason
    assert finish_there.new_tokens == finish.new_tokens
    assert finish_there.prompt_tokens == finish.prompt_tokens


async def test_a_reply_streams_from_there(there: HostedEngine) -> None:
    pieces: list[str] = []
    text, _ = await reply(there, await asyncio.to_thread(there.encode, ASKED), LONG, pieces.append)
    assert text == "".join(pieces)
    assert len(pieces) > 3


async def test_four_replies_at_once_are_what_each_is_alone(there: HostedEngine) -> None:
    asked = [await asyncio.to_thread(there.encode, Prompt([f"{n}. {STORY}"])) for n in range(4)]
    alone = [(await reply(there, ids, GREEDY))[0] for ids in asked]
    together = await asyncio.gather(*(reply(there, ids, GREEDY) for ids in asked))
    assert [text for text, _ in together] == alone


async def test_a_choice_is_held_to_there_too(there: HostedEngine) -> None:
    ids = await asyncio.to_thread(there.encode, Prompt(["Red or blue?"]))
    params = SamplingParams(max_new_tokens=20, constraint=OneOf(("red", "blue")))
    assert (await reply(there, ids, params))[0].strip() in ("red", "blue")


async def test_a_reply_that_is_left_frees_its_lane_and_recovering_keeps_the_model(
    there: HostedEngine,
) -> None:
    ids = await asyncio.to_thread(there.encode, Prompt(["Hi"]))
    streams = [there.generate(ids, LONG) for _ in range(there.lanes)]
    async with asyncio.timeout(LIMIT_S):
        for stream in streams:
            await anext(stream)
        for stream in streams:
            await stream.aclose()
        before, _ = await reply(there, ids, GREEDY)
        pid = there.pid
        await there.recover()
    assert there.pid == pid
    assert (await reply(there, ids, GREEDY))[0] == before


@pytest.mark.parametrize(
    ("draft", "arrives"),
    [(None, None), ("ngram", "ngram"), (Path("ngram"), Path("ngram").absolute())],
    ids=["none", "by the text", "a folder of that name"],
)
async def test_every_setting_arrives(
    draft: Path | Literal["ngram"] | None, arrives: Path | str | None, tmp_path: Path
) -> None:
    options = LoadOptions(
        folder=tmp_path,
        context_tokens=777,
        lanes=3,
        cache_type="Q4",
        chunk_tokens=512,
        gpu_split=(4.0, 8.5),
        lora=tmp_path / "lora",
        draft=draft,
        attention=PAGED,
    )
    engine = exllamav2_hosted.make(exllamav2_hosted.hosted_exllamav2(options)._options)
    assert isinstance(engine, ExLlamaV2Engine)
    assert replace(engine._options, draft=None) == replace(options, draft=None)
    assert engine._options.draft == arrives


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
async def test_without_a_card_the_sentence_says_what_to_set(folder: Path) -> None:
    engine = exllamav2_hosted.hosted_exllamav2(LoadOptions(folder=folder))
    try:
        with pytest.raises(
            EngineUnavailable, match=r"no graphics card here.* set ENGINE=llamacpp and MODEL_PATH"
        ):
            await engine.load(lambda share: None)
    finally:
        await engine.close()


async def test_nothing_of_torch_is_in_the_process_that_asks(folder: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; "
        "from bot.generation.exllamav2_attention import Attention; "
        "from bot.generation.exllamav2_options import LoadOptions; "
        "from tests.support.exl2_hosted import hosted_on_cpu\n"
        "async def main():\n"
        "    engine = hosted_on_cpu(LoadOptions(folder=Path(sys.argv[1]), cache_type='fp16', "
        "attention=Attention(True, '')))\n"
        "    await engine.load(lambda share: None); await engine.close()\n"
        "asyncio.run(main()); print(*sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(folder)),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    async with asyncio.timeout(LIMIT_S):
        said, _ = await process.communicate()
    modules = said.decode().split()
    assert "bot.generation.exllamav2" in modules
    assert not {"torch", "numpy", "exllamav2", "safetensors", "tokenizers"} & set(modules)

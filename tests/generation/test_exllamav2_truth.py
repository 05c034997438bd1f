"""ExLlamaV2 with a real model, small enough for a processor: it says what transformers says with
the same weights."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import pytest_asyncio
from tokenizers import Tokenizer

from bot.generation.engine import FinishReason, SamplingParams
from bot.generation.exllamav2 import ExLlamaV2Engine
from tests.support.engine_reply import reply
from tests.support.exl2_engine import encode, engine_on, loaded, stand_in
from tests.support.llama import question

for _package in ("gguf", "transformers"):
    if importlib.util.find_spec(_package) is None:
        pytest.skip(
            f"the comparison of ExLlamaV2 with transformers is left out: {_package} is not "
            "installed (make test says how)",
            allow_module_level=True,
        )

stand_in()

import torch  # noqa: E402 - exl2_engine skips this module where it is not installed
from transformers import AutoModelForCausalLM  # noqa: E402 - as above

from tests.support.exl2_smollm2 import smollm2  # noqa: E402 - as above

pytestmark = pytest.mark.asyncio(loop_scope="module")

GREEDY = SamplingParams(max_new_tokens=44, temperature=0.0, repetition_penalty=1.0)
ASKED = "Tell me of the sea."


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[True, False], ids=["paged", "unpaged"]
)
async def engine(request: pytest.FixtureRequest) -> AsyncGenerator[ExLlamaV2Engine]:
    # By hand, for sharing out by itself reads a whole chunk, which takes a processor long.
    model = await asyncio.to_thread(smollm2)
    async with loaded(engine_on(model, paged=request.param, gpu_split=(4.0,))) as ready:
        yield ready


@pytest.fixture(scope="module")
def expected() -> list[int]:
    """The likeliest 44 tokens by transformers, computed in single precision."""
    model = AutoModelForCausalLM.from_pretrained(smollm2(), dtype=torch.float32)
    ids = torch.tensor([_ids()])
    with torch.inference_mode():
        written = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=44,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
    tokens: list[int] = written[0, ids.shape[1] :].tolist()
    return tokens


def _ids() -> list[int]:
    """ChatML by transformers' own way: the whole line, control tokens recognised."""
    line = f"<|im_start|>user\n{ASKED}<|im_end|>\n<|im_start|>assistant\n"
    tokenizer = Tokenizer.from_file(str(smollm2() / "tokenizer.json"))
    ids: list[int] = tokenizer.encode(line, add_special_tokens=False).ids
    return ids


async def test_the_likeliest_tokens_are_those_of_transformers(
    engine: ExLlamaV2Engine, expected: list[int]
) -> None:
    ids = await encode(engine, question(ASKED))
    assert ids == _ids()
    text, finish = await reply(engine, ids, GREEDY)
    assert engine._loaded is not None
    bytes_of = engine._loaded.tokenizer.bytes_of
    assert text == b"".join(bytes_of[token] for token in expected).decode()
    assert (finish.new_tokens, finish.reason) == (44, FinishReason.LENGTH)
    # Once more with what was kept: the same.
    again, cached = await reply(engine, ids, replace(GREEDY, max_new_tokens=6))
    assert text.startswith(again)
    assert cached.cached_tokens >= len(ids) - 1

"""What top-k, top-p and min-p leave on ExLlamaV2: what they leave on llama.cpp."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from bot.generation.engine import SamplingParams
from tests.support.engine_reply import reply
from tests.support.exl2_engine import engine_on, loaded, stand_in
from tests.support.exl2_models import random_model

stand_in()

import torch  # noqa: E402 - exl2_engine skips this module where it is not installed

from bot.generation.exllamav2_sampling import LogitsMask, settings_of  # noqa: E402 - as above

PROBABILITIES = [0.4, 0.3, 0.15, 0.1, 0.05]


def left(params: SamplingParams, *, padding: int = 3) -> set[int]:
    """Which tokens may still be drawn."""
    logits = torch.cat((torch.tensor(PROBABILITIES).log(), torch.full((padding,), 9.0)))
    masked = LogitsMask(params, len(PROBABILITIES), None).mask_logits(logits)
    assert masked is logits
    return set(torch.isfinite(masked).nonzero().flatten().tolist())


def params(*, top_k: int = 0, top_p: float = 1.0, min_p: float = 0.0) -> SamplingParams:
    return SamplingParams(temperature=0.8, top_k=top_k, top_p=top_p, min_p=min_p)


def test_without_limits_every_token_stays_and_padding_goes() -> None:
    assert left(params()) == {0, 1, 2, 3, 4}


def test_top_k_leaves_so_many() -> None:
    assert left(params(top_k=2)) == {0, 1}
    assert left(params(top_k=99)) == {0, 1, 2, 3, 4}


def test_top_p_keeps_the_token_that_crosses_the_limit() -> None:
    assert left(params(top_p=0.75)) == {0, 1, 2}
    assert left(params(top_p=0.01)) == {0}


def test_min_p_is_a_share_of_the_likeliest() -> None:
    assert left(params(min_p=0.3)) == {0, 1, 2}


def test_min_p_brings_nothing_back_that_top_k_has_left_out() -> None:
    assert left(params(top_k=2, min_p=0.05)) == {0, 1}


def test_top_p_counts_what_top_k_has_left() -> None:
    assert left(params(top_k=2, top_p=0.55)) == {0}
    assert left(params(top_p=0.55)) == {0, 1}


def test_every_request_has_settings_of_its_own() -> None:
    greedy = SamplingParams(temperature=0.0)
    assert settings_of(greedy) is not settings_of(greedy)
    assert settings_of(greedy).top_k == 1


@pytest.mark.parametrize("paged", [True, False])
def test_the_library_draws_among_what_is_left(tmp_path: Path, paged: bool) -> None:
    """Two are left by top-k, and min-p lets both pass: in 24 draws both come, and no third."""

    async def drawn() -> Counter[str]:
        texts: Counter[str] = Counter()
        async with loaded(engine_on(random_model(tmp_path), paged=paged)) as engine:
            for seed in range(24):
                one = SamplingParams(
                    max_new_tokens=1, temperature=2.0, top_k=2, min_p=0.001, seed=seed
                )
                texts[(await reply(engine, [77, 71], one))[0]] += 1
        return texts

    assert len(asyncio.run(drawn())) == 2

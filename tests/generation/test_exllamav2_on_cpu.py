"""The stand-in for a card: it refuses what it does not cover, and its two hosts agree."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.exl2_engine import stand_in

extension = stand_in()

import torch  # noqa: E402 - exl2_engine skips this module where it is not installed

from tests.exllamav2_on_cpu import host_build, packages, python_host  # noqa: E402 - as above


def draw(host: object, logits: Sequence[float], random: float, **limits: float) -> int:
    """The token that a host's sampler draws."""
    none = torch.empty((1, 1), device="meta")
    tokens, chances = torch.empty((1, 1), dtype=torch.long), torch.empty((1, 1))
    top_k, top_p = int(limits.get("top_k", 0)), limits.get("top_p", 0.0)
    top_a, min_p = limits.get("top_a", 0.0), limits.get("min_p", 0.0)
    host.sample_basic(  # type: ignore[attr-defined]
        torch.tensor([[list(logits)]]),
        *(limits.get("temperature", 1.0), top_k, top_p, top_a, min_p, 0.0, 0.0, random),
        *(tokens, chances, none, none, none, False, [], 0.0, 0.0),
        *(limits.get("last", 1.0), none, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    )
    return int(tokens[0, 0])


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"temperature": 0.0},
        {"top_k": 5},
        {"top_p": 0.6},
        {"top_k": 6, "min_p": 0.05},
        {"top_a": 0.3},
        {"temperature": 0.7, "top_k": 8, "top_p": 0.9, "last": 1.3},
    ],
    ids=str,
)
def test_the_sampler_without_a_compiler_draws_as_the_compiled_one(
    limits: dict[str, float],
) -> None:
    compiled = host_build.load()
    if compiled is None:
        pytest.skip("there is no C++ compiler here")
    generator = torch.Generator().manual_seed(1)
    for _ in range(20):
        logits = (torch.randn(32, generator=generator) * 2).tolist()
        random = float(torch.rand(1, generator=generator))
        # Drawn in another order, the same token comes at another place; those that may come do not.
        reachable = [
            {draw(host, logits, step / 50, **limits) for step in range(50)}
            for host in (compiled, python_host)
        ]
        assert len(reachable[0] ^ reachable[1]) <= 2
        assert draw(compiled, logits, random, temperature=0.0) == draw(
            python_host, logits, random, temperature=0.0
        )


def test_the_penalty_without_a_compiler_is_the_compiled_one() -> None:
    compiled = host_build.load()
    if compiled is None:
        pytest.skip("there is no C++ compiler here")
    sequence = torch.tensor([[1, 2, 2, 3, 1, 5]])
    results = []
    for host in (compiled, python_host):
        logits = torch.linspace(-2, 2, 8).view(1, 1, 8).clone()
        host.apply_rep_penalty(sequence, 1.3, 4, 2, 0.1, 0.2, logits)
        results.append(logits)
    assert torch.allclose(*results)


def test_a_kernel_without_a_stand_in_is_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match=r"exllamav2_ext\.gemm_half_q_half .*GPU"):
        extension.gemm_half_q_half()


def test_a_position_past_the_models_table_is_no_silent_rubbish() -> None:
    x, table = torch.ones(1, 1, 4).half(), torch.ones(1, 1, 8, 4).half()
    none = torch.empty(1, device="meta")
    with pytest.raises(IndexError, match="position 8 is past"):
        extension.rope_(x, table, table, 8, 1, 4, none, True)


def test_installing_twice_is_installing_once() -> None:
    assert stand_in() is extension


def test_a_torch_that_brings_cuda_is_recognised_by_what_comes_with_it() -> None:
    assert packages.brings_cuda(["torch", "numpy", "nvidia-cublas"])
    assert packages.brings_cuda(["torch", "cuda-bindings"])
    assert not packages.brings_cuda(["torch", "sympy", "setuptools"])

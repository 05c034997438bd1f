"""ExLlamaV2's host-side C++ in Python, for machines without a compiler.

The same results up to rounding, for what the engine asks of it: truncation by top-k, top-p,
top-a and min-p with the original's oddities, and no more.
"""

# ruff: noqa: PLR0917 - the signatures are the library's

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_Candidates = tuple[Tensor, Tensor]
"""Probabilities and token ids."""


def stloader_read(filename: str, offset: int, size: int, target: Tensor) -> None:
    with Path(filename).open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) != size:
        raise RuntimeError("I/O error reading tensor")
    if size:
        source = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        target.view(-1).view(torch.uint8).copy_(source)


def count_match(a: Tensor, b: Tensor, max_a: int) -> int:
    """How many ids two rows have in common at their beginning."""
    n = min(max_a, b.shape[1])
    if n <= 0:
        return 0
    different = (a[0, :n] != b[0, :n]).nonzero()
    return int(different[0]) if len(different) else n


def partial_strings_match(match: bytes, offsets: bytes, strings: bytes) -> int:
    """Where one of ``strings`` begins in ``match``; -2 where one may be under way; else -1."""
    text = np.frombuffer(match, dtype=np.uint32)
    edges = np.frombuffer(offsets, dtype=np.uint32) // 4
    joined = np.frombuffer(strings, dtype=np.uint32)
    for first, last in pairwise(edges):
        wanted = joined[first:last]
        for start in range(len(text)):
            n = min(len(wanted), len(text) - start)
            if (text[start : start + n] == wanted[:n]).all():
                return start if n == len(wanted) else -2
    return -1


def apply_rep_penalty(
    sequence: Tensor,
    penalty: float,
    sustain: int,
    decay: int,
    freq: float,
    presence: float,
    logits: Tensor,
) -> None:
    vocabulary = logits.shape[-1]
    for b in range(sequence.shape[0]):
        ids, out = sequence[b].tolist(), logits[b].view(-1)
        p, f, q = penalty, freq, presence
        steps = ((1.0 - p) / decay, -f / decay, -q / decay) if decay else (0.0, 0.0, 0.0)
        left = len(ids) if sustain == -1 else sustain
        seen: set[int] = set()
        for token in reversed(ids[max(len(ids) - left - decay, 0) :]):
            if 0 <= token < vocabulary:
                if token not in seen:
                    out[token] = (out[token] / p if out[token] > 0 else out[token] * p) - q
                    seen.add(token)
                out[token] -= f
            left -= 1
            if left < 0:
                p, f, q = p + steps[0], f + steps[1], q + steps[2]


def fast_fill_cpu_ones_bool(t: Tensor) -> None:
    t.fill_(True)


def fast_fadd_cpu(a: Tensor, b: Tensor) -> None:
    a.view(-1, b.numel()).add_(b.view(1, -1))


def fast_copy_cpu(dst: Tensor, src: Tensor) -> None:
    dst.copy_(src)


def logit_filter_exclusive(f: Tensor, lists: Sequence[Sequence[int]]) -> None:
    for b, allowed in enumerate(lists):
        keep = torch.zeros_like(f[b])
        keep[list(allowed)] = True
        f[b] &= keep


def sample_basic(
    logits: Tensor,
    temperature: float,
    top_k: int,
    top_p: float,
    top_a: float,
    min_p: float,
    tfs: float,
    typical: float,
    random: float,
    output_tokens: Tensor,
    output_probs: Tensor,
    output_kprobs: Tensor,
    output_ktokens: Tensor,
    logit_filter: Tensor,
    mirostat: bool,
    mirostat_mu: Sequence[float],
    mirostat_tau: float,
    mirostat_eta: float,
    post_temperature: float,
    xtc_mask: Tensor,
    xtc_probability: float,
    xtc_threshold: float,
    min_temp: float,
    max_temp: float,
    temp_exponent: float,
    smoothing_factor: float,
    skew: float,
) -> list[float]:
    """Raises :class:`NotImplementedError` for what only the compiled sampler does."""
    if (
        0 < tfs < 1
        or 0 < typical < 1
        or mirostat
        or xtc_probability > 0
        or max_temp > min_temp
        or smoothing_factor > 0
        or skew
        or output_kprobs.device.type != "meta"
    ):
        raise NotImplementedError("this sampler setting needs the compiled sampler: install g++")
    if temperature < 0.01:
        temperature, top_k = 1.0, 1
    for b in range(logits.shape[0]):
        scores = logits[b].view(-1).float().clone()
        if logit_filter.device.type != "meta":
            scores[~logit_filter[b]] = float("-inf")
        p, ids = _truncated(torch.softmax(scores / temperature, -1), top_k, top_p, top_a, min_p)
        if len(p) > 1 and post_temperature != 1.0:
            p = p ** (1.0 / post_temperature)
            p = p / p.sum()
        at = min(int((torch.cumsum(p, 0) < random * 0.9998).sum()), len(p) - 1)
        output_tokens[b, 0], output_probs[b, 0] = ids[at], p[at]
    return list(mirostat_mu)


def _truncated(p: Tensor, top_k: int, top_p: float, top_a: float, min_p: float) -> _Candidates:
    ids = torch.arange(len(p))
    if top_k == 1:
        return torch.ones(1), p.argmax().view(1)
    if 0 < top_k < len(p):
        p, ids = torch.topk(p, top_k)
        p = p / p.sum()
    if len(p) > 1 and 0 < top_p < 1:
        p, ids = _top_p(p, ids, top_p)
    if len(p) > 1 and top_a > 0:
        p, ids = _at_least(p, ids, top_a * float(p.max()) ** 2)
    if len(p) > 1 and 0 < min_p < 1:
        p, ids = _at_least(p, ids, min_p * float(p.max()))
    return p, ids


def _normalised(pairs: Sequence[tuple[float, int]]) -> _Candidates:
    p = torch.tensor([probability for probability, _ in pairs], dtype=torch.float)
    return p / p.sum(), torch.tensor([token for _, token in pairs])


def _top_p(p: Tensor, ids: Tensor, limit: float) -> _Candidates:
    """As ``top_p_cpu``: the candidate that crosses the limit is dropped."""
    heap: list[tuple[float, int]] = []
    total = 0.0
    for probability, token in zip(p.tolist(), ids.tolist(), strict=True):
        if probability < 1e-6 or (total > limit and probability < heap[0][0]):
            continue
        heapq.heappush(heap, (probability, token))
        total += probability
        while total > limit and len(heap) > 1:
            total -= heapq.heappop(heap)[0]
    return _normalised(sorted(heap, reverse=True))


def _at_least(p: Tensor, ids: Tensor, least: float) -> _Candidates:
    """As ``keep_threshold``: the same candidates in the same order."""
    pairs = list(zip(p.tolist(), ids.tolist(), strict=True))
    i, j = 0, len(pairs) - 1
    while j >= i:
        while i < len(pairs) and pairs[i][0] >= least and j >= i:
            i += 1
        if i < len(pairs) and pairs[j][0] >= least:
            pairs[i], pairs[j] = pairs[j], pairs[i]
            i += 1
        j -= 1
    return _normalised(pairs[:i])

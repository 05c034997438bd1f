"""How one reply's tokens are chosen on ExLlamaV2.

The library's own truncation is not used: its top-p drops the token that crosses the limit, and
its min-p may let one in that top-k had left out. Here they mean what they mean to llama.cpp, in
llama.cpp's order: top-k, then top-p, then min-p, and the temperature last. The repetition penalty,
the temperature and the draw stay the library's.
"""

from __future__ import annotations

import torch
from exllamav2.generator import ExLlamaV2Sampler

from bot.generation.engine import SamplingParams
from bot.generation.exllamav2_constraints import TokenConstraint


def settings_of(params: SamplingParams) -> ExLlamaV2Sampler.Settings:
    """A new object each time: the library keeps state in it."""
    settings = ExLlamaV2Sampler.Settings()
    settings.token_repetition_penalty = params.repetition_penalty
    settings.temperature_last = True
    settings.temperature = params.temperature or 1.0
    settings.top_k = 0 if params.temperature else 1
    settings.top_p = settings.min_p = 0.0
    return settings


class LogitsMask:
    """Leaves the tokens that may come next, in the shape of the library's filters.

    Implements what a job calls of ``exllamav2.generator.filters.ExLlamaV2Filter`` for filters
    that mask logits directly.
    """

    def __init__(
        self, params: SamplingParams, vocabulary: int, constraint: TokenConstraint | None
    ) -> None:
        """``vocabulary``: how many of the logits belong to tokens; the rest is padding."""
        self._params = params
        self._vocabulary = vocabulary
        self._constraint = constraint

    def background_drop(self) -> None:
        """Nothing is ever prepared in the background."""

    def begin(self, prefix_str: str) -> None:
        """A reply begins; every reply has a filter of its own."""

    def feed(self, token: torch.Tensor) -> None:
        if self._constraint is not None:
            self._constraint.feed(int(token[0, 0]))

    def use_background_worker(self) -> bool:
        return False

    def can_mask_logits(self) -> bool:
        return True

    def get_next(self, mask: bool = False) -> bool:
        return True

    def mask_logits(self, logits: torch.Tensor) -> torch.Tensor:
        """``logits`` of shape (padded vocabulary,), changed in place."""
        logits[self._vocabulary :] = -torch.inf
        allowed = self._constraint.allowed() if self._constraint is not None else None
        if allowed is not None:
            kept = torch.full_like(logits, -torch.inf)
            kept[allowed] = logits[allowed]
            logits.copy_(kept)
        if self._params.temperature:
            _truncate(logits, self._params)
        return logits


def _truncate(logits: torch.Tensor, params: SamplingParams) -> None:
    """Set the logits of all but the likeliest tokens to minus infinity, in place."""
    if not params.top_k and params.top_p >= 1.0 and params.min_p <= 0.0:
        return
    count = min(params.top_k or len(logits), len(logits))
    values, ids = torch.topk(logits, count)
    probabilities = torch.softmax(values, dim=-1)
    before = probabilities.cumsum(-1) - probabilities
    keep = (before < params.top_p) & (probabilities >= params.min_p * probabilities[0])
    # The likeliest stays, whatever the limits are.
    keep[0] = True
    logits.fill_(-torch.inf)
    logits[ids[keep]] = values[keep]

"""How much of a card's memory a model needs on ExLlamaV2, estimated before it is loaded.

The sizes are those that ExLlamaV2 0.3.2 allocates by its own source:

========  =======================================================================================
weights   every tensor but the embeddings, which stay in the computer's memory (``module.py``,
          ``embedding.py``)
cache     a token in a layer has ``kv_heads * head_dim`` keys and as many values (``cache.py``).
          fp16: 2 bytes each. Q8: 1 byte. Q6: 1 byte a key, half a byte a value. Q4: half a byte.
          All but fp16 have a scale of 2 bytes for each 32, and one layer unpacked as fp16
overhead  the largest layer unpacked and what flows through it in one chunk of the prompt
          (``scratch_space_fixed`` in ``mlp.py``, ``attn.py``, ``linear.py``); the table of
          positions (``device.py``); 448 MiB that ``load_autosplit`` keeps free while it loads
          (``model.py``), in which the rest of the computation finds room later, the logits of at
          most eight tokens a lane too; and 400 MiB for CUDA itself, which is experience and
          differs between cards and drivers
========  =======================================================================================

With flash-attention nothing grows with chunk times context. Without it, add two bytes for each
of chunk * context * heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from bot.generation.exl2_folder import ModelFolder

CacheType = Literal["fp16", "Q8", "Q6", "Q4"]
CACHE_TYPES: tuple[CacheType, ...] = get_args(CacheType)

CARD_GIB = (8, 12, 16, 24)
"""Common cards, by what is printed on their boxes."""

CHUNK_TOKENS = 2048
"""How much of a prompt ExLlamaV2 reads at once unless it is told otherwise."""

_PAGE = 256
"""The cache is shared out in pages of this many tokens."""
_GIB = 1 << 30
_MIB = 1 << 20
_RESERVED = (192 + 256) * _MIB
_CUDA = 400 * _MIB
_USABLE = 0.97
"""Of a card's memory; its driver keeps the rest. This too is experience."""
_MOST_UNPACKED = 512 * _MIB
"""Weights that are unpacked at once at most (``max_dq_size``), each as two bytes."""

_HALF_BYTES_OF_PAIR = {"fp16": 8, "Q8": 4, "Q6": 3, "Q4": 2}
"""Half bytes that one key and one value take together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """Bytes on the card."""

    cache_tokens: int
    """Of all lanes together, in whole pages."""
    weights: int
    cache: int
    overhead: int
    draft: int = 0
    """Weights and cache of the draft model."""
    system_memory: int = 0
    """Bytes in the computer's memory, not on the card."""

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.overhead + self.draft

    def fits(self, card_gib: int) -> bool:
        """Whether a card of so many GiB can hold it, if nothing else uses the card."""
        return self.total <= card_gib * _GIB * _USABLE


def estimate(
    folder: ModelFolder,
    *,
    context_tokens: int,
    cache: CacheType,
    lanes: int = 1,
    draft: ModelFolder | None = None,
    chunk_tokens: int = CHUNK_TOKENS,
) -> MemoryEstimate:
    """Estimate what ``folder`` takes.

    Args:
        context_tokens: prompt and reply of one request together.
        lanes: replies at the same time, each with a whole window in the cache.
        draft: a small model that writes ahead; its cache is as long and of the same type.
        chunk_tokens: how much of a prompt is read at once.
    """
    tokens = lanes * -(-context_tokens // _PAGE) * _PAGE
    chunk = min(chunk_tokens, context_tokens)
    return MemoryEstimate(
        cache_tokens=tokens,
        weights=folder.gpu_weights_bytes,
        cache=cache_bytes(folder, tokens, cache),
        overhead=_overhead(folder, chunk, context_tokens),
        draft=draft.gpu_weights_bytes + cache_bytes(draft, tokens, cache) if draft else 0,
        system_memory=folder.embedding_bytes + (draft.embedding_bytes if draft else 0),
    )


def cache_bytes(folder: ModelFolder, tokens: int, cache: CacheType) -> int:
    """What a cache of ``tokens`` takes."""
    pairs = tokens * folder.kv_heads * folder.head_dim
    stored = folder.layers * pairs * _HALF_BYTES_OF_PAIR[cache] // 2
    if cache == "fp16":
        return stored
    scales = folder.layers * (pairs // 32) * 2 * 2
    unpacked = pairs * 2 * 2
    return stored + scales + unpacked


def buffer_bytes(folder: ModelFolder, chunk: int) -> int:
    """What the largest layer needs beside its weights, for ``chunk`` tokens of a prompt at once."""
    hidden, inner, heads = folder.hidden_size, folder.intermediate_size, folder.heads
    attention_width = max(heads * folder.head_dim, hidden)
    mlp = chunk * (hidden + 2 * max(hidden, inner)) * 2 + _unpacked(hidden * inner)
    attention = chunk * attention_width * 2 + _unpacked(hidden * heads * folder.head_dim)
    head = _unpacked(hidden * folder.vocabulary)
    return max(mlp, attention, head)


def _overhead(folder: ModelFolder, chunk: int, context_tokens: int) -> int:
    positions = 2 * context_tokens * folder.head_dim * 2
    hidden_state = chunk * folder.hidden_size * 2
    return buffer_bytes(folder, chunk) + positions + hidden_state + _RESERVED + _CUDA


def _unpacked(weights: int) -> int:
    return 2 * min(weights, _MOST_UNPACKED)

"""What the settings say of a model on ExLlamaV2. Imports nothing of its packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.generation.exl2_memory import CacheType
from bot.generation.exllamav2_attention import Attention

DEFAULT_CONTEXT_TOKENS = 2048
"""What a model gets of its trained context unless told otherwise: memory grows with it, on every
lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What to load, and how."""

    folder: Path
    """An exl2 quantisation, or unquantised weights in safetensors."""
    context_tokens: int | None = None
    """Prompt and reply of one request together; ``None``: what the model says, 2048 at most."""
    lanes: int = 4
    cache_type: CacheType = "Q6"
    chunk_tokens: int = 2048
    """How much of a prompt is read at a time; others' replies pause meanwhile."""
    gpu_split: tuple[float, ...] = ()
    """Gigabytes of weights for each card; empty: as much as fits, card after card."""
    lora: Path | None = None
    """A folder with adapter_config.json and adapter_model.safetensors."""
    draft: Path | Literal["ngram"] | None = None
    """What guesses tokens ahead: the folder of a small model with the same vocabulary, or the
    text so far."""
    attention: Attention | None = None
    """``None``: as this machine can."""

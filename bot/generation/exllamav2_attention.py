"""Whether ExLlamaV2 can write several replies at once on this machine.

Its paged mode stands on flash-attn 2.5.7 or later, which needs cards of the Ampere generation or
newer. Everything else writes one reply at a time.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass

_OLDEST = (2, 5, 7)
_AMPERE = 8
"""CUDA's major compute capability."""

_LOST = (
    "It writes one reply at a time, reads prompts in small steps and reuses only the latest "
    "conversation's"
)


@dataclass(frozen=True, slots=True)
class Attention:
    """How attention is computed, and why."""

    paged: bool
    reason: str
    """A sentence for whoever runs the bot; of the unpaged mode it says what is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What of this machine decides."""

    flash_attn: str | None
    """flash-attn's version; ``None``: not installed."""
    flash_attn_fault: str | None
    """Why flash-attn cannot be imported; ``None``: it can."""
    capabilities: Sequence[tuple[int, int]]
    """Compute capability of each card."""
    switched_off: bool = False
    """``EXLLAMA_NO_FLASH_ATTN`` is set."""


def choose_attention(machine: Machine) -> Attention:
    """Paged where the machine can, else unpaged with the reason."""
    if machine.switched_off:
        return _unpaged("EXLLAMA_NO_FLASH_ATTN is set")
    if any(major < _AMPERE for major, _ in machine.capabilities):
        return _unpaged("flash-attn needs cards of the Ampere generation or newer")
    if machine.flash_attn is None:
        return _unpaged("flash-attn is not installed (see docs/exllamav2.md)")
    if machine.flash_attn_fault is not None:
        return _unpaged(f"flash-attn cannot be loaded ({machine.flash_attn_fault})")
    if _numbers(machine.flash_attn) < _OLDEST:
        return _unpaged(f"flash-attn {machine.flash_attn} is older than 2.5.7")
    return Attention(True, f"Attention is paged, with flash-attn {machine.flash_attn}.")


def look_at_flash_attn() -> tuple[str | None, str | None]:
    """Version and fault, as :class:`Machine` has them. Imports it, which takes a second."""
    if importlib.util.find_spec("flash_attn") is None:
        return None, None
    try:
        version = importlib.metadata.version("flash_attn")
        importlib.import_module("flash_attn")
        # The compiled part: a build for another torch fails here.
        importlib.import_module("flash_attn_2_cuda")
    except Exception as error:  # noqa: BLE001 - a compiled module may raise anything
        return "unknown", f"{type(error).__name__}: {str(error)[:200]}"
    return version, None


def _unpaged(why: str) -> Attention:
    return Attention(False, f"Attention is not paged, for {why}. {_LOST} prompt.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])

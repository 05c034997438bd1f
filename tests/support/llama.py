"""The real demonstration model, for the tests that need a model that really generates."""

from __future__ import annotations

import os
from pathlib import Path

from bot.generation.llamacpp import LlamaCppEngine
from bot.models import fetch_demo
from bot.prompts import Control, Prompt

ROOT = Path(__file__).parents[2]


def demo_model() -> Path:
    """``AIROCORD_TEST_MODEL`` if it is set; else where the bot run from here keeps its models,
    fetched if it is not there yet."""
    if named := os.environ.get("AIROCORD_TEST_MODEL"):
        return Path(named)
    return fetch_demo(ROOT / "data" / "models", lambda done, total: None)


def demo_engine(*, context_tokens: int = 1024, lanes: int = 4) -> LlamaCppEngine:
    """An engine on the demonstration model, not loaded yet."""
    return LlamaCppEngine(
        model_path=demo_model(), context_tokens=context_tokens, lanes=lanes, is_demo=True
    )


def question(text: str) -> Prompt:
    """One question in the demonstration model's own template, ChatML."""
    start, end = Control("<|im_start|>"), Control("<|im_end|>")
    return Prompt([start, f"user\n{text}", end, "\n", start, "assistant\n"])

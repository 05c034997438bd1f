"""Which engine runs the model: chosen by the settings, imported only then."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.errors import EngineUnavailable, ModelError
from bot.generation.engine import Engine
from bot.models import DEMO, demo_path

INSTALL_HINT = 'Run: pip install -e ".[cpu]"'


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What the settings say of the engine and its model."""

    engine: Literal["auto", "exllamav2", "llamacpp", "remote"]
    model_path: Path | None
    """``None``: the demonstration model."""
    context_tokens: int | None
    """``None``: what the model says."""
    lanes: int
    threads: int | None
    """``None``: one fewer than there are cores."""
    gpu_layers: int
    cache_dir: Path
    """Where fetched models are."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, not loaded yet."""

    engine: Engine
    reason: str
    """Which it is and why, in one sentence for whoever runs the bot."""


def choose_engine(options: EngineOptions) -> Choice:
    """Make the engine that ``options`` ask for.

    Raises:
        EngineUnavailable: it is not part of this version, or its packages are not installed.
        ModelError: the demonstration model is wanted and was not fetched yet.
    """
    if options.engine == "exllamav2":
        raise EngineUnavailable(
            "ENGINE=exllamav2 comes with a later version. Until then, use a GPU with "
            "ENGINE=llamacpp: set MODEL_PATH to a GGUF file and GPU_LAYERS=999."
        )
    if options.engine == "remote":
        raise EngineUnavailable(
            "ENGINE=remote comes with a later version. Until then, set ENGINE=llamacpp and "
            "MODEL_PATH to a GGUF file on this machine."
        )
    if importlib.util.find_spec("xllamacpp") is None:
        wanted = "No engine" if options.engine == "auto" else "llama.cpp (ENGINE=llamacpp)"
        negation = "" if options.engine == "auto" else "not "
        raise EngineUnavailable(f"{wanted} is {negation}installed. {INSTALL_HINT}")
    why = "it is what is installed" if options.engine == "auto" else "ENGINE=llamacpp says so"
    return _llamacpp(options, why)


def _llamacpp(options: EngineOptions, why: str) -> Choice:
    # Not at the top: an engine's packages are loaded only when it is chosen.
    from bot.generation.llamacpp import LlamaCppEngine  # noqa: PLC0415

    is_demo = options.model_path is None
    path = options.model_path or demo_path(options.cache_dir)
    if is_demo and not path.exists():
        raise ModelError(
            "There is no model yet. For the small demonstration model run: "
            "python -m bot model fetch. For a real one, set MODEL_PATH to a GGUF file."
        )
    engine = LlamaCppEngine(
        model_path=path,
        context_tokens=options.context_tokens,
        lanes=options.lanes,
        threads=options.threads,
        gpu_layers=options.gpu_layers,
        is_demo=is_demo,
        name=DEMO.name if is_demo else None,
    )
    model = "the demonstration model, for MODEL_PATH is not set" if is_demo else path.name
    where = f"with {options.gpu_layers} layers on the GPU" if options.gpu_layers else "on the CPU"
    return Choice(engine, f"The engine is llama.cpp {where}, as {why}; it loads {model}.")

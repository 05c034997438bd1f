"""Which engine runs the model: chosen by the settings, imported only then."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.errors import EngineUnavailable, ModelError
from bot.generation.engine import Engine
from bot.generation.exl2_memory import CacheType
from bot.models import DEMO, demo_path, has_demo

INSTALL_HINT = 'Run: pip install -e ".[cpu]"'
GPU_INSTALL_HINT = 'Run: pip install -e ".[gpu]"'


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
    cache_type: CacheType = "Q6"
    """From here on for ExLlamaV2 alone, see :mod:`bot.generation.exllamav2_options`."""
    chunk_tokens: int = 2048
    gpu_split: tuple[float, ...] = ()
    lora_path: Path | None = None
    draft: str = ""
    """Empty, ``ngram`` or a folder."""
    remote_urls: tuple[str, ...] = ()
    """From here on for servers elsewhere alone, see :mod:`bot.generation.remote`."""
    remote_key: str = field(default="", repr=False)
    remote_model: str = ""
    tokenizer_path: Path | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, not loaded yet."""

    engine: Engine
    reason: str
    """Which it is and why, in one sentence for whoever runs the bot."""


def choose_engine(options: EngineOptions) -> Choice:
    """Make the engine that ``options`` ask for.

    Raises:
        EngineUnavailable: its packages are not installed, there is no card for it, or no server
            is named.
        ModelError: the demonstration model is wanted and was not fetched yet, or the model is
            of a kind that the engine does not read.
    """
    if options.engine == "exllamav2":
        return _exllamav2(options, "ENGINE=exllamav2 says so")
    if options.engine == "remote":
        return _remote(options)
    if options.engine == "auto" and options.model_path and _is(options.model_path, Path.is_dir):
        _check_for_folder(options.model_path)
        return _exllamav2(options, "MODEL_PATH is a folder and an NVIDIA card is here")
    if importlib.util.find_spec("xllamacpp") is None:
        wanted = "No engine" if options.engine == "auto" else "llama.cpp (ENGINE=llamacpp)"
        negation = "" if options.engine == "auto" else "not "
        raise EngineUnavailable(f"{wanted} is {negation}installed. {INSTALL_HINT}")
    return _llamacpp(options, _why_llamacpp(options))


def has_nvidia_driver() -> bool:
    """Whether programs may find an NVIDIA card here. Asks neither torch nor the driver, which
    take seconds: an engine that does find none says so when it loads."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return False
    if sys.platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", "C:/Windows"))
        return (system / "System32" / "nvcuda.dll").exists()
    # The second is the card of a Windows machine, within its Linux.
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg"))


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except OSError as error:
        raise ModelError(
            f"The model {path} cannot be read ({error.strerror}). Give the bot the right to read "
            "it and the folders that it lies in, or correct MODEL_PATH."
        ) from error


def _check_for_folder(folder: Path) -> None:
    if importlib.util.find_spec("exllamav2") is None:
        raise EngineUnavailable(
            f"MODEL_PATH is a folder ({folder.name}), which only ExLlamaV2 reads, and that is not "
            f"installed. {GPU_INSTALL_HINT} or set MODEL_PATH to a GGUF file."
        )
    if not has_nvidia_driver():
        raise EngineUnavailable(
            f"MODEL_PATH is a folder ({folder.name}), which only ExLlamaV2 reads, and no NVIDIA "
            "card is found here. Set MODEL_PATH to a GGUF file, which llama.cpp reads."
        )


def _why_llamacpp(options: EngineOptions) -> str:
    if options.engine == "llamacpp":
        return "ENGINE=llamacpp says so"
    if importlib.util.find_spec("exllamav2") is None:
        return "it is what is installed"
    if not has_nvidia_driver():
        return "no NVIDIA card is found here"
    return "MODEL_PATH is no folder of a model for ExLlamaV2"


def _exllamav2(options: EngineOptions, why: str) -> Choice:
    if importlib.util.find_spec("exllamav2") is None:
        raise EngineUnavailable(
            f"ExLlamaV2 (ENGINE=exllamav2) is not installed. {GPU_INSTALL_HINT}"
        )
    if options.model_path is None or _is(options.model_path, Path.is_file):
        raise ModelError(
            "ExLlamaV2 reads folders: set MODEL_PATH to the folder of an EXL2 model. For a GGUF "
            "file, or the demonstration model, set ENGINE=llamacpp."
        )
    # Not at the top: an engine's packages are loaded only when it is chosen.
    from bot.generation.exllamav2_hosted import hosted_exllamav2  # noqa: PLC0415
    from bot.generation.exllamav2_options import LoadOptions  # noqa: PLC0415

    drafts: Path | Literal["ngram"] | None = Path(options.draft) if options.draft else None
    engine = hosted_exllamav2(
        LoadOptions(
            folder=options.model_path,
            context_tokens=options.context_tokens,
            lanes=options.lanes,
            cache_type=options.cache_type,
            chunk_tokens=options.chunk_tokens,
            gpu_split=options.gpu_split,
            lora=options.lora_path,
            draft="ngram" if options.draft == "ngram" else drafts,
        )
    )
    return Choice(engine, f"The engine is ExLlamaV2, as {why}; it loads {options.model_path.name}.")


def _remote(options: EngineOptions) -> Choice:
    # Not at the top: an engine's packages are loaded only when it is chosen.
    from bot.generation.remote import RemoteEngine, RemoteOptions  # noqa: PLC0415

    engine = RemoteEngine(
        RemoteOptions(
            urls=options.remote_urls,
            key=options.remote_key,
            model=options.remote_model,
            tokenizer_path=options.tokenizer_path,
            context_tokens=options.context_tokens,
            lanes=options.lanes,
        )
    )
    many = len(options.remote_urls) > 1
    where = f"{len(options.remote_urls)} servers" if many else "a server"
    return Choice(engine, f"The model runs on {where} elsewhere, as ENGINE=remote says so.")


def _llamacpp(options: EngineOptions, why: str) -> Choice:
    # Not at the top: an engine's packages are loaded only when it is chosen.
    from bot.generation.llamacpp import LlamaCppEngine  # noqa: PLC0415

    is_demo = options.model_path is None
    path = options.model_path or demo_path(options.cache_dir)
    if is_demo and not has_demo(options.cache_dir):
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

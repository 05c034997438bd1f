"""Which engine the settings give, and what they say where there is none."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import EngineUnavailable, ModelError
from bot.generation.choose import EngineOptions, choose_engine
from bot.models import demo_path


def options(folder: Path) -> EngineOptions:
    return EngineOptions(
        engine="auto",
        model_path=None,
        context_tokens=None,
        lanes=3,
        threads=None,
        gpu_layers=0,
        cache_dir=folder,
    )


@pytest.fixture
def fetched(tmp_path: Path) -> EngineOptions:
    """Settings as they are by default, with the demonstration model where it belongs."""
    demo_path(tmp_path).touch()
    return options(tmp_path)


def test_by_default_llama_cpp_runs_the_demonstration_model(fetched: EngineOptions) -> None:
    choice = choose_engine(fetched)
    assert choice.engine.name == "llama.cpp"
    assert choice.engine.lanes == 3
    assert choice.reason == (
        "The engine is llama.cpp on the CPU, as it is what is installed; it loads the "
        "demonstration model, for MODEL_PATH is not set."
    )


def test_a_model_of_ones_own_needs_no_demonstration_model(tmp_path: Path) -> None:
    own = replace(
        options(tmp_path), engine="llamacpp", model_path=tmp_path / "big.gguf", gpu_layers=40
    )
    assert choose_engine(own).reason == (
        "The engine is llama.cpp with 40 layers on the GPU, as ENGINE=llamacpp says so; it loads "
        "big.gguf."
    )


def test_without_any_model_the_sentence_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"python -m bot model fetch.* MODEL_PATH"):
        choose_engine(options(tmp_path))


def test_engines_that_come_later_say_what_to_use_instead(fetched: EngineOptions) -> None:
    with pytest.raises(EngineUnavailable, match=r"ENGINE=llamacpp.* GPU_LAYERS"):
        choose_engine(replace(fetched, engine="exllamav2"))
    with pytest.raises(EngineUnavailable, match=r"ENGINE=llamacpp.* MODEL_PATH"):
        choose_engine(replace(fetched, engine="remote"))


def test_what_is_not_installed_says_how_to_install_it(
    fetched: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match=r'No engine is installed.*-e "\.\[cpu\]"'):
        choose_engine(fetched)
    with pytest.raises(EngineUnavailable, match=r'llamacpp\) is not installed.*-e "\.\[cpu\]"'):
        choose_engine(replace(fetched, engine="llamacpp"))


def test_choosing_an_engine_loads_no_model_library_into_the_bot(fetched: EngineOptions) -> None:
    program = (
        "import sys; from pathlib import Path; from bot.generation.choose import *; "
        "choose_engine(EngineOptions(engine='auto', model_path=Path('a'), context_tokens=None, "
        "lanes=1, threads=None, gpu_layers=0, cache_dir=Path())); "
        "print(*sys.modules)"
    )
    loaded = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    ).stdout.split()
    assert "bot.generation.llamacpp" in loaded
    assert not {"xllamacpp", "torch", "numpy", "exllamav2"} & set(loaded)

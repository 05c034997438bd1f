"""Which engine the settings give, and what they say where there is none."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import EngineUnavailable, ModelError
from bot.generation import choose
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


@pytest.fixture(autouse=True)
def without_exllamav2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the tests of ExLlamaV2 can run here makes no difference."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "exllamav2" else find_spec(name)
    )


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


def test_servers_elsewhere_need_no_model_here(tmp_path: Path) -> None:
    asked = replace(options(tmp_path), engine="remote", remote_key="s3cret")
    assert "s3cret" not in repr(asked)
    with pytest.raises(EngineUnavailable, match="Set REMOTE_URLS"):
        choose_engine(asked)
    choice = choose_engine(replace(asked, remote_urls=("http://127.0.0.1:1", "https://b.example")))
    assert (choice.engine.name, choice.engine.lanes) == ("remote", 3)
    assert choice.reason == "The model runs on 2 servers elsewhere, as ENGINE=remote says so."


def test_what_is_not_installed_says_how_to_install_it(
    fetched: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match=r'No engine is installed.*-e "\.\[cpu\]"'):
        choose_engine(fetched)
    with pytest.raises(EngineUnavailable, match=r'llamacpp\) is not installed.*-e "\.\[cpu\]"'):
        choose_engine(replace(fetched, engine="llamacpp"))


@pytest.fixture
def gpu_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """ExLlamaV2 is installed and a card is here."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(choose, "has_nvidia_driver", lambda: True)


@pytest.mark.usefixtures("gpu_machine")
def test_with_a_card_a_folder_is_loaded_by_exllamav2(tmp_path: Path) -> None:
    choice = choose_engine(replace(options(tmp_path), model_path=tmp_path))
    assert choice.engine.name == "ExLlamaV2"
    assert choice.engine.lanes == 3
    assert choice.reason == (
        "The engine is ExLlamaV2, as MODEL_PATH is a folder and an NVIDIA card is here; it loads "
        f"{tmp_path.name}."
    )


@pytest.mark.usefixtures("gpu_machine")
def test_with_a_card_a_gguf_file_is_still_llama_cpps(fetched: EngineOptions) -> None:
    choice = choose_engine(fetched)
    assert choice.engine.name == "llama.cpp"
    assert "as MODEL_PATH is no folder of a model for ExLlamaV2" in choice.reason


@pytest.mark.usefixtures("gpu_machine")
def test_exllamav2_that_is_asked_for_says_what_it_reads(fetched: EngineOptions) -> None:
    gguf = demo_path(fetched.cache_dir)
    for path in (None, gguf):
        with pytest.raises(ModelError, match=r"set MODEL_PATH to the folder.* ENGINE=llamacpp"):
            choose_engine(replace(fetched, engine="exllamav2", model_path=path))


def test_a_folder_without_a_card_or_the_package_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = replace(options(tmp_path), model_path=tmp_path)
    monkeypatch.setattr(choose, "has_nvidia_driver", lambda: False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    with pytest.raises(EngineUnavailable, match=r"no NVIDIA card is found here.* GGUF"):
        choose_engine(asked)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match=r'not installed.*-e "\.\[gpu\]"'):
        choose_engine(asked)
    with pytest.raises(EngineUnavailable, match=r"\(ENGINE=exllamav2\) is not installed"):
        choose_engine(replace(asked, engine="exllamav2"))


def test_a_card_that_programs_are_kept_from_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: True)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert choose.has_nvidia_driver()
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not choose.has_nvidia_driver()


def test_choosing_an_engine_loads_no_model_library_into_the_bot(fetched: EngineOptions) -> None:
    program = (
        "import sys; from pathlib import Path; from bot.generation.choose import *; "
        "choose_engine(EngineOptions(engine='auto', model_path=Path('a'), context_tokens=None, "
        "lanes=1, threads=None, gpu_layers=0, cache_dir=Path())); "
        "import bot.generation.exllamav2_hosted; "
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
    assert not {"xllamacpp", "torch", "numpy", "exllamav2", "tokenizers"} & set(loaded)

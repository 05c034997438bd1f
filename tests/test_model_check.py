"""``python -m bot model check``: what a person and what a program reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import terminal
from bot.__main__ import main
from tests.support.exl2 import write_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole model, and nothing set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return write_folder(tmp_path / "small[model]")


def test_a_person_reads_what_it_is_what_it_takes_and_where_it_fits(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "check", str(folder), "--cache", "Q6", "--lanes", "2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("small[model]: LlamaForCausalLM, EXL2 ")
    assert "ExLlamaV2 can load it." in said
    labels = ("weights", "cache", "overhead", "in all")
    rows = [line for line in said.splitlines() if line.strip("│ ").startswith(labels)]
    assert len(rows) == 4
    assert "cache, Q6 (2 windows, 4,096 tokens)" in rows[1]
    *parts, total = [float(row.replace("│", " ").split()[-1]) for row in rows]
    assert sum(parts) == pytest.approx(total, abs=0.02)
    assert "It fits cards of 8 GB and more" in said


def test_a_model_that_is_too_large_says_what_to_change(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "check", str(folder), "--context", "5000000", "--lanes", "90"]) == 0
    assert "does not fit a card of 24 GB. Take fewer bits" in capsys.readouterr().out


def test_a_program_reads_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "check", str(folder), "--context", "512", "--lanes", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["model"]["architecture"] == "LlamaForCausalLM"
    sizes = said["bytes"]
    assert sizes["total"] == sizes["weights"] + sizes["cache"] + sizes["overhead"]
    assert sizes["cache_tokens"] == 512
    assert said["fits"] == {"8": True, "12": True, "16": True, "24": True}


def test_it_is_looked_at_as_the_settings_would_have_it_loaded(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["model", "check", str(folder)]) == 0
    assert "cache, Q6 (4 windows, 8,192 tokens)" in capsys.readouterr().out
    monkeypatch.setenv("LANES", "2")
    monkeypatch.setenv("CACHE_TYPE", "Q8")
    monkeypatch.setenv("CONTEXT_TOKENS", "1024")
    assert main(["model", "check", str(folder)]) == 0
    assert "cache, Q8 (2 windows, 2,048 tokens)" in capsys.readouterr().out


def test_a_draft_model_stands_in_a_row_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "check", str(folder), "--draft", str(folder)]) == 0
    assert "draft model" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none"], "There is no folder none. Set MODEL_PATH to"),
        (["small[model]", "--draft", "none"], "There is no folder none. Set --draft to"),
        (["small[model]", "--context", "0"], "--context is 0, but it takes"),
        (["small[model]", "--lanes", "-1"], "--lanes is -1, but it takes"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["model", "check", *arguments]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize("fetched", [".", "config.json"], ids=["folder", "file"])
def test_what_was_fetched_is_named_as_the_settings_name_it(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fetched: str,
) -> None:
    monkeypatch.setattr(terminal, "fetch", lambda source, into, on_progress: folder / fetched)
    assert main(["model", "fetch", "hf:owner/repo@4.65bpw"]) == 0
    assert f"\nMODEL_PATH={folder / fetched}\n" in capsys.readouterr().err

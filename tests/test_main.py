"""The command line: what it prints, and the exit status."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import migrations
from bot.__main__ import main
from tests.support.llama import demo_model

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it to run in, as after a fresh installation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    return tmp_path


ONLY_A_SETTING_MENDS_IT = 78
"""Of sysexits.h; deploy/airocord.service names it."""


def test_run_without_a_token_says_where_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == ONLY_A_SETTING_MENDS_IT
    said = capsys.readouterr().err
    assert said.startswith("DISCORD_TOKEN is not set. Make an application at https://discord.com")
    assert "Traceback" not in said


def test_a_bad_setting_ends_in_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANES", "lots")
    assert main(["run"]) == ONLY_A_SETTING_MENDS_IT
    assert capsys.readouterr().err.startswith("LANES is 'lots', but it takes a whole number")


def test_an_option_takes_what_its_setting_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "--temperature", "9", "--prompt", "hi"]) == ONLY_A_SETTING_MENDS_IT
    assert capsys.readouterr().err.startswith("TEMPERATURE is '9', but it takes a number from 0")


def test_systemd_does_not_start_again_what_only_a_setting_mends() -> None:
    unit = (ROOT / "deploy" / "airocord.service").read_text().splitlines()
    assert "Restart=on-failure" in unit
    assert f"RestartPreventExitStatus={ONLY_A_SETTING_MENDS_IT}" in unit


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_there_is_not_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["try", "--no-browser", "--port", port]) == 1
    assert capsys.readouterr().err == (
        f"--port is {port}, but it takes a number from 0 to 65535.\n"
    )


def test_without_a_model_chat_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "--prompt", "hi"]) == 1
    assert "python -m bot model fetch" in capsys.readouterr().err


def test_servers_elsewhere_that_nobody_named_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE", "remote")
    assert main(["chat", "--prompt", "hi"]) == 1
    assert "Set REMOTE_URLS" in capsys.readouterr().err


def test_the_database_is_made_copied_and_taken_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "current"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("There is no database yet, or nothing in it.")
    assert main(["db", "upgrade"]) == 0
    assert main(["db", "current"]) == 0
    newest = max(Path(migrations.__path__[0], "versions").glob("0*.py")).name[:4]
    assert capsys.readouterr().out == f"{newest}\n"
    assert main(["db", "backup", "copy.db"]) == 0
    assert capsys.readouterr().out == "copy.db\n"
    with sqlite3.connect(folder / "copy.db") as copy:
        assert copy.execute("select count(*) from turns").fetchone() == (0,)
    copy.close()
    assert main(["db", "downgrade", "base"]) == 0
    assert main(["db", "current"]) == 0
    assert capsys.readouterr().out == ""


def test_a_revision_that_is_not_there_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["db", "upgrade"]) == 0
    assert main(["db", "downgrade", "nonsense"]) == 1
    assert "nonsense" in capsys.readouterr().err


def test_a_piped_question_is_answered_by_the_real_model_and_the_seed_repeats_it(
    folder: Path,
) -> None:
    (folder / "data" / "models").mkdir(parents=True)
    link = folder / "data" / "models" / "smollm2-135m-instruct-q4_1.gguf"
    link.symlink_to(demo_model().resolve())

    def ask() -> subprocess.CompletedProcess[str]:
        options = ["--seed", "1", "--temperature", "0.9", "--max-new-tokens", "24"]
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "bot", "chat", *options],
            input="Name three colours.",
            env={"PYTHONPATH": str(ROOT)},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    first, second = ask(), ask()
    assert first.returncode == 0, first.stderr
    assert len(first.stdout.split()) >= 3
    assert "Traceback" not in first.stderr
    assert second.stdout == first.stdout

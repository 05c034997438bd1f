"""What the commands say where files and folders may not be read, entered or written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.rights import closed, run_bot


@pytest.mark.parametrize("command", [("db", "current"), ("doctor",)])
def test_an_env_file_that_may_not_be_read_is_said_in_a_sentence(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / ".env").touch()
    with closed(tmp_path / ".env"):
        ended = run_bot(tmp_path, *command)
    said = ended.stdout + ended.stderr
    assert ".env cannot be read (Permission denied). Give this user the right to read it." in said
    assert "Traceback" not in said
    assert ended.returncode in (3, 78)


COMMANDS = [
    ("db", "current"),
    ("db", "upgrade"),
    ("db", "backup"),
    ("chat", "--prompt", "hi"),
    ("try", "--no-browser", "--port", "0"),
    ("model", "fetch", "--quiet-if-there"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_data_folder_that_may_not_be_entered_is_said_in_a_sentence(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    with closed(tmp_path / "data") as data:
        ended = run_bot(tmp_path, *command, DATA_DIR=str(data))
    assert "Permission denied" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 1


@pytest.mark.parametrize("engine", ["auto", "llamacpp"])
def test_a_model_in_a_folder_that_may_not_be_entered_is_said_in_a_sentence(
    engine: str, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    with closed(tmp_path / "models") as models:
        ended = run_bot(
            tmp_path,
            *("chat", "--prompt", "hi"),
            ENGINE=engine,
            MODEL_PATH=str(models / "own.gguf"),
        )
    assert "own.gguf cannot be read (Permission denied)." in ended.stderr
    assert "MODEL_PATH" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 1


def test_doctor_goes_on_where_a_folder_may_not_be_entered(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closed(tmp_path / "data") as data:
        ended = run_bot(tmp_path, "doctor", "--json", DATA_DIR=str(data))
    found = {finding["subject"]: finding["severity"] for finding in json.loads(ended.stdout)}
    assert found["DATA_DIR"] == found["Database"] == found["Engine"] == "error"
    assert found["Discord"] == "note"
    assert ended.returncode == 3


def test_a_data_folder_that_may_not_be_written_is_said_once_and_without_a_traceback(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir(mode=0o555)
    # What came before the sentence depended on which of two threads was faster.
    for _ in range(4):
        ended = run_bot(tmp_path, "db", "upgrade", DATA_DIR=str(tmp_path / "data"))
        assert ended.stderr.startswith("The database ")
        assert ended.stderr.count("\n") == 1

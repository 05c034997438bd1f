"""What the commands say where files and folders may not be read, entered or written."""

from __future__ import annotations

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

"""What a process that holds a model gets of the bot's environment."""

from __future__ import annotations

import pytest

from bot.generation.child_process import environment


@pytest.mark.parametrize(
    "name",
    ["DISCORD_TOKEN", "DATABASE_URL", "REMOTE_API_KEY", "PGPASSWORD", "HF_TOKEN", "aws_secret"],
)
def test_secrets_are_left_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "secret")
    assert "secret" not in environment().values()


def test_what_libraries_read_is_kept_and_may_be_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    found = environment(OMP_WAIT_POLICY="passive")
    assert found["TOKENIZERS_PARALLELISM"] == "false"
    assert found["OMP_WAIT_POLICY"] == "passive"
    assert "PATH" in found

"""What all tests share: the judge of the bot's requests to Discord."""

from __future__ import annotations

import pytest

from tests.support.judge import Judge

_JUDGE = pytest.StashKey[Judge]()


@pytest.fixture(scope="session")
def judge(pytestconfig: pytest.Config) -> Judge:
    return pytestconfig.stash.setdefault(_JUDGE, Judge())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    judge = config.stash.get(_JUDGE, None)
    if judge is None:
        return
    said = "DISCORD_OPENAPI is not set: the bot's requests were not held against it"
    if judge.has_description:
        said = f"{judge.judged} requests of the bot, {judge.violations} violations"
    terminalreporter.write_sep("-", f"Discord's description: {said}")

"""What all tests share: the judge of the bot's requests to Discord."""

from __future__ import annotations

import os

import pytest

from tests.support.judge import Judge

_JUDGE = pytest.StashKey[Judge]()
_COUNTS = pytest.StashKey[list[tuple[int, int]]]()
_LONG = (
    "test_bench",
    "test_exllamav2_truth",
    "test_llamacpp",
    "test_migrations",
    "test_real_model",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: handed out last, they would leave the other processes idle."""
    items.sort(key=lambda item: not (item.path.stem in _LONG or item.path.parent.name == "wire"))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: much of the time is spent on waiting for a bot, a
    browser or a database that runs beside."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def judge(pytestconfig: pytest.Config) -> Judge:
    return pytestconfig.stash.setdefault(_JUDGE, Judge())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes tells the first what it has counted."""
    judge = session.config.stash.get(_JUDGE, None)
    output = getattr(session.config, "workeroutput", None)
    if judge is not None and output is not None:
        output["judged"] = judge.judged, judge.violations


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    output = getattr(node, "workeroutput", {})
    if "judged" in output:
        config.stash.setdefault(_COUNTS, []).append(output["judged"])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    judge = config.stash.get(_JUDGE, None)
    counts = config.stash.get(_COUNTS, [])
    if judge is not None:
        counts = [*counts, (judge.judged, judge.violations)]
    if not counts:
        return
    judged, violations = map(sum, zip(*counts, strict=True))
    said = f"{judged} requests of the bot, {violations} violations"
    if not Judge().has_description:
        said = "DISCORD_OPENAPI is not set: the bot's requests were not held against it"
    terminalreporter.write_sep("-", f"Discord's description: {said}")

"""The process dies in the middle of a reply: nothing that was shown is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot.storage import Conversations, Database, TurnState

ROOT = Path(__file__).parents[2]


async def test_after_kill_9_the_history_holds_all_that_was_shown(tmp_path: Path) -> None:
    file, shown = tmp_path / "airocord.db", tmp_path / "shown"
    with subprocess.Popen(  # noqa: S603, ASYNC220 - the loop has nothing else to do
        [sys.executable, str(ROOT / "tests/scenarios/mid_reply.py"), str(file), str(shown)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as bot:
        assert bot.stdout is not None
        assert bot.stdout.readline() == b"shown\n"
        bot.kill()
    database = Database(f"sqlite+aiosqlite:///{file}")
    await database.upgrade()
    history = Conversations(database)
    try:
        [interrupted] = await history.close_interrupted()
        said = shown.read_text(encoding="utf-8")
        assert said.startswith("more more")
        assert interrupted.content.startswith(said[:200])
        assert len(interrupted.content) >= len(said)
        assert interrupted.message_ids[0] == 100
        [exchange] = await history.window(5)
        assert exchange.question.content == "go"
        assert exchange.question.state is TurnState.INTERRUPTED
        assert exchange.reply.state is TurnState.INTERRUPTED
        assert await history.close_interrupted() == []
    finally:
        await database.close()

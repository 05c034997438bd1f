"""Reading a channel's window costs the same in a table of any size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.storage import Conversations, Database, StoredExchange

HERE = 500
BUSY = range(400, 600, 2)
ADD = (
    "INSERT INTO turns (channel_id, role, author_id, author_name, content, state, answers_turn_id,"
    " created_at) VALUES (?, ?, 1, 'x', 'words', 'complete', ?, '2026-01-31 00:00:00.000000')"
)
Asked = list[tuple[str, Sequence[object]]]


@pytest.fixture
def file(database: Database) -> Path:
    if database.file is None:
        pytest.skip("plans are SQLite's")
    return database.file


@pytest.fixture
def asked(database: Database) -> Asked:
    """Every SELECT with its values."""
    statements: Asked = []

    def on_execute(
        _c: object, _cursor: object, statement: str, values: Sequence[object], *_rest: object
    ) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, values))

    event.listen(database._engine.sync_engine, "before_cursor_execute", on_execute)
    return statements


def add_exchanges(file: Path, channels: Iterable[int], count: int) -> None:
    """Add ``count`` exchanges to each channel, taking turns."""
    with closing(sqlite3.connect(file)) as opened, opened:
        cursor = opened.cursor()
        cursor.executemany(
            "INSERT OR IGNORE INTO channels (id) VALUES (?)", [(each,) for each in channels]
        )
        for _ in range(count):
            for channel in channels:
                cursor.execute(ADD, (channel, "user", None))
                cursor.execute(ADD, (channel, "assistant", cursor.lastrowid))


def plan(file: Path, asked: Asked) -> list[str]:
    with closing(sqlite3.connect(file)) as opened:
        return [
            row[3]
            for statement, values in asked
            for row in opened.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


def steps(file: Path, asked: Asked) -> int:
    """How many instructions of SQLite's machine the statements take."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    with closing(sqlite3.connect(file)) as opened:
        opened.execute("SELECT 1 FROM turns").fetchone()
        opened.set_progress_handler(step, 1)
        for statement, values in asked:
            opened.execute(statement, values).fetchall()
    return count


async def read(
    conversations: Conversations, file: Path, asked: Asked
) -> tuple[list[StoredExchange], int]:
    asked.clear()
    window = await conversations.window(HERE, limit=20)
    return window, steps(file, asked)


async def test_a_window_is_a_range_of_an_index_with_nothing_scanned_or_sorted(
    conversations: Conversations, file: Path, asked: Asked
) -> None:
    add_exchanges(file, [HERE], 30)
    await conversations.move_anchor(HERE, 11)
    asked.clear()
    await conversations.window(HERE, before=50, limit=5)
    used = plan(file, asked)
    assert any(
        "ix_turns_channel_id_role_id (channel_id=? AND role=? AND id>? AND id<?)" in step
        for step in used
    )
    assert not [step for step in used if "SCAN" in step or "TEMP B-TREE" in step]


@pytest.mark.parametrize("call", ["last_reply", "forget", "close_interrupted"])
async def test_nothing_else_reads_a_whole_table_either(
    conversations: Conversations, file: Path, asked: Asked, call: str
) -> None:
    add_exchanges(file, [HERE], 3)
    question = (await conversations.window(HERE))[0].question.id
    await conversations.open_reply(question, author_id=1, author_name="x")
    asked.clear()
    await (
        conversations.close_interrupted()
        if call == "close_interrupted"
        else getattr(conversations, call)(HERE)
    )
    used = plan(file, asked)
    assert used
    allowed = ("SCAN CONSTANT ROW", "SCAN turns USING INDEX ix_turns_pending", "SCAN (subquery")
    assert not [step for step in used if "SCAN" in step and not step.startswith(allowed)]


async def test_fifty_thousand_turns_elsewhere_and_a_long_past_add_no_step(
    conversations: Conversations, file: Path, asked: Asked
) -> None:
    add_exchanges(file, [HERE], 30)
    add_exchanges(file, BUSY, 1)
    before, steps_before = await read(conversations, file, asked)
    assert len(before) == 20

    add_exchanges(file, BUSY, 250)

    after, steps_after = await read(conversations, file, asked)
    assert len(after) == 20
    assert after[0].question.id > before[-1].question.id
    assert steps_after == steps_before

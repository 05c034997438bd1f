"""Every revision, up and down, from everywhere, with data."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, select, text

from bot.errors import DatabaseError
from bot.storage import Database, migrating
from bot.storage.backups import KEPT
from bot.storage.engine import connect, read_url
from bot.storage.revisions import SCRIPTS, known
from bot.storage.schema import Base
from migrations.__main__ import write_revision

T = TypeVar("T")

REVISIONS = [script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()][::-1]
HEAD = REVISIONS[-1]
ROOT = Path(__file__).parents[2]

NOW = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
GUILD, CHANNEL = 81384788765712384, 381870553235193857
QUESTION: dict[str, Any] = {
    "id": 1,
    "channel_id": CHANNEL,
    "role": "user",
    "author_id": 7,
    "author_name": "Zoë",
    "content": "What is 100 % of “it”? 🦊",
    "tokens": None,
    "state": "complete",
    "answers_turn_id": None,
    "created_at": NOW,
    "finished_at": NOW,
}
SAMPLE: dict[str, list[dict[str, Any]]] = {
    "guilds": [{"id": GUILD, "first_seen_at": NOW, "left_at": NOW}],
    "channels": [
        {
            "id": CHANNEL,
            "guild_id": GUILD,
            "parent_id": 5,
            "talk": True,
            "persona": "Be a pirate.",
            "anchor_turn_id": 1,
            "forgotten_turn_id": None,
        }
    ],
    "opt_outs": [{"person_id": 9, "at": NOW}],
    "guild_choices": [
        {
            "guild_id": GUILD,
            "persona": "You are the librarian.",
            "temperature": 0.5,
            "reply_tokens": 256,
            "games": False,
            "documents": True,
            "ranks_model_questions": None,
            "retention_days": 14,
        }
    ],
    "access_rules": [
        {"guild_id": GUILD, "subject": "role", "subject_id": 9, "is_allowed": True},
        {"guild_id": GUILD, "subject": "person", "subject_id": 9, "is_allowed": False},
    ],
    "turns": [
        QUESTION,
        {**QUESTION, "id": 2, "role": "assistant", "answers_turn_id": 1, "tokens": 4},
    ],
    "turn_messages": [{"message_id": 1234567890123456789, "turn_id": 2, "part": 0}],
    "documents": [
        {
            "id": 1,
            "channel_id": CHANNEL,
            "name": "résumé.pdf",
            "kind": "PDF",
            "sha256": "0" * 64,
            "size": 5_000_000_000,
            "characters": 12,
            "pages": 2,
            "warnings": "Only in part.",
            "added_by": 7,
            "message_id": 1234567890123456788,
            "added_at": NOW,
        }
    ],
    "passages": [
        {
            "document_id": 1,
            "position": 0,
            "text": "“Blueberries” are green.",
            "page": 1,
            "last_page": 2,
            "section": "Fruit",
            "tokens": 6,
        }
    ],
    "turn_documents": [{"turn_id": 1, "document_id": 1}],
    "turn_sources": [{"turn_id": 2, "number": 1, "document_id": 1, "first": 0, "last": 0}],
    "games": [
        {
            "id": 1,
            "channel_id": CHANNEL,
            "kind": "trivia",
            "started_by": 7,
            "message_id": 1234567890123456787,
            "state": "running",
            "may_rank": True,
            "players": 2,
            "started_at": NOW,
            "ended_at": None,
        }
    ],
    "awards": [
        {"game_id": 1, "round": 1, "person_id": 7, "points": 200, "correct": 1, "at": NOW},
        {"game_id": 1, "round": 1, "person_id": 8, "points": 0, "correct": 0, "at": NOW},
    ],
    "daily_results": [{"person_id": 7, "day": NOW.date(), "points": 90}],
    "packs": [
        {
            "id": 1,
            "guild_id": GUILD,
            "title": "Rivers",
            "credit": "Ada, CC0",
            "added_by": 7,
            "added_at": NOW,
        }
    ],
    "bank_questions": [
        {
            "id": "pack:1:1",
            "origin": "pack",
            "pack_id": 1,
            "category": "Geography",
            "difficulty": "easy",
            "text": "Which river runs through Vienna?",
            "answer": "Danube",
            "aliases": '["Donau"]',
            "distractors": "[]",
            "explanation": "",
            "written_by": None,
            "is_retired": False,
            "added_at": NOW,
        }
    ],
    "question_reports": [{"question_id": "pack:1:1", "person_id": 8, "at": NOW}],
    "served_questions": [{"channel_id": CHANNEL, "question_id": "pack:1:1", "at": NOW}],
    "clues": [
        {"word": "listen", "text": "What you do to hear.", "written_by": "m", "added_at": NOW}
    ],
}
"""Rows for every table and column of every revision."""

Rows = dict[str, list[dict[str, object]]]


async def in_database(url: str, look: Callable[[Connection], T]) -> T:
    engine = connect(read_url(url), migrating=True)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


@asynccontextmanager
async def opened(url: str, scripts: Path = SCRIPTS) -> AsyncGenerator[Database]:
    database = Database(url, scripts=scripts)
    try:
        yield database
    finally:
        await database.close()


async def upgrade(url: str, scripts: Path = SCRIPTS) -> None:
    async with opened(url, scripts) as database:
        await database.upgrade()


async def upgrade_to(url: str, revision: str) -> None:
    """By Alembic itself: the bot only ever goes to the newest."""
    await asyncio.to_thread(
        migrating.run,
        read_url(url),
        SCRIPTS,
        lambda config, _connection: command.upgrade(config, revision),
    )


async def downgrade(url: str, revision: str) -> None:
    async with opened(url) as database:
        await database.downgrade(revision)


def fill(connection: Connection) -> None:
    for table in tables(connection):
        for row in SAMPLE[table.name]:
            known = {name: value for name, value in row.items() if name in table.columns}
            connection.execute(table.insert().values(known))


def tables(connection: Connection) -> list[Any]:
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def rows(connection: Connection) -> Rows:
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for table in tables(connection)
    }


def shape(connection: Connection) -> dict[str, object]:
    """All that a schema consists of, to be compared."""
    look = inspect(connection)

    def plain(found: object) -> object:
        if isinstance(found, dict):
            return {key: plain(value) for key, value in sorted(found.items())}
        return [plain(item) for item in found] if isinstance(found, list) else str(found)

    def ordered(found: Sequence[Any]) -> list[str]:
        return sorted(str(plain(item)) for item in found)

    return {
        table: {
            "columns": ordered(look.get_columns(table)),
            "key": str(look.get_pk_constraint(table)),
            "foreign keys": ordered(look.get_foreign_keys(table)),
            "checks": ordered(look.get_check_constraints(table)),
            "unique": ordered(look.get_unique_constraints(table)),
            "indexes": ordered(look.get_indexes(table)),
        }
        for table in look.get_table_names()
        if table != "alembic_version"
    }


def backups_of(folder: Path, kind: str = "auto-backup") -> list[Path]:
    return sorted(folder.glob(f"bot.{kind}-*.db"))


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The revisions, to add one to."""
    copy = tmp_path / "100% scripts"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def add_revision(scripts: Path, upgrade: str) -> None:
    (scripts / "versions" / "9999_next.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = '9999', {HEAD!r}\n"
        f"def upgrade():\n    {upgrade}\n"
        "def downgrade():\n    pass\n"
    )


def test_the_revisions_are_one_line_without_branches() -> None:
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [HEAD]
    assert [f"{count:04}" for count in range(1, len(REVISIONS) + 1)] == REVISIONS


def test_each_is_known_by_the_name_of_its_file() -> None:
    assert known(SCRIPTS) == REVISIONS


async def test_a_start_with_nothing_to_migrate_does_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    start = (
        "import asyncio, sys; from bot.storage import Database; "
        f"asyncio.run(Database({url!r}).upgrade()); print('alembic' in sys.modules)"
    )
    process = partial(
        subprocess.run,
        [sys.executable, "-c", start],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    first = await asyncio.to_thread(process)
    again = await asyncio.to_thread(process)
    assert (first.stdout.split(), again.stdout.split()) == (["True"], ["False"])


async def test_models_and_migrations_make_the_same_schema(empty_url: str, tmp_path: Path) -> None:
    await upgrade(empty_url)
    migrated = await in_database(empty_url, shape)
    differences = await in_database(
        empty_url,
        lambda connection: compare_metadata(MigrationContext.configure(connection), Base.metadata),
    )
    await downgrade(empty_url, "base")
    await in_database(empty_url, Base.metadata.create_all)
    assert differences == []
    assert await in_database(empty_url, shape) == migrated


@pytest.mark.parametrize("start", REVISIONS)
async def test_what_a_database_holds_is_kept_from_any_revision_to_the_newest(
    empty_url: str, start: str
) -> None:
    await upgrade_to(empty_url, start)
    await in_database(empty_url, fill)
    before = await in_database(empty_url, rows)

    await upgrade(empty_url)

    async with opened(empty_url) as database:
        assert await database.current() == HEAD
    after = await in_database(empty_url, rows)
    for table, held in before.items():
        assert held, f"the sample has nothing for {table}"
        kept = [{name: row[name] for name in held[0]} for row in after[table]]
        assert kept == held


async def test_each_step_down_gives_the_schema_that_each_step_up_gave(empty_url: str) -> None:
    going_up = {"base": await in_database(empty_url, shape)}
    for revision in REVISIONS:
        await upgrade_to(empty_url, revision)
        going_up[revision] = await in_database(empty_url, shape)
    await in_database(empty_url, fill)

    for revision in [*REVISIONS[-2::-1], "base"]:
        await downgrade(empty_url, "-1")
        async with opened(empty_url) as database:
            assert (await database.current() or "base") == revision
        assert await in_database(empty_url, shape) == going_up[revision]

    await upgrade(empty_url)
    assert await in_database(empty_url, shape) == going_up[HEAD]


async def test_a_database_from_a_newer_version_is_refused_with_a_sentence(empty_url: str) -> None:
    await upgrade(empty_url)
    await in_database(
        empty_url, lambda c: c.execute(text("UPDATE alembic_version SET version_num = '8888'"))
    )
    async with opened(empty_url) as database:
        for attempt in (database.upgrade(), database.downgrade("base")):
            with pytest.raises(DatabaseError, match=rf"newer version.*8888.*up to {HEAD}\."):
                await attempt
        assert await database.current() == "8888"


async def test_a_revision_that_is_not_below_is_refused_with_those_that_are(empty_url: str) -> None:
    await upgrade(empty_url)
    async with opened(empty_url) as database:
        with pytest.raises(DatabaseError, match=rf"no revision '12ab' below.*base, 0001.*{HEAD}"):
            await database.downgrade("12ab")


async def test_migrations_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened("sqlite+aiosqlite:///new/folder/bot.db") as database:
        assert await database.current() is None
        await database.upgrade()
        assert await database.current() == HEAD
    assert (tmp_path / "new/folder/bot.db").exists()


async def test_a_new_database_is_not_copied(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    await upgrade(url)
    await upgrade(url)
    assert backups_of(tmp_path) == []


async def test_a_copy_that_can_be_opened_is_made_before_migrating(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    await upgrade_to(url, REVISIONS[0])
    await in_database(url, fill)
    held = await in_database(url, rows)

    await upgrade(url)
    await upgrade(url)

    (copy,) = backups_of(tmp_path)
    assert copy.name.startswith(f"bot.auto-backup-{REVISIONS[0]}-")
    assert await in_database(f"sqlite+aiosqlite:///{copy}", rows) == held
    async with opened(f"sqlite+aiosqlite:///{copy}") as database:
        assert await database.current() == REVISIONS[0]


async def test_a_copy_is_made_before_going_back(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    await upgrade(url)
    await in_database(url, fill)
    held = await in_database(url, rows)
    await downgrade(url, "base")
    (copy,) = backups_of(tmp_path)
    assert await in_database(f"sqlite+aiosqlite:///{copy}", rows) == held


async def test_the_last_few_of_them_are_kept_and_all_that_somebody_asked_for(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    await upgrade(url)
    async with opened(url) as database:
        asked_for = [await database.backup() for _ in range(KEPT + 2)]
    for _ in range(KEPT):
        await downgrade(url, REVISIONS[-2])
        newest = backups_of(tmp_path)[-1]
        await upgrade(url)
    kept = backups_of(tmp_path)
    assert len(kept) == KEPT
    assert newest in kept
    assert backups_of(tmp_path, "backup") == asked_for


async def test_a_migration_that_fails_changes_nothing(empty_url: str, scripts: Path) -> None:
    await upgrade(empty_url)
    await in_database(empty_url, fill)
    before = await in_database(empty_url, shape), await in_database(empty_url, rows)
    add_revision(
        scripts,
        "op.add_column('guilds', sa.Column('x', sa.Integer())); op.execute('DELETE FROM turns');"
        "op.execute('INSERT INTO no_such_table VALUES (1)')",
    )
    with pytest.raises(DatabaseError, match="no_such_table"):
        await upgrade(empty_url, scripts)
    assert (await in_database(empty_url, shape), await in_database(empty_url, rows)) == before
    async with opened(empty_url) as database:
        assert await database.current() == HEAD


async def test_altering_a_table_keeps_the_rows_that_refer_to_it(
    empty_url: str, scripts: Path
) -> None:
    await upgrade(empty_url)
    await in_database(empty_url, fill)
    held = await in_database(empty_url, rows)
    add_revision(scripts, "op.batch_alter_table('turns', recreate='always').__enter__(); pass")
    add_revision(
        scripts,
        "with op.batch_alter_table('turns') as table:\n"
        "        table.alter_column('author_name', nullable=True)",
    )
    await upgrade(empty_url, scripts)
    assert await in_database(empty_url, rows) == held


async def test_a_migration_that_would_break_a_reference_changes_nothing(
    tmp_path: Path, scripts: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    await upgrade(url)
    await in_database(url, fill)
    held = await in_database(url, rows)
    add_revision(scripts, "op.execute('DELETE FROM turns WHERE id = 2')")
    with pytest.raises(DatabaseError, match=r"rows of turn_\w+ without the turns"):
        await upgrade(url, scripts)
    assert await in_database(url, rows) == held


async def test_the_next_revision_is_written_from_what_differs(
    tmp_path: Path, scripts: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    await upgrade(url)
    newest = await in_database(url, shape)
    await downgrade(url, "-1")
    next((scripts / "versions").glob(f"{HEAD}_*.py")).unlink()

    await asyncio.to_thread(write_revision, "What was said", scripts)

    written = scripts / "versions" / f"{HEAD}_what_was_said.py"
    assert "bot.storage" not in written.read_text()
    await upgrade(url, scripts)
    assert await in_database(url, shape) == newest

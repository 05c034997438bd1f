"""Opening, transactions, backups, and the sentences when it does not work."""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from bot.errors import DatabaseError
from bot.storage import ChannelRef, Conversations, Database, Role, TurnState
from bot.storage.engine import describe, read_url
from bot.storage.schema import Guild, Turn

CHANNEL = ChannelRef(id=10, guild_id=1)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def ask(conversations: Conversations, content: str = "Hello") -> int:
    return await conversations.add_question(
        channel=CHANNEL, author_id=7, author_name="Zoë", content=content, message_id=None
    )


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> Database:
    """A server that nobody connects to."""
    driver = ModuleType("asyncpg")
    for error in ("PostgresError", "InterfaceError"):
        setattr(driver, error, type(error, (Exception,), {}))
    monkeypatch.setitem(sys.modules, "asyncpg", driver)
    return Database("postgresql://bot:hunter2@db.example/bot")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://bot:hunter2@localhost/bot",
        "postgresql+psycopg://bot:hunter2@localhost/bot",
        "bot:hunter2@localhost",
        "postgresql://bot:hunter2@localhost:port/bot",
        "sqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///file:bot.db?uri=true",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseError, match=r"DATABASE_URL takes sqlite\+aiosqlite:///") as refused:
        Database(url)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_missing_postgresql_driver_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(DatabaseError, match=r"pip install -e '\.\[postgres\]'"):
        Database("postgresql://bot:hunter2@localhost/bot")


async def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("Dear diary, " * 1000)
    database = Database(f"sqlite+aiosqlite:///{file}")
    for attempt in (database.upgrade, database.current, database.backup):
        with pytest.raises(DatabaseError, match=r"notes\.db cannot be used \(file is not a"):
            await attempt()
    await database.close()
    assert file.read_text().startswith("Dear diary")
    for thread in threading.enumerate():
        # A connection's own thread that is left running keeps the process from ending.
        if "connection" in thread.name:
            thread.join(timeout=10)
            assert not thread.is_alive()


async def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/data/bot.db")
    with pytest.raises(DatabaseError, match="may write to it and its folder, or set DATABASE_URL"):
        await database.upgrade()
    await database.close()


def test_a_server_that_refuses_is_named_without_its_password() -> None:
    url = read_url("postgresql://bot:hunter2@db.example/bot")
    said = describe(url, OSError("no way in for bot with hunter2.\nDETAIL: more"))
    assert said == (
        "The PostgreSQL database at db.example:5432/bot cannot be used (no way in for bot with "
        "***). Check that the server runs and that DATABASE_URL is right."
    )


async def test_a_server_is_not_copied_but_pg_dump_is_named(postgres: Database) -> None:
    with pytest.raises(DatabaseError, match="pg_dump"):
        await postgres.backup()


async def test_looking_at_a_database_that_is_not_there_does_not_create_it(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/bot.db")
    assert await database.current() is None
    for attempt in (database.backup(), database.downgrade("base")):
        with pytest.raises(DatabaseError, match="python -m bot db upgrade"):
            await attempt
    assert names_in(tmp_path) == []


async def test_a_backup_holds_what_was_written_last(
    database: Database, conversations: Conversations, tmp_path: Path
) -> None:
    if database.file is None:
        pytest.skip("files only")
    await ask(conversations, "The last words")
    copy = await database.backup(tmp_path / "elsewhere.db")
    with closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("SELECT content FROM turns").fetchall() == [("The last words",)]
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "elsewhere.db-wal" not in names_in(tmp_path)
    assert "elsewhere.db.part" not in names_in(tmp_path)
    with pytest.raises(DatabaseError, match="exists already"):
        await database.backup(copy)
    with pytest.raises(DatabaseError, match="could not be written"):
        await database.backup(tmp_path / "no such folder" / "bot.db")


async def test_every_connection_enforces_references(database: Database) -> None:
    async def add_orphan() -> None:
        async with database.writing() as session:
            await session.execute(
                text("INSERT INTO turn_messages (message_id, turn_id, part) VALUES (1, 99, 0)")
            )

    for attempt in asyncio.as_completed([add_orphan() for _ in range(8)]):
        with pytest.raises(IntegrityError):
            await attempt


async def test_a_block_that_raises_leaves_nothing_behind(
    database: Database, conversations: Conversations
) -> None:
    await conversations.add_question(
        channel=CHANNEL, author_id=7, author_name="Zoë", content="One", message_id=5
    )
    with pytest.raises(IntegrityError):
        await conversations.add_question(
            channel=ChannelRef(id=11, guild_id=2),
            author_id=7,
            author_name="Zoë",
            content="Two",
            message_id=5,
        )
    async with database.reading() as session:
        assert list(await session.scalars(select(Guild.id))) == [1]


async def test_what_people_wrote_is_not_in_the_text_of_an_error(database: Database) -> None:
    with pytest.raises(IntegrityError) as refused:
        async with database.writing() as session:
            await session.execute(
                insert(Turn).values(
                    channel_id=404,
                    role=Role.USER,
                    author_id=7,
                    author_name="Zoë",
                    content="a secret",
                    state=TurnState.PENDING,
                    created_at=datetime.now(UTC),
                )
            )
    assert "a secret" not in str(refused.value)


async def test_many_writers_at_once_all_get_their_turn(
    database: Database, empty_url: str, conversations: Conversations
) -> None:
    other = Database(empty_url)
    theirs = Conversations(other)
    try:
        written = await asyncio.gather(
            *(ask(chosen) for chosen in [conversations, theirs] * 40),
            *(conversations.window(CHANNEL.id) for _ in range(40)),
        )
    finally:
        await other.close()
    assert len({turn for turn in written if isinstance(turn, int)}) == 80


async def test_a_transaction_that_reads_before_it_writes_waits_for_other_writers(
    database: Database, empty_url: str
) -> None:
    other = Database(empty_url)

    async def count_up(chosen: Database) -> None:
        async with chosen.writing() as session:
            guild = await session.get(Guild, 1, with_for_update=True)
            assert guild is not None
            await asyncio.sleep(0)
            guild.first_seen_at = guild.first_seen_at.replace(year=guild.first_seen_at.year + 1)

    await ask(Conversations(database))
    async with database.reading() as session:
        before = await session.scalar(select(Guild.first_seen_at))
    try:
        await asyncio.gather(*(count_up(chosen) for chosen in [database, other] * 10))
    finally:
        await other.close()
    async with database.reading() as session:
        after = await session.scalar(select(Guild.first_seen_at))
    assert before is not None
    assert after == before.replace(year=before.year + 20)


async def test_writers_that_are_cancelled_at_any_moment_do_not_stop_the_others(
    database: Database, conversations: Conversations
) -> None:
    await ask(conversations)
    for patience in range(30):
        task = asyncio.create_task(ask(conversations))
        for _ in range(patience):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=10)
    await ask(conversations, "still here")
    async with database.reading() as session:
        assert await session.scalar(select(func.max(Turn.id)).where(Turn.content == "still here"))


async def test_who_is_cancelled_as_a_transaction_ends_leaves_when_it_has_ended(
    database: Database, conversations: Conversations, caplog: pytest.LogCaptureFixture
) -> None:
    asking = asyncio.create_task(ask(conversations))
    # Called between the commit and the rollback with which a connection is given back.
    event.listen(database._engine.sync_engine.pool, "reset", lambda *_: asking.cancel())
    with caplog.at_level(logging.WARNING), pytest.raises(asyncio.CancelledError):
        await asking
    async with database.reading() as session:
        assert list(await session.scalars(select(Turn.content))) == ["Hello"]
    assert not caplog.records


async def test_a_write_that_keeps_the_others_waiting_is_told_of(
    database: Database,
    conversations: Conversations,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.storage.database.SLOW_S", math.inf)
    await ask(conversations)
    assert not caplog.records
    monkeypatch.setattr("bot.storage.database.SLOW_S", -1.0)
    await ask(conversations, "a secret")
    [record] = caplog.records
    assert record.message.startswith("a write to the database took ")


async def test_the_log_of_an_upgrade_names_revisions_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/bot.db")
    with caplog.at_level(logging.INFO, "bot"):
        await database.upgrade()
    await database.close()
    assert [record.message for record in caplog.records if record.name.startswith("bot")] == [
        f"database brought from revision None to {await database.current()}"
    ]
    await database.close()

"""A history of millions of turns, written by SQL: through the bot it would take hours."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage import Database
from bot.storage.engine import connect, read_url

WINDOW = 20
"""Exchanges that stand behind each channel's anchor."""

_BUSY = 5
_FIRST_QUIET = 1_000
_QUIET_TURNS = 100
_BATCH = 250_000
"""Rows that one statement writes."""

_NUMBERS = (
    "WITH RECURSIVE numbers(k) AS (SELECT CAST(:first AS BIGINT) "
    "UNION ALL SELECT k + 1 FROM numbers WHERE k + 1 < CAST(:beyond AS BIGINT)) "
)
# k counts exchanges: the question is turn 2k + 1 and its reply 2k + 2.
_CHANNEL = (
    f"CASE WHEN k % 2 = 0 THEN 1 + (k / 2) % {_BUSY} ELSE {_FIRST_QUIET} + (k / 2) % {{quiet}} END"
)
_TURNS = (
    _NUMBERS + "INSERT INTO turns (id, channel_id, role, author_id, author_name, content, tokens, "
    "state, answers_turn_id, created_at, finished_at) SELECT "
)
_QUESTIONS = (
    _TURNS + f"2 * k + 1, {_CHANNEL}, 'user', 7, 'Ada', {{words}}, NULL, 'complete', NULL, "
    "{at}, {at} FROM numbers"
)
_REPLIES = (
    _TURNS + f"2 * k + 2, {_CHANNEL}, 'assistant', 8, 'Airocord', {{words}}, 90, 'complete', "
    "2 * k + 1, {at}, {at} FROM numbers"
)
_MESSAGES = (
    _NUMBERS + "INSERT INTO turn_messages (message_id, turn_id, part) "  # noqa: S608 - all ours
    "SELECT 1000000 + 2 * k + {which}, 2 * k + {which}, 0 FROM numbers"
)
_AT = {
    "sqlite": "datetime(1750000000 + k, 'unixepoch') || '.000000'",
    "postgresql": "to_timestamp(1750000000 + k)",
}
_ANCHORS = (
    "UPDATE channels SET anchor_turn_id = (SELECT id FROM turns WHERE channel_id = channels.id "
    "AND role = 'user' ORDER BY id DESC LIMIT 1 OFFSET :later)"
)


def channels_of(turns: int) -> list[int]:
    """The channels of a history of ``turns`` turns, in turn a busy and a quiet one."""
    quiet = range(_FIRST_QUIET, _FIRST_QUIET + _quiet(turns))
    return [each for n, other in enumerate(quiet) for each in (1 + n % _BUSY, other)]


def _quiet(turns: int) -> int:
    return max(1, turns // 2 // _QUIET_TURNS)


async def fill(database: Database, url: str, turns: int) -> None:
    """Make a history of ``turns`` turns, with a Discord message for each, in a database that is
    not there yet or empty.

    At least a thousand, so that there is a whole window in each channel.
    """
    await database.upgrade()
    engine = connect(read_url(url), migrating=True)
    try:
        async with engine.connect() as connection:
            await _write(connection, turns)
        if engine.dialect.name == "postgresql":
            # What its autovacuum does of itself in the course of time.
            settling = engine.execution_options(isolation_level="AUTOCOMMIT")
            async with settling.connect() as connection:
                await connection.execute(text("VACUUM ANALYZE"))
    finally:
        await engine.dispose()


async def _write(connection: AsyncConnection, turns: int) -> None:
    dialect = connection.dialect.name
    names = {"at": _AT[dialect], "quiet": _quiet(turns)}
    question = "substr('{}', 1, CAST(60 + k % 120 AS INTEGER))".format("Tell me of the sea. " * 9)
    reply = "substr('{}', 1, CAST(200 + k % 400 AS INTEGER))".format("The sea is wide. " * 36)
    statements = [
        _QUESTIONS.format(words=question, **names),
        _REPLIES.format(words=reply, **names),
        _MESSAGES.format(which=1),
        _MESSAGES.format(which=2),
    ]
    if dialect == "sqlite":
        await connection.execute(text("PRAGMA cache_size = -1000000"))
    else:
        # The references are right as they are made, and need no looking up.
        await connection.execute(text("SET session_replication_role = replica"))
    known = [{"id": each} for each in sorted(set(channels_of(turns)))]
    await connection.execute(text("INSERT INTO channels (id) VALUES (:id)"), known)
    for first in range(0, turns // 2, _BATCH):
        batch = {"first": first, "beyond": min(first + _BATCH, turns // 2)}
        for statement in statements:
            await connection.execute(text(statement), batch)
        await connection.commit()
    await connection.execute(text(_ANCHORS), {"later": WINDOW - 1})
    if dialect == "postgresql":
        await connection.execute(text("SELECT setval('turns_id_seq', max(id)) FROM turns"))
    await connection.commit()


async def create(server: str, name: str) -> str:
    """A database on a PostgreSQL server, empty; its URL."""
    engine = connect(read_url(server), migrating=True)
    try:
        alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with alone.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
    finally:
        await engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)

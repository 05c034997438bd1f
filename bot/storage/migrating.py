"""Alembic, called from the program: the schema's revisions and the steps between them.

Alembic is synchronous and imports every revision, which takes longer than an event loop should
stand still. So a step runs in a thread, on an event loop and a connection of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from bot.errors import DatabaseError
from bot.storage import backups
from bot.storage.engine import connect, file_of, try_to_open
from bot.storage.revisions import current, is_newest, known, refuse_newer

log = logging.getLogger(__name__)

_LOCK = 0x6169726F
"""Of PostgreSQL's advisory locks, the one for this."""
_LOCK_LIMIT_S = 60
"""How long it, and any lock on a table, is waited for."""

T = TypeVar("T")
Step = Callable[[Config, Connection], T]


def run(url: URL, scripts: Path, step: Step[T]) -> T:
    """Run ``step`` in one transaction: what it raises undoes all of it. For a thread."""

    file = file_of(url)
    if file is not None:
        try_to_open(file)

    async def in_one_transaction() -> T:
        engine = connect(url, migrating=True)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(lambda conn: step(_config(conn, scripts), conn))
        finally:
            await engine.dispose()

    return asyncio.run(in_one_transaction())


def upgrade(file: Path | None, config: Config, connection: Connection) -> None:
    """Bring the database to the newest revision.

    Args:
        file: the SQLite file, which is copied first if there is anything in it.

    Raises:
        DatabaseError: the database is of a newer version.
    """
    scripts = ScriptDirectory.from_config(config)
    _wait_for_others(connection)
    revision = current(connection)
    if is_newest(Path(scripts.dir), revision):
        return
    _copy_first(file, connection, revision)
    command.upgrade(config, "head")
    _check(connection)
    log.info("database brought from revision %s to %s", revision, current(connection))


def downgrade(target: str, file: Path | None, config: Config, connection: Connection) -> None:
    """Bring the database back to revision ``target``; ``base`` is before the first one.

    Raises:
        DatabaseError: there is no such revision below, or the database is of a newer version.
    """
    scripts = ScriptDirectory.from_config(config)
    _wait_for_others(connection)
    revision = current(connection)
    refuse_newer(Path(scripts.dir), revision)
    try:
        steps = list(scripts.iterate_revisions(revision, target, select_for_downgrade=True))
    except (CommandError, RevisionError):
        raise DatabaseError(
            f"The database is at revision {revision or 'base'}, and there is no revision "
            f"{target!r} below it. Give one of: base, {', '.join(known(Path(scripts.dir)))}."
        ) from None
    if not steps:
        return
    _copy_first(file, connection, revision)
    command.downgrade(config, target)
    _check(connection)
    log.info("database brought back from revision %s to %s", revision, target)


def _config(connection: Connection, scripts: Path) -> Config:
    config = Config(attributes={"connection": connection})
    # The file's own syntax gives % a meaning, which a path may well contain.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def _wait_for_others(connection: Connection) -> None:
    """Let one process migrate at a time: those of a bot on several machines start together. On
    SQLite the transaction does it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_LIMIT_S}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def _copy_first(file: Path | None, connection: Connection, revision: str | None) -> None:
    tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
    if file is None or not tables:
        return
    target = backups.name_beside(file, revision, automatic=True)
    # Another connection reads what was there before this transaction.
    backups.back_up(file, target)
    backups.prune(file)
    log.info("database copied to %s before migrating", target)


def _check(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise DatabaseError(
            f"The migration would leave rows of {broken[0]} without the {broken[2]} they belong "
            "to, so nothing was changed. Please report it, and use the previous version until then."
        )

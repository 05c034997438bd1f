"""A database URL to an SQLAlchemy engine: the one place that knows which database it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, NullPool

from bot.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

BUSY_TIMEOUT_S = 15.0
"""How long a writer waits for a writer of another process before it gives up."""

SERVER_TIMEOUT_S = 30.0
"""How long a server of databases may take for one statement, or to let us in."""

LOG_TIMEOUT_S = 2.0
"""How long the log waits for readers to be done, with writers waiting behind it."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

_TAKES = (
    "DATABASE_URL takes sqlite+aiosqlite:///path/to/file.db "
    "or postgresql+asyncpg://user:password@host/database."
)


def read_url(text: str) -> URL:
    """Read a database URL; without a driver in it, the one that the bot uses is filled in.

    Raises:
        DatabaseError: it is no URL, or of a database that the bot does not run on. The text
            never repeats the URL, for there may be a password in it.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseError(f"The database's address cannot be read. {_TAKES}") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise DatabaseError(f"The bot does not run on {url.drivername}. {_TAKES}")
    if file_of(url) is not None and (
        url.database in (None, "", ":memory:") or str(url.database).startswith("file:")
    ):
        raise DatabaseError(f"The SQLite database has to be a file with a plain path. {_TAKES}")
    return url.set(drivername=driver)


def file_of(url: URL) -> Path | None:
    """The SQLite file; ``None`` for a server."""
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or "")


def connect(url: URL, *, migrating: bool = False) -> AsyncEngine:
    """Make an engine; nothing is opened yet.

    Args:
        migrating: each connection is closed after use, transactions are writing ones, and SQLite
            does not enforce foreign keys: altering a table there means copying and dropping it,
            and with foreign keys on, the drop would empty the tables that refer to it.

    Raises:
        DatabaseError: the driver is not installed.
    """
    pool = NullPool if migrating else AsyncAdaptedQueuePool
    try:
        # The values of a failed statement are people's words: they stay out of error texts.
        engine = create_async_engine(
            url, poolclass=pool, hide_parameters=True, connect_args=_limits(url, migrating)
        )
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"The PostgreSQL driver is not installed ({error.name}). "
            "Install it with: pip install -e '.[postgres]'"
        ) from error
    if file_of(url) is not None:
        _prepare_sqlite(engine, migrating=migrating)
    return engine


def _limits(url: URL, migrating: bool) -> dict[str, float]:
    """asyncpg waits for ever for a server that the network has taken away. SQLite's own limit is
    :data:`BUSY_TIMEOUT_S`; a migration takes as long as it takes."""
    if file_of(url) is not None:
        return {}
    connecting = {"timeout": SERVER_TIMEOUT_S}
    return connecting if migrating else connecting | {"command_timeout": SERVER_TIMEOUT_S}


def writing(engine: AsyncEngine) -> AsyncEngine:
    """The same engine and pool, for transactions that are going to write.

    On SQLite such a transaction takes the write lock when it begins. One that began by reading
    would be refused at once, however long the busy timeout, if somebody else wrote in between.
    """
    return engine.execution_options(airocord_begin="BEGIN IMMEDIATE")


def _prepare_sqlite(engine: AsyncEngine, *, migrating: bool) -> None:
    pragmas = (
        f"busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
        "journal_mode = WAL",
        # In WAL mode this loses nothing when the process dies, only when the machine does.
        "synchronous = NORMAL",
        # What is deleted is overwritten, not only left out.
        "secure_delete = ON",
        f"foreign_keys = {'OFF' if migrating else 'ON'}",
    )

    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        try:
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:
            # The pool forgets it, and its thread would keep the process from ending.
            connection.close()
            raise

    def on_begin(connection: Connection) -> None:
        default = "BEGIN IMMEDIATE" if migrating else "BEGIN"
        begin: str = connection.get_execution_options().get("airocord_begin", default)
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)


def try_to_open(file: Path) -> None:
    """Open a SQLite file and close it again, before aiosqlite is to: the thread of one that cannot
    be opened still speaks to the event loop when the loop may be at its end. Blocks.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    with closing(sqlite3.connect(file)):
        pass


def empty_log(file: Path) -> bool:
    """Checkpoint a SQLite file and truncate its log; whether nobody was in the way."""
    with closing(sqlite3.connect(file, timeout=LOG_TIMEOUT_S, isolation_level=None)) as connection:
        (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy


def insert_into(session: AsyncSession, model: type[Any]) -> sqlite.Insert | postgresql.Insert:
    """An ``INSERT`` that can be given ``on_conflict_do_nothing`` or ``on_conflict_do_update``."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - loaded there only

        return postgresql.insert(model)
    return sqlite.insert(model)


def failures(url: URL) -> tuple[type[Exception], ...]:
    """What opening and using the database at ``url`` raises when the database is at fault."""
    if file_of(url) is not None:
        return (SQLAlchemyError, OSError, sqlite3.Error)
    # While it connects, asyncpg's own errors come through SQLAlchemy as they are.
    asyncpg = import_module("asyncpg")
    return (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def describe(url: URL, error: Exception) -> str:
    """One sentence for a person on why the database cannot be used, without the password."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    reason = (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")
    if url.password:
        reason = reason.replace(url.password, "***")
    file = file_of(url)
    if file is not None:
        return (
            f"The database {file} cannot be used ({reason}). Check that it is a SQLite file and "
            "that the bot may write to it and its folder, or set DATABASE_URL."
        )
    where = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
    return (
        f"The PostgreSQL database at {where} cannot be used ({reason}). "
        "Check that the server runs and that DATABASE_URL is right."
    )

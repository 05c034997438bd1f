"""The database: opening, migrating, backing up, and transactions."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bot.errors import DatabaseError
from bot.storage import backups, revisions
from bot.storage.engine import (
    connect,
    describe,
    empty_log,
    failures,
    file_of,
    read_url,
    try_to_open,
    writing,
)
from bot.uninterrupted import to_the_end

log = logging.getLogger(__name__)

SLOW_S = 2.0
"""A write that takes longer, once it is its turn, is worth a line in the log."""


class Database:
    """Owns the connections to one database.

    A SQLite file belongs to one machine and PostgreSQL may be anywhere; nothing beyond this
    class and :mod:`bot.storage.engine` knows which of them it is.
    """

    def __init__(self, url: str, *, scripts: Path = revisions.SCRIPTS) -> None:
        """Nothing is opened or created yet.

        Args:
            url: ``sqlite+aiosqlite:///path`` or ``postgresql+asyncpg://…``.
            scripts: the folder of the schema's revisions.

        Raises:
            DatabaseError: the URL cannot be used, or its driver is not installed.
        """
        self._url = read_url(url)
        self._scripts = scripts
        self._engine = connect(self._url)
        self._failures = failures(self._url)
        self._reading = async_sessionmaker(self._engine, expire_on_commit=False)
        self._writing = async_sessionmaker(writing(self._engine), expire_on_commit=False)
        # SQLite has one writer at a time and lets the others poll for their turn. Writers of
        # this process line up here instead, and each is let in as soon as the last one is done.
        self._writer: AbstractAsyncContextManager[None] | asyncio.Lock = (
            nullcontext() if self.file is None else asyncio.Lock()
        )

    @property
    def file(self) -> Path | None:
        """The SQLite file; ``None`` for a server."""
        return file_of(self._url)

    async def exists(self) -> bool:
        """Whether there is a SQLite file; a server's database is taken to be there.

        Raises:
            DatabaseError: the folder may not be entered.
        """
        if self.file is None:
            return True
        try:
            return await asyncio.to_thread(self.file.exists)
        except OSError as error:
            raise DatabaseError(describe(self._url, error)) from error

    async def upgrade(self) -> None:
        """Bring the schema to the newest revision, creating the file and its folder if needed.

        If there is something to migrate, a SQLite file that holds anything is copied first. All
        revisions are one transaction: if one fails, nothing has changed.

        Raises:
            DatabaseError: the database is of a newer version, or cannot be opened or migrated.
        """
        if await self.is_up_to_date():
            return
        try:
            if self.file is not None:
                await asyncio.to_thread(self.file.parent.mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread(self._upgrade)
        except self._failures as error:
            raise DatabaseError(describe(self._url, error)) from error

    async def downgrade(self, revision: str) -> None:
        """Bring the schema back to an earlier revision (``base``: before the first), after a
        copy of a SQLite file, for what the later revisions held is lost.

        Raises:
            DatabaseError: there is no such revision below, or the database cannot be used.
        """
        await self._must_exist()
        try:
            await asyncio.to_thread(self._downgrade, revision)
        except self._failures as error:
            raise DatabaseError(describe(self._url, error)) from error

    async def current(self) -> str | None:
        """The revision that the schema is at; ``None`` if there is none yet.

        Raises:
            DatabaseError: the database cannot be opened.
        """
        if not await self.exists():
            return None
        try:
            if self.file is not None:
                await asyncio.to_thread(try_to_open, self.file)
            async with self._engine.connect() as connection:
                return await connection.run_sync(revisions.current)
        except self._failures as error:
            raise DatabaseError(describe(self._url, error)) from error

    async def is_up_to_date(self) -> bool:
        """Whether the schema is at the newest revision. Nothing is created or changed.

        Raises:
            DatabaseError: the database is of a newer version, or cannot be opened.
        """
        revision = await self.current()
        return await asyncio.to_thread(revisions.is_newest, self._scripts, revision)

    async def backup(self, path: Path | None = None) -> Path:
        """Copy a SQLite file while it is in use.

        Args:
            path: where to; by default beside the database, named by revision and time.

        Raises:
            DatabaseError: it is no SQLite file, it cannot be read, or ``path`` cannot be written.
        """
        if self.file is None:
            raise DatabaseError(
                "The bot copies SQLite files only. Back up PostgreSQL with pg_dump."
            )
        await self._must_exist()
        target = path or backups.name_beside(self.file, await self.current())
        try:
            await asyncio.to_thread(backups.back_up, self.file, target)
        except self._failures as error:
            raise DatabaseError(
                f"The backup {target} could not be written ({error}). "
                "Give another path, or make room."
            ) from error
        return target

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """A session that sees one state of the database and changes nothing."""
        async with _whole(self._reading()) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """A session whose changes are committed together at the end, or not at all if the block
        raises."""
        async with self._writer, _timed(), _whole(self._writing()) as session:
            yield session
            await to_the_end(session.commit())

    async def empty_log(self) -> bool:
        """Carry SQLite's write-ahead log over into the file and cut it off: until then it shows
        what was deleted lately. A server looks after its own.

        Returns:
            Whether it is empty; not while somebody reads for long.
        """
        if self.file is None:
            return True
        async with self._writer:
            return await asyncio.to_thread(empty_log, self.file)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    def _upgrade(self) -> None:
        from bot.storage import migrating  # noqa: PLC0415 - few starts need Alembic

        migrating.run(self._url, self._scripts, partial(migrating.upgrade, self.file))

    def _downgrade(self, revision: str) -> None:
        from bot.storage import migrating  # noqa: PLC0415 - as above

        migrating.run(self._url, self._scripts, partial(migrating.downgrade, revision, self.file))

    async def _must_exist(self) -> None:
        if not await self.exists():
            raise DatabaseError(
                f"There is no database at {self.file} yet. Create it with: python -m bot db upgrade"
            )


@asynccontextmanager
async def _whole(session: AsyncSession) -> AsyncGenerator[AsyncSession]:
    """Close a session, and so roll back what is not committed, however the block ends. Whoever is
    cancelled leaves when that is done: half a rollback would leave the connection to nobody, and
    with it, for a while, the database locked."""
    try:
        yield session
    finally:
        await to_the_end(session.close())


@asynccontextmanager
async def _timed() -> AsyncGenerator[None]:
    """Tell of a write that took long, and so kept all others waiting: a disk that stalls is found
    in the log, and not only its victims."""
    began = time.monotonic()
    try:
        yield
    finally:
        took_s = time.monotonic() - began
        if took_s > SLOW_S:
            log.warning("a write to the database took %.1f s", took_s)

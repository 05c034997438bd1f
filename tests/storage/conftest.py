"""Databases to test on: a SQLite file each, and a PostgreSQL database each where there is one.

``AIROCORD_TEST_POSTGRES`` names a server on which databases may be made and dropped, for example
``postgresql+asyncpg://postgres@localhost/postgres``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage import Conversations, Database


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        servers = {"sqlite": "", "postgresql": os.getenv("AIROCORD_TEST_POSTGRES", "")}
        if not servers["postgresql"]:
            del servers["postgresql"]
        metafunc.parametrize("server", servers.values(), ids=servers.keys())


def sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
async def empty_url(server: str, tmp_path: Path) -> AsyncGenerator[str]:
    """A database with nothing in it."""
    if not server:
        yield sqlite_url(tmp_path / "bot.db")
        return
    name = f"airocord_test_{uuid.uuid4().hex}"
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name}"))
    await admin.dispose()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest revision; to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "bot.db"

    async def migrate() -> None:
        database = Database(sqlite_url(file))
        await database.upgrade()
        await database.close()

    asyncio.run(migrate())
    return file


@pytest.fixture
async def database(
    server: str, empty_url: str, migrated: Path, tmp_path: Path
) -> AsyncGenerator[Database]:
    """A database at the newest revision."""
    if not server:
        shutil.copy(migrated, tmp_path / "bot.db")
    database = Database(empty_url)
    if server:
        await database.upgrade()
    yield database
    await database.close()


@pytest.fixture
def conversations(database: Database) -> Conversations:
    return Conversations(database)

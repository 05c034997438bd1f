"""Databases to test on: a SQLite file each, and a PostgreSQL database each.

The PostgreSQL server is the tests' own, where its package is installed; or the one that
``AIROCORD_TEST_POSTGRES`` names, on which databases may be made and dropped, for example
``postgresql+asyncpg://postgres@localhost/postgres``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage import Conversations, Database, PersonalData
from tests.support.postgres import find_programs, running_server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", ["sqlite", "postgresql"])


def sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Without a server its tests are skipped; where CI is set, they fail."""
    if given := os.environ.get("AIROCORD_TEST_POSTGRES"):
        yield given
        return
    programs = find_programs()
    if programs is None:
        why = "PostgreSQL is not installed: run `make tools`, or apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with running_server(programs) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database at the newest revision; to be copied."""
    name = f"airocord_template_{uuid.uuid4().hex}"

    async def migrate() -> None:
        await _command(postgres_server, f"CREATE DATABASE {name}")
        database = Database(_named(postgres_server, name))
        await database.upgrade()
        await database.close()

    # Asked for by a fixture that runs in a loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate())).result()
    return name


@pytest.fixture
async def empty_url(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[str]:
    """A database with nothing in it."""
    if backend == "sqlite":
        yield sqlite_url(tmp_path / "bot.db")
        return
    server: str = request.getfixturevalue("postgres_server")
    name = f"airocord_test_{uuid.uuid4().hex}"
    await _command(server, f"CREATE DATABASE {name}")
    yield _named(server, name)
    await _command(server, f"DROP DATABASE {name}")


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
    backend: str, empty_url: str, migrated: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[Database]:
    """A database at the newest revision."""
    if backend == "sqlite":
        shutil.copy(migrated, tmp_path / "bot.db")
    else:
        server: str = request.getfixturevalue("postgres_server")
        template: str = request.getfixturevalue("postgres_template")
        name = make_url(empty_url).database
        await _command(server, f"DROP DATABASE {name}")
        await _command(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    database = Database(empty_url)
    yield database
    await database.close()


@pytest.fixture
def conversations(database: Database) -> Conversations:
    return Conversations(database)


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def _command(server: str, command: str) -> None:
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(command))
    await admin.dispose()


@pytest.fixture
def people(database: Database) -> PersonalData:
    return PersonalData(database)

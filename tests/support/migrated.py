"""A database at the newest revision for tests that are about something else: migrating takes
longer than most of them."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.storage import Database

NAME = "airocord.db"


def put_database(folder: Path) -> Path:
    """An empty database where the bot looks for one, unless there is one."""
    file = folder / NAME
    if not file.exists():
        shutil.copy(_made(), file)
    return file


def bytes_of(folder: Path) -> bytes:
    """All that is in the files of the database there, its log included."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob(f"{NAME}*")))


@functools.cache
def _made() -> Path:
    """One for each process of tests."""
    folder = TemporaryDirectory(prefix="airocord-migrated-")
    atexit.register(folder.cleanup)
    file = Path(folder.name) / NAME

    async def migrate() -> None:
        database = Database(f"sqlite+aiosqlite:///{file}")
        await database.upgrade()
        await database.close()

    # Whoever asks may run in a loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate())).result()
    return file

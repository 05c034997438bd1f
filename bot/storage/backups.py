"""Copies of a SQLite file, made while it is in use."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

KEPT = 5
"""How many of the copies that were made before migrating are left beside a database. Those that
somebody asked for are theirs to remove."""

_TIME = "%Y%m%dT%H%M%S%fZ"


_ASKED_FOR, _AUTOMATIC = "backup", "auto-backup"


def name_beside(file: Path, revision: str | None, *, automatic: bool = False) -> Path:
    """A name that says what it is a copy of, its schema's revision and when (UTC):
    ``airocord.db`` to ``airocord.backup-0001-20260131T235900000000Z.db``, and for one that nobody
    asked for to ``airocord.auto-backup-…``."""
    kind = _AUTOMATIC if automatic else _ASKED_FOR
    now = datetime.now(UTC).strftime(_TIME)
    return file.with_name(f"{file.stem}.{kind}-{revision or 'none'}-{now}{file.suffix}")


def back_up(file: Path, target: Path) -> None:
    """Copy the database ``file`` to ``target``, which is either whole or not there.

    Raises:
        FileExistsError: ``target`` exists.
        OSError, sqlite3.Error: it cannot be read or written.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    partial = target.with_name(target.name + ".part")
    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
            # One file that can be carried away, with no log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        shutil.copymode(file, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def prune(file: Path, keep: int = KEPT) -> None:
    """Remove the oldest automatic copies beside ``file`` until ``keep`` are left."""
    name = re.compile(
        rf"{re.escape(file.stem)}\.{_AUTOMATIC}-.*-(?P<time>\d{{8}}T\d{{12}}Z)"
        rf"{re.escape(file.suffix)}"
    )
    found = ((name.fullmatch(path.name), path) for path in file.parent.iterdir())
    copies = sorted((match["time"], path) for match, path in found if match is not None)
    for _, path in copies[: max(0, len(copies) - keep)]:
        path.unlink(missing_ok=True)

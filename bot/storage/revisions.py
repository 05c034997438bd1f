"""Which revision the schema is at, and which there are: what every start asks.

Without Alembic, whose import takes as long as a quarter of a start: it is for the steps between
revisions, in :mod:`bot.storage.migrating`.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

import migrations
from bot.errors import DatabaseError

SCRIPTS = Path(migrations.__path__[0])
"""Where the revisions are, in a checkout and in an installed package alike."""


def known(scripts: Path) -> list[str]:
    """All of them, in order; the name of each file begins with its revision."""
    files = (scripts / "versions").glob("[0-9]*_*.py")
    return sorted(path.stem.partition("_")[0] for path in files)


def current(connection: Connection) -> str | None:
    """The one that the database is at; ``None`` before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def refuse_newer(scripts: Path, revision: str | None) -> None:
    """
    Raises:
        DatabaseError: the revision is one of a newer version.
    """
    ours = known(scripts)
    if revision is not None and revision not in ours:
        raise DatabaseError(
            f"The database was made by a newer version of the bot: it is at revision {revision}, "
            f"and this version knows revisions up to {ours[-1]}. Install the newer version again, "
            "or put back a backup from before it."
        )


def is_newest(scripts: Path, revision: str | None) -> bool:
    """Whether there is nothing to migrate.

    Raises:
        DatabaseError: the revision is one of a newer version.
    """
    refuse_newer(scripts, revision)
    return revision == known(scripts)[-1]

"""Write the next revision from what differs between the models and the newest one."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.storage import migrating, revisions
from bot.storage.engine import read_url


def write_revision(message: str, scripts: Path) -> None:
    """Compare a fresh database with the models and write a revision into ``scripts``."""

    def step(config: Config, connection: Connection) -> None:
        migrating.upgrade(None, config, connection)
        count = len(list(ScriptDirectory.from_config(config).walk_revisions()))
        command.revision(config, message, autogenerate=True, rev_id=f"{count + 1:04}")

    with tempfile.TemporaryDirectory() as folder:
        migrating.run(read_url(f"sqlite+aiosqlite:///{folder}/fresh.db"), scripts, step)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m migrations", description=__doc__)
    parser.add_argument("message", help="what changes, in a few words")
    write_revision(parser.parse_args().message, revisions.SCRIPTS)

"""A PostgreSQL server for tests, made and thrown away by them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ACCOUNTS = ("postgres", "nobody")
"""PostgreSQL does not run as root. Under whom it runs where the tests do."""

_QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
}
"""What is lost in a crash is only a test's."""


def find_programs() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, which Debian does not put on the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """The URL of a fresh server on this machine; its data is deleted at the end."""
    account = _account()
    with tempfile.TemporaryDirectory(prefix="airocord-postgres-") as name:
        folder = Path(name)
        if account is not None:
            shutil.chown(folder, account)
        data = str(folder / "data")
        _call(account, programs / "initdb", "--pgdata", data, "--username", "airocord",
              "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")  # fmt: skip
        port = _free_port()
        options = {**_QUICK, "port": str(port), "unix_socket_directories": "''"}
        flags = " ".join(f"-c {key}={value}" for key, value in options.items())
        start = ("start", "--wait", "--silent", "--log", str(folder / "log"), "--options", flags)
        _call(account, programs / "pg_ctl", "--pgdata", data, *start)
        try:
            yield f"postgresql+asyncpg://airocord@127.0.0.1:{port}/postgres"
        finally:
            _call(account, programs / "pg_ctl", "--pgdata", data, "stop", "--mode", "immediate")


def _account() -> str | None:
    """Under whom the server runs; ``None``: under whom the tests run."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _ACCOUNTS if name in known)


def _call(account: str | None, program: Path, *arguments: str) -> None:
    # The server outlives the call and must not hold the tests' output open.
    done = subprocess.run(  # noqa: S603 - programs of the system's own package
        [program, *arguments],
        user=account,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if program.name == "initdb" else subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program.name} failed: {(done.stderr or b'').decode()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The machine: Python, packages, disk and settings. Nothing is opened or changed."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib import metadata
from pathlib import Path

from bot.doctor.findings import Finding, Severity
from bot.environment import read_env_file
from bot.settings import Settings

OLDEST_PYTHON = (3, 11)
ROOM_BYTES = 1 << 30
"""With less free disk, a backup before a migration or a fetched model may not fit."""

OF_COMPOSE = frozenset({"AIROCORD_TARGET", "MODELS", "POSTGRES_PASSWORD"})
"""What deploy/compose.yaml reads of the same file."""

_PACKAGES = ("discord.py", "sqlalchemy", "aiohttp")


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(
            "Python", Severity.ERROR, f"Version {version} is too old.", "Install 3.11 or later."
        )
    else:
        yield Finding("Python", Severity.OK, version)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    yield Finding("Packages", Severity.OK, versions)


def env_file(path: Path) -> Iterator[Finding]:
    """Look for what the settings themselves cannot notice: names that are none of ours, and a
    token that others on this machine can read."""
    names = {item.name.upper() for item in fields(Settings)}
    if not path.exists():
        given = ", ".join(sorted(name for name in names if os.environ.get(name)))
        if given:
            yield Finding(".env", Severity.NOTE, f"There is none; the environment gives {given}.")
            return
        yield Finding(
            ".env",
            Severity.NOTE,
            "There is none; every setting has its default.",
            "Copy .env.example to .env when you want to change something.",
        )
        return
    values = read_env_file(path)
    strangers = [name for name in values if name not in names | OF_COMPOSE]
    for name in strangers:
        meant = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {meant[0]}?" if meant else "See .env.example for those there are."
        yield Finding(".env", Severity.WARNING, f"{name} is not a setting of the bot.", hint)
    if values.get("DISCORD_TOKEN") and _is_open(path):
        yield Finding(
            ".env",
            Severity.WARNING,
            "Everybody on this machine can read the token in it.",
            f"Run: chmod 600 {path}",
        )
    elif not strangers:
        yield Finding(".env", Severity.OK, f"{len(values)} settings")


def _is_open(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & stat.S_IROTH)


def _is_seen(path: Path) -> bool:
    """Not what lies in a folder that may not be entered."""
    try:
        return path.exists()
    except OSError:
        return False


def data_folder(folder: Path) -> Iterator[Finding]:
    there = next(p for p in (folder, *folder.absolute().parents) if _is_seen(p))
    if not there.is_dir():
        yield Finding(
            "DATA_DIR",
            Severity.ERROR,
            f"{there} is a file, not a folder.",
            "Move it away, or set DATA_DIR to another folder.",
        )
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            "DATA_DIR",
            Severity.ERROR,
            f"{there} cannot be written.",
            "Give this user write permission, or set DATA_DIR to a folder of theirs.",
        )
        return
    free = shutil.disk_usage(there).free
    text = f"{folder} ({free / (1 << 30):.1f} GiB free)"
    if free < ROOM_BYTES:
        yield Finding("DATA_DIR", Severity.WARNING, text, "Make room: backups need some.")
    else:
        yield Finding("DATA_DIR", Severity.OK, text)

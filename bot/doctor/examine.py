"""The whole examination, in the order in which one thing needs the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from bot.doctor import machine
from bot.doctor.database import database
from bot.doctor.findings import Finding
from bot.doctor.model import model
from bot.doctor.online import discord_itself
from bot.settings import Settings


async def examine(settings: Settings, env_file: Path) -> AsyncIterator[Finding]:
    """Everything that can be looked at without changing anything."""
    for finding in machine.python():
        yield finding
    for finding in machine.env_file(env_file):
        yield finding
    for finding in machine.data_folder(settings.data_dir):
        yield finding
    async for finding in database(settings):
        yield finding
    async for finding in discord_itself(settings):
        yield finding
    async for finding in model(settings):
        yield finding

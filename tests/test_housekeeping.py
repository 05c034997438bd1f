"""The sweep goes on for as long as the bot runs, whatever goes wrong once."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from bot import housekeeping
from bot.housekeeping import Housekeeping, Membership
from bot.storage import Database, Guilds, Preferences, Retention

NOWHERE = Membership(frozenset(), frozenset())


async def test_a_sweep_that_fails_is_tried_again_the_next_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(housekeeping, "EVERY_S", 0.0)
    database = Database("sqlite+aiosqlite:///never-opened.db")
    swept = asyncio.Event()
    attempts: list[datetime] = []

    async def sweep(_self: Housekeeping, _membership: Membership, now: datetime) -> None:
        attempts.append(now)
        if len(attempts) == 1:
            raise OSError("the disk is full")
        swept.set()

    monkeypatch.setattr(Housekeeping, "sweep", sweep)
    preferences = Preferences(database, Guilds(database))
    keeper = Housekeeping(Retention(database), preferences, days=30, grace_days=7)
    running = asyncio.create_task(keeper.run(lambda: NOWHERE))
    async with asyncio.timeout(5):
        await swept.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert "could not be removed this time" in caplog.text
    await database.close()

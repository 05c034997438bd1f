"""What is set for a channel, and that asking for it costs nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage import ChannelPreferences, ChannelRef, Database, Guilds, Preferences

CHANNEL = ChannelRef(id=10, guild_id=1)
THREAD = ChannelRef(id=11, guild_id=1, parent_id=10)
DIRECT = ChannelRef(id=12)
NOTHING = ChannelPreferences(talk=False, persona=None)


@pytest.fixture
def preferences(database: Database) -> Preferences:
    return Preferences(database, Guilds(database))


@pytest.fixture
def statements(database: Database) -> list[str]:
    """What the database was asked."""
    asked: list[str] = []

    def on_execute(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(database._engine.sync_engine, "before_cursor_execute", on_execute)
    return asked


async def test_a_channel_nobody_set_anything_for_is_quiet_and_has_the_house_persona(
    preferences: Preferences,
) -> None:
    for channel in (CHANNEL, THREAD, DIRECT):
        assert await preferences.get(channel) == NOTHING


async def test_what_is_set_holds_at_once_and_after_a_restart(
    database: Database, preferences: Preferences
) -> None:
    assert await preferences.get(CHANNEL) == NOTHING
    await preferences.set_talk(CHANNEL, True)
    await preferences.set_persona(CHANNEL, "Be a pirate.")
    expected = ChannelPreferences(talk=True, persona="Be a pirate.")
    assert await preferences.get(CHANNEL) == expected
    assert await Preferences(database, Guilds(database)).get(CHANNEL) == expected
    assert await preferences.get(DIRECT) == NOTHING


async def test_a_thread_takes_from_its_parent_what_it_has_not_set_itself(
    preferences: Preferences,
) -> None:
    await preferences.set_talk(CHANNEL, True)
    await preferences.set_persona(CHANNEL, "Be a pirate.")
    assert await preferences.get(THREAD) == ChannelPreferences(talk=True, persona="Be a pirate.")
    await preferences.set_talk(THREAD, False)
    assert await preferences.get(THREAD) == ChannelPreferences(talk=False, persona="Be a pirate.")
    await preferences.set_persona(THREAD, "Be a cook.")
    await preferences.set_talk(THREAD, None)
    assert await preferences.get(THREAD) == ChannelPreferences(talk=True, persona="Be a cook.")
    await preferences.set_persona(CHANNEL, None)
    await preferences.set_persona(THREAD, None)
    assert await preferences.get(THREAD) == ChannelPreferences(talk=True, persona=None)


async def test_asking_again_does_not_ask_the_database(
    preferences: Preferences, statements: list[str]
) -> None:
    await preferences.get(THREAD)
    asked = len(statements)
    assert asked > 0
    for _ in range(5):
        await preferences.get(THREAD)
        await preferences.get(CHANNEL)
    assert len(statements) == asked


async def test_memory_is_bounded_and_keeps_the_channels_that_are_used(
    database: Database, statements: list[str]
) -> None:
    preferences = Preferences(database, Guilds(database), cached=3)
    for channel_id in (1, 2, 3, 1, 4, 1):
        await preferences.get(ChannelRef(id=channel_id))
    assert len(statements) == 4
    await preferences.get(ChannelRef(id=2))
    assert len(statements) == 5


async def test_a_change_during_a_read_is_not_lost(
    database: Database, preferences: Preferences, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def somebody_is_faster() -> AsyncGenerator[AsyncSession]:
        async with Database.reading(database) as session:
            yield session
        await preferences.set_talk(CHANNEL, True)

    monkeypatch.setattr(database, "reading", somebody_is_faster)
    assert await preferences.get(CHANNEL) == NOTHING
    monkeypatch.undo()
    assert (await preferences.get(CHANNEL)).talk

"""A game breaks for a fault of ours: its channel is told, and is free for the next one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord.env import Env
from sqlalchemy import select, text

from bot.storage.game_schema import Game, GameState
from tests.support.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def simcord_env(world: World) -> Env:
    """By this simcord's plugin finds the clock that the test runs on."""
    return world.env


async def test_when_the_database_takes_no_question_the_channel_is_told_and_is_free(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    refuse = (
        "CREATE TRIGGER refuse BEFORE INSERT ON served_questions "
        "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    async with world.database.writing() as session:
        await session.execute(text(refuse))
    await world.bob.slash(world.channel, "trivia start")
    announced, told = world.shown()
    assert announced.startswith("**Trivia**: 10 questions")
    said = re.fullmatch(r"Something went wrong on our side \(id (\w+)\), so the game .*", told)
    assert said is not None, told
    [broke] = [one for one in caplog.records if f"fault {said[1]}" in one.getMessage()]
    assert "the disk is full" in str(broke.exc_info)
    assert await world.client.play.host.games.running(world.channel.id) is None
    async with world.database.reading() as session:
        assert list(await session.scalars(select(Game.state))) == [GameState.ENDED]

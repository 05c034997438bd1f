from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord.env import Env

from tests.support.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def simcord_env(world: World) -> Env:
    """By this simcord's plugin finds the clock that the test runs on."""
    return world.env

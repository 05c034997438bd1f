"""A small Discord for every test. Where Discord's description of its API is given, every answer
of the sandbox is held against it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from sandbox.buckets import Limits, Rate
from sandbox.people import Person
from sandbox.server import Sandbox
from sandbox.traffic import Exchange
from tests.support.on_the_wire import Api, Clock
from tests.support.openapi import DiscordDescription

UNLIMITED = Limits(routes={}, other=Rate(10_000, 1.0), overall=Rate(10_000, 1.0))
GIVEN = os.environ.get("DISCORD_OPENAPI")


@dataclass
class Place:
    """Where the tests are: the server, its first channel, and who is there."""

    sandbox: Sandbox

    @property
    def guild_id(self) -> int:
        return next(iter(self.sandbox.world.guilds))

    @property
    def channel_id(self) -> int:
        found = [c for c in self.sandbox.world.channels.values() if c.get("name") == "general"]
        return int(found[0]["id"])

    @property
    def bot_id(self) -> int:
        return self.sandbox.world.bot_id

    @property
    def ada(self) -> Person:
        """Owns the server."""
        return self.sandbox.person("Ada")

    @property
    def bo(self) -> Person:
        """May do what everybody may."""
        return self.sandbox.person("Bo")

    @property
    def messages(self) -> str:
        """The path of the channel's messages."""
        return f"/channels/{self.channel_id}/messages"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    made = Sandbox(clock=clock, limits=UNLIMITED)
    problems: list[str] = []
    if GIVEN:
        made.traffic.listeners.append(lambda e: problems.extend(judged(e)))
    await made.start()
    yield made
    await made.close()
    assert problems == []


def judged(exchange: Exchange) -> list[str]:
    """What Discord's description finds wrong with the sandbox's answer."""
    if not exchange.status or not exchange.route:
        return []
    description = DiscordDescription.load(Path(GIVEN or ""))
    return description.answer_violations(
        exchange.method, exchange.path, exchange.status, exchange.answer
    )


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(sandbox, session)


@pytest.fixture
def place(sandbox: Sandbox) -> Place:
    return Place(sandbox)

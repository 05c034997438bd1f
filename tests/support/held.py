"""Downloads from Discord that arrive when the test lets them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import discord
import pytest

from tests.support.world import World


@dataclass
class HeldDownloads:
    """Holds what the bot fetches of attachments, from when it is made."""

    world: World
    monkeypatch: pytest.MonkeyPatch
    is_lost: bool = False
    """Whether Discord has the files no more when they are let go."""
    names: list[str] = field(default_factory=list)
    """Of the files that were asked for, in order."""
    _held: list[asyncio.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        plain = discord.Attachment.read

        async def read(attachment: discord.Attachment) -> bytes:
            data = await plain(attachment)
            self.names.append(attachment.filename)
            self._held.append(held := asyncio.Event())
            await self.world.env.external_wait(held.wait(), reason="the test lets it arrive")
            if self.is_lost:
                raise ConnectionResetError
            return data

        self.monkeypatch.setattr(discord.Attachment, "read", read)

    def let_go(self, place: int) -> None:
        """Let the file arrive that was asked for at ``place``."""
        self._held[place].set()

    async def arrive(self) -> None:
        """Let all of them arrive, and wait for what comes of it."""
        for held in self._held:
            held.set()
        await self.world.env.settle()

"""A bot with one command, on a simulated Discord: a test says what it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord
import simcord
from discord import app_commands

from bot.replies.interaction_outlet import InteractionOutlet
from bot.replies.outlets import ChannelOutlet

Act = Callable[[discord.Message], Awaitable[None]]
Answer = Callable[[discord.Interaction], Awaitable[None]]


class Bot(discord.Client):
    """Does to each message and each /ask what the test says."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.all())
        self.tree = app_commands.CommandTree(self)
        self.on_person: Act | None = None
        self.on_ask: Answer | None = None

        async def ask(interaction: discord.Interaction) -> None:
            assert self.on_ask is not None
            await self.on_ask(interaction)

        self.tree.add_command(
            app_commands.Command(name="ask", description="Asks something.", callback=ask)
        )

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot and self.on_person is not None:
            await self.on_person(message)


@dataclass
class World:
    bot: Bot
    env: simcord.Env
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    alice: simcord.MemberActor

    @property
    def texts(self) -> list[str]:
        return [message.content for message in self.channel.history() if message.author.bot]

    async def ask(self) -> InteractionOutlet:
        """Alice's /ask, answered into an outlet that the test goes on with."""
        outlets: list[InteractionOutlet] = []

        async def answer(interaction: discord.Interaction) -> None:
            outlets.append(InteractionOutlet(interaction))
            await outlets[0].acknowledge()

        self.bot.on_ask = answer
        result = await self.alice.slash(self.channel, "ask")
        assert result.deferred
        return outlets[0]

    async def say(self) -> ChannelOutlet:
        """Alice's message, answered likewise."""
        outlets: list[ChannelOutlet] = []

        async def answer(message: discord.Message) -> None:
            outlets.append(ChannelOutlet(message.channel, message))

        self.bot.on_person = answer
        await self.alice.send(self.channel, "Hello?")
        return outlets[0]

    def paths(self, method: str) -> list[str]:
        """Which of Discord's doors were knocked at."""
        calls = [call for call in self.env.http_requests if call.method == method]
        return [call.path.split("/")[1] for call in calls]


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    bot = Bot()
    async with simcord.run(bot) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        yield World(bot, env, guild, channel, guild.add_member(env.create_user("alice")))

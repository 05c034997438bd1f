"""``python -m bench.empty_bot``: discord.py with one cog that does nothing, on the Discord at
DISCORD_API_URL. Says "ready" on the standard error when discord.py does."""

from __future__ import annotations

import asyncio
import os
import sys

import discord
from discord.ext import commands

from bot.discord_api import served_from


class Empty(commands.Cog):
    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Nothing."""


class EmptyBot(commands.Bot):
    async def setup_hook(self) -> None:
        await self.add_cog(Empty())

    async def on_ready(self) -> None:
        print("ready", file=sys.stderr, flush=True)


async def run() -> None:
    """The same intents and the same cache as the bot's."""
    intents = discord.Intents.none()
    intents.guilds = intents.messages = intents.message_content = True
    bot = EmptyBot(commands.when_mentioned, intents=intents, help_command=None, max_messages=None)
    with served_from(os.environ["DISCORD_API_URL"]):
        await bot.start(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    asyncio.run(run())

"""What the bot says of itself."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient


class Status(commands.Cog):
    def __init__(self, client: AirocordClient) -> None:
        self.client = client

    @app_commands.command(description="Which model answers here, and how to get help.")
    async def about(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(self.client.about(), ephemeral=True)


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Status(client))

"""What whoever runs the bot can do from within Discord."""

from __future__ import annotations

import math
from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot import __version__
from bot.client import AirocordClient
from bot.errors import AirocordError
from bot.language import joined, phrase, plural
from bot.process import resident_bytes
from bot.replies.telling import acknowledge, respond
from bot.status_words import status_text

Interaction = discord.Interaction[AirocordClient]


class NotAnOwner(AirocordError, app_commands.CheckFailure):
    """Somebody else used a command of whoever runs the bot."""


def _owns(interaction: Interaction) -> bool:
    owners = interaction.client.access.house.owners
    if interaction.user.id in owners:
        return True
    if not owners:
        raise NotAnOwner(
            phrase(
                "That is for whoever runs me, and nobody is named yet. "
                "If that is you: put OWNER_IDS={id} into .env and restart me.",
                id=interaction.user.id,
            )
        )
    raise NotAnOwner(phrase("That is for whoever runs me."))


class Admin(commands.Cog):
    admin = app_commands.Group(
        name="admin",
        description="For whoever runs me.",
        default_permissions=discord.Permissions(administrator=True),
    )

    def __init__(self, client: AirocordClient) -> None:
        self.client = client

    @admin.command(description="How I am doing, in more detail.")
    @app_commands.check(_owns)
    async def status(self, interaction: Interaction) -> None:
        client = self.client
        versions = f"Airocord {__version__} on discord.py {discord.__version__}"
        place = plural(
            "{versions}, in {count} server; Discord answers in {milliseconds} ms.",
            "{versions}, in {count} servers; Discord answers in {milliseconds} ms.",
            len(client.guilds),
            versions=versions,
            # There is no figure before the first heartbeat.
            milliseconds=round(client.latency * 1000) if math.isfinite(client.latency) else "?",
        )
        state = status_text(client.queue_status(), client.uptime_s, memory=resident_bytes())
        await respond(interaction, joined([place, state]))

    @admin.command(
        name="reload-engine", description="Load the model anew; replies that are written end."
    )
    @app_commands.check(_owns)
    async def reload_engine(self, interaction: Interaction) -> None:
        await acknowledge(interaction, ephemeral=True)
        await self.client.operator.reload()
        await respond(interaction, phrase("The model is loaded anew."))

    @admin.command(description="Tell Discord all commands again.")
    @app_commands.check(_owns)
    async def sync(self, interaction: Interaction) -> None:
        await acknowledge(interaction, ephemeral=True)
        await self.client.sync_commands(even_if_known=True)
        await respond(
            interaction, phrase("Discord knows my commands. People may have to reload theirs.")
        )

    @admin.command(description="Take no new questions, or take them again.")
    @app_commands.describe(mode="on: I take no new questions, what waits is answered")
    @app_commands.check(_owns)
    async def pause(self, interaction: Interaction, mode: Literal["on", "off"]) -> None:
        self.client.operator.pause(mode == "on")
        await respond(
            interaction,
            phrase("I take no new questions until `/admin pause off`, or until I am restarted.")
            if mode == "on"
            else phrase("I take questions again."),
        )


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Admin(client))

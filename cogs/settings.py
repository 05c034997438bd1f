"""What admins decide: for a server by the panel, for a channel free conversation and persona."""

from __future__ import annotations

from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.incoming import quoted, ref_of
from bot.language import joined, phrase
from bot.panel.view import open_panel
from bot.panel.words import PERSONA_LIMIT
from bot.replies.telling import announce, respond

Interaction = discord.Interaction[AirocordClient]


def _may_manage(interaction: discord.Interaction) -> bool:
    """In a server those who may manage the channel; a direct message belongs to its person."""
    if interaction.guild_id is not None and not interaction.permissions.manage_channels:
        raise app_commands.MissingPermissions(["manage_channels"])
    return True


def _quoted(persona: str) -> str:
    return quoted(discord.utils.escape_markdown(persona), PERSONA_LIMIT)


class Settings(commands.Cog):
    channel = app_commands.Group(
        name="channel",
        description="What I do in this channel",
        guild_only=True,
        default_permissions=discord.Permissions(manage_channels=True),
    )
    persona = app_commands.Group(name="persona", description="Who I am in this channel")

    def __init__(self, client: AirocordClient) -> None:
        self.client = client
        self.preferences = client.conversation.preferences

    @app_commands.command(description="Who may use me in this server, where, and how I behave.")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.checks.has_permissions(manage_guild=True)
    async def settings(self, interaction: Interaction) -> None:
        await open_panel(interaction, self.preferences.guilds, self.client.bounds)

    @channel.command(description="Choose whether I answer everything that is said here.")
    @app_commands.describe(answer="on: I answer every message. off: only mentions and replies.")
    @app_commands.check(_may_manage)
    async def talk(self, interaction: Interaction, answer: Literal["on", "off"]) -> None:
        if answer == "on" and not self.client.intents.message_content:
            sentence = phrase(
                "I cannot read messages here: whoever runs this bot has switched the Message "
                "Content Intent off. Mention me instead, or use `/chat`."
            )
            await respond(interaction, sentence)
            return
        await self.preferences.set_talk(ref_of(interaction.channel), answer == "on")
        sentence = (
            phrase(
                "From now on I answer everything that is said here, except what is said to "
                "somebody else. `/channel talk off` ends it."
            )
            if answer == "on"
            else phrase("From now on I answer only mentions, replies to me and `/chat` here.")
        )
        await announce(interaction, sentence)

    @persona.command(name="set", description="Tell me who I am in this channel.")
    @app_commands.describe(text="For example: You are a patient chess teacher.")
    @app_commands.check(_may_manage)
    async def set_persona(
        self, interaction: Interaction, text: app_commands.Range[str, 1, PERSONA_LIMIT]
    ) -> None:
        await self.preferences.set_persona(ref_of(interaction.channel), text)
        first = phrase("From now on, in this channel:")
        await announce(interaction, joined([first, _quoted(text)]))

    @persona.command(name="show", description="Show who I am in this channel.")
    async def show_persona(self, interaction: Interaction) -> None:
        persona = (await self.preferences.get(ref_of(interaction.channel))).persona
        sentence = (
            joined([phrase("In this channel:"), _quoted(persona)])
            if persona is not None
            else phrase("This channel has no persona of its own. `/persona set` gives it one.")
        )
        await respond(interaction, sentence)

    @persona.command(name="clear", description="Let me be myself again in this channel.")
    @app_commands.check(_may_manage)
    async def clear_persona(self, interaction: Interaction) -> None:
        await self.preferences.set_persona(ref_of(interaction.channel), None)
        await announce(interaction, phrase("This channel has no persona of its own any more."))


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Settings(client))

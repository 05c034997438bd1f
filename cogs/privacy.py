"""/privacy: what is stored about a person, as a file, gone, or not kept at all; servers left."""

from __future__ import annotations

import contextlib
import io
from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.language import joined, phrase, spoken
from bot.privacy import DELETE_WARNING, STILL_COMING, PrivacyRequests, listed
from bot.replies.faults import OutletError, discord_call
from bot.replies.languages import language_of_person
from bot.replies.outlets import CALL_LIMIT_S
from bot.replies.telling import acknowledge, redraw, respond, tell
from bot.sentences import sentence_for

CONFIRM_S = 300.0

NOTHING_TO_DELETE = phrase("I have nothing stored about you, so there is nothing to delete.")

Interaction = discord.Interaction[AirocordClient]


class ConfirmDelete(discord.ui.View):
    """Only the person themselves sees it."""

    def __init__(self, requests: PrivacyRequests) -> None:
        super().__init__(timeout=CONFIRM_S)
        self._requests = requests
        # Here, for discord.py copies what stands in the decorators as mere text.
        self.confirm.label = phrase("Delete everything")
        self.keep.label = phrase("Keep it")

    async def on_error(
        self,
        interaction: discord.Interaction,
        error: Exception,
        item: discord.ui.Item[discord.ui.View],
        /,
    ) -> None:
        await respond(interaction, sentence_for(error))

    @discord.ui.button(style=discord.ButtonStyle.danger)
    async def confirm(
        self, interaction: discord.Interaction, _button: discord.ui.Button[ConfirmDelete]
    ) -> None:
        language = language_of_person(interaction)
        await redraw(interaction, phrase("I am deleting…").spoken(language))
        self.stop()
        sentence = await self._requests.delete(
            interaction.user.id, direct_channel=await direct_channel_of(interaction)
        )
        await redraw(interaction, spoken(sentence, language))

    @discord.ui.button()
    async def keep(
        self, interaction: discord.Interaction, _button: discord.ui.Button[ConfirmDelete]
    ) -> None:
        kept = phrase("Nothing was deleted.").spoken(language_of_person(interaction))
        await redraw(interaction, kept)
        self.stop()


async def direct_channel_of(interaction: discord.Interaction) -> int | None:
    """The channel of the direct messages with whoever pressed; Discord may refuse to say."""
    if interaction.guild_id is None:
        return interaction.channel_id
    with contextlib.suppress(OutletError):
        async with discord_call(CALL_LIMIT_S):
            return (await interaction.user.create_dm()).id
    return None


class Privacy(commands.Cog):
    privacy = app_commands.Group(name="privacy", description="What I have stored about you.")

    def __init__(self, client: AirocordClient) -> None:
        self.requests = client.privacy
        self.housekeeping = client.housekeeping

    @privacy.command(description="What I have stored about you.")
    async def show(self, interaction: Interaction) -> None:
        await respond(interaction, await self.requests.overview(interaction.user.id))

    @privacy.command(description="All that I have stored about you, as a file.")
    async def export(self, interaction: Interaction) -> None:
        await acknowledge(interaction, ephemeral=True)
        made = await self.requests.export(interaction.user.id, limit=interaction.filesize_limit)
        note = spoken(made.note, language_of_person(interaction))
        await tell(
            interaction,
            note,
            ephemeral=True,
            file=lambda: discord.File(io.BytesIO(made.data), made.name),
        )

    @privacy.command(description="Delete all that I have stored about you, for good.")
    async def delete(self, interaction: Interaction) -> None:
        await acknowledge(interaction, ephemeral=True)
        stored = listed((await self.requests.people.holdings(interaction.user.id)).own)
        if not stored and self.requests.is_asking(interaction.user.id):
            stored = STILL_COMING
        if not stored:
            # A persona set in direct messages carries nobody's id.
            await self.requests.delete(
                interaction.user.id, direct_channel=await direct_channel_of(interaction)
            )
            await respond(interaction, NOTHING_TO_DELETE)
            return
        text = joined([stored, DELETE_WARNING])
        await respond(interaction, text, ConfirmDelete(self.requests))

    @privacy.command(description="Choose whether I keep what you ask and what I reply.")
    @app_commands.describe(choice="on: I answer and keep nothing. off: I remember.")
    async def optout(self, interaction: Interaction, choice: Literal["on", "off"]) -> None:
        decide = self.requests.opt_out if choice == "on" else self.requests.opt_in
        await respond(interaction, await decide(interaction.user.id))

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self.housekeeping.left(guild.id)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self.housekeeping.joined(guild.id)


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Privacy(client))

"""Commands that use every kind of option, component and dialog, for tests of the page."""

from __future__ import annotations

from typing import Literal

import discord
from discord import app_commands

from bot.client import AirocordClient

Interaction = discord.Interaction[AirocordClient]
COLOURS = ("red", "green", "blue", "grey")


def add_trial_commands(client: AirocordClient) -> None:
    """Register them beside the bot's own, before it connects."""
    client.tree.add_command(inspect)
    client.tree.add_command(mix)
    client.tree.add_command(panel)
    client.tree.add_command(silence)
    client.tree.add_command(app_commands.ContextMenu(name="Count words", callback=_count_words))
    client.tree.add_command(app_commands.ContextMenu(name="Greet", callback=_greet))


@app_commands.command(description="Say what is in a file")
@app_commands.describe(file="A text file", note="Something to say with it")
async def inspect(interaction: Interaction, file: discord.Attachment, note: str = "") -> None:
    await interaction.response.defer()
    text = (await file.read()).decode()
    await interaction.followup.send(f"{file.filename} says: {text} {note}".strip())


async def _colours(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=c, value=c) for c in COLOURS if c.startswith(typed)]


@app_commands.command(description="Mix a colour")
@app_commands.describe(colour="What to begin with", parts="How much of it", finish="How it shines")
@app_commands.autocomplete(colour=_colours)
async def mix(
    interaction: Interaction,
    colour: str,
    parts: app_commands.Range[int, 1, 9],
    finish: Literal["matt", "glossy"] = "matt",
) -> None:
    await interaction.response.send_message(f"{parts} of {colour}, {finish}", ephemeral=True)


class Form(discord.ui.Modal, title="Hand something in"):
    name: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Title", component=discord.ui.TextInput(max_length=40)
    )
    kind: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Kind",
        component=discord.ui.Select(
            options=[discord.SelectOption(label="Story"), discord.SelectOption(label="Poem")]
        ),
    )
    work: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Your work",
        description="One text file",
        component=discord.ui.FileUpload(max_values=1),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.name.component, discord.ui.TextInput)
        assert isinstance(self.kind.component, discord.ui.Select)
        assert isinstance(self.work.component, discord.ui.FileUpload)
        file = self.work.component.values[0]
        text = (await file.read()).decode()
        said = f"{self.kind.component.values[0]} **{self.name.component.value}**: {text}"
        await interaction.response.send_message(said)


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=60)
        self.presses = 0

    @discord.ui.button(label="Count", style=discord.ButtonStyle.primary)
    async def count(
        self, interaction: discord.Interaction, button: discord.ui.Button[Panel]
    ) -> None:
        self.presses += 1
        name = interaction.user.display_name
        await interaction.response.edit_message(content=f"{self.presses} presses, by {name}")

    @discord.ui.button(label="Hand in", style=discord.ButtonStyle.success)
    async def hand_in(
        self, interaction: discord.Interaction, button: discord.ui.Button[Panel]
    ) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.select(
        placeholder="Choose fruit",
        max_values=2,
        options=[discord.SelectOption(label=name) for name in ("Apple", "Pear", "Plum")],
    )
    async def choose(
        self, interaction: discord.Interaction, select: discord.ui.Select[Panel]
    ) -> None:
        await interaction.response.send_message("Chosen: " + " and ".join(select.values))


@app_commands.command(description="Show buttons and a select")
async def panel(interaction: Interaction) -> None:
    await interaction.response.send_message("A panel", view=Panel())


@app_commands.command(description="Never answer")
async def silence(interaction: Interaction) -> None:
    """What Discord says of it is what is tested."""


async def _count_words(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"{len(message.content.split())} words")


async def _greet(interaction: discord.Interaction, user: discord.User) -> None:
    await interaction.response.send_message(f"Hello {user.display_name}!", ephemeral=True)

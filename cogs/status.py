"""What the bot says of itself: /about, /status and /help."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.process import resident_bytes
from bot.replies.splitting import split
from bot.status_words import status_text

INTRODUCTION = (
    "Mention me, reply to me, or write me a direct message to talk. A message's menu has more "
    "under Apps."
)

Command = app_commands.Command[Any, ..., Any]


class Status(commands.Cog):
    def __init__(self, client: AirocordClient) -> None:
        self.client = client

    @app_commands.command(description="Which model answers here, and what it is.")
    async def about(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(self.client.about(), ephemeral=True)

    @app_commands.command(description="How busy I am, and how fast.")
    async def status(self, interaction: discord.Interaction) -> None:
        text = status_text(
            self.client.queue_status(), self.client.uptime_s, memory=resident_bytes()
        )
        await interaction.response.send_message(text, ephemeral=True)

    @app_commands.command(description="All that I can do.")
    async def help(self, interaction: discord.Interaction) -> None:
        first, *rest = split(help_text(interaction, self.client.tree))
        await interaction.response.send_message(first, ephemeral=True)
        for part in rest:
            await interaction.followup.send(part, ephemeral=True)


def help_text(interaction: discord.Interaction, tree: app_commands.CommandTree[Any]) -> str:
    """Every command that this person may use here, by subject."""
    by_subject: dict[str, list[str]] = defaultdict(list)
    for command in tree.walk_commands():
        if isinstance(command, app_commands.Command) and may_use(interaction, command):
            line = f"- `/{command.qualified_name}` {command.description}"
            by_subject[_subject(command)].append(line)
    sections = [
        f"**{subject}**\n" + "\n".join(by_subject[subject]) for subject in sorted(by_subject)
    ]
    return "\n".join([INTRODUCTION, *sections])


def may_use(interaction: discord.Interaction, command: Command) -> bool:
    """Whether Discord offers the command here to this person, as long as the server's admins have
    not decided otherwise."""
    top = command.root_parent or command
    if interaction.guild_id is None:
        return not top.guild_only
    needed = top.default_permissions
    return needed is None or interaction.permissions.is_superset(needed)


def _subject(command: Command) -> str:
    cog = command.binding
    return type(cog).__name__ if cog is not None else "More"


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Status(client))

"""What the bot says of itself: /about, /status and /help."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.language import Sentence, catalog, phrase
from bot.process import resident_bytes
from bot.replies.languages import language_of_person
from bot.replies.telling import respond
from bot.status_words import status_text

INTRODUCTION = phrase(
    "Mention me, reply to me, or write me a direct message to talk. A message's menu has more "
    "under Apps."
)

SUBJECTS = {
    "Admin": phrase("Admin"),
    "Anagrams": phrase("Anagrams"),
    "Chat": phrase("Chat"),
    "Documents": phrase("Documents"),
    "Privacy": phrase("Privacy"),
    "Settings": phrase("Settings"),
    "Status": phrase("Status"),
    "Trivia": phrase("Trivia"),
    "WordGames": phrase("Word games"),
}
"""What the commands of a cog are about."""

_MORE = phrase("More")

Command = app_commands.Command[Any, ..., Any]


class Status(commands.Cog):
    def __init__(self, client: AirocordClient) -> None:
        self.client = client

    @app_commands.command(description="Which model answers here, and what it is.")
    async def about(self, interaction: discord.Interaction) -> None:
        await respond(interaction, self.client.about())

    @app_commands.command(description="How busy I am, and how fast.")
    async def status(self, interaction: discord.Interaction) -> None:
        text = status_text(
            self.client.queue_status(), self.client.uptime_s, memory=resident_bytes()
        )
        await respond(interaction, text)

    @app_commands.command(description="All that I can do.")
    async def help(self, interaction: discord.Interaction) -> None:
        await respond(interaction, help_text(interaction, self.client.tree))


def help_text(interaction: discord.Interaction, tree: app_commands.CommandTree[Any]) -> str:
    """Every command that this person may use here, by subject, as their Discord names them."""
    language = language_of_person(interaction)
    words = catalog(language)
    by_subject: dict[str, list[str]] = defaultdict(list)
    for command in tree.walk_commands():
        if isinstance(command, app_commands.Command) and may_use(interaction, command):
            description = words.descriptions.get(command.description, command.description)
            line = f"- `/{words.command(command.qualified_name)}` {description}"
            by_subject[_subject(command).spoken(language)].append(line)
    sections = [
        f"**{subject}**\n" + "\n".join(by_subject[subject]) for subject in sorted(by_subject)
    ]
    return "\n".join([INTRODUCTION.spoken(language), *sections])


def may_use(interaction: discord.Interaction, command: Command) -> bool:
    """Whether Discord offers the command here to this person, as long as the server's admins have
    not decided otherwise."""
    top = command.root_parent or command
    if interaction.guild_id is None:
        return not top.guild_only
    needed = top.default_permissions
    return needed is None or interaction.permissions.is_superset(needed)


def _subject(command: Command) -> Sentence:
    return SUBJECTS.get(type(command.binding).__name__, _MORE)


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Status(client))

"""The buttons of a game of anagrams, and the dialog for a guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self, cast

import discord

from bot.games.letters import LONGEST
from bot.language import changed, phrase
from bot.play.buttons import ControlButton, GameItem
from bot.replies.telling import respond
from bot.sentences import sentence_for

if TYPE_CHECKING:
    from bot.client import AirocordClient


_LABEL = 45
"""Characters of a field's label (Discord, Component Reference)."""


class Guess(discord.ui.Modal):
    """Asks for a word."""

    def __init__(self, game: int, letters: str) -> None:
        super().__init__(title=phrase("Your guess"), timeout=300.0)
        label = phrase("A word from {letters}", letters=" ".join(letters.upper()))
        self.word: discord.ui.TextInput[Guess] = discord.ui.TextInput(
            max_length=LONGEST + 5, custom_id="word"
        )
        self.add_item(
            discord.ui.Label(text=changed(label, lambda said: said[:_LABEL]), component=self.word)
        )
        self._game = game

    async def on_submit(self, interaction: discord.Interaction) -> None:
        client = cast("AirocordClient", interaction.client)
        await client.play.anagrams.guess(interaction, self._game, self.word.value)

    async def on_error(
        self,
        interaction: discord.Interaction,
        error: Exception,
        item: discord.ui.Item[discord.ui.View] | None = None,
        /,
    ) -> None:
        await respond(interaction, sentence_for(error))


class AnagramButton(
    ControlButton, template=r"airo:anagram:(?P<game>[0-9]{1,19}):(?P<what>guess|hint|skip|stop)"
):
    """Opens the dialog for a guess, asks for a hint, votes to skip the puzzle, or stops."""

    prefix = "airo:anagram"

    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        anagrams = interaction.client.play.anagrams
        if self.what == "guess":
            await anagrams.ask(interaction, self.game)
        else:
            await anagrams.tables.press(interaction, self.game, self.what)


class DailyButton(GameItem, template=r"airo:daily:(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"):
    """Opens the dialog for the puzzle of a day."""

    def __init__(self, day: str) -> None:
        self.day = day
        super().__init__(
            discord.ui.Button(
                label=phrase("Guess"),
                style=discord.ButtonStyle.primary,
                custom_id=f"airo:daily:{day}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        return cls(match["day"])

    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        await interaction.client.play.daily.open(interaction, self.day)


BUTTONS = (AnagramButton, DailyButton)


def view_open(game: int, *, has_hints: bool) -> discord.ui.View:
    """Under a puzzle that is open."""
    view = discord.ui.View(timeout=None)
    for what in ("guess", "hint", "skip", "stop"):
        if what != "hint" or has_hints:
            view.add_item(AnagramButton(game, what))
    return view

"""The buttons of a game of anagrams, and the dialog for a guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self, cast

import discord

from bot.games.letters import LONGEST
from bot.play.buttons import GameItem
from bot.sentences import respond, sentence_for

if TYPE_CHECKING:
    from bot.client import AirocordClient


class Guess(discord.ui.Modal, title="Your guess"):
    """Asks for a word."""

    word: discord.ui.TextInput[Guess] = discord.ui.TextInput(
        label="A word", max_length=LONGEST + 5, custom_id="word"
    )

    def __init__(self, game: int, letters: str) -> None:
        super().__init__(timeout=300.0)
        self.word.label = f"A word from {' '.join(letters.upper())}"[:45]
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
    GameItem, template=r"airo:anagram:(?P<game>[0-9]{1,19}):(?P<what>guess|hint|skip|stop)"
):
    def __init__(self, game: int, what: str) -> None:
        self.game, self.what = game, what
        is_guess = what == "guess"
        super().__init__(
            discord.ui.Button(
                label=what.title(),
                style=discord.ButtonStyle.primary if is_guess else discord.ButtonStyle.secondary,
                custom_id=f"airo:anagram:{game}:{what}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        return cls(int(match["game"]), match["what"])

    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        await interaction.client.play.anagrams.control(interaction, self.game, self.what)


class DailyButton(GameItem, template=r"airo:daily:(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"):
    """Opens the dialog for the puzzle of a day."""

    def __init__(self, day: str) -> None:
        self.day = day
        super().__init__(
            discord.ui.Button(
                label="Guess", style=discord.ButtonStyle.primary, custom_id=f"airo:daily:{day}"
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

"""The buttons of a game of trivia. Their ids say which game and question they belong to, so that
one that outlived its game is answered too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

import discord

from bot.language import phrase
from bot.play.buttons import ControlButton, GameItem
from bot.play.trivia_words import LETTERS

if TYPE_CHECKING:
    from bot.client import AirocordClient

_LABEL = 80
"""Characters of a button's label (Discord, Component Reference)."""

_CUSTOM_ID = 100


class AnswerButton(
    GameItem, template=r"airo:answer:(?P<game>[0-9]{1,19}):(?P<number>[0-9]{1,4}):(?P<place>[0-9])"
):
    """Chooses an option of a question."""

    def __init__(self, game: int, number: int, place: int, option: str, *, ruled_out: bool) -> None:
        self.game, self.number, self.place = game, number, place
        label = f"{LETTERS[place]}  {option}"
        super().__init__(
            discord.ui.Button(
                label=label if len(label) <= _LABEL else LETTERS[place],
                style=discord.ButtonStyle.primary,
                custom_id=f"airo:answer:{game}:{number}:{place}",
                disabled=ruled_out,
                row=0,
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        place = int(match["place"]) % len(LETTERS)
        return cls(int(match["game"]), int(match["number"]), place, "", ruled_out=False)

    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        await interaction.client.play.trivia.press(interaction, self.game, self.number, self.place)


class TriviaButton(
    ControlButton, template=r"airo:trivia:(?P<game>[0-9]{1,19}):(?P<what>hint|skip|stop)"
):
    """Asks for a hint, votes to skip the question, or stops the game."""

    prefix = "airo:trivia"
    in_row = 1

    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        await interaction.client.play.trivia.tables.press(interaction, self.game, self.what)


class ReportButton(GameItem, template=r"airo:wrong:(?P<question>.{1,89})"):
    """Says that a question is wrong, long after its game too."""

    def __init__(self, question: str) -> None:
        self.question = question
        super().__init__(
            discord.ui.Button(
                label=phrase("This question is wrong"),
                style=discord.ButtonStyle.secondary,
                custom_id=f"airo:wrong:{question}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        return cls(match["question"])

    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        await interaction.client.play.trivia.report(interaction, self.question)


BUTTONS = (AnswerButton, TriviaButton, ReportButton)


def view_open(
    game: int, number: int, options: tuple[str, ...], struck: list[int]
) -> discord.ui.View:
    """Under a question that is open."""
    view = discord.ui.View(timeout=None)
    for place, option in enumerate(options):
        view.add_item(AnswerButton(game, number, place, option, ruled_out=place in struck))
    for what in ("hint", "skip", "stop"):
        view.add_item(TriviaButton(game, what))
    return view


def view_closed(question: str) -> discord.ui.View | None:
    """Under a question that is over."""
    if len(question) > _CUSTOM_ID - len("airo:wrong:"):
        return None
    return discord.ui.View(timeout=None).add_item(ReportButton(question))

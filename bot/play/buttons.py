"""What the buttons of all games have in common."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self, cast

import discord

from bot.access import Purpose
from bot.language import phrase
from bot.logs import begin_request
from bot.replies.telling import respond
from bot.sentences import sentence_for

if TYPE_CHECKING:
    from bot.client import AirocordClient


_LABELS = {
    "guess": phrase("Guess"),
    "hint": phrase("Hint"),
    "skip": phrase("Skip"),
    "stop": phrase("Stop"),
}


class GameItem(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template="(?!)"):
    """A button that knows its game by its id, so that one that outlived it is answered too."""

    async def callback(self, interaction: discord.Interaction) -> None:
        # What a DynamicItem raises reaches no error handler of discord.py, only its log.
        begin_request()
        try:
            client = cast("AirocordClient", interaction.client)
            await client.access.check(interaction, Purpose.GAMES)
            await self.act(cast("discord.Interaction[AirocordClient]", interaction))
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            await respond(interaction, sentence_for(error))

    @abstractmethod
    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        """What a press does."""


class ControlButton(GameItem, template="(?!)"):
    """Does something to a game: its id says to which, and what.

    A game has a class of its own for them, whose template has the groups ``game`` and ``what``.
    """

    prefix: ClassVar[str]
    """What the ids begin with."""
    in_row: ClassVar[int | None] = None

    def __init__(self, game: int, what: str) -> None:
        self.game, self.what = game, what
        is_first = what == "guess"
        super().__init__(
            discord.ui.Button(
                label=_LABELS[what],
                style=discord.ButtonStyle.primary if is_first else discord.ButtonStyle.secondary,
                custom_id=f"{self.prefix}:{game}:{what}",
                row=self.in_row,
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

"""What the buttons of all games have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, cast

import discord

from bot.access import Purpose
from bot.sentences import respond, sentence_for

if TYPE_CHECKING:
    from bot.client import AirocordClient


class GameItem(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template="(?!)"):
    """A button that knows its game by its id, so that one that outlived it is answered too."""

    async def callback(self, interaction: discord.Interaction) -> None:
        # What a DynamicItem raises reaches no error handler of discord.py, only its log.
        try:
            client = cast("AirocordClient", interaction.client)
            await client.access.check(interaction, Purpose.GAMES)
            await self.act(cast("discord.Interaction[AirocordClient]", interaction))
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            await respond(interaction, sentence_for(error))

    @abstractmethod
    async def act(self, interaction: discord.Interaction[AirocordClient]) -> None:
        """What a press does."""

"""The buttons under an answer that show the passages it comes from.

As with the other controls, what a press needs to know stands in the button itself.
"""

from __future__ import annotations

import re
from typing import Protocol, Self, cast

import discord

LABEL_LIMIT = 80
"""Characters of a button's label (Discord, Button Structure)."""

_ROW = 1
"""Under Continue and Regenerate."""


class SourceActions(Protocol):
    """What the button does."""

    async def show_source(
        self, interaction: discord.Interaction, turn_id: int, number: int
    ) -> None:
        """Answer the interaction within Discord's three seconds, whatever goes wrong."""


class SourceButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"airo:source:(?P<turn>[0-9]{1,19}):(?P<number>[0-9]{1,3})",
):
    """Shows the ``number``-th source of a reply, counted from 1, to who presses it."""

    def __init__(self, turn_id: int, number: int, label: str = "") -> None:
        self.turn_id = turn_id
        self.number = number
        super().__init__(
            discord.ui.Button(
                label=_short(f"{number}: {label}"),
                custom_id=f"airo:source:{turn_id}:{number}",
                row=_ROW,
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(int(match["turn"]), int(match["number"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        actions = cast(SourceActions, interaction.client)
        await actions.show_source(interaction, self.turn_id, self.number)


def _short(label: str) -> str:
    """The end of a label says where in the file it is, so it is cut in its middle."""
    if len(label) <= LABEL_LIMIT:
        return label
    return f"{label[: LABEL_LIMIT - 21].rstrip()}…{label[-20:].lstrip()}"

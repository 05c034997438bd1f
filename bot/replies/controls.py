"""Stop, Regenerate and Continue under a reply.

The id of the reply's turn stands in the button itself, so that a button works on whatever process
receives the press, after any number of restarts, without anything being remembered.
"""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from typing import ClassVar, Protocol, Self, cast

import discord

from bot.language import Sentence, phrase
from bot.logs import begin_request

log = logging.getLogger(__name__)


class ReplyActions(Protocol):
    """What the buttons do. Each acknowledges the press within Discord's three seconds and returns
    when all is done; what it raises is for :meth:`failed`."""

    async def stop(self, interaction: discord.Interaction, turn_id: int) -> None: ...

    async def regenerate(self, interaction: discord.Interaction, turn_id: int) -> None: ...

    async def resume(self, interaction: discord.Interaction, turn_id: int) -> None: ...

    async def failed(self, interaction: discord.Interaction, error: Exception) -> None:
        """Tell who pressed what one of them raised."""


class _ReplyClient(Protocol):
    """Where a button finds what it does: on the client that received the press."""

    @property
    def reply_actions(self) -> ReplyActions: ...


class _TurnButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template="(?!)"):
    """A button that knows its turn by the id in its custom id (up to 100 characters)."""

    action: ClassVar[str]
    label: ClassVar[Sentence]
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    def __init__(self, turn_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=self.label, style=self.style, custom_id=f"airo:{self.action}:{turn_id}"
            )
        )
        self.turn_id = turn_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(int(match["turn"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        # What a DynamicItem raises reaches no error handler of discord.py, only its log.
        begin_request()
        actions = cast(_ReplyClient, interaction.client).reply_actions
        try:
            await self.act(actions, interaction)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            log.info("%s of turn %d: %s", self.action, self.turn_id, type(error).__name__)
            await actions.failed(interaction, error)

    @abstractmethod
    async def act(self, actions: ReplyActions, interaction: discord.Interaction) -> None:
        """What a press does."""


class StopButton(_TurnButton, template=r"airo:stop:(?P<turn>[0-9]{1,19})"):
    action = "stop"
    label = phrase("Stop")

    async def act(self, actions: ReplyActions, interaction: discord.Interaction) -> None:
        await actions.stop(interaction, self.turn_id)


class RegenerateButton(_TurnButton, template=r"airo:again:(?P<turn>[0-9]{1,19})"):
    action = "again"
    label = phrase("Regenerate")

    async def act(self, actions: ReplyActions, interaction: discord.Interaction) -> None:
        await actions.regenerate(interaction, self.turn_id)


class ContinueButton(_TurnButton, template=r"airo:more:(?P<turn>[0-9]{1,19})"):
    action = "more"
    label = phrase("Continue")
    style = discord.ButtonStyle.primary

    async def act(self, actions: ReplyActions, interaction: discord.Interaction) -> None:
        await actions.resume(interaction, self.turn_id)


DYNAMIC_ITEMS = (StopButton, RegenerateButton, ContinueButton)
"""For ``client.add_dynamic_items(*DYNAMIC_ITEMS)``, once at the start."""


def view_running(turn_id: int) -> discord.ui.View:
    """What stands under a reply that is waiting or being written."""
    return discord.ui.View(timeout=None).add_item(StopButton(turn_id))


def view_finished(turn_id: int, can_continue: bool) -> discord.ui.View:
    """What stands under a reply that has ended."""
    view = discord.ui.View(timeout=None)
    if can_continue:
        view.add_item(ContinueButton(turn_id))
    return view.add_item(RegenerateButton(turn_id))


def is_under(message: discord.Message, turn_id: int) -> bool:
    """Whether the controls under a message are those of a reply."""
    own = {f"airo:{button.action}:{turn_id}" for button in DYNAMIC_ITEMS}
    return any(
        getattr(item, "custom_id", None) in own
        for row in message.components
        for item in getattr(row, "children", ())
    )


def view_unkept(can_continue: bool) -> discord.ui.View:
    """What stands under a reply that has ended and is not kept: nothing, for nothing is known of
    it any more."""
    return discord.ui.View(timeout=None)

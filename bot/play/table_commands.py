"""What people do at any game's table, by command or by button: open it, ask for a hint, vote to
skip, stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import discord

from bot.errors import AirocordError
from bot.games.effects import SkipVoted
from bot.incoming import ref_of
from bot.language import Sentence, phrase
from bot.play.host import GameHost
from bot.play.table import AnswerT, Table
from bot.replies.telling import respond, take_back
from bot.storage import ChannelRef, GameRuns

HINT_COMES = phrase("Here is a hint, for everybody. It costs a quarter of the points.")

TableT = TypeVar("TableT", bound=Table[Any, Any])


class NotYourGame(AirocordError):
    """Only its starter or a moderator can end a game."""


@dataclass(frozen=True, slots=True)
class TableCommands(Generic[TableT, AnswerT]):
    """Of all tables of one kind of game."""

    host: GameHost
    kind: type[TableT]
    told: Callable[[AnswerT | None], str]
    """What the person behind an event is told."""
    gone: str
    """Told to whoever presses a button of a game that is over."""
    none_here: str
    """Told to whoever gives a command where no game of this kind runs."""

    def of(self, game_id: int) -> TableT | None:
        """The table of a game, while it is played."""
        table = self.host.of(game_id)
        return table if isinstance(table, self.kind) else None

    def at(self, channel_id: int) -> TableT | None:
        """The table in a channel."""
        table = self.host.at(channel_id)
        return table if isinstance(table, self.kind) else None

    async def press(self, interaction: discord.Interaction, game_id: int, what: str) -> None:
        """A button of a game was pressed: ``hint``, ``skip`` or ``stop``."""
        await self._do(interaction, self.of(game_id), what, self.gone)

    async def here(self, interaction: discord.Interaction, what: str) -> None:
        """A command was given: ``hint``, ``skip`` or ``stop``."""
        table = self.at(ref_of(interaction.channel).id)
        if table is not None and table.is_over:
            table = None
        await self._do(interaction, table, what, self.none_here)

    async def _do(
        self, interaction: discord.Interaction, table: TableT | None, what: str, missing: str
    ) -> None:
        if table is None:
            await respond(interaction, missing)
        elif what == "stop":
            await _stop(interaction, table)
        else:
            answer = table.hint() if what == "hint" else table.skip(interaction.user.id)
            await respond(interaction, self.told(answer))


async def open_table(
    host: GameHost,
    interaction: discord.Interaction,
    kind: str,
    make: Callable[[int], Table[Any, Any]],
    *,
    may_rank: bool,
) -> None:
    """Begin a game in the interaction's channel, under the announcement that answers it.

    Raises:
        AirocordError: it cannot begin, and the announcement is taken back.
    """
    channel = ref_of(interaction.channel)
    try:
        await host.open(channel, kind, started_by=interaction.user.id, may_rank=may_rank, make=make)
    except AirocordError as error:
        await take_back(interaction)
        if isinstance(error, GameRuns):
            raise _where_it_runs(error, interaction) from error
        raise


async def must_be_free(
    host: GameHost, interaction: discord.Interaction, channel: ChannelRef
) -> None:
    """Look, before anything is prepared, whether a game can begin here.

    Raises:
        GameRuns: one runs; the sentence says where.
    """
    if (running := await host.games.running(channel.id)) is not None:
        raise _where_it_runs(GameRuns(running), interaction)


def vote_counted(vote: SkipVoted) -> Sentence:
    return phrase(
        "Your vote to skip is counted: {votes} of {needed}.", votes=vote.votes, needed=vote.needed
    )


async def _stop(interaction: discord.Interaction, table: Table[Any, Any]) -> None:
    is_moderator = interaction.guild_id is not None and interaction.permissions.manage_messages
    if interaction.user.id != table.starter and not is_moderator:
        raise NotYourGame(
            phrase(
                "Only the person who started the game, or a moderator, can stop it. "
                "Vote with Skip instead."
            )
        )
    table.stop()
    await respond(interaction, phrase("The game stops."))


def _where_it_runs(error: GameRuns, interaction: discord.Interaction) -> GameRuns:
    """The same error, whose sentence links to the game's message."""
    running = error.running
    if running is not None and running.message_id is not None:
        place = interaction.guild_id or "@me"
        url = f"https://discord.com/channels/{place}/{running.channel_id}/{running.message_id}"
        error.args = (phrase("A game runs in this channel already: {link}", link=url),)
    return error

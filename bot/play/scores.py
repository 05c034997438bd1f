"""Scoreboards of a server or a channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import discord

from bot.incoming import ref_of
from bot.play.words import counted, scoreboard
from bot.sentences import respond
from bot.storage import Games

Where = Literal["server", "channel"]
When = Literal["week", "month", "all"]

_PERIODS: dict[When, timedelta | None] = {
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "all": None,
}
_SINCE: dict[When, str] = {"week": ", last 7 days", "month": ", last 30 days", "all": ""}


async def show_scores(
    interaction: discord.Interaction,
    games: Games,
    *,
    title: str,
    start: str,
    kinds: Sequence[str],
    where: Where,
    when: When,
) -> None:
    """Show who has the most points; ``start`` is the command that begins a game."""
    channel = ref_of(interaction.channel)
    is_channel = where == "channel" or channel.guild_id is None
    period = _PERIODS[when]
    best = await games.standings(
        guild_id=None if is_channel else channel.guild_id,
        channel_id=channel.id if is_channel else None,
        kinds=tuple(kinds),
        since=datetime.now(UTC) - period if period else None,
    )
    if not best:
        await respond(
            interaction,
            f"There are no points yet. Games with two or more players count: `{start}`.",
        )
        return
    lines = []
    for one in best:
        played = f"{one.correct} right, {counted(one.games, 'game')}"
        lines.append((one.person_id, f"{counted(one.points, 'point')}, {played}"))
    place = "this channel" if is_channel else "this server"
    await interaction.response.send_message(
        f"**{title} in {place}{_SINCE[when]}**\n{scoreboard(lines)}"
    )

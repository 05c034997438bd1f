"""Scoreboards of a server or a channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import discord

from bot.incoming import ref_of
from bot.language import Sentence, joined, phrase, plural
from bot.play.words import bold, points_counted, scoreboard
from bot.replies.telling import announce, respond
from bot.storage import Games

Where = Literal["server", "channel"]
When = Literal["week", "month", "all"]

_PERIODS: dict[When, timedelta | None] = {
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "all": None,
}


async def show_scores(
    interaction: discord.Interaction,
    games: Games,
    *,
    title: Sentence,
    none_yet: Sentence,
    kinds: Sequence[str],
    where: Where,
    when: When,
) -> None:
    """Show who has the most points; ``none_yet`` is said while nobody has any."""
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
        await respond(interaction, none_yet)
        return
    lines = [
        (
            one.person_id,
            one.points,
            phrase(
                "{points}, {right} right, {games}",
                points=points_counted(one.points),
                right=one.correct,
                games=plural("{count} game", "{count} games", one.games),
            ),
        )
        for one in best
    ]
    heading = bold(_heading(title, when, is_channel=is_channel))
    await announce(interaction, joined([heading, scoreboard(lines)]))


def _heading(title: Sentence, when: When, *, is_channel: bool) -> Sentence:
    if is_channel:
        return {
            "week": phrase("{game} in this channel, last 7 days", game=title),
            "month": phrase("{game} in this channel, last 30 days", game=title),
            "all": phrase("{game} in this channel", game=title),
        }[when]
    return {
        "week": phrase("{game} in this server, last 7 days", game=title),
        "month": phrase("{game} in this server, last 30 days", game=title),
        "all": phrase("{game} in this server", game=title),
    }[when]

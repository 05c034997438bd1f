"""Games that a process left unfinished when it died."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import discord

from bot.play.words import counted, scoreboard
from bot.replies.faults import OutletError, discord_call
from bot.replies.outlets import CALL_LIMIT_S, ChannelOutlet
from bot.replies.saying import persistently, say
from bot.storage import Games, RunningGame

log = logging.getLogger(__name__)


async def tell_interrupted(
    client: discord.Client, games: Games, interrupted: Sequence[RunningGame]
) -> None:
    """Say in each channel that the game there is over, and what is kept of it.

    The client is logged in.
    """
    for game in interrupted:
        channel = client.get_partial_messageable(game.channel_id)
        if game.message_id is not None:
            message = channel.get_partial_message(game.message_id)
            try:
                await persistently(partial(_take_buttons_away, message))
            except OutletError as error:
                log.info("the buttons of game %d could not be taken away: %s", game.id, error)
        standings = await games.result(game.id)
        lines = [notice(game.kind)]
        if standings:
            lines.append(
                scoreboard([(one.person_id, counted(one.points, "point")) for one in standings])
            )
        await say(ChannelOutlet(channel), "\n".join(lines))


async def _take_buttons_away(message: discord.PartialMessage) -> None:
    async with discord_call(CALL_LIMIT_S):
        await message.edit(view=None)


def notice(kind: str) -> str:
    """What stands in the channel when the bot goes down in the middle of a game."""
    is_trivia = kind == "trivia"
    game, command = ("trivia", "/trivia start") if is_trivia else ("anagrams", "/anagram play")
    return (
        f"The game of {game} was interrupted, for I was restarted. The points so far are kept; "
        f"`{command}` begins a new one."
    )

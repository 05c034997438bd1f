"""Games that end because the process does: what their channels are told, at the stop or, after a
crash, at the next start."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import discord

from bot.language import Sentence, joined, phrase
from bot.play.words import points_counted, scoreboard
from bot.replies.faults import OutletError, discord_call
from bot.replies.languages import language_at
from bot.replies.outlets import CALL_LIMIT_S, ChannelOutlet
from bot.replies.saying import persistently, say
from bot.storage import Games, RunningGame, Standing

log = logging.getLogger(__name__)


async def tell_interrupted(
    client: discord.Client, games: Games, interrupted: Sequence[RunningGame]
) -> None:
    """Say in each channel that the game there is over, and what is kept of it.

    The client is logged in.
    """
    for game in interrupted:
        try:
            await _tell(client, games, game)
        except Exception:
            # Of the others it is told all the same.
            log.exception("nobody was told that game %d is over", game.id)


async def _tell(client: discord.Client, games: Games, game: RunningGame) -> None:
    channel = client.get_partial_messageable(game.channel_id, guild_id=game.guild_id)
    if game.message_id is not None:
        message = channel.get_partial_message(game.message_id)
        try:
            await persistently(partial(_take_buttons_away, message))
        except OutletError as error:
            log.info("the buttons of game %d could not be taken away: %s", game.id, error)
    told = notice(game.kind, await games.result(game.id))
    language = await language_at(client, game.channel_id)
    await say(ChannelOutlet(channel, language=language), told)


async def _take_buttons_away(message: discord.PartialMessage) -> None:
    async with discord_call(CALL_LIMIT_S):
        await message.edit(view=None)


def notice(kind: str, standings: Sequence[Standing]) -> Sentence:
    """What stands in the channel when the bot goes down in the middle of a game, with what is kept
    of it."""
    lines = [_interrupted(kind)]
    if standings:
        lines.append(
            scoreboard(
                [(one.person_id, one.points, points_counted(one.points)) for one in standings]
            )
        )
    return joined(lines)


def _interrupted(kind: str) -> Sentence:
    if kind == "trivia":
        return phrase(
            "The game of trivia was interrupted, for I was restarted. The points so far are kept; "
            "`/trivia start` begins a new one."
        )
    return phrase(
        "The game of anagrams was interrupted, for I was restarted. The points so far are kept; "
        "`/anagram play` begins a new one."
    )

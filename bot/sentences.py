"""Errors as people are told of them."""

from __future__ import annotations

import logging

import discord
from discord import app_commands

from bot.errors import AirocordError
from bot.language import joined, phrase, plural
from bot.logs import request_id
from bot.replies.faults import is_outage
from bot.replies.pages import DISCORD_STUMBLED
from bot.replies.telling import is_thinking, respond

log = logging.getLogger(__name__)


def sentence_for(error: BaseException) -> str:
    """What a person is told of an error; what they cannot mend is logged under a short id."""
    if isinstance(error, AirocordError):
        return str(error)
    if isinstance(error, app_commands.MissingPermissions):
        missing = joined((_permission(name) for name in error.missing_permissions), ", ")
        return phrase(
            "You need the permission {permission} for that. An admin of this server can give it.",
            permission=missing,
        )
    if isinstance(error, app_commands.NoPrivateMessage):
        return phrase("That only works in a server, not in a direct message.")
    if isinstance(error, app_commands.CommandOnCooldown):
        wait_s = round(error.retry_after)
        return plural(
            "Please wait {count} second and try again.",
            "Please wait {count} seconds and try again.",
            wait_s,
        )
    if isinstance(error, app_commands.CommandSignatureMismatch | app_commands.CommandNotFound):
        return phrase("This command has changed. Please reload Discord (Ctrl+R) and try again.")
    if is_outage(error):
        log.warning("Discord did not take an answer: %r", error)
        sentence = DISCORD_STUMBLED
    else:
        fault = request_id()
        log.error("fault %s", fault, exc_info=error)
        sentence = phrase("Something went wrong on our side (id {id}). Please try again.", id=fault)
    return sentence


def _permission(name: str) -> str:
    """As Discord's settings of a server call it."""
    known = {"manage_guild": phrase("Manage Server"), "manage_channels": phrase("Manage Channels")}
    return known.get(name, name.replace("_", " ").title())


async def tell_of(interaction: discord.Interaction, error: BaseException) -> None:
    """Tell the person behind an interaction what went wrong with it.

    Where only Discord's receipt of a command's answer was lost, the answer stands there, and no
    more is said.
    """
    is_press = interaction.type is discord.InteractionType.component
    if is_press or not is_outage(error) or await is_thinking(interaction) is not False:
        await respond(interaction, sentence_for(error))

"""Errors as people are told of them."""

from __future__ import annotations

import logging

import discord
from discord import InteractionResponseType, app_commands

from bot.errors import AirocordError
from bot.language import joined, phrase, plural, spoken
from bot.logs import request_id
from bot.replies.faults import (
    ALREADY_ACKNOWLEDGED,
    OutletError,
    Rejected,
    discord_call,
    is_outage,
)
from bot.replies.languages import language_of_person, speak
from bot.replies.outlets import CALL_LIMIT_S
from bot.replies.pages import DISCORD_STUMBLED
from bot.replies.saying import persistently

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

    Where only Discord's receipt of the answer was lost, the answer stands there, and no more is
    said.
    """
    if not (is_outage(error) and await _is_thinking(interaction) is False):
        await respond(interaction, sentence_for(error))


async def _is_thinking(interaction: discord.Interaction) -> bool | None:
    """Whether Discord shows "thinking…" where the answer will stand; ``None`` where Discord does
    not say."""
    try:
        async with discord_call(CALL_LIMIT_S):
            message = await interaction.original_response()
    except OutletError:
        return None
    return message.flags.loading


async def respond(
    interaction: discord.Interaction, sentence: str, view: discord.ui.View | None = None
) -> None:
    """Tell the person behind an interaction something that only they see, in their language."""
    language = language_of_person(interaction)
    text = spoken(sentence, language)
    speak(view, language)
    buttons = discord.utils.MISSING if view is None else view
    is_deferred = interaction.response.type is InteractionResponseType.deferred_channel_message
    is_awaited = is_deferred and await _is_thinking(interaction) is True

    async def send() -> None:
        async with discord_call(CALL_LIMIT_S):
            if is_awaited:
                # Unlike a message that follows up, it is not there twice where it is sent twice
                # because a receipt was lost.
                await interaction.edit_original_response(content=text, view=buttons)
            elif interaction.response.is_done():
                await interaction.followup.send(text, ephemeral=True, view=buttons)
            else:
                await interaction.response.send_message(text, ephemeral=True, view=buttons)

    async def send_after_all() -> None:
        """Discord has had an answer or an acknowledgement, of which only the receipt was lost."""
        async with discord_call(CALL_LIMIT_S):
            standing = await interaction.original_response()
            if standing.flags.loading:
                await interaction.edit_original_response(content=text, view=buttons)
            elif interaction.message is not None and interaction.message.id == standing.id:
                # A press that was acknowledged without a word.
                await interaction.followup.send(text, ephemeral=True, view=buttons)

    try:
        try:
            await persistently(send)
        except Rejected as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            await persistently(send_after_all)
    except OutletError as error:
        # The sentence may name a file of theirs.
        log.warning("a person could not be told why something failed: %s", error)

"""Which language a person or a channel reads, and the words on buttons and lists in it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import discord

from bot.language import ENGLISH, language_of, spoken

log = logging.getLogger(__name__)

_SERVERS_KNOWN_S = 60.0


def language_of_person(interaction: discord.Interaction) -> str:
    """What whoever used a command or a button has set their Discord to."""
    return language_of(interaction.locale.value)


def language_of_place(interaction: discord.Interaction) -> str:
    """For what everybody in the channel sees: the server's language, which Discord lets
    communities choose, or what whoever runs the bot has chosen. Direct messages have one reader."""
    if interaction.guild_id is None:
        return language_of_person(interaction)
    locale = interaction.guild_locale
    return _chosen(interaction.client) or (ENGLISH if locale is None else language_of(locale.value))


def language_of_channel(client: discord.Client, channel: object) -> str:
    """The same of a channel where nobody used a command. Discord does not tell what is read in
    direct messages then."""
    guild = getattr(channel, "guild", None)
    own = language_of(guild.preferred_locale.value) if isinstance(guild, discord.Guild) else ENGLISH
    return _chosen(client) or own


async def language_at(client: discord.Client, channel_id: int) -> str:
    """The same of a channel of which only the id is known. Servers are known soon after the start:
    that is waited for."""
    try:
        async with asyncio.timeout(_SERVERS_KNOWN_S):
            await client.wait_until_ready()
    except TimeoutError:
        log.info("the servers are not known yet: people are told in English")
    return language_of_channel(client, client.get_channel(channel_id))


def _chosen(client: discord.Client) -> str | None:
    """By CHANNEL_LANGUAGE."""
    chosen: str | None = getattr(client, "channel_language", None)
    return chosen


def speak(view: discord.ui.View | discord.ui.Modal | None, language: str) -> None:
    """Put the words on buttons, lists and fields into a language."""
    if view is None:
        return
    if isinstance(view, discord.ui.Modal):
        view.title = spoken(view.title, language)
    for item in view.walk_children():
        _speak_item(item.item if isinstance(item, discord.ui.DynamicItem) else item, language)


def _speak_item(item: discord.ui.Item[Any], language: str) -> None:
    if isinstance(item, discord.ui.Button) and item.label is not None:
        item.label = spoken(item.label, language)
    elif isinstance(item, discord.ui.Label):
        item.text = spoken(item.text, language)
        if item.description is not None:
            item.description = spoken(item.description, language)
    if isinstance(item, discord.ui.TextInput | discord.ui.Select) and item.placeholder is not None:
        item.placeholder = spoken(item.placeholder, language)
    if isinstance(item, discord.ui.Select):
        for option in item.options:
            option.label = spoken(option.label, language)
            if option.description is not None:
                option.description = spoken(option.description, language)

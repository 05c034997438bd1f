"""Which language a person or a channel reads, and the words on buttons and lists in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.language import ENGLISH, language_of, spoken

if TYPE_CHECKING:
    from discord.abc import MessageableChannel


def language_of_person(interaction: discord.Interaction) -> str:
    """What whoever used a command or a button has set their Discord to."""
    return language_of(interaction.locale.value)


def language_of_place(interaction: discord.Interaction) -> str:
    """For what everybody in the channel sees: the server's language. Discord lets communities
    choose it, and says English of all others. Direct messages have one reader."""
    if interaction.guild_id is None:
        return language_of_person(interaction)
    locale = interaction.guild_locale
    return ENGLISH if locale is None else language_of(locale.value)


def language_of_channel(channel: MessageableChannel) -> str:
    """The same of a channel where nobody used a command; nobody knows what is read in direct
    messages then."""
    guild = channel.guild
    return ENGLISH if guild is None else language_of(guild.preferred_locale.value)


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

"""The commands as Discord's menu shows them in other languages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.language import ENGLISH, Catalog, catalog, language_of, load_catalogs

if TYPE_CHECKING:
    from discord.app_commands import TranslationContextTypes


class CommandWords(app_commands.Translator):
    """Takes the words from the files of translations; what they lack stays English.

    It is asked for every language of Discord's, so for Spanish as it is spoken in Spain and in
    Latin America, and for Brazilian Portuguese.
    """

    async def load(self) -> None:
        await asyncio.to_thread(load_catalogs)

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: TranslationContextTypes,
    ) -> str | None:
        language = language_of(locale.value)
        return None if language == ENGLISH else _found(catalog(language), str(string), context)


def _found(words: Catalog, english: str, context: TranslationContextTypes) -> str | None:
    match context.location:
        case Location.command_name | Location.group_name:
            return words.commands.get(context.data.qualified_name)
        case Location.parameter_name:
            return words.options.get(english)
        case Location.choice_name:
            return words.choices.get(english)
        case _:
            return words.descriptions.get(english)


async def translated(tree: app_commands.CommandTree[Any]) -> list[dict[str, Any]]:
    """All commands as Discord is told them. The tree's translator has been set."""
    translator = tree.translator
    assert translator is not None  # noqa: S101 - the client sets it before anything is told
    payloads = []
    for command in tree.get_commands():
        payloads.append(await command.get_translated_payload(tree, translator))
        # All of them together would hold up the event loop for 20 ms.
        await asyncio.sleep(0)
    return payloads

"""The commands in other languages: every one has its words, and Discord takes them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import command_words
from bot.client import COGS, AirocordClient
from bot.command_words import CommandWords, translated
from bot.language import LANGUAGES, Catalog, catalog, phrase
from bot.storage import Database
from sandbox.commands import check_all
from sandbox.server import Sandbox
from tests.support.engines import ScriptedEngine
from tests.support.on_the_wire import running
from tests.support.reader import text_of
from tests.support.world import build_client, build_conversation

Payload = dict[str, Any]

LOCALES = {"de", "es-ES", "es-419", "fr", "pt-BR"}
SUB_COMMAND_GROUP = 2
UNDESCRIBED = "…"
"""What discord.py says of an option that has no description."""

# https://discord.com/developers/docs/interactions/application-commands#application-command-object
_NAME = re.compile(r"[-_'\w]{1,32}")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[AirocordClient]:
    """The whole bot, not connected yet."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'airocord.db'}")
    await database.upgrade()
    conversation, queue = build_conversation(ScriptedEngine(), database)
    client = build_client(conversation, folder)
    try:
        yield client
    finally:
        await client.close()
        await queue.drain(0)
        await database.close()


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> list[Payload]:
    """What Discord is told."""

    async def told() -> list[Payload]:
        async with opened(tmp_path_factory.mktemp("bot")) as client:
            await client.tree.set_translator(CommandWords())
            for cog in COGS:
                await client.load_extension(cog)
            return await translated(client.tree)

    return asyncio.run(told())


def named(items: list[Payload]) -> Iterator[list[Payload]]:
    """Everything with a name, siblings together."""
    yield items
    for item in items:
        yield from named(item.get("options", []))


def paths(items: list[Payload], above: str = "") -> Iterator[str]:
    """Of commands, groups and menus."""
    for item in items:
        if above == "" or item["type"] <= SUB_COMMAND_GROUP:
            path = f"{above} {item['name']}".strip()
            yield path
            yield from paths(item.get("options", []), path)


def options(items: list[Payload]) -> Iterator[Payload]:
    for item in items:
        for inner in item.get("options", []):
            if inner["type"] > SUB_COMMAND_GROUP:
                yield inner
        yield from options(item.get("options", []))


def descriptions(items: list[Payload]) -> set[str]:
    said = {item["description"] for level in named(items) for item in level if "options" in item}
    said |= {option["description"] for option in options(items)}
    return said - {""}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_command_is_there_and_none_is_left_over(
    language: str, payload: list[Payload]
) -> None:
    words = catalog(language)
    assert set(words.commands) == set(paths(payload))
    assert set(words.options) == {option["name"] for option in options(payload)}
    choices = [choice for option in options(payload) for choice in option.get("choices", [])]
    assert set(words.choices) == {choice["name"] for choice in choices}
    assert set(words.descriptions) == descriptions(payload)


def test_all_that_discord_is_told_is_localised(payload: list[Payload]) -> None:
    for level in named(payload):
        for item in level:
            assert set(item["name_localizations"]) == LOCALES, item["name"]
            assert item.get("description") != UNDESCRIBED, item["name"]
            if item.get("description"):
                assert set(item["description_localizations"]) == LOCALES, item["description"]
            for choice in item.get("choices", []):
                assert set(choice["name_localizations"]) == LOCALES, choice["name"]


def test_discord_takes_all_names_and_descriptions(payload: list[Payload]) -> None:
    check_all(payload)
    menus = [item for item in payload if item.get("type", 1) != 1]
    for level in named(payload):
        for item in level:
            for name in item["name_localizations"].values():
                assert len(name) <= 32
                assert item in menus or (_NAME.fullmatch(name) and name == name.lower()), name
            for text in item.get("description_localizations", {}).values():
                assert 1 <= len(text) <= 100, text
            for choice in item.get("choices", []):
                assert all(1 <= len(n) <= 100 for n in choice["name_localizations"].values())


@pytest.mark.parametrize("locale", sorted(LOCALES))
def test_no_two_of_one_place_have_one_name(locale: str, payload: list[Payload]) -> None:
    for level in named(payload):
        names = [(item.get("type", 1) == 3, item["name_localizations"][locale]) for item in level]
        assert len(set(names)) == len(names), names
        for item in level:
            choices = [c["name_localizations"][locale] for c in item.get("choices", [])]
            assert len(set(choices)) == len(choices), choices


def test_a_sentence_names_a_command_as_its_reader_types_it() -> None:
    told = phrase("Begin with `/trivia start` or `/admin pause off`, {name}.", name="`/help`")
    assert told == "Begin with `/trivia start` or `/admin pause off`, `/help`."
    assert "`/trivia starten`" in told.spoken("de")
    assert "`/admin pausa desactivado`" in told.spoken("es")
    # What stands in a hole may be somebody's own words.
    assert "`/help`" in told.spoken("fr")


async def test_help_speaks_the_language_of_whoever_asks(tmp_path: Path) -> None:
    async with online(tmp_path) as (sandbox, _):
        german, polish = await helped(sandbox, "de"), await helped(sandbox, "pl")
        assert "- `/anagramm spielen` Ein Spiel in diesem Kanal beginnen.\n" in german
        assert "- `/anagram play` Begin a game in this channel.\n" in polish


async def test_discord_is_told_again_when_a_translation_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with online(tmp_path) as (sandbox, client):
        told = sandbox.commands.listed()
        by_name = {command["name"]: command for command in told}
        assert by_name["help"]["name_localizations"]["pt-BR"] == "ajuda"
        await client.sync_commands()
        assert sandbox.commands.listed() == told

        def changed(language: str) -> Catalog:
            return replace(catalog(language), commands={"help": "sos"})

        monkeypatch.setattr(command_words, "catalog", changed)
        await client.sync_commands()
        by_name = {command["name"]: command for command in sandbox.commands.listed()}
        assert by_name["help"]["name_localizations"]["pt-BR"] == "sos"


@asynccontextmanager
async def online(folder: Path) -> AsyncIterator[tuple[Sandbox, AirocordClient]]:
    sandbox = Sandbox()
    await sandbox.start()
    try:
        async with opened(folder) as client, running(sandbox, client):
            yield sandbox, client
    finally:
        await sandbox.close()


async def helped(sandbox: Sandbox, locale: str) -> str:
    """What /help tells somebody at a Discord in that language."""
    person = sandbox.person("Ada", locale=locale)
    used = await person.use_command(int(person.channels()[0]["id"]), "help").answered()
    assert used.message is not None
    return text_of(used.message)

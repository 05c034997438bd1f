"""Discord: is the token taken, are the intents switched on, and may the bot write?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import discord

from bot.client import PERMISSIONS, may_read_messages
from bot.discord_api import served_from
from bot.doctor.findings import Finding, Severity
from bot.errors import SettingsError
from bot.settings import Settings

LIMIT_S = 20.0
MOST_GUILDS = 200
"""Servers that are looked at."""


async def discord_itself(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.discord_token:
        yield Finding(
            "Discord",
            Severity.NOTE,
            "DISCORD_TOKEN is not set; python -m bot try and chat do without.",
            "To run on a server, follow the README's section about it.",
        )
        return
    try:
        with served_from(settings.discord_api_url):
            async with asyncio.timeout(LIMIT_S):
                for finding in await _look(settings):
                    yield finding
    except SettingsError as error:
        yield Finding("Discord", Severity.ERROR, str(error))
    except discord.LoginFailure:
        yield Finding(
            "Discord",
            Severity.ERROR,
            "It does not know this DISCORD_TOKEN.",
            "Copy the token anew from the Bot page of the application.",
        )
    except (aiohttp.ClientError, OSError, discord.HTTPException) as error:
        why = str(error) or "no answer in time"
        yield Finding(
            "Discord", Severity.WARNING, f"It cannot be reached ({why}).", "Check the network."
        )


async def _look(settings: Settings) -> list[Finding]:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(settings.discord_token)
        application = await client.application_info()
        findings = [Finding("Discord", Severity.OK, f"logged in as {client.user}")]
        if settings.message_content_intent and not may_read_messages(application.flags):
            findings.append(
                Finding(
                    "Intents",
                    Severity.ERROR,
                    "MESSAGE_CONTENT_INTENT is true here and switched off at Discord.",
                    "Switch on Message Content Intent on the Bot page, or set it to false.",
                )
            )
        recommended, *_ = await client.http.get_bot_gateway()
        if recommended > settings.shard_count:
            findings.append(
                Finding(
                    "Shards",
                    Severity.WARNING,
                    f"Discord recommends {recommended}, and SHARD_COUNT is {settings.shard_count}.",
                    f"Set SHARD_COUNT={recommended} for all processes of the bot, and see "
                    "docs/deploy.md.",
                )
            )
        # discord.py's own method for this leaves the bot's permissions out.
        rows = await client.http.get_guilds(MOST_GUILDS)
        guilds = [(row["name"], discord.Permissions(int(row["permissions"]))) for row in rows]
        return findings + _guilds(guilds)


def _guilds(guilds: list[tuple[str, discord.Permissions]]) -> list[Finding]:
    if not guilds:
        return [
            Finding(
                "Servers",
                Severity.WARNING,
                "It is on none.",
                "Open the invitation link of the README with the application's id in it.",
            )
        ]
    lacking = [(name, missing) for name, has in guilds if (missing := _missing(has))]
    generous = len(guilds) - len(lacking)
    findings = [
        Finding("Servers", Severity.OK, f"{generous} of {len(guilds)} let it do all it can")
    ]
    return findings + [
        Finding(
            "Servers",
            Severity.WARNING,
            f"On {name} it lacks: {', '.join(missing)}.",
            "Invite it again with the README's link, or give its role these permissions.",
        )
        for name, missing in lacking
    ]


def _missing(has: discord.Permissions) -> list[str]:
    if has.administrator:
        return []
    return [name.replace("_", " ") for name, is_needed in PERMISSIONS & ~has if is_needed]

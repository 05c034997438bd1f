"""What ``doctor`` says of Discord's side, on a Discord of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.doctor.findings import Finding, Severity
from bot.doctor.online import discord_itself
from bot.settings import Settings
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from tests.support.judge import Judge


@pytest.fixture
async def sandbox(judge: Judge) -> AsyncIterator[Sandbox]:
    made = Sandbox()
    judge.watch(made)
    await made.start()
    yield made
    await made.close()
    assert judge.problems() == []


async def look(sandbox: Sandbox, token: str | None = None) -> dict[str, Finding]:
    settings = Settings(discord_token=token or sandbox.bot_token, discord_api_url=sandbox.api_url)
    return {finding.subject: finding async for finding in discord_itself(settings)}


async def test_where_all_is_well_it_says_who_the_bot_is(sandbox: Sandbox) -> None:
    found = await look(sandbox)
    assert found["Discord"].severity is Severity.OK
    assert "Airocord" in found["Discord"].text
    assert found["Servers"].text == "1 of 1 let it do all it can"


async def test_a_token_that_discord_does_not_know_is_an_error(sandbox: Sandbox) -> None:
    found = await look(sandbox, "not.the.token")
    assert found["Discord"].severity is Severity.ERROR
    assert "not.the.token" not in found["Discord"].text


async def test_an_intent_that_is_switched_off_is_an_error(sandbox: Sandbox) -> None:
    sandbox.world.application["flags"] = 0
    found = await look(sandbox)
    assert found["Intents"].severity is Severity.ERROR
    assert "Message Content Intent" in found["Intents"].next_step


async def test_a_missing_permission_is_named_with_its_server(sandbox: Sandbox) -> None:
    [guild] = sandbox.world.guilds.values()
    for role in guild["roles"]:
        role["permissions"] = str(int(role["permissions"]) & ~Permission.ATTACH_FILES)
    found = await look(sandbox)
    assert found["Servers"].severity is Severity.WARNING
    assert found["Servers"].text == "On Airocord's workshop it lacks: attach files."


async def test_more_shards_than_are_set_are_recommended_where_discord_does(
    sandbox: Sandbox,
) -> None:
    assert "Shards" not in await look(sandbox)
    sandbox.gateway.recommended_shards = 3
    found = await look(sandbox)
    assert found["Shards"].severity is Severity.WARNING
    assert "SHARD_COUNT=3" in found["Shards"].next_step


async def test_on_no_server_it_says_how_to_be_invited(sandbox: Sandbox) -> None:
    sandbox.world.guilds.clear()
    found = await look(sandbox)
    assert found["Servers"].severity is Severity.WARNING
    assert "invitation" in found["Servers"].next_step

"""A request that Discord would refuse does not go unnoticed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.server import Sandbox
from sandbox.types import Json
from tests.support.judge import Judge


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox()
    await made.start()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"embeds": [{"description": "x" * 4097}]}, "4096"),
        ({"embeds": [{"description": "x" * 3001}, {"description": "y" * 3001}]}, "6000"),
        ({"content": "x" * 2001}, "2000"),
        ({"content": " "}, "empty message"),
    ],
    ids=["over-long embed", "embeds in sum", "over-long text", "nothing at all"],
)
async def test_a_message_that_breaks_a_rule_is_found(
    sandbox: Sandbox, body: Json, wrong: str
) -> None:
    judge = Judge()
    judge.watch(sandbox)
    await post(sandbox, body)
    assert wrong in " ".join(judge.problems())
    assert judge.problems() == []


async def test_what_discord_s_description_says_is_found_too(sandbox: Sandbox) -> None:
    judge = Judge()
    if not judge.has_description:
        pytest.skip("DISCORD_OPENAPI does not name Discord's description of its API")
    judge.watch(sandbox)
    # The sandbox itself has no eye for this one.
    await post(sandbox, {"content": "hello", "tts": "no"})
    assert "$.tts" in " ".join(judge.problems())
    assert (judge.judged, judge.violations) == (1, 1)


async def test_a_proper_message_passes(sandbox: Sandbox) -> None:
    judge = Judge()
    judge.watch(sandbox)
    await post(sandbox, {"content": "hello"})
    assert judge.problems() == []


async def post(sandbox: Sandbox, body: Json) -> None:
    channel = sandbox.person("Ada").channels()[0]["id"]
    headers = {"Authorization": f"Bot {sandbox.bot_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{sandbox.api_url}/channels/{channel}/messages", json=body),
    ):
        pass

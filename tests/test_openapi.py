"""The judge of the bot's requests can find them guilty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.openapi import DiscordDescription

GIVEN = os.environ.get("DISCORD_OPENAPI")
pytestmark = pytest.mark.skipif(
    not GIVEN, reason="DISCORD_OPENAPI does not name Discord's description of its API"
)
MESSAGES = "/channels/1/messages"


@pytest.fixture(scope="module")
def discord() -> DiscordDescription:
    return DiscordDescription.load(Path(GIVEN or ""))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", MESSAGES, {"content": "Hello", "allowed_mentions": {"parse": []}}),
        ("PATCH", f"{MESSAGES}/2", {"content": "Hello", "components": []}),
        ("POST", "/channels/1/typing", None),
        ("GET", "/users/@me", None),
        ("POST", "/interactions/1/token/callback", {"type": 5, "data": {"flags": 64}}),
        ("PATCH", "/webhooks/1/token/messages/@original", {"content": "Hello"}),
        ("PUT", "/applications/1/commands", [{"name": "chat", "description": "Talk", "type": 1}]),
    ],
)
def test_a_proper_request_passes(
    discord: DiscordDescription, method: str, path: str, body: object
) -> None:
    assert discord.violations(method, path, body) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", MESSAGES, {"embeds": [{"title": "x" * 257}]}, "$.embeds[0].title"),
        ("POST", MESSAGES, {"embeds": [{"description": "x" * 4097}]}, "$.embeds[0].description"),
        ("POST", MESSAGES, {"content": 7}, "$.content"),
        ("POST", "/channels/1/messagez", {}, "no such operation"),
        (
            "PUT",
            "/applications/1/commands",
            [{"name": "chat", "description": "x" * 101, "type": 1}],
            "description",
        ),
        ("POST", "/interactions/1/token/callback", {"type": 99}, "99"),
    ],
)
def test_what_discord_would_refuse_is_found_and_named(
    discord: DiscordDescription, method: str, path: str, body: object, said: str
) -> None:
    [*problems] = discord.violations(method, path, body)
    assert problems
    assert said in " ".join(problems)


def test_answers_are_judged_too(discord: DiscordDescription) -> None:
    said = discord.answer_violations("GET", "/gateway/bot", 200, {"url": "wss://x", "shards": 1})
    assert "session_start_limit" in " ".join(said)
    assert discord.answer_violations("PATCH", f"{MESSAGES}/2", 201, {}) != []
    refusal = {"code": 50035, "message": "Invalid Form Body", "errors": {"content": {}}}
    assert discord.answer_violations("POST", MESSAGES, 400, refusal) == []
    assert discord.answer_violations("POST", MESSAGES, 400, {"message": "Invalid"}) != []

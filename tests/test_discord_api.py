"""Only Discord, or a server of this machine, ever gets the token."""

from __future__ import annotations

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord_api import served_from
from bot.errors import SettingsError


def addresses() -> tuple[str, str, str]:
    return Route.BASE, str(DiscordWebSocket.DEFAULT_GATEWAY), discord.Asset.BASE


def test_discord_itself_is_the_default() -> None:
    before = addresses()
    with served_from(""):
        assert addresses() == before
    assert all("discord" in address for address in before)


def test_a_server_of_this_machine_takes_all_three_places_until_the_end() -> None:
    before = addresses()
    with served_from("http://127.0.0.1:8080/api/v10/"):
        assert addresses() == (
            "http://127.0.0.1:8080/api/v10",
            "ws://127.0.0.1:8080/gateway",
            "http://127.0.0.1:8080/cdn",
        )
    assert addresses() == before


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/api",
        "http://example.org/api/v10",
        "http://127.0.0.1.example.org/api",
        "http://127.0.0.1@example.org/api",
        "127.0.0.1:8080",
        "http://[broken",
    ],
)
def test_no_other_server_is_taken(address: str) -> None:
    before = addresses()
    with pytest.raises(SettingsError, match="address of this machine"), served_from(address):
        pytest.fail("the token would have gone there")
    assert addresses() == before

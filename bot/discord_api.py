"""Where Discord's API is: Discord's own, or a server on this machine that speaks like it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.errors import SettingsError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@contextmanager
def served_from(api_url: str) -> Iterator[None]:
    """Let discord.py speak to the server at ``api_url`` (empty: Discord itself) inside the block.

    The gateway is then at ``/gateway`` and the files at ``/cdn`` of the same server. These three
    class attributes are all that discord.py has of Discord's addresses; they hold for the whole
    process.

    Raises:
        SettingsError: the address is not one of this machine. The token goes there, so no other
            is taken.
    """
    if not api_url:
        yield
        return
    url = _on_this_machine(api_url)
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE
    Route.BASE = str(url)
    DiscordWebSocket.DEFAULT_GATEWAY = url.with_scheme("ws").with_path("/gateway")
    discord.Asset.BASE = str(url.with_path("/cdn"))
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE = before


def _on_this_machine(api_url: str) -> yarl.URL:
    try:
        url = yarl.URL(api_url.rstrip("/"))
    except ValueError:
        url = yarl.URL()
    if url.scheme != "http" or url.host not in LOOPBACK:
        raise SettingsError(
            f"DISCORD_API_URL is {api_url!r}, but it takes only an address of this machine such "
            "as http://127.0.0.1:8080/api/v10. Leave it empty to connect to Discord."
        )
    return url

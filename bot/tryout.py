"""``python -m bot try``: the real bot on a small Discord of this machine, in the browser."""

from __future__ import annotations

import asyncio
import logging
import shutil
import webbrowser
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

from bot.errors import AirocordError
from bot.settings import Settings
from sandbox.server import Sandbox

log = logging.getLogger(__name__)

RunBot = Callable[[Settings, asyncio.Event, asyncio.Event], Coroutine[None, None, None]]
"""Runs the bot until the first event is set, and sets the second when it is ready."""


async def try_bot(
    run: RunBot,
    settings: Settings,
    stop: asyncio.Event,
    *,
    port: int,
    tell: Callable[[str], None],
    opens_browser: bool,
) -> None:
    """Run sandbox and bot until ``stop`` is set; ``tell`` gets the page's address once there is
    somebody to talk to. ``port`` 0: any that is free.

    The real bot's database, commands and token stay untouched: everything begins anew.

    Raises:
        AirocordError: the port is taken, or the bot cannot run.
    """
    data_dir = settings.data_dir / "try"
    await asyncio.to_thread(_clear, data_dir)
    sandbox = Sandbox()
    try:
        await sandbox.start(port)
    except OSError as error:
        raise AirocordError(
            f"Port {port} cannot be used ({error.strerror}). Name another one with --port."
        ) from error
    is_ready = asyncio.Event()
    telling = asyncio.create_task(
        _tell(sandbox.page_url, is_ready, tell, opens_browser=opens_browser), name="tell"
    )
    try:
        await run(_settings(settings, sandbox, data_dir), stop, is_ready)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await sandbox.close()


def _settings(settings: Settings, sandbox: Sandbox, data_dir: Path) -> Settings:
    return replace(
        settings,
        discord_token=sandbox.bot_token,
        discord_api_url=sandbox.api_url,
        message_content_intent=True,
        data_dir=data_dir,
        models_dir=settings.effective_models_dir,
        database_url="",
    )


def _clear(data_dir: Path) -> None:
    shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(parents=True)


async def _tell(
    address: str, is_ready: asyncio.Event, tell: Callable[[str], None], *, opens_browser: bool
) -> None:
    await is_ready.wait()
    tell(address)
    if opens_browser and not await asyncio.to_thread(webbrowser.open, address):
        log.info("no browser could be opened")

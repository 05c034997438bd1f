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

    The real bot's database, commands and token stay untouched: everything begins anew, in a
    folder by the port, which no two of them have at a time.

    Raises:
        AirocordError: the port is taken, the folder cannot be written, or the bot cannot run.
    """
    sandbox = Sandbox()
    try:
        await sandbox.start(port)
    except OSError as error:
        raise AirocordError(
            f"Port {port} cannot be used ({error.strerror}). Name another one with --port."
        ) from error
    # Only now is it certain that nobody else uses the folder.
    data_dir = settings.data_dir / "try" / str(sandbox.port)
    try:
        await asyncio.to_thread(_clear, data_dir)
        given = _settings(settings, sandbox, data_dir)
        await _run(run, given, sandbox, stop, tell=tell, opens_browser=opens_browser)
    finally:
        await asyncio.to_thread(shutil.rmtree, data_dir, ignore_errors=True)
        await sandbox.close()


async def _run(
    run: RunBot,
    settings: Settings,
    sandbox: Sandbox,
    stop: asyncio.Event,
    *,
    tell: Callable[[str], None],
    opens_browser: bool,
) -> None:
    is_ready = asyncio.Event()
    telling = asyncio.create_task(
        _tell(sandbox.page_url, is_ready, tell, opens_browser=opens_browser), name="tell"
    )
    try:
        await run(settings, stop, is_ready)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


def _settings(settings: Settings, sandbox: Sandbox, data_dir: Path) -> Settings:
    """What is about the real bot's people, servers and processes says nothing here, where all ids
    are new at every start."""
    return replace(
        settings,
        discord_token=sandbox.bot_token,
        discord_api_url=sandbox.api_url,
        message_content_intent=True,
        owner_ids=str(sandbox.owner_id),
        only_servers="",
        blocked_ids="",
        shard_count=1,
        shard_ids="",
        metrics_port=0,
        data_dir=data_dir,
        models_dir=settings.effective_models_dir,
        database_url="",
    )


def _clear(data_dir: Path) -> None:
    try:
        if data_dir.exists():
            shutil.rmtree(data_dir)
        data_dir.mkdir(parents=True)
    except OSError as error:
        raise AirocordError(
            f"The folder {data_dir} cannot be written ({error.strerror}). Give this user the right "
            "to write there, or set DATA_DIR to another folder."
        ) from error


async def _tell(
    address: str, is_ready: asyncio.Event, tell: Callable[[str], None], *, opens_browser: bool
) -> None:
    await is_ready.wait()
    tell(address)
    if opens_browser and not await asyncio.to_thread(webbrowser.open, address):
        log.info("no browser could be opened")

"""A browser for tests: headless Chromium, driven by Playwright, on the page of a sandbox where
the real bot is connected."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from bot.client import AirocordClient
from bot.discord_api import served_from
from bot.storage import Database
from sandbox.server import Sandbox
from tests.support.engines import Script, ScriptedEngine
from tests.support.migrated import put_database
from tests.support.trial_commands import add_trial_commands
from tests.support.world import build_client, build_conversation

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LIMIT_MS = 10_000


def find_chromium() -> str:
    """Where it is installed. Without it the test is skipped; where CI is set, it fails."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    why = "Chromium is not installed: run `make browser`, or on Debian apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@dataclass
class Stage:
    """Browser, sandbox and bot, for a module of tests."""

    chromium: Browser
    sandbox: Sandbox
    client: AirocordClient
    engine: ScriptedEngine
    complaints: list[str] = field(default_factory=list)
    """What the page's scripts threw or the browser refused."""

    @property
    def guild_id(self) -> int:
        return next(iter(self.sandbox.world.guilds))

    def writes(self, *pieces: str, endless: bool = False) -> asyncio.Semaphore:
        """What the next reply is made of; each release lets one piece go."""
        steps = asyncio.Semaphore(0)
        self.engine.scripts.append(Script(pieces, steps=steps, endless=endless))
        return steps

    @asynccontextmanager
    async def open(
        self,
        *,
        width: int = 1180,
        height: int = 780,
        is_dark: bool = False,
        is_phone: bool = False,
    ) -> AsyncIterator[Page]:
        """The page in a profile of its own."""
        context: BrowserContext = await self.chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if is_dark else "light",
            is_mobile=is_phone,
            has_touch=is_phone,
            device_scale_factor=2 if is_phone else 1,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(LIMIT_MS)
        try:
            page = await context.new_page()
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.on("console", lambda said: self._said(said.type, said.text))
            await page.goto(self.sandbox.page_url)
            await page.wait_for_selector("body.ready")
            yield page
        finally:
            await context.close()

    def _said(self, kind: str, text: str) -> None:
        # What the sandbox refuses with a sentence is shown to the person, and logged by Chromium.
        if kind in ("error", "warning") and "409" not in text:
            self.complaints.append(text)


@asynccontextmanager
async def open_stage(folder: Path, sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Everything started, and the bot online."""
    executable = find_chromium()
    expect.set_options(timeout=LIMIT_MS)
    engine = ScriptedEngine(lanes=4)
    database = Database(f"sqlite+aiosqlite:///{put_database(folder)}")
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    client = build_client(conversation, folder)
    add_trial_commands(client)
    await sandbox.start()
    try:
        with served_from(sandbox.api_url):
            connected = asyncio.create_task(client.start(sandbox.bot_token), name="bot")
            try:
                async with asyncio.timeout(LIMIT_MS / 1000):
                    await client.online.wait()
                async with _chromium(executable) as chromium:
                    yield Stage(chromium, sandbox, client, engine)
            finally:
                await queue.drain(0)
                await client.close()
                await asyncio.gather(connected, return_exceptions=True)
    finally:
        await sandbox.close()
        await database.close()


@asynccontextmanager
async def _chromium(executable: str) -> AsyncIterator[Browser]:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*QUIET, *(["--no-sandbox"] if is_root else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()

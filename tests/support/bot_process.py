"""The bot as a process of its own, started as a person would, on the sandbox's Discord."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.storage import Conversations, Database
from sandbox.server import Sandbox
from tests.support.migrated import put_database
from tests.support.model_on_a_wire import LIMIT_S, ModelOnAWire

_ENTRY = re.compile(r"\d{4}-\d\d-\d\d \d\d:")
"""How an entry of the log begins."""

ROOT = Path(__file__).parents[2]


class BotProcess:
    """``async with`` starts it and waits until it is ready; at the end it has to stop in peace."""

    def __init__(
        self,
        sandbox: Sandbox,
        folder: Path,
        model: ModelOnAWire | None = None,
        *,
        command: Sequence[str] = ("-m", "bot", "run"),
        makes_database: bool = False,
        **settings: str,
    ) -> None:
        """``model``: ``None`` takes the engine that ``settings`` name, as a person's bot does.
        ``command``: what Python runs; ``settings`` by their variables' names.
        ``makes_database``: it finds none, which takes it longer."""
        self._command = command
        self._makes_database = makes_database
        if model is not None:
            self._command = (str(ROOT / "tests/support/scripted_bot.py"), str(model.port))
        self._folder = folder
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": sandbox.bot_token,
            "DISCORD_API_URL": sandbox.api_url,
            "DATA_DIR": str(folder),
            "EDIT_INTERVAL_S": "0.5",
            # What the model makes ahead would come between a test and its replies.
            "QUESTION_STOCK": "0",
            "CLUE_STOCK": "0",
            # One person asks for all tests of a file, which a fast machine runs within a minute.
            "PERSON_A_MINUTE": "0",
            "GUILD_A_MINUTE": "0",
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._lines: list[str] = []
        self._has_ended = False
        self._grown = asyncio.Condition()

    @property
    def pid(self) -> int:
        """Of its latest life."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it has logged, its earlier lives included."""
        return "".join(self._lines)

    @property
    def complaints(self) -> list[str]:
        """What it logged as an error, or was not caught at all, with what was logged below it."""
        found: list[str] = []
        is_below = False
        for line in self._lines:
            if " ERROR " in line or line.startswith("Traceback"):
                is_below = True
            elif _ENTRY.match(line):
                is_below = False
            if is_below:
                found.append(line)
        return found

    async def start(self, *, until: str = "bot.app: ready") -> None:
        """Start it, and wait until it logs ``until``."""
        already = self.log.count(until)
        self._has_ended = False
        if not self._makes_database and "DATABASE_URL" not in self._environment:
            await asyncio.to_thread(put_database, self._folder)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr is not None
        self._reading = asyncio.create_task(self._read(self._process.stderr))
        await self.logged(until, times=already + 1)

    async def logged(self, text: str, *, times: int = 1) -> None:
        """Wait until it has logged ``text`` so many times."""
        try:
            async with asyncio.timeout(LIMIT_S), self._grown:
                await self._grown.wait_for(lambda: self.log.count(text) >= times or self._has_ended)
        except TimeoutError:
            pass
        assert self.log.count(text) >= times, f"it never logged {text!r}:\n{self.log}"

    async def stop(self) -> None:
        """End it as the system does, and hold that it ended well."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        await self._ended()
        assert self._process.returncode == 0, self.log

    async def kill(self) -> None:
        """``kill -9``: nothing of the process has a chance to do anything more."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._ended()

    @asynccontextmanager
    async def history(self) -> AsyncIterator[Conversations]:
        """What its database holds."""
        database = Database(f"sqlite+aiosqlite:///{self._folder / 'airocord.db'}")
        try:
            yield Conversations(database)
        finally:
            await database.close()

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            async with self._grown:
                self._lines.append(line.decode("utf-8", "replace"))
                self._grown.notify_all()
        async with self._grown:
            self._has_ended = True
            self._grown.notify_all()

    async def _ended(self) -> None:
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(LIMIT_S):
            await self._process.wait()
            await self._reading

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            await self.stop()
        else:
            await self.kill()

"""``python -m bot run`` with the real demonstration model, and ``python -m bot try``."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest
import yarl

from bot.models import DEMO
from sandbox.server import Sandbox
from tests.support.bot_process import ROOT, BotProcess
from tests.support.judge import Judge
from tests.support.llama import demo_model
from tests.support.model_on_a_wire import LIMIT_S
from tests.support.reader import Reader, buttons


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of fetched models."""
    folder: Path = tmp_path_factory.mktemp("models")
    (folder / DEMO.file_name).symlink_to(demo_model())
    return folder


async def test_the_real_model_streams_over_the_wire(
    tmp_path: Path, models: Path, judge: Judge
) -> None:
    sandbox = Sandbox()
    judge.watch(sandbox)
    await sandbox.start()
    try:
        async with BotProcess(
            sandbox, tmp_path, makes_database=True, MODELS_DIR=str(models), LANES="1"
        ) as bot:
            bo = sandbox.person("Bo")
            channel_id = int(bo.channels()[0]["id"])
            bo.send(channel_id, f"<@{sandbox.world.bot_id}> Write a story about a fox.")
            with Reader(bo, channel_id, sandbox.world.bot_id) as reader:
                await reader.sees(
                    lambda messages: bool(messages) and len(str(messages[-1]["content"])) > 200
                )
                [shown, *_] = reader.messages
                bo.press(channel_id, int(shown["id"]), buttons(shown)["Stop"])
                await reader.reads("Stopped.")
                assert len(set(reader.states)) >= 3
        assert bot.complaints == []
        assert judge.problems() == []
    finally:
        await sandbox.close()


async def test_try_serves_the_page_to_who_has_the_address_and_ends_when_told(
    tmp_path: Path, models: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path / "data")}
    trying = await started(tmp_path, {**environment, "MODELS_DIR": str(models)})
    try:
        address = await address_of(trying)
        async with aiohttp.ClientSession() as session:
            async with session.get(address) as page:
                assert page.status == 200
                assert "Airocord" in await page.text()
            async with session.get(address.with_query(key="guessed")) as page:
                assert page.status in (401, 403)
            async with session.get(address, headers={"Host": "evil.example"}) as page:
                assert page.status == 403
        trying.send_signal(signal.SIGINT)
        async with asyncio.timeout(LIMIT_S):
            assert await trying.wait() == 0
    finally:
        if trying.returncode is None:
            trying.kill()
            await trying.wait()


async def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path, models: Path) -> None:
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MODELS_DIR": str(models)}
    trying = await started(tmp_path, environment, port)
    assert trying.stderr is not None
    async with asyncio.timeout(LIMIT_S):
        said = await trying.stderr.read()
        assert await trying.wait() == 1
    assert f"Port {port} cannot be used" in said.decode()
    assert "Traceback" not in said.decode()
    taken.close()


async def started(
    folder: Path, environment: Mapping[str, str], port: int = 0
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "try", "--no-browser", "--port", str(port)),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def address_of(trying: asyncio.subprocess.Process) -> yarl.URL:
    assert trying.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        line = (await trying.stdout.readline()).decode()
    found = re.search(r"http://127\.0\.0\.1:\d+/\S+", line)
    assert found, line
    return yarl.URL(found[0])

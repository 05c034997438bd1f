"""The application's start and end, and what is said when Discord does not let it in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import aiohttp
import discord
import pytest
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket

from bot import app
from bot.client import AirocordClient
from bot.core import Core
from bot.errors import AirocordError, ModelError, SettingsError
from bot.generation.engine import SamplingParams
from bot.generation.figures import Health
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from bot.settings import Settings
from bot.storage import ChannelRef, Conversations, Database
from sandbox.faults import Dropped, Failed, Fault
from sandbox.server import Sandbox
from tests.support.engines import ScriptedEngine

TOKEN = "MTIz.not-a-real-token"


def core_with(engine: ScriptedEngine) -> Core:
    prompter = Prompter(engine, "vicuna", SamplingParams())
    return Core(engine, "A scripted engine.", GenerationQueue(engine), prompter)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(discord_token=TOKEN, data_dir=tmp_path, drain_s=0.1)


Login = Callable[[Exception | None], None]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Login:
    """Stands in for Discord's door, the one thing that cannot be had here: login and connect."""

    def let_in(refusal: Exception | None) -> None:
        async def login(client: AirocordClient, token: str) -> None:
            assert token == TOKEN
            if refusal is not None:
                raise refusal

        async def connect(client: AirocordClient) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(AirocordClient, "login", login)
        monkeypatch.setattr(AirocordClient, "connect", connect)

    return let_in


def use(monkeypatch: pytest.MonkeyPatch, engine: ScriptedEngine) -> None:
    monkeypatch.setattr(app, "build_core", lambda settings: core_with(engine))


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (discord.LoginFailure("Improper token"), "Discord does not know this DISCORD_TOKEN."),
        (
            discord.PrivilegedIntentsRequired(None),
            "Switch on Message Content Intent on its Bot page",
        ),
        (
            discord.ConnectionClosed(Mock(close_code=4011), shard_id=None),
            "Raise SHARD_COUNT in .env",
        ),
        (
            discord.ConnectionClosed(Mock(close_code=4004), shard_id=None),
            "Discord ended the connection for good (code 4004).",
        ),
        (aiohttp.ClientConnectionError("no route"), "Discord cannot be reached (no route)."),
        (
            discord.HTTPException(Mock(status=503, reason="Unavailable"), "down"),
            "Discord cannot be reached",
        ),
    ],
)
async def test_when_discord_does_not_let_it_in_the_sentence_says_what_to_do(
    refusal: Exception,
    sentence: str,
    settings: Settings,
    gate: Login,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = ScriptedEngine()
    use(monkeypatch, engine)
    monkeypatch.setattr(app, "_LOGIN_PAUSES_S", (0.0, 0.0))
    gate(refusal)
    with pytest.raises(AirocordError) as caught:
        await app.run_bot(settings, asyncio.Event())
    assert sentence in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert engine.closed


async def test_what_voice_channels_would_need_is_not_complained_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(discord.VoiceClient, "warn_nacl", True)
    monkeypatch.setattr(discord.VoiceClient, "warn_dave", True)
    database = Database(settings.effective_database_url)
    app.build_client(settings, core_with(ScriptedEngine()), database)
    assert caplog.messages == []


async def test_a_data_folder_that_cannot_be_written_is_not_taken_for_a_fault_of_discords(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ScriptedEngine())
    sandbox = Sandbox()
    await sandbox.start()
    (tmp_path / "data").write_text("a file")
    served = replace(
        settings,
        discord_token=sandbox.bot_token,
        discord_api_url=sandbox.api_url,
        data_dir=tmp_path / "data",
        database_url=f"sqlite+aiosqlite:///{tmp_path / 'elsewhere.db'}",
    )
    try:
        async with asyncio.timeout(20):
            with pytest.raises(AirocordError, match=r"cannot be written .* set DATA_DIR"):
                await app.run_bot(served, asyncio.Event())
    finally:
        await sandbox.close()


async def test_an_intent_that_is_switched_off_is_found_before_a_session_is_spent_on_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ScriptedEngine())
    sandbox = Sandbox()
    sandbox.world.application["flags"] = 0
    connecting = AsyncMock()
    monkeypatch.setattr(AirocordClient, "connect", connecting)
    await sandbox.start()
    served = replace(settings, discord_token=sandbox.bot_token, discord_api_url=sandbox.api_url)
    try:
        async with asyncio.timeout(20):
            with pytest.raises(SettingsError, match="Switch on Message Content Intent"):
                await app.run_bot(served, asyncio.Event())
    finally:
        await sandbox.close()
    connecting.assert_not_called()


async def comes_online(settings: Settings, *faults: Fault) -> None:
    """The bot starts on a Discord with these faults, is ready, and stops."""
    stop, is_ready = asyncio.Event(), asyncio.Event()
    sandbox = Sandbox()
    await sandbox.start()
    for fault in faults:
        sandbox.faults.add(fault)
    served = replace(settings, discord_token=sandbox.bot_token, discord_api_url=sandbox.api_url)
    try:
        async with asyncio.timeout(20):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(app.run_bot(served, stop, is_ready))
                await is_ready.wait()
                stop.set()
    finally:
        await sandbox.close()


@pytest.mark.parametrize("route", ["/users/@me", "/applications/*"])
@pytest.mark.parametrize("answer", [Failed(503), Dropped(after=False)])
async def test_it_comes_online_although_discord_stumbles_while_it_logs_in(
    route: str, answer: Failed | Dropped, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ScriptedEngine())
    monkeypatch.setattr(app, "_LOGIN_PAUSES_S", (0.0, 0.0))
    fault = Fault(route=route, answer=answer, times=2)
    await comes_online(settings, fault)
    assert fault.hits == 2


async def test_it_comes_online_although_the_gateway_cannot_be_reached_at_first(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ScriptedEngine())
    monkeypatch.setattr(ExponentialBackoff, "delay", lambda _self: 0.0)
    failures = iter([OSError("unreachable"), TimeoutError(), aiohttp.ClientError()])
    connect = DiscordWebSocket.from_client

    async def from_client(client: discord.Client, **how: Any) -> DiscordWebSocket:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await connect(client, **how)

    monkeypatch.setattr(DiscordWebSocket, "from_client", from_client)
    await comes_online(settings)
    assert next(failures, None) is None


async def test_a_gateway_that_never_answers_ends_the_run_with_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def from_client(client: discord.Client, **how: Any) -> DiscordWebSocket:
        raise OSError("unreachable")

    use(monkeypatch, ScriptedEngine())
    monkeypatch.setattr(ExponentialBackoff, "delay", lambda _self: 0.0)
    monkeypatch.setattr(DiscordWebSocket, "from_client", from_client)
    sandbox = Sandbox()
    await sandbox.start()
    served = replace(settings, discord_token=sandbox.bot_token, discord_api_url=sandbox.api_url)
    try:
        with pytest.raises(AirocordError, match=r"Discord cannot be reached \(unreachable\)"):
            await app.run_bot(served, asyncio.Event())
    finally:
        await sandbox.close()


async def test_a_model_that_cannot_be_loaded_ends_the_run_with_its_sentence(
    settings: Settings, gate: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScriptedEngine(load_error=ModelError("model.gguf is damaged. Fetch it again."))
    use(monkeypatch, engine)
    gate(None)
    with pytest.raises(ModelError, match="Fetch it again"):
        await app.run_bot(settings, asyncio.Event())
    assert engine.closed


async def test_it_runs_until_it_is_told_to_stop_and_leaves_no_task_behind(
    settings: Settings,
    gate: Login,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = ScriptedEngine()
    core = core_with(engine)
    monkeypatch.setattr(app, "build_core", lambda settings: core)
    gate(None)
    stop = asyncio.Event()
    before = asyncio.all_tasks()
    with caplog.at_level(logging.DEBUG):
        running = asyncio.create_task(app.run_bot(settings, stop))
        while core.queue.status.health is not Health.READY:
            await asyncio.sleep(0.01)
        assert not running.done()
        stop.set()
        async with asyncio.timeout(10):
            await running
    assert engine.closed
    assert asyncio.all_tasks() == before
    assert TOKEN not in caplog.text


async def test_what_an_earlier_process_left_pending_is_closed_before_anybody_can_ask(
    settings: Settings, gate: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(settings.effective_database_url)
    await database.upgrade()
    history = Conversations(database)
    question = await history.add_question(
        channel=ChannelRef(5), author_id=2, author_name="Ada", content="hi", message_id=9
    )
    reply = await history.open_reply(question, author_id=1, author_name="Airo")
    assert reply is not None
    use(monkeypatch, ScriptedEngine())
    gate(None)
    stop = asyncio.Event()
    stop.set()
    await app.run_bot(settings, stop)
    closed = await history.turn(reply)
    assert closed is not None
    assert closed.state.value == "interrupted"
    await database.close()

"""What Prometheus and a watchdog are told."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.connection import Connection
from bot.errors import AirocordError, EnginePaused
from bot.generation.engine import SamplingParams
from bot.generation.figures import Counters, Health, QueueStatus
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request
from bot.metrics import Metrics, complaint, served
from bot.prompts import Prompt
from tests.support.engines import ScriptedEngine

DASHBOARD = Path(__file__).parents[1] / "deploy/grafana.json"
CONNECTED = Connection(is_ready=True, latency_s=0.05, servers=3, edits=40, documents=2, games=1)
LOST = replace(CONNECTED, is_ready=False, latency_s=float("nan"), servers=0)


def figures(metrics: Metrics) -> dict[str, float]:
    """By name and labels, as Prometheus reads them."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def open_queue() -> AsyncIterator[GenerationQueue]:
    queue = GenerationQueue(ScriptedEngine(lanes=2))
    await queue.load()
    yield queue
    await queue.drain(0)


async def test_replies_and_the_state_of_the_queue_are_told() -> None:
    async with open_queue() as queue:
        metrics = Metrics(lambda: queue.status, lambda: CONNECTED)
        queue.accounts.on_finished = metrics.finished
        for _ in range(2):
            request = Request(prompt=Prompt(["hi"]), params=SamplingParams(), person=1)
            await queue.submit(request).result()
        told = figures(metrics)
    assert told["airocord_done_total"] == 2
    assert told["airocord_new_tokens_total"] == 4
    assert told["airocord_prompt_tokens_total"] == 4
    assert told["airocord_queue_wait_seconds_count"] == 2
    assert told["airocord_first_token_seconds_count"] == 2
    assert told["airocord_lanes"] == 2
    assert told["airocord_waiting"] == 0
    assert told["airocord_discord_servers"] == 3
    assert told["airocord_health{state=ready}"] == 1
    assert told["airocord_health{state=sick}"] == 0
    assert (told["airocord_edits_total"], told["airocord_games_total"]) == (40, 1)
    assert told["airocord_documents_total"] == 2


async def test_what_was_refused_or_failed_is_told_by_its_kind() -> None:
    async with open_queue() as queue:
        metrics = Metrics(lambda: queue.status, lambda: CONNECTED)
        queue.accounts.on_failed = metrics.failed
        request = Request(prompt=Prompt(["hi"]), params=SamplingParams(), person=1)
        queue.submit(request).cancel()
        queue.keeper.pause(True)
        with pytest.raises(EnginePaused):
            queue.submit(request)
        told = figures(metrics)
    assert told["airocord_errors_total{kind=EnginePaused}"] == 1
    assert "airocord_errors_total{kind=Cancelled}" not in told


async def test_what_is_logged_is_counted_and_rate_limits_apart() -> None:
    async with open_queue() as queue:
        metrics = Metrics(lambda: queue.status, lambda: CONNECTED)
        port = free_port()
        async with served(
            metrics, lambda: queue.status, lambda: CONNECTED, host="127.0.0.1", port=port
        ):
            logging.getLogger("bot.x").error("one")
            logging.getLogger("bot.x").info("not counted")
            logging.getLogger("discord.http").warning("We are being rate limited. %s", "PATCH")
        logging.getLogger("bot.x").error("after the end")
        told = figures(metrics)
    assert told["airocord_log_records_total{level=error}"] == 1
    assert told["airocord_log_records_total{level=warning}"] == 1
    assert told["airocord_discord_rate_limited_total"] == 1


async def test_a_watchdog_is_told_what_is_wrong() -> None:
    async with open_queue() as queue:
        now = CONNECTED
        port = free_port()
        metrics = Metrics(lambda: queue.status, lambda: now)
        async with (
            served(metrics, lambda: queue.status, lambda: now, host="127.0.0.1", port=port),
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
        ):
            async with session.get("/healthz") as answer:
                assert (answer.status, await answer.text()) == (200, "All is well.\n")
            async with session.get("/metrics") as answer:
                assert "airocord_done_total 0.0" in await answer.text()
            now = LOST
            async with session.get("/healthz") as answer:
                assert (answer.status, await answer.text()) == (503, "Discord is not connected.\n")


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (Health.READY, ""),
        (Health.RECOVERING, ""),
        (Health.LOADING, "The model is not ready: loading."),
        (Health.SICK, "The model is not ready: sick."),
        (Health.CLOSED, "The model is not ready: closed."),
    ],
)
def test_it_is_well_while_it_can_answer(health: Health, expected: str) -> None:
    status = QueueStatus(
        health=health,
        loaded=1.0,
        is_paused=False,
        waiting=0,
        running=0,
        lanes=1,
        tokens_per_s=None,
        counters=Counters(),
    )
    assert complaint(status, CONNECTED) == expected


async def test_the_dashboard_shows_only_figures_that_there_are() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    shown = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"airocord_\w+", target["expr"])
    }
    async with open_queue() as queue:
        metrics = Metrics(lambda: queue.status, lambda: CONNECTED)
        # A counter with labels tells nothing before the first time.
        metrics.logged(logging.LogRecord("bot", logging.ERROR, "", 0, "", (), None))
        metrics.failed(EnginePaused("Not now."))
        told = {name.partition("{")[0] for name in figures(metrics)}
    assert shown
    assert shown <= told


async def test_a_port_that_is_taken_is_named_with_its_setting() -> None:
    async with open_queue() as queue:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = int(taken.getsockname()[1])
            metrics = Metrics(lambda: queue.status, lambda: CONNECTED)
            with pytest.raises(AirocordError, match=f"METRICS_PORT is {port}"):
                async with served(
                    metrics, lambda: queue.status, lambda: CONNECTED, host="127.0.0.1", port=port
                ):
                    pass

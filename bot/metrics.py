"""Figures of the running bot for Prometheus, and whether it is well, at a port of this machine.

Metric names follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import fields

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.connection import Connection
from bot.errors import AirocordError, GenerationError
from bot.generation.engine import Finish
from bot.generation.figures import Counters, Health, QueueStatus
from bot.process import resident_bytes

log = logging.getLogger(__name__)

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_RATES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)

_DONE = {
    "submitted": "Questions that were put in line.",
    "refused": "Questions that were refused: too many, too often, or the model is not there.",
    "done": "Replies that were written to their end.",
    "cancelled": "Replies that somebody ended.",
    "failed": "Replies that failed.",
    "put_back": "Times that background work made room for a person.",
    "prompt_tokens": "Tokens of prompts.",
    "cached_tokens": "Tokens of prompts that were served from the prefix cache.",
    "new_tokens": "Tokens that were written.",
}
"""By field of :class:`~bot.generation.figures.Counters`."""

_DISCORD_LOGGER = "discord.http"
_LIMITED = "rate limit"


class Metrics:
    """Everything that is told, in a registry of its own."""

    def __init__(
        self, status: Callable[[], QueueStatus], discord: Callable[[], Connection]
    ) -> None:
        """``status`` and ``discord`` are asked whenever somebody wants the figures."""
        self.registry = CollectorRegistry()
        self.registry.register(_Now(status, discord))
        self._waited = self._histogram(
            "queue_wait_seconds", "From a question to its turn in the queue.", _SECONDS
        )
        self._first = self._histogram(
            "first_token_seconds", "From a question to the first token of its reply.", _SECONDS
        )
        self._rate = self._histogram("reply_tokens_per_second", "How fast a reply grew.", _RATES)
        self._errors = Counter(
            "errors",
            "Replies that were refused or failed, by kind.",
            ["kind"],
            namespace="airocord",
            registry=self.registry,
        )
        self._records = Counter(
            "log_records",
            "Warnings and errors in the log.",
            ["level"],
            namespace="airocord",
            registry=self.registry,
        )
        self._limited = Counter(
            "discord_rate_limited",
            "Times that Discord asked the bot to slow down (429).",
            namespace="airocord",
            registry=self.registry,
        )

    def finished(self, finish: Finish) -> None:
        """A reply was written to its end."""
        self._waited.observe(finish.queue_s)
        self._first.observe(finish.queue_s + finish.prefill_s)
        if finish.new_tokens > 1 and finish.generation_s > 0:
            self._rate.observe((finish.new_tokens - 1) / finish.generation_s)

    def failed(self, error: GenerationError) -> None:
        """A reply was refused, or did not come to its end."""
        self._errors.labels(type(error).__name__).inc()

    def logged(self, record: logging.LogRecord) -> None:
        """Something was logged as a warning or worse."""
        self._records.labels(record.levelname.lower()).inc()
        # discord.py says it nowhere else.
        if record.name == _DISCORD_LOGGER and _LIMITED in str(record.msg):
            self._limited.inc()

    def text(self) -> bytes:
        """All figures as Prometheus reads them."""
        return generate_latest(self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            name, meaning, namespace="airocord", buckets=buckets, registry=self.registry
        )


class _Now(Collector):
    """What is read off at the moment somebody asks."""

    def __init__(
        self, status: Callable[[], QueueStatus], discord: Callable[[], Connection]
    ) -> None:
        self._status = status
        self._discord = discord

    def collect(self) -> Iterator[Metric]:
        status, discord = self._status(), self._discord()
        for item in fields(Counters):
            name, meaning = f"airocord_{item.name}", _DONE[item.name]
            value = getattr(status.counters, item.name)
            yield CounterMetricFamily(name, meaning, value=value)
        done = {
            "edits": ("Messages that were written or edited.", discord.edits),
            "documents": ("Files that were read and are kept, or were.", discord.documents),
            "games": ("Games that were begun.", discord.games),
        }
        for name, (meaning, count) in done.items():
            yield CounterMetricFamily(f"airocord_{name}", meaning, value=count)
        gauges: dict[str, tuple[str, float | None]] = {
            "waiting": ("Questions that wait.", status.waiting),
            "running": ("Replies that are being written.", status.running),
            "lanes": ("Replies that can be written at once.", status.lanes),
            "discord_connected": ("1 while Discord is connected.", discord.is_ready),
            "discord_servers": ("Servers that the bot is in.", discord.servers),
            "discord_latency_seconds": ("Of the gateway's heartbeat.", discord.latency_s),
            "resident_memory_bytes": ("Of the bot's process, without the model.", resident_bytes()),
        }
        for name, (meaning, number) in gauges.items():
            if number is not None:
                yield GaugeMetricFamily(f"airocord_{name}", meaning, value=number)
        health = GaugeMetricFamily("airocord_health", "1 for the model's state.", labels=["state"])
        for state in Health:
            health.add_metric([state.value], state is status.health)
        yield health


class _Tap(logging.Handler):
    """Passes on what is logged."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.WARNING)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        self._metrics.logged(record)


def complaint(status: QueueStatus, discord: Connection) -> str:
    """What is not well, in a sentence; empty if all is."""
    if not discord.is_ready:
        return "Discord is not connected."
    if status.health in (Health.READY, Health.RECOVERING):
        return ""
    return f"The model is not ready: {status.health}."


@asynccontextmanager
async def served(
    metrics: Metrics,
    status: Callable[[], QueueStatus],
    discord: Callable[[], Connection],
    *,
    host: str,
    port: int,
) -> AsyncGenerator[None]:
    """Answer ``/metrics`` and ``/healthz`` (200, or 503 with the reason) as long as the block runs.

    Raises:
        AirocordError: the port cannot be had.
    """

    async def on_metrics(request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def on_health(request: web.Request) -> web.Response:
        wrong = complaint(status(), discord())
        return web.Response(status=503 if wrong else 200, text=f"{wrong or 'All is well.'}\n")

    application = web.Application()
    application.add_routes([web.get("/metrics", on_metrics), web.get("/healthz", on_health)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    tap = _Tap(metrics)
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            # Not for ever, perhaps: an address may come up after the bot has.
            raise AirocordError(
                f"METRICS_PORT is {port}, but that port of {host} cannot be used ({error}). "
                "Choose another one, or 0 for none."
            ) from error
        log.info("metrics at http://%s:%d/metrics", host, port)
        logging.getLogger().addHandler(tap)
        yield
    finally:
        logging.getLogger().removeHandler(tap)
        await runner.cleanup()

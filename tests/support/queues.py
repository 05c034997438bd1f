"""A queue on a scripted engine, what is asked of it, and waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bot.generation.engine import SamplingParams
from bot.generation.figures import Health, QueueLimits
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, Request, Ticket
from bot.prompts import Prompt
from tests.support.engines import Script, ScriptedEngine


@asynccontextmanager
async def open_queue(
    engine: ScriptedEngine, limits: QueueLimits | None = None
) -> AsyncIterator[GenerationQueue]:
    queue = GenerationQueue(engine, limits)
    await queue.load()
    try:
        async with asyncio.timeout(10):
            yield queue
    finally:
        await queue.drain(0)


def ask(
    person: int = 1,
    prompt: str | Callable[[], Awaitable[Prompt]] = "hi",
    *,
    guild: int | None = None,
    priority: Priority = Priority.INTERACTIVE,
    stop: tuple[str, ...] = (),
) -> Request:
    return Request(
        prompt=Prompt([prompt]) if isinstance(prompt, str) else prompt,
        params=SamplingParams(stop=stop),
        person=person,
        guild=guild,
        priority=priority,
    )


def held(*pieces: str) -> Script:
    """A reply whose pieces come only when the test lets them."""
    return Script(pieces or ("held",), steps=asyncio.Semaphore(0))


def let_go(script: Script, pieces: int = 1) -> None:
    assert script.steps is not None
    for _ in range(pieces):
        script.steps.release()


async def until(ticket: Ticket, condition: Callable[[Ticket], bool]) -> None:
    while not condition(ticket):
        await ticket.changed(ticket.version)


def health_of(queue: GenerationQueue) -> Health:
    return queue.status.health


async def settle() -> None:
    """Let every callback that is ready run; nothing here waits on a clock."""
    for _ in range(20):
        await asyncio.sleep(0)

"""A hosted engine, loaded, and what it says."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from bot.generation.engine import Finish, SamplingParams
from bot.generation.hosted import HostedEngine, HostLimits
from bot.prompts import Prompt
from tests.support.hosted_engines import LIMITS, hosted

LIMIT_S = 30.0
"""Far more than anything here takes: only a hang reaches it."""

PARAMS = SamplingParams()


@asynccontextmanager
async def loaded(limits: HostLimits = LIMITS, **options: object) -> AsyncIterator[HostedEngine]:
    engine = hosted(limits, **options)
    try:
        async with asyncio.timeout(LIMIT_S):
            await engine.load(lambda share: None)
        yield engine
    finally:
        await engine.close()


async def encode(engine: HostedEngine, text: str) -> list[int]:
    return await asyncio.to_thread(engine.encode, Prompt([text]))


async def reply(
    engine: HostedEngine, asked: str, params: SamplingParams = PARAMS
) -> tuple[str, Finish]:
    """All that it says."""
    ids = await encode(engine, asked)
    text = ""
    async with asyncio.timeout(LIMIT_S), aclosing(engine.generate(ids, params)) as stream:
        async for event in stream:
            if isinstance(event, Finish):
                return text, event
            text += event.text
    raise AssertionError("the stream ended without a Finish")


async def report(engine: HostedEngine, what: str, params: SamplingParams = PARAMS) -> object:
    """What the engine over there knows."""
    found: object = json.loads((await reply(engine, f"report {what}", params))[0])
    return found


async def running(engine: HostedEngine) -> int:
    """How many replies are being written over there."""
    found = await report(engine, "running")
    assert isinstance(found, int)
    return found


async def until_nothing_runs(engine: HostedEngine) -> None:
    async with asyncio.timeout(LIMIT_S):
        while await running(engine):
            await asyncio.sleep(0.01)


def exists(pid: int) -> bool:
    """Whether there is such a process of ours, be it a dead one that nobody asked after."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_of(engine: HostedEngine) -> int:
    assert engine.pid is not None
    return engine.pid

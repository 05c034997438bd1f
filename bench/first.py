"""How long somebody waits for the first words: through the bot, and of the engine alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

from bench.table import Report, Table, spread
from bench.talking import Talking, open_talking

_OTHERS = 4
_REPLY_TOKENS = 16
_LIMIT_S = 120.0
"""No new pair is begun after so long."""

_NOTES = (
    "Through the bot: from the question, read, to the first text of its reply in the channel; "
    "Discord is in memory and takes no time. Engine alone: from the prompt's tokens to the first "
    "text. In turns, on prompts of the same length that are not in the prefix cache; medians, with "
    f"the least and the most. There is a lane more than the {_OTHERS} replies that are written "
    "meanwhile, so nobody waits for one."
)


async def _through(talking: Talking, text: str) -> float:
    began = time.perf_counter()
    outlet = await talking.ask(text)
    return outlet.first_text_at - began


async def _directly(talking: Talking, text: str) -> float:
    prompt_ids = await talking.prompt_ids(text)
    began = time.perf_counter()
    first_at, _ = await talking.directly(prompt_ids)
    return first_at - began


@asynccontextmanager
async def _writing(talking: Talking, count: int) -> AsyncIterator[None]:
    """So many other replies are written all the time."""

    async def keep_writing(number: int) -> None:
        prompt_ids = await talking.prompt_ids(f"Tell me everything about the number {number}.")
        while True:
            await talking.directly(prompt_ids)

    tasks = [asyncio.create_task(keep_writing(number)) for number in range(count)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run(*, smoke: bool = False) -> Report:
    """20 pairs on an idle engine and 12 on a busy one; one of each for a smoke run."""
    table = Table(
        "first: from a question to the first words",
        ("meanwhile", "pairs", "engine alone", "through the bot", "longer by"),
    )
    busy = 1 if smoke else _OTHERS
    async with open_talking(lanes=busy + 1, reply_tokens=_REPLY_TOKENS) as talking:
        # Once for nothing: whatever is made at first use is made.
        await talking.ask("Hello")
        for name, others, pairs in (
            ("nothing", 0, 1 if smoke else 20),
            (f"{busy} replies", busy, 1 if smoke else 12),
        ):
            async with _writing(talking, others):
                found = await _pairs(talking, pairs)
            table.add(
                name,
                f"{len(found)}",
                spread([alone * 1000 for alone, _ in found], ".0f") + " ms",
                spread([way * 1000 for _, way in found], ".0f") + " ms",
                f"{median(way - alone for alone, way in found) * 1000:.0f} ms",
            )
    return Report([table], _NOTES)


async def _pairs(talking: Talking, count: int) -> list[tuple[float, float]]:
    """Seconds of each pair: the engine alone, through the bot."""
    found: list[tuple[float, float]] = []
    began = time.perf_counter()
    for number in range(count):
        text = f"Question {number + 100}: what do you say of a rainy day by the sea?"
        if number % 2:
            way = await _through(talking, text)
            alone = await _directly(talking, text)
        else:
            alone = await _directly(talking, text)
            way = await _through(talking, text)
        found.append((alone, way))
        if time.perf_counter() - began > _LIMIT_S:
            break
    return found

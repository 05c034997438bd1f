"""How late the event loop runs while the model writes, beside the same loop with nothing to do.

A Discord bot whose loop is held up loses its heartbeat, shows "did not respond" under commands
and edits in bursts.
"""

from __future__ import annotations

import asyncio
import time

from bench.table import Table, percentile
from bench.world import World, open_world
from bot.generation.ticket import Request, Ticket
from bot.prompts import Prompt

_TICK_S = 0.005


async def lags(until: asyncio.Event) -> list[float]:
    """Seconds by which each tick of the loop came too late."""
    late: list[float] = []
    while not until.is_set():
        due = time.perf_counter() + _TICK_S
        await asyncio.sleep(_TICK_S)
        late.append(time.perf_counter() - due)
    return late


async def read_reply(ticket: Ticket) -> int:
    """Follow a reply as a live reply does; return its length in tokens, 0 if it was stopped."""
    version = -1
    while not ticket.state.ended:
        version = await ticket.changed(version)
    return ticket.finish.new_tokens if ticket.finish is not None else 0


async def _idle(seconds: float) -> list[float]:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, done.set)
    return await lags(done)


async def _generating(world: World, replies: int, tokens: int) -> tuple[list[float], float, int]:
    done = asyncio.Event()
    start = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        lag = tasks.create_task(lags(done))
        tickets = [world.queue.submit(_request(world, person, tokens)) for person in range(replies)]
        readers = [tasks.create_task(read_reply(ticket)) for ticket in tickets]
        written = sum([await reader for reader in readers])
        done.set()
    return await lag, time.perf_counter() - start, written


def _request(world: World, person: int, tokens: int) -> Request:
    prompt: Prompt = world.prompter.template.render(
        world.system, [], f"Tell me a long story about the number {person + 2}."
    )
    params = world.params(max_new_tokens=tokens, seed=person)
    return Request(prompt=prompt, params=params, person=person)


async def run(*, smoke: bool = False) -> Table:
    """Four replies of 256 tokens; of 16 for a smoke run."""
    tokens = 16 if smoke else 256
    async with open_world(lanes=4, context_tokens=2048) as world:
        busy, seconds, written = await _generating(world, 4, tokens)
        idle = await _idle(min(seconds, 20.0))
    table = Table(
        f"loop: lag of the event loop, 4 replies at once ({written / seconds:.0f} tokens/s in sum)",
        ("loop", "ticks", "p50", "p99", "max"),
        note=f"A tick every {_TICK_S * 1000:.0f} ms; lag is how late it came.",
    )
    for name, late in (("idle", idle), ("4 replies", busy)):
        figures = (percentile(late, 0.5), percentile(late, 0.99), max(late))
        table.add(name, f"{len(late):,}", *(f"{figure * 1000:.2f} ms" for figure in figures))
    return table

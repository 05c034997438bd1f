"""How late the event loop runs, and how soon a command is acknowledged, while the model writes on
all lanes and long documents are read; beside the same bot with nothing to do, and beside a loop
that the model runs on.

A Discord bot whose loop is held up loses its heartbeat, shows "did not respond" under commands
and edits in bursts.
"""

from __future__ import annotations

import asyncio
import json
import math
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.askdocs_recall import written
from bench.questions import reports
from bench.table import Report, Table, at_most, percentile
from bench.world import World, open_world
from bot.environment import load_settings
from bot.generation.ticket import Ticket
from bot.prompts import Prompt
from sandbox.files import Upload
from sandbox.people import Person
from sandbox.server import Sandbox
from tests.support.bot_process import BotProcess

if TYPE_CHECKING:
    from sandbox.world import World as Discord

TICK_S = 0.005
LANES = 4
_ASKERS = 16
"""Whose questions keep all lanes busy: more than are answered meanwhile."""
_COMMAND_EVERY_S = 0.2
_DOCUMENT_EVERY_S = 8.0
_LIMIT_S = 60.0
_LAG_TARGET_MS = 20.0
_ACKNOWLEDGED_TARGET_MS = 500.0

_NOTES = (
    f"A tick every {TICK_S * 1000:.0f} ms; lag is how late it came. The bot is a process of its "
    "own, started as `python -m bot run`, on the sandbox's Discord, which is another: acknowledged "
    "is the time from a person's /status to the bot's answer at Discord. All lanes write replies, "
    f"and every {_DOCUMENT_EVERY_S:.0f} s somebody asks about a PDF that is new. On the loop: a "
    "loop that waits for each token where it stands, as one does that runs the model itself."
)


@dataclass(frozen=True, slots=True)
class _Size:
    idle_s: float
    busy_s: float
    pages: int


@dataclass(slots=True)
class _Phase:
    """Times are :func:`time.monotonic`'s."""

    name: str
    begins: float
    ends: float = 0.0
    acknowledged_s: list[float] = field(default_factory=list)


async def lags(until: asyncio.Event) -> list[float]:
    """Seconds by which each tick of the loop came too late."""
    late: list[float] = []
    while not until.is_set():
        due = time.perf_counter() + TICK_S
        await asyncio.sleep(TICK_S)
        late.append(time.perf_counter() - due)
    return late


async def read_reply(ticket: Ticket) -> int:
    """Follow a reply as a live reply does; return its length in tokens, 0 if it was stopped."""
    version = -1
    while not ticket.state.ended:
        version = await ticket.changed(version)
    return ticket.finish.new_tokens if ticket.finish is not None else 0


async def run(*, smoke: bool = False) -> Report:
    """20 s of nothing, 45 s of everything; a second and two for a smoke run."""
    size = _Size(idle_s=1, busy_s=2, pages=2) if smoke else _Size(idle_s=20, busy_s=45, pages=200)
    table = Table(
        f"loop: lag of the event loop, {LANES} replies at once and a PDF of {size.pages} pages",
        ("loop", "ticks", "p50", "p99", "max", "acknowledged p50", "p99", "commands"),
    )
    phases, late = await _bot(size)
    busy_p99 = busy_acknowledged = 0.0
    for phase in phases:
        ticks = [seconds for at, seconds in late if phase.begins <= at < phase.ends]
        busy_p99, busy_acknowledged = (
            percentile(ticks, 0.99),
            percentile(phase.acknowledged_s, 0.99),
        )
        acknowledged = _ms([percentile(phase.acknowledged_s, 0.5), busy_acknowledged])
        commands = f"{len(phase.acknowledged_s)}"
        table.add(phase.name, f"{len(ticks):,}", *_figures(ticks), *acknowledged, commands)
    ticks = await _on_the_loop(size.busy_s / 2)
    table.add("the model on the loop", f"{len(ticks):,}", *_figures(ticks), "", "", "")
    targets = [
        at_most("lag p99 with all lanes busy", _LAG_TARGET_MS, busy_p99 * 1000, "ms"),
        at_most(
            "acknowledged p99 with all lanes busy",
            _ACKNOWLEDGED_TARGET_MS,
            busy_acknowledged * 1000,
            "ms",
        ),
    ]
    return Report([table], _NOTES, targets)


def _figures(late: Sequence[float]) -> list[str]:
    return _ms([percentile(late, 0.5), percentile(late, 0.99), max(late)])


def _ms(figures: Sequence[float]) -> list[str]:
    return [f"{figure * 1000:.2f} ms" for figure in figures]


async def _bot(size: _Size) -> tuple[list[_Phase], list[tuple[float, float]]]:
    """What was done to the bot, and how late each tick of its loop came."""
    channels: list[int] = []
    people: list[int] = []

    def furnish(discord: Discord) -> None:
        people.extend(discord.add_user(f"Person {n}") for n in range(_ASKERS + 2))
        guild = discord.add_guild("Busy", people[0])
        for person in people[1:]:
            discord.join(guild, person)
        channels.extend(discord.add_channel(guild, f"channel-{n}") for n in range(_ASKERS + 2))

    sandbox = Sandbox(scene=furnish)
    await sandbox.start()
    try:
        with TemporaryDirectory() as folder:
            figures = Path(folder, "late.json")
            bot = BotProcess(
                sandbox,
                Path(folder),
                command=("-m", "bench.measured_bot", str(figures)),
                LANES=str(LANES),
                CONTEXT_TOKENS="2048",
                MODELS_DIR=str(load_settings().effective_models_dir.resolve()),
                QUEUE_LIMIT_PER_PERSON="100",
                DRAIN_S="0",
            )
            async with bot:
                everybody = [sandbox.person(person) for person in people]
                *askers, reader, curious = zip(everybody, channels, strict=True)
                phases = [
                    await _phase("idle", size.idle_s, curious),
                    await _busy(size, askers, reader, curious, sandbox.world.bot_id),
                ]
            return phases, json.loads(await asyncio.to_thread(figures.read_text))
    finally:
        await sandbox.close()


async def _phase(name: str, seconds: float, curious: tuple[Person, int]) -> _Phase:
    """Somebody asks for the bot's status again and again."""
    person, channel_id = curious
    phase = _Phase(name, time.monotonic())
    while time.monotonic() < phase.begins + seconds:
        began = time.monotonic()
        await person.use_command(channel_id, "status").answered(_LIMIT_S)
        phase.acknowledged_s.append(time.monotonic() - began)
        await asyncio.sleep(_COMMAND_EVERY_S)
    phase.ends = time.monotonic()
    return phase


async def _busy(
    size: _Size,
    askers: Sequence[tuple[Person, int]],
    reader: tuple[Person, int],
    curious: tuple[Person, int],
    bot_id: int,
) -> _Phase:
    documents = await asyncio.to_thread(_documents, size)
    watch = askers[0][0].watch()
    for number, (person, channel_id) in enumerate(askers):
        person.send(channel_id, f"<@{bot_id}> Tell me a long story about the number {number + 2}.")
    async with asyncio.timeout(_LIMIT_S):
        async for name, data in watch:
            if name == "MESSAGE_CREATE" and data["author"]["id"] == str(bot_id):
                break
    watch.close()
    asking = asyncio.create_task(_ask_about(documents, *reader))
    try:
        return await _phase(f"{LANES} replies, PDFs", size.busy_s, curious)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


def _documents(size: _Size) -> list[Upload]:
    """One for each time that somebody asks, all different."""
    uploads: list[Upload] = []
    for seed in range(math.ceil(size.busy_s / _DOCUMENT_EVERY_S)):
        name, text = reports("en", "pdf", pages=size.pages, seed=seed).documents[0]
        uploads.append(Upload(f"{seed}-{name}", written(name, text, "pdf"), "application/pdf"))
    return uploads


async def _ask_about(documents: Sequence[Upload], person: Person, channel_id: int) -> None:
    for document in documents:
        question = {"question": "What was the revenue?"}
        person.use_command(channel_id, "askdocs", question, files={"file1": document})
        await asyncio.sleep(_DOCUMENT_EVERY_S)


async def _on_the_loop(seconds: float) -> list[float]:
    """Ticks of a loop that waits for the model where it stands."""
    pieces: queue.SimpleQueue[str] = queue.SimpleQueue()
    stop = threading.Event()
    done = asyncio.Event()
    writing = asyncio.create_task(asyncio.to_thread(asyncio.run, _write(pieces, stop)))
    try:
        await asyncio.to_thread(pieces.get, timeout=_LIMIT_S)
        late = asyncio.create_task(lags(done))
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            pieces.get(timeout=_LIMIT_S)  # the loop stands still: it is what is measured
            await asyncio.sleep(0)
        done.set()
        return await late
    finally:
        done.set()
        stop.set()
        await writing


async def _write(pieces: queue.SimpleQueue[str], stop: threading.Event) -> None:
    """Write on all lanes, and tell of every piece."""
    async with open_world(lanes=LANES, context_tokens=2048) as world:
        await asyncio.gather(*(_write_on(world, lane, pieces, stop) for lane in range(LANES)))


async def _write_on(
    world: World, lane: int, pieces: queue.SimpleQueue[str], stop: threading.Event
) -> None:
    params = world.params(max_new_tokens=256)
    question = f"Tell me a long story about the number {lane + 2}."
    prompt: Prompt = world.prompter.template.render(world.system, [], question)
    prompt_ids = await asyncio.to_thread(world.engine.encode, prompt)
    while not stop.is_set():
        async with aclosing(world.engine.generate(prompt_ids, params)) as events:
            async for _ in events:
                pieces.put("")
                if stop.is_set():
                    break

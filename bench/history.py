"""Reading a channel's window and writing an exchange, in a history of any size.

Half of all turns are in five busy channels, the other half in channels of a hundred turns, and
everybody talks at the same time, so a channel's turns lie far apart. Every conversation has an
anchor, as it has when its window is full: what is read is twenty exchanges each time.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.history_filling import WINDOW, channels_of, create, fill
from bench.table import Report, Table, Target, at_most, percentile
from bot.storage import ChannelRef, Conversations, Database, TurnState
from tests.support.postgres import find_programs, running_server

_SEED = 8


@dataclass(slots=True)
class _History:
    """One of so many turns, and the milliseconds that each thing took in it."""

    turns: int
    database: Database
    windows_ms: list[float] = field(default_factory=list)
    exchanges_ms: list[float] = field(default_factory=list)


async def run(*, smoke: bool = False) -> Report:
    """1 thousand, 100 thousand and 5 million turns; 1 and 4 thousand for a smoke run.

    PostgreSQL is measured where its package is installed.
    """
    sizes, samples = ((1_000, 4_000), 10) if smoke else ((1_000, 100_000, 5_000_000), 400)
    table = Table(
        f"history: milliseconds in a history of any size, {samples} times each",
        ("database", "turns", "window p50", "p95", "exchange p50", "p95", "filled in"),
        note=f"Window: {WINDOW} exchanges read as a prompt needs them. Exchange: a question "
        "stored, a reply opened and closed, three transactions.",
    )
    targets = list[Target]()
    with TemporaryDirectory(prefix="airocord-bench-") as folder:
        await _measure(
            table, targets, "SQLite", _sqlite_in(Path(folder)), sizes=sizes, samples=samples
        )
    if (programs := find_programs()) is not None:
        with running_server(programs) as server:

            async def new(turns: int) -> str:
                return await create(server, f"history_{turns}")

            await _measure(table, targets, "PostgreSQL", new, sizes=sizes, samples=samples)
    return Report([table], notes=_NOTES, targets=targets)


_NOTES = """\
The sizes take turns, one sample of each after another, in channels by chance, so what else the
machine does falls on all of them alike. SQLite is set up as the bot does it; the PostgreSQL server
is one of the tests', which need not survive a crash and so does not wait for the disk."""

_New = Callable[[int], Awaitable[str]]
"""The URL of an empty database for so many turns."""


def _sqlite_in(folder: Path) -> _New:
    async def new(turns: int) -> str:
        return f"sqlite+aiosqlite:///{folder / f'{turns}.db'}"

    return new


async def _measure(
    table: Table,
    targets: list[Target],
    name: str,
    new: _New,
    *,
    sizes: Sequence[int],
    samples: int,
) -> None:
    async with AsyncExitStack() as opened:
        histories = list[_History]()
        filled_s = list[float]()
        for turns in sizes:
            began = time.perf_counter()
            histories.append(await opened.enter_async_context(_history(await new(turns), turns)))
            filled_s.append(time.perf_counter() - began)
        await _sample(histories, samples)
    for history, seconds in zip(histories, filled_s, strict=True):
        table.add(
            name,
            f"{history.turns:,}",
            *_cells(history.windows_ms),
            *_cells(history.exchanges_ms),
            f"{seconds:.0f} s",
        )
    windows = [median(each.windows_ms) for each in histories]
    exchanges = [median(each.exchanges_ms) for each in histories]
    for what, medians in (("window", windows), ("exchange", exchanges)):
        ratio = max(medians) / min(medians)
        targets.append(at_most(f"{name}, {what}: slowest ÷ fastest size", 1.5, ratio))


@asynccontextmanager
async def _history(url: str, turns: int) -> AsyncIterator[_History]:
    database = Database(url)
    try:
        await fill(database, url, turns)
        yield _History(turns, database)
    finally:
        await database.close()


async def _sample(histories: Sequence[_History], samples: int) -> None:
    """First all that reads, for windows grow by what is written."""
    dice = random.Random(_SEED)  # noqa: S311 - the same each time
    channels = [channels_of(each.turns) for each in histories]
    for number in range(samples):
        for history, known in zip(histories, channels, strict=True):
            channel = known[2 * dice.randrange(len(known) // 2) + number % 2]
            began = time.perf_counter()
            window = await Conversations(history.database).window(channel)
            history.windows_ms.append((time.perf_counter() - began) * 1000)
            assert len(window) == WINDOW  # noqa: S101 - or something else was measured
    message_ids = count(10**15)
    for number in range(samples):
        for history, known in zip(histories, channels, strict=True):
            channel = known[2 * dice.randrange(len(known) // 2) + number % 2]
            began = time.perf_counter()
            await _exchange(Conversations(history.database), channel, message_ids)
            history.exchanges_ms.append((time.perf_counter() - began) * 1000)


async def _exchange(history: Conversations, channel: int, message_ids: count[int]) -> None:
    question = await history.add_question(
        channel=ChannelRef(channel, None, None),
        author_id=7,
        author_name="Ada",
        content="Tell me of the sea. " * 6,
        message_id=next(message_ids),
    )
    reply = await history.open_reply(question, author_id=8, author_name="Airocord")
    assert reply is not None  # noqa: S101 - its question was stored just now
    await history.close_reply(
        reply, content="The sea is wide. " * 20, state=TurnState.COMPLETE, tokens=90
    )


def _cells(values_ms: Sequence[float]) -> tuple[str, str]:
    return f"{median(values_ms):.2f}", f"{percentile(values_ms, 0.95):.2f}"

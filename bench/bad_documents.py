"""What becomes of files that were made to hurt: what a person is told, time, memory, and how late
the event loop runs while it reads one and a reply to somebody else is written.

Each file is read by a bot process of its own, so that the memory is that of its reader alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.askdocs_recall import tokens
from bench.loop import lags, read_reply
from bench.table import Report, Table, percentile
from bot.documents.extracted import Limits
from bot.errors import AirocordError
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request
from bot.prompts import Prompt
from bot.reading_files import FileReader
from tests.support.bad_files import bad_files
from tests.support.engines import Script, ScriptedEngine

_PIECE_EVERY_S = 0.02
_IDLE_S = 5.0

_NOTES = (
    "Where much text is read the median is that of Python changing threads every 5 ms: the text "
    "is cut into passages on a thread of the bot."
)


async def run(*, smoke: bool) -> Report:
    """One row a file, of the sizes that the limits are made for, between two of an idle loop;
    three small ones for a smoke run."""
    table = Table(
        "bad documents, while a reply to somebody else is written",
        ["file", "size", "seconds", "peak", "p50", "p99", "max", "what the person is told"],
        note=(
            "peak: of the reader's process. p50, p99, max: how late the loop came, asked every "
            f"5 ms, while {1 / _PIECE_EVERY_S:.0f} pieces a second of a reply came by."
        ),
    )
    everything: list[float] = []
    idle_s = 0.2 if smoke else _IDLE_S
    with TemporaryDirectory() as folder:
        table.add("(idle loop, before)", "", "", "", *_figures(await _idle(idle_s)), "")
        for case, bad in islice(bad_files(small=smoke).items(), 3 if smoke else None):
            path = Path(folder, "file")
            await asyncio.to_thread(path.write_bytes, bad.data)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.bad_documents", str(path), bad.name),
                stdout=asyncio.subprocess.PIPE,
            )
            answer, _ = await process.communicate()
            told = json.loads(answer)
            everything += told["late"]
            table.add(
                case,
                f"{len(bad.data) / 1e6:.2f} MB",
                f"{told['seconds']:.2f}",
                f"{told['peak'] / 1024:.0f} MB",
                *_figures(told["late"]),
                told["told"],
            )
        table.add("(all files)", "", "", "", *_figures(everything), "")
        table.add("(idle loop, after)", "", "", "", *_figures(await _idle(idle_s)), "")
    return Report([table], _NOTES)


def _figures(late: list[float]) -> list[str]:
    if not late:
        return ["-"] * 3  # refused before the loop was asked
    figures = (percentile(late, 0.5), percentile(late, 0.99), max(late))
    return [f"{figure * 1000:.1f} ms" for figure in figures]


async def _idle(seconds: float) -> list[float]:
    ended = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, ended.set)
    return await lags(ended)


async def _read(path: Path, name: str) -> None:
    import resource  # noqa: PLC0415 - POSIX only

    data = await asyncio.to_thread(path.read_bytes)
    reader = FileReader(Limits(), tokens)
    steps = asyncio.Semaphore(0)
    engine = ScriptedEngine(default=Script(("word ",), endless=True, steps=steps))
    queue = GenerationQueue(engine)
    await queue.load()
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        request = Request(prompt=Prompt(["Hello"]), params=SamplingParams(), person=1)
        ticket = queue.submit(request)
        tasks.create_task(_pace(steps, ended))
        tasks.create_task(read_reply(ticket))
        version = -1
        while not ticket.text:
            version = await ticket.changed(version)
        late = tasks.create_task(lags(ended))
        began = time.perf_counter()
        try:
            read = await reader.read(name, data)
            told = " ".join([f"{read.characters:,} characters were read.", *read.warnings])
        except AirocordError as error:
            told = str(error)
        seconds = time.perf_counter() - began
        ended.set()
        ticket.cancel()
    await queue.drain(0)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak": peak, "late": late.result(), "told": told}))


async def _pace(steps: asyncio.Semaphore, until: asyncio.Event) -> None:
    while not until.is_set():
        steps.release()
        await asyncio.sleep(_PIECE_EVERY_S)


if __name__ == "__main__":
    asyncio.run(_read(Path(sys.argv[1]), sys.argv[2]))

"""What becomes of files that were made to hurt: what a person is told, time, memory, lag.

Each file is read by a process of its own, so that the memory is that of its reader alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.table import Table
from bot.documents.extract import extract
from bot.errors import AirocordError
from tests.support.bad_files import bad_files

_TICK_S = 0.005


async def run(*, smoke: bool) -> Table:
    """One row a file, of the sizes that the limits are made for."""
    table = Table(
        "bad documents",
        ["file", "size", "seconds", "peak", "lag", "what the person is told"],
        note="peak: of the reader's process. lag: the longest delay of the loop meanwhile.",
    )
    with TemporaryDirectory() as folder:
        for case, bad in bad_files(small=smoke).items():
            path = Path(folder, "file")
            await asyncio.to_thread(path.write_bytes, bad.data)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.bad_documents", str(path), bad.name),
                stdout=asyncio.subprocess.PIPE,
            )
            answer, _ = await process.communicate()
            told = json.loads(answer)
            table.add(
                case,
                f"{len(bad.data) / 1e6:.2f} MB",
                f"{told['seconds']:.2f}",
                f"{told['peak'] / 1024:.0f} MB",
                f"{1000 * told['lag']:.0f} ms",
                told["told"],
            )
    return table


async def _read(path: Path, name: str) -> None:
    import resource  # noqa: PLC0415 - POSIX only

    data = await asyncio.to_thread(path.read_bytes)
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        lag = tasks.create_task(_lag(ended))
        began = time.perf_counter()
        try:
            read = await extract(name, data)
            told = " ".join([f"{read.characters:,} characters were read.", *read.warnings])
        except AirocordError as error:
            told = str(error)
        seconds = time.perf_counter() - began
        ended.set()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak": peak, "lag": await lag, "told": told}))


async def _lag(until: asyncio.Event) -> float:
    longest = 0.0
    while not until.is_set():
        due = time.perf_counter() + _TICK_S
        await asyncio.sleep(_TICK_S)
        longest = max(longest, time.perf_counter() - due)
    return longest


if __name__ == "__main__":
    asyncio.run(_read(Path(sys.argv[1]), sys.argv[2]))

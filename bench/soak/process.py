"""The bot's process from outside: its memory, its open files, and its children."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    """:func:`time.monotonic`."""
    pid: int
    rss_mb: float


def sample(pid: int, at: float) -> Sample | None:
    """``None``: there is no such process any more."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return None
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return Sample(at, pid, int(found[0]) / 1024) if found else None


def open_files(pid: int) -> Counter[str]:
    """How many of each kind."""
    kinds: Counter[str] = Counter()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue  # it was closed this moment
        if ".db" in target:
            kinds["database"] += 1
        elif target.startswith(("socket:", "pipe:")):
            kinds[target.partition(":")[0]] += 1
        else:
            kinds["other"] += 1
    return kinds


def children(pid: int) -> int:
    """Those of all threads, the dead that nobody has waited for included."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            count += len((task / "children").read_text("ascii").split())
        except OSError:
            continue
    return count


def trend(samples: Sequence[Sample]) -> tuple[float, float]:
    """Megabytes a minute and in all, from the second third of a life to its end."""
    if len(samples) < 6:
        return 0.0, 0.0
    begin, end = samples[0].at, samples[-1].at
    warm = [s for s in samples if s.at >= begin + (end - begin) / 3]
    slope = statistics.linear_regression([s.at for s in warm], [s.rss_mb for s in warm]).slope
    return slope * 60, slope * (warm[-1].at - warm[0].at)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

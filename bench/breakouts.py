"""How many attempts to break out of a block of a closed-context prompt succeed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from bench.table import Report, Table
from tests.support.breakouts import attempts, outcome
from tests.support.tokenizers import llama_tokenizer


async def run(*, smoke: bool) -> Report:
    """10,000 attempts, counted by what became of them."""
    return await asyncio.to_thread(_run, 300 if smoke else 10_000)


def _run(count: int) -> Report:
    tokenizer = llama_tokenizer()
    began = time.perf_counter()
    ends = Counter(outcome(attempt, tokenizer) for attempt in attempts(count, seed=1))
    taken = time.perf_counter() - began
    table = Table(
        f"breakouts: {count:,} generated attempts",
        ["outcome", "attempts"],
        note=f"{1000 * taken / count:.1f} ms each, the checks included.",
    )
    for end in ("harmless", "refused"):
        table.add(end, f"{ends.pop(end, 0):,}")
    table.add("broken out", f"{sum(ends.values()):,}")
    for end, times in ends.items():
        table.add(f"  brought in {end}", f"{times:,}")
    return Report([table])

"""How the time for a text grows with its length: whatever it is made of, sixteen times the text is
to take some sixteen times as long. The texts are those that make careless patterns slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from statistics import median

from bench.table import Report, Table
from bot.prompts.closed_context import MARKERS, Block, closed_context, read_answer
from bot.prompts.untrusted import break_delimiters, clean_name, clean_text
from bot.replies.splitting import split

_UNITS = {
    "words": "word. ",
    "fences": "`" * 3 + "\n",
    "one word": "x",
    "blank lines": " \n",
    "long words": "a" * 900 + " ",
    "questions": "Q: a?\n",
    "delimiters": "END ",
    "roles": "A S S I S T A N ",
    "zero width": "U\u200b",
    "ligatures": "\ufdfa",
    "tags": "\U0001f3f4\U000e0041",
}
_FACTOR = 16
_BLOCK = [Block((("file", "a.txt"),), "x")]
_WORK: dict[str, Callable[[str], object]] = {
    "split": split,
    "clean text": clean_text,
    "clean name": clean_name,
    "break delimiters": lambda text: break_delimiters(text, MARKERS),
    "closed context": lambda text: closed_context(text, [Block((("file", text),), text)]),
    "read answer": lambda text: read_answer(f"{text}\nSource: {text}", _BLOCK),
}


async def run(*, smoke: bool) -> Report:
    """One row a function: the text that makes it slowest, and the one with which it grows most."""
    return await asyncio.to_thread(_measured, *((1_000, 1) if smoke else (10_000, 5)))


def _measured(length: int, rounds: int) -> Report:
    """``length``: of the short texts, in characters."""
    table = Table(
        f"growth: texts of {length:,} characters, and of {_FACTOR} times as many",
        ["function", "slowest text", "long ms", "grows most with", "times as long"],
    )
    for name, work in _WORK.items():
        long_ms: dict[str, float] = {}
        growth: dict[str, float] = {}
        for kind, unit in _UNITS.items():
            short = _seconds(work, unit * (length // len(unit)), rounds)
            long = _seconds(work, unit * (_FACTOR * length // len(unit)), rounds)
            long_ms[kind], growth[kind] = 1000 * long, long / short
        slowest = max(long_ms, key=long_ms.__getitem__)
        most = max(growth, key=growth.__getitem__)
        table.add(name, slowest, f"{long_ms[slowest]:.1f}", most, f"{growth[most]:.0f}")
    return Report([table], "Medians. A time that grew with the square would be 256 times as long.")


def _seconds(work: Callable[[str], object], text: str, rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        work(text)
        times.append(time.perf_counter() - began)
    return median(times)

"""How long it takes from a file's bytes to the prompt that asks about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

from bench.askdocs_recall import BUDGET, tokens, written
from bench.questions import reports
from bench.table import Report, Table
from bot.documents.extract import extract
from bot.documents.passages import chunk
from bot.documents.search import Excerpt, Index
from bot.prompts.closed_context import Block, closed_context, instruction


async def run(*, smoke: bool) -> Report:
    """One row a length and kind; milliseconds, of three runs the quickest."""
    table = Table(
        "askdocs: milliseconds from the file to the prompt",
        ["file", "bytes", "tokens", "read", "cut", "index", "search", "prompt", "in all"],
        note="read: in the sandbox, its start included. The tokenizer is a quick estimate here.",
    )
    for kind in ("pdf", "docx"):
        for pages in (1,) if smoke else (1, 20, 200, 1_000):
            made = reports("en", kind, pages=pages, seed=5)
            name, text = made.documents[0]
            data = written(name, text, kind)
            runs = [await _once(name, data, made.questions[0].text) for _ in range(3)]
            best = min(runs, key=lambda run: sum(run[1]))
            table.add(
                f"{pages:,} pages, {kind}",
                f"{len(data):,}",
                f"{best[0]:,}",
                *(f"{1000 * seconds:.0f}" for seconds in best[1]),
                f"{1000 * sum(best[1]):.0f}",
            )
    return Report([table])


async def _once(name: str, data: bytes, question: str) -> tuple[int, list[float]]:
    """Tokens, and the seconds of each step."""
    times = [time.perf_counter()]
    extracted = await extract(name, data)
    times.append(time.perf_counter())
    passages = chunk(name, extracted, tokens)
    times.append(time.perf_counter())
    index = Index(passages)
    times.append(time.perf_counter())
    excerpts = index.search(question, BUDGET, _cost)
    times.append(time.perf_counter())
    blocks = [Block((("file", e.document), ("page", str(e.page))), e.text) for e in excerpts]
    closed_context(instruction(question), blocks)
    times.append(time.perf_counter())
    spans = [end - start for start, end in pairwise(times)]
    return sum(passage.tokens for passage in passages), spans


def _cost(excerpts: Sequence[Excerpt]) -> int:
    return sum(tokens(excerpt.text) + 32 for excerpt in excerpts)

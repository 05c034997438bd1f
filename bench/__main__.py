"""``python -m bench [NAME…] [--smoke] [--json] [--record]``: run benchmarks, print their tables."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from bench import (
    answers,
    askdocs_latency,
    askdocs_recall,
    bad_documents,
    breakouts,
    evidence,
    facts,
    first,
    games,
    grading,
    growth,
    history,
    letters,
    loop,
    overhead,
    pacing,
    prefix,
    prefix_counted,
    prefix_exllamav2,
    stalls,
    start,
    two_processes,
    waiting_line,
)
from bench.records import Record, as_json, load, record_of, save, write_page
from bench.table import Report
from bot.errors import AirocordError

BENCHMARKS: dict[str, Callable[..., Awaitable[Report]]] = {
    "overhead": overhead.run,
    "first": first.run,
    "loop": loop.run,
    "stalls": stalls.run,
    "start": start.run,
    "prefix": prefix.run,
    "prefix-exllamav2": prefix_exllamav2.run,
    "prefix-200": prefix_counted.run,
    "queue": waiting_line.run,
    "history": history.run,
    "discord": pacing.run,
    "askdocs": askdocs_recall.run,
    "answers": answers.run,
    "latency": askdocs_latency.run,
    "evidence": evidence.run,
    "bad-documents": bad_documents.run,
    "breakouts": breakouts.run,
    "facts": facts.run,
    "grading": grading.run,
    "letters": letters.run,
    "games": games.run,
    "growth": growth.run,
    "two-processes": two_processes.run,
}
PAGE = (*BENCHMARKS, "soak")
"""What BENCHMARKS.md has: the soak is run by itself (``python -m bench.soak``)."""
_VARIABLES = {"grading": "AIROCORD_OPENTDB=FILE "}
"""What has to be set for a benchmark to run."""


async def _run(names: Sequence[str], given: argparse.Namespace) -> bool:
    """Whether all could run; one that cannot says why, and does not keep the others from it."""
    records: list[Record] = []
    is_whole = True
    for name in names:
        try:
            report = await BENCHMARKS[name](smoke=given.smoke)
        except AirocordError as error:
            print(f"{name}: {error}", file=sys.stderr)
            is_whole = False
            continue
        command = f"{_VARIABLES.get(name, '')}python -m bench {name}"
        records.append(record_of(name, command, report))
        if given.record:
            # At once, so that what has been measured stays if a later one fails.
            save(records[-1])
            write_page(load(PAGE))
        if not given.json:
            print(report, end="\n\n", flush=True)
    if given.json:
        print(as_json(records), end="")
    return is_whole


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--smoke", action="store_true", help="the smallest size, to see it run")
    parser.add_argument("--json", action="store_true", help="print JSON, machine and versions too")
    parser.add_argument(
        "--record", action="store_true", help="keep the figures, and write BENCHMARKS.md anew"
    )
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {unknown.pop()}: take of {', '.join(BENCHMARKS)}")
    if given.smoke and given.record:
        parser.error("what --smoke measures says nothing, so it is not recorded: leave one out")
    return 0 if asyncio.run(_run(given.names or list(BENCHMARKS), given)) else 1


if __name__ == "__main__":
    sys.exit(main())

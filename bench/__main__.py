"""``python -m bench [NAME…] [--smoke]``: run benchmarks and print their tables."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bench import (
    askdocs_latency,
    askdocs_recall,
    bad_documents,
    breakouts,
    evidence,
    facts,
    grading,
    letters,
    loop,
    prefix,
    prefix_exllamav2,
    stalls,
)
from bot.errors import AirocordError

BENCHMARKS = {
    "loop": loop.run,
    "stalls": stalls.run,
    "prefix": prefix.run,
    "prefix-exllamav2": prefix_exllamav2.run,
    "askdocs": askdocs_recall.run,
    "latency": askdocs_latency.run,
    "evidence": evidence.run,
    "bad-documents": bad_documents.run,
    "breakouts": breakouts.run,
    "facts": facts.run,
    "grading": grading.run,
    "letters": letters.run,
}


async def _run(names: list[str], *, smoke: bool) -> None:
    for name in names:
        print(await BENCHMARKS[name](smoke=smoke), end="\n\n", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--smoke", action="store_true", help="the smallest size, to see it run")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {unknown.pop()}: take of {', '.join(BENCHMARKS)}")
    try:
        asyncio.run(_run(given.names or list(BENCHMARKS), smoke=given.smoke))
    except AirocordError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

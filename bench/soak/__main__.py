"""``python -m bench.soak [--minutes M] [--seed N] [--smoke]``: exit code 1 if the ledger does not
balance."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bench.soak.run import Plan, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=float, default=6.0, help="things done in a second")
    parser.add_argument("--kills", type=int, default=2, help="how often the bot is killed")
    parser.add_argument("--smoke", action="store_true", help="some seconds, few people, no kill")
    parser.add_argument("--log", type=Path, help="the file to leave the bot's log in")
    given = parser.parse_args()
    plan = Plan(given.minutes * 60, given.seed, given.rate, kills=given.kills)
    if given.smoke:
        plan = Plan.smoke(given.seed)
    ledger, log = asyncio.run(soak(plan, lambda line: print(line, flush=True)))
    if given.log is not None:
        given.log.write_text(log, encoding="utf-8")
    print(ledger)
    return 1 if ledger.problems else 0


if __name__ == "__main__":
    sys.exit(main())

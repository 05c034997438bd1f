"""``python -m bench.soak [--minutes M] [--seed N] [--smoke]``: exit code 1 if the ledger does not
balance."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bench.__main__ import PAGE
from bench.records import load, record_of, save, write_page
from bench.soak.ledger import Ledger
from bench.soak.run import Plan, soak
from bench.table import Report, at_most

_NOTES = """\
200 people in 40 channels use every command, press, play, edit, delete and attach files, while
Discord refuses, stumbles, drops answers, closes the gateway and lets tokens expire, the model
breaks down, and the bot is killed now and then and started again. The ledger balances when every
request has ended exactly once, the history is what the channels show, scores add up, nothing is
left open, memory stays where it is, and the log holds no error that was not planned."""


_LONGEST = 120
"""Characters of a cell: lists of all commands and faults are for the screen."""


def _report(ledger: Ledger) -> Report:
    """What is kept of it."""
    tables = ledger.tables
    for table in tables:
        table.rows = [row for row in table.rows if max(map(len, row)) <= _LONGEST]
    open_lines = at_most("lines of the ledger that do not balance", 0, len(ledger.problems))
    return Report(tables, _NOTES, [open_lines])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=float, default=6.0, help="things done in a second")
    parser.add_argument("--kills", type=int, default=2, help="how often the bot is killed")
    parser.add_argument("--smoke", action="store_true", help="some seconds, few people, no kill")
    parser.add_argument(
        "--record", action="store_true", help="keep the ledger, and write BENCHMARKS.md anew"
    )
    parser.add_argument("--log", type=Path, help="the file to leave the bot's log in")
    given = parser.parse_args()
    if given.smoke and given.record:
        parser.error("a smoke run says nothing, so it is not recorded: leave one out")
    plan = Plan(given.minutes * 60, given.seed, given.rate, kills=given.kills)
    if given.smoke:
        plan = Plan.smoke(given.seed)
    ledger, log = asyncio.run(soak(plan, lambda line: print(line, flush=True)))
    if given.log is not None:
        given.log.write_text(log, encoding="utf-8")
    print(ledger)
    if given.record:
        command = f"python -m bench.soak --minutes {given.minutes:g} --seed {given.seed}"
        save(record_of("soak", command, _report(ledger)))
        write_page(load(PAGE))
    return 1 if ledger.problems else 0


if __name__ == "__main__":
    sys.exit(main())

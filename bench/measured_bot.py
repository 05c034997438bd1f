"""``python -m bench.measured_bot FILE``: ``python -m bot run``, which writes into FILE at its end
how late its event loop ran all the time: JSON, pairs of :func:`time.monotonic` and seconds."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from bench.loop import TICK_S
from bot import app
from bot.__main__ import main
from bot.app import run_bot
from bot.settings import Settings


async def _ticks(late: list[tuple[float, float]]) -> None:
    while True:
        due = time.monotonic() + TICK_S
        await asyncio.sleep(TICK_S)
        late.append((due, time.monotonic() - due))


async def _run(settings: Settings, stop: asyncio.Event) -> None:
    late: list[tuple[float, float]] = []
    ticking = asyncio.create_task(_ticks(late))
    try:
        await run_bot(settings, stop)
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        _write(late)


def _write(late: list[tuple[float, float]]) -> None:
    Path(sys.argv[1]).write_text(json.dumps(late), encoding="utf-8")


if __name__ == "__main__":
    setattr(app, "run_bot", _run)  # noqa: B010 - so the command line runs this one
    sys.exit(main(["run"]))

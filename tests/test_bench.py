"""Every benchmark runs, at its smallest size."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from bench.__main__ import BENCHMARKS
from bot.models import demo_path
from tests.support.llama import ROOT, demo_model

LIMIT_S = 240.0
LONG = ("stalls", "prefix", "prefix-200", "prefix-exllamav2", "answers", "two-processes")
"""However small, each asks so much of a model, or of two bots, that it takes as long as a third of
the others together."""


async def test_every_benchmark_runs_and_says_what_it_found(tmp_path: Path) -> None:
    demo_path(tmp_path).symlink_to(await asyncio.to_thread(demo_model))
    wanted = [name for name in BENCHMARKS if name not in LONG]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", *wanted, "--smoke", "--json"),
        # Not where the project is, whose .env may name a model that takes long.
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MODELS_DIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            told, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()
    records = json.loads(told)
    assert [record["name"] for record in records] == wanted
    for record in records:
        assert any(table["rows"] or table["note"] for table in record["report"]["tables"])

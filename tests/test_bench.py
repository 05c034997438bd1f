"""Every benchmark runs; at its smallest size, where what it needs is here."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from bench.__main__ import BENCHMARKS
from tests.support.llama import demo_model

ROOT = Path(__file__).parents[1]
LIMIT_S = 240.0
EXLLAMAV2 = ("stalls", "prefix-exllamav2")
"""Its own tests load it; here it would take longer than all the others together."""


async def test_every_benchmark_runs_and_says_what_it_found(tmp_path: Path) -> None:
    model = await asyncio.to_thread(demo_model)
    (tmp_path / ".env").write_text("", encoding="utf-8")
    wanted = [name for name in BENCHMARKS if name not in EXLLAMAV2]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", *wanted, "--smoke", "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        told, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    records = json.loads(told)
    assert [record["name"] for record in records] == wanted
    for record in records:
        assert any(table["rows"] or table["note"] for table in record["report"]["tables"])

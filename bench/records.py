"""Recorded runs of benchmarks, and BENCHMARKS.md, which is made of them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.table import Report, Table, Target

ROOT = Path(__file__).parents[1]
RECORDED = Path(__file__).parent / "recorded"
_PAGE = ROOT / "BENCHMARKS.md"
_PACKAGES = (
    "discord.py",
    "aiohttp",
    "SQLAlchemy",
    "aiosqlite",
    "asyncpg",
    "pypdfium2",
    "xllamacpp",
    "exllamav2",
    "torch",
)
"""Those whose versions may change a figure."""
_HEAD = """\
# Benchmarks

Figures to compare with each other, not with those of another machine: what stands in one table was
taken in one run. The runs were recorded by `python -m bench NAME --record`, which writes this page;
under each is its command. `make bench` runs all but the soak, as far as what they need is there,
`.venv/bin/python -m bench NAME` a single one. The model is the demonstration model on one processor
core fewer than there are, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Machine:
    processor: str
    cores: int
    memory_gb: float | None
    system: str
    python: str
    versions: Mapping[str, str]

    def __str__(self) -> str:
        memory = "" if self.memory_gb is None else f"{self.memory_gb:g} GB of memory"
        parts = (f"{self.cores} cores of {self.processor}", memory, self.system)
        packages = (f"{name} {version}" for name, version in self.versions.items())
        return ", ".join([*filter(None, parts), f"Python {self.python}", *packages])


@dataclass(frozen=True, slots=True)
class Record:
    """One run of one benchmark."""

    name: str
    command: str
    date: str
    commit: str | None
    """``None`` where the project is no git checkout, or nobody noted it."""
    machine: Machine
    report: Report


def record_of(name: str, command: str, report: Report) -> Record:
    """A run that has just ended, on this machine."""
    date = datetime.now(UTC).date().isoformat()
    return Record(name, command, date, _commit(), this_machine(), report)


def this_machine() -> Machine:
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gb=_memory_gb(),
        system=_system(),
        python=platform.python_version(),
        versions=_versions(),
    )


def save(record: Record, folder: Path = RECORDED) -> None:
    path = folder / f"{record.name}.json"
    path.write_text(_dumped(asdict(record)), encoding="utf-8")


def as_json(records: Sequence[Record]) -> str:
    """A list of them."""
    return _dumped([asdict(record) for record in records])


def load(names: Iterable[str], folder: Path = RECORDED) -> list[Record]:
    """The recorded runs of these benchmarks, in their order; those without one are left out."""
    paths = (folder / f"{name}.json" for name in names)
    return [_record(json.loads(path.read_text("utf-8"))) for path in paths if path.exists()]


def write_page(records: Sequence[Record], path: Path = _PAGE) -> None:
    path.write_text(page(records), encoding="utf-8")


def page(records: Sequence[Record]) -> str:
    """BENCHMARKS.md."""
    machines = list(dict.fromkeys(str(record.machine) for record in records))
    parts = [_HEAD, *_targets(records)]
    for record in records:
        number = machines.index(str(record.machine)) + 1
        commit = f", commit {record.commit}" if record.commit else ""
        parts.append(str(record.report))
        parts.append(f"`{record.command}`, {record.date}, machine {number}{commit}.")
    listed = "\n".join(f"{number}. {machine}" for number, machine in enumerate(machines, 1))
    return "\n\n".join([*parts, "## Machines", listed]) + "\n"


def _targets(records: Sequence[Record]) -> list[str]:
    table = Table("Targets", ("benchmark", "what", "target", "measured", "reached"))
    for record in records:
        for target in record.report.targets:
            reached = "yes" if target.met else "no"
            table.add(record.name, target.what, target.wanted, target.measured, reached)
    return [str(table)] if table.rows else []


def _record(saved: dict[str, Any]) -> Record:
    report = saved["report"]
    return Record(
        **saved
        | {
            "machine": Machine(**saved["machine"]),
            "report": Report(
                [Table(**table) for table in report["tables"]],
                report["notes"],
                [Target(**target) for target in report["targets"]],
            ),
        }
    )


def _dumped(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _commit() -> str | None:
    command = ("git", "describe", "--always", "--dirty", "--exclude", "*")
    try:
        told = subprocess.run(  # noqa: S603 - constant
            command, cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform(terse=True)


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found

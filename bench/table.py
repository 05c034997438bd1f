"""What a benchmark brings back: tables of figures, for the screen, for BENCHMARKS.md and as JSON.

Every benchmark is a module with ``async def run(*, smoke: bool = False) -> Report``::

    table = Table("loop: how late it runs", ("loop", "p50"), note="p50: milliseconds.")
    table.add("idle", "0.3")
    return Report(
        [table],
        notes="How it was measured, as far as a reader must know. Blank lines part paragraphs.",
        targets=[at_least("tokens/s beside the engine alone", 0.97, 0.99)],
    )
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Table:
    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    note: str = ""

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def __str__(self) -> str:
        """As Markdown under a heading, with columns lined up."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]

        def row(cells: Sequence[str]) -> str:
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            return f"| {' | '.join(padded)} |"

        rule = row(["-" * width for width in widths])
        body = [row(self.columns), rule, *map(row, self.rows)]
        return "\n".join([f"## {self.title}", "", *body, *(["", self.note] if self.note else [])])


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that the project promises to reach; ``wanted`` is a sentence's end, as "≤ 20 ms"."""

    what: str
    wanted: str
    measured: str
    met: bool


def at_least(what: str, wanted: float, measured: float, unit: str = "") -> Target:
    return Target(
        what, f"≥ {_figure(wanted, unit)}", _figure(measured, unit), met=measured >= wanted
    )


def at_most(what: str, wanted: float, measured: float, unit: str = "") -> Target:
    return Target(
        what, f"≤ {_figure(wanted, unit)}", _figure(measured, unit), met=measured <= wanted
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What a benchmark returns. ``notes`` is Markdown: what holds of any run of it."""

    tables: Sequence[Table]
    notes: str = ""
    targets: Sequence[Target] = ()

    def __str__(self) -> str:
        """As Markdown: the tables, the targets as a list, the notes."""
        wanted = "\n".join(
            f"- {target.what}: {target.measured}, target {target.wanted}"
            f"{'' if target.met else ', missed'}"
            for target in self.targets
        )
        return "\n\n".join([*map(str, self.tables), *filter(None, (wanted, self.notes))])


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median, and in brackets the least and the most of several runs."""
    low, middle, high = (format(each, form) for each in (min(values), median(values), max(values)))
    return f"{middle} ({low} to {high})"


def _figure(value: float, unit: str) -> str:
    return f"{value:.3g}{f' {unit}' if unit else ''}"

"""What an examination found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum

from rich.console import Console
from rich.table import Table
from rich.text import Text


class Severity(IntEnum):
    """The greatest one found is the exit status of ``doctor``, but that notes are well."""

    OK = 0
    NOTE = 1
    """Worth knowing; nothing need be done."""
    WARNING = 2
    """It runs, but not as it should."""
    ERROR = 3
    """It does not run."""

    @property
    def exit_status(self) -> int:
        return 0 if self <= Severity.NOTE else int(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    severity: Severity
    text: str
    """What is so, in a sentence or a few words."""
    next_step: str = ""
    """What to do about it; empty where nothing need be done."""


def worst(findings: Iterable[Finding]) -> Severity:
    return max((finding.severity for finding in findings), default=Severity.OK)


def as_json(findings: Iterable[Finding]) -> str:
    """A list of objects; ``severity`` by name, in lower case."""
    rows = [{**asdict(f), "severity": f.severity.name.lower()} for f in findings]
    return json.dumps(rows, indent=2, ensure_ascii=False)


_LOOKS = {
    Severity.OK: ("ok", "green"),
    Severity.NOTE: ("note", "cyan"),
    Severity.WARNING: ("warning", "yellow"),
    Severity.ERROR: ("error", "bold red"),
}


def print_table(findings: Iterable[Finding], console: Console) -> None:
    """A line a finding, each with its state in words."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    # Fixed, so that findings printed one after the other stand in columns.
    table.add_column(width=7)
    table.add_column(width=16)
    for finding in findings:
        word, style = _LOOKS[finding.severity]
        text = f"{finding.text}\n→ {finding.next_step}" if finding.next_step else finding.text
        # As plain text: a path or a model's words are no markup.
        table.add_row(Text(word, style), Text(finding.subject), Text(text))
    console.print(table)

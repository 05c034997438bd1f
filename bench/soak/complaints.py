"""What the bot's log holds that it should not."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLANNED = (
    ": the engine failed",
    "the engine failed too often",
    "Ignoring exception in autocomplete",
)
"""What the log says of a model that breaks down, as the plan has it; and what discord.py says of
its own accord where suggestions are lost on the way, which nobody can be told of."""
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
_NEVER = (
    "Task was destroyed",
    "never retrieved",
    "was never awaited",
    "database is locked",
    "Unclosed",
)


def complaints_in(log: str, complaints: Sequence[str]) -> tuple[int, list[str]]:
    """How many errors were planned, and the lines of those that were not.

    Args:
        log: all of it.
        complaints: its lines at the level of an error, and what stands below each.
    """
    planned, found = 0, list[str]()
    is_planned = False
    for line in complaints:
        if " ERROR " in line:
            is_planned = any(words in line for words in _PLANNED)
            planned += is_planned
            if not is_planned:
                found.append(line.strip()[:200])
        elif _RAISED.match(line) and not line.startswith("Traceback") and not is_planned:
            found.append(f"    {line.strip()[:200]}")
    found += [f"{words!r}, {log.count(words)} times" for words in _NEVER if words in log]
    return planned, found

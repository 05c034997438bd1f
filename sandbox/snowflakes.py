"""Ids as Discord gives them: the time in milliseconds, then a number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
"""The first second of 2015: https://discord.com/developers/docs/reference#snowflakes."""


class Snowflakes:
    """Ids that only ever grow, whatever the clock does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds since 1970."""
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        now = (int(self._clock() * 1000) - EPOCH_MS) << 22
        self._last = max(now, self._last + 1)
        return self._last


def sent_at(snowflake: int) -> float:
    """When it was given, in seconds since 1970."""
    return ((snowflake >> 22) + EPOCH_MS) / 1000


def timestamp(seconds: float) -> str:
    """A moment as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")

"""How often somebody may ask: so many a minute and so many a day."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from bot.language import Sentence, plural

MINUTE_S, DAY_S = 60.0, 86_400.0

_SWEEP_AT = 10_000
"""Keys remembered before those that have nothing to remember are let go of."""


class Rate:
    """``limit`` in ``period_s`` seconds for each key, as a token bucket: after a burst of them
    all, one more comes free every ``period_s / limit`` seconds. 0 is no limit."""

    def __init__(
        self, limit: int, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._step_s = period_s / limit if limit else 0.0
        self._clock = clock
        self._free_at: dict[int, float] = {}
        """When everything that was taken is free again; absent: it is."""

    def wait_s(self, key: int) -> float:
        """Seconds until ``key`` may take one; 0.0 if it may now."""
        if not self._limit:
            return 0.0
        backlog_s = self._free_at.get(key, 0.0) - self._clock()
        return max(0.0, backlog_s - (self._limit - 1) * self._step_s)

    def take(self, key: int) -> None:
        """Count one of ``key``'s."""
        if not self._limit:
            return
        now = self._clock()
        if len(self._free_at) >= _SWEEP_AT:
            self._free_at = {key: at for key, at in self._free_at.items() if at > now}
        self._free_at[key] = max(now, self._free_at.get(key, 0.0)) + self._step_s


class Rates:
    """A rate a minute and a rate a day, together."""

    def __init__(
        self, *, a_minute: int, a_day: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates = (Rate(a_minute, MINUTE_S, clock), Rate(a_day, DAY_S, clock))

    def wait_s(self, key: int) -> float:
        """Seconds until ``key`` may take one; 0.0 if it may now."""
        return max(rate.wait_s(key) for rate in self._rates)

    def take(self, key: int) -> None:
        """Count one of ``key``'s."""
        for rate in self._rates:
            rate.take(key)


def spell(seconds: float) -> Sentence:
    """A wait in words, rounded up: "7 seconds", "3 minutes", "5 hours"."""
    if seconds > 3600:
        return plural("{count} hour", "{count} hours", math.ceil(seconds / 3600))
    if seconds > 60:
        return plural("{count} minute", "{count} minutes", math.ceil(seconds / 60))
    return plural("{count} second", "{count} seconds", max(1, math.ceil(seconds)))

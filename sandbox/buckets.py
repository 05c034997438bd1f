"""Rate limits: how many requests of a kind are taken, as Discord says it in its headers.

https://discord.com/developers/docs/topics/rate-limits
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

KEPT = 2000
"""Buckets that are remembered; those not used for longest are forgotten."""

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    per_s: float


def _routes() -> Mapping[tuple[str, str], Rate]:
    return {
        ("POST", MESSAGES): Rate(5, 5.0),
        ("PATCH", MESSAGE): Rate(5, 5.0),
        ("DELETE", MESSAGE): Rate(5, 1.0),
        ("PUT", f"{MESSAGE}/reactions/{{emoji}}/@me"): Rate(1, 0.25),
    }


@dataclass(frozen=True, slots=True)
class Limits:
    """What Discord is seen to allow today; it promises none of it."""

    routes: Mapping[tuple[str, str], Rate] = field(default_factory=_routes)
    """By method and route, in one channel."""
    other: Rate = Rate(50, 1.0)
    overall: Rate = Rate(50, 1.0)
    """Of all requests that are not interactions'."""


class _Bucket:
    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._left = rate.requests
        self._resets_at = -math.inf

    def take(self, now: float) -> tuple[int, float]:
        """What is left, -1 if it was too much, and the seconds until it is full again."""
        if now >= self._resets_at:
            self._left, self._resets_at = self.rate.requests, now + self.rate.per_s
        self._left = max(-1, self._left - 1)
        left = self._left
        if left < 0:
            self._left = 0
        return left, self._resets_at - now


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one request is taken, and the headers that say so."""

    headers: dict[str, str]
    retry_after_s: float | None = None
    """Not taken before then."""
    is_overall: bool = False


class Buckets:
    """The state of all limits."""

    def __init__(
        self, limits: Limits, now: Callable[[], float], clock: Callable[[], float]
    ) -> None:
        """``now`` gives seconds and never goes back; ``clock`` gives seconds since 1970, which the
        headers speak of."""
        self._limits = limits
        self._now = now
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str, str], _Bucket] = OrderedDict()
        self._overall = _Bucket(limits.overall)

    def take(self, method: str, route: str, major: str, *, is_interaction: bool) -> Verdict:
        """Count a request. ``major``: the channel, server or webhook that has its own limit."""
        now = self._now()
        if not is_interaction:
            left, reset_s = self._overall.take(now)
            if left < 0:
                return Verdict({}, reset_s, is_overall=True)
        rate = self._limits.routes.get((method, route), self._limits.other)
        bucket = self._buckets.setdefault((method, route, major), _Bucket(rate))
        self._buckets.move_to_end((method, route, major))
        while len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        left, reset_s = bucket.take(now)
        name = hashlib.blake2s(f"{method} {route}".encode(), digest_size=8).hexdigest()
        headers = {
            "X-RateLimit-Limit": str(rate.requests),
            "X-RateLimit-Remaining": str(max(0, left)),
            "X-RateLimit-Reset": f"{self._clock() + reset_s:.3f}",
            "X-RateLimit-Reset-After": f"{reset_s:.3f}",
            "X-RateLimit-Bucket": name,
        }
        if left < 0:
            return Verdict(headers, reset_s)
        return Verdict(headers)

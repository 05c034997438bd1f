"""Faults that a test injects between the bot and this Discord."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429; ``is_global`` for the limit over all routes."""

    retry_after_s: float = 0.5
    is_global: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """An error of Discord's own, such as 500, or 413 with code 40005; ``after``: although the
    request was carried out, as when its edge gives up waiting."""

    status: int = 500
    code: int = 0
    after: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection ends without an answer; ``after``: when the request was carried out."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """403 with code 50013: a permission was taken away."""


@dataclass(frozen=True, slots=True)
class ExpiredToken:
    """401 with code 50027: an interaction's token is not taken any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing happens before ``until`` is set or, where it is given, that time is over; then all
    goes on as if nothing had been."""

    until: asyncio.Event = field(default_factory=asyncio.Event)
    at_most_s: float | None = None


Answer = RateLimited | Failed | Dropped | Denied | ExpiredToken | Held


@dataclass(kw_only=True)
class Fault:
    """What happens to requests of a kind."""

    route: str
    """As in Discord's documentation; ``*`` at the end stands for anything."""
    answer: Answer
    method: str = "*"
    times: int | None = 1
    """How often; ``None``: always."""
    has_file: bool | None = None
    """Only requests with (or without) a file."""
    hits: int = 0

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        fixed, star = (self.route[:-1], ".*") if self.route.endswith("*") else (self.route, "")
        return re.compile(re.escape(fixed) + star)

    def matches(self, method: str, route: str, *, has_file: bool) -> bool:
        return (
            self.method in ("*", method)
            and self._pattern.fullmatch(route) is not None
            and self.has_file in (None, has_file)
            and (self.times is None or self.hits < self.times)
        )


class Faults:
    """Those that wait to happen, and those that happen at once."""

    def __init__(
        self, close_gateway: Callable[[int, bool], None], expire_tokens: Callable[[], None]
    ) -> None:
        self._waiting: list[Fault] = []
        self._close_gateway = close_gateway
        self._expire_tokens = expire_tokens

    def add(self, fault: Fault) -> Fault:
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        self._waiting.clear()

    def close_gateway(self, code: int = 4000, *, resumable: bool = True) -> None:
        """End the bot's gateway connection; whether its session can be resumed."""
        self._close_gateway(code, resumable)

    def expire_tokens(self) -> None:
        """Take no token of an interaction that there has been so far."""
        self._expire_tokens()

    def hit(self, method: str, route: str, *, has_file: bool) -> Answer | None:
        """What happens to this request, if anything."""
        for fault in self._waiting:
            if fault.matches(method, route, has_file=has_file):
                fault.hits += 1
                return fault.answer
        return None

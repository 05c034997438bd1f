"""What the bot has asked, and what it was told: for tests to look at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.types import Json

KEPT = 5000
"""Exchanges; older ones are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request of the bot's and its answer."""

    method: str
    path: str
    """Without the API's own prefix and without the query."""
    route: str
    """The path as a template; empty for one that there is not."""
    body: object
    """The JSON, of a multipart request its ``payload_json``; ``None`` for none."""
    files: tuple[str, ...]
    """Names of the files that came with it."""
    status: int
    """0: there was no answer."""
    answer: Json | list[Json] | None


class Traffic:
    """The last exchanges, oldest first."""

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT)
        self.listeners: list[Callable[[Exchange], None]] = []

    def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        for listener in self.listeners:
            listener(exchange)

    def of(self, method: str, route: str) -> list[Exchange]:
        return [e for e in self.exchanges if (e.method, e.route) == (method, route)]

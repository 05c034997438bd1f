"""How the bot stands with Discord."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the connection stands, and what was done there since this process began."""

    is_ready: bool
    latency_s: float
    """Of the gateway's heartbeat; not a number before the first one."""
    servers: int
    edits: int
    """Messages of replies and games that were written or edited."""
    documents: int
    """Files that were read and are kept, or were."""
    games: int

"""What the queue is allowed, and what it tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """How much may wait and how long. A person's and a server's requests count while they wait
    or run."""

    total: int = 200
    per_person: int = 3
    per_guild: int = 50
    person_a_minute: int = 0
    """Questions; 0 is no limit, here and below."""
    person_a_day: int = 0
    guild_a_minute: int = 0
    guild_a_day: int = 0
    start_s: float = 300.0
    """Longest wait for a lane."""
    run_s: float = 600.0
    """Longest time in a lane."""
    stall_s: float = 120.0
    """Longest time without a new token, the prompt's own processing included."""
    recover_s: float = 1200.0
    """Longest time that a broken engine may take to be usable again. It may have to load its model
    anew, and gives that up by itself where it makes no progress."""
    sick_retry_s: float = 60.0
    """How long an engine that keeps failing is left alone before it is tried again."""


class Health(StrEnum):
    LOADING = "loading"
    READY = "ready"
    RECOVERING = "recovering"
    SICK = "sick"
    CLOSED = "closed"


@dataclass(slots=True)
class Counters:
    """What the queue has done since it was made."""

    submitted: int = 0
    refused: int = 0
    done: int = 0
    cancelled: int = 0
    failed: int = 0
    put_back: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    new_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """A moment's picture for people and metrics."""

    health: Health
    loaded: float
    """Share of the model that is loaded, 0 to 1."""
    is_paused: bool
    waiting: int
    running: int
    lanes: int
    tokens_per_s: float | None
    """Of one reply, averaged over the last ones."""
    counters: Counters

"""What the queue has done: counted, averaged, and told to whoever wants to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.errors import Cancelled, GenerationError
from bot.generation.engine import Finish
from bot.generation.figures import Counters

_SMOOTHING = 0.2
"""Weight of the newest reply in the running averages."""


@dataclass(slots=True)
class Accounts:
    counters: Counters = field(default_factory=Counters)
    run_s: float | None = None
    """Seconds in a lane, averaged over the last replies."""
    tokens_per_s: float | None = None
    """Of one reply, likewise."""
    on_finished: Callable[[Finish], None] | None = None
    """Called with each reply that was written to its end."""
    on_failed: Callable[[GenerationError], None] | None = None
    """Called with why, when a request is refused or fails; not when it is cancelled."""

    def refused(self, error: GenerationError) -> None:
        self.counters.refused += 1
        if self.on_failed is not None:
            self.on_failed(error)

    def ended(self, finish: Finish | None, error: GenerationError | None) -> None:
        """A request has come to its end; ``finish``: of one that was written."""
        if finish is not None:
            self.finished(finish)
        elif isinstance(error, Cancelled):
            self.counters.cancelled += 1
        elif error is not None:
            self.failed(error)

    def failed(self, error: GenerationError) -> None:
        self.counters.failed += 1
        if self.on_failed is not None:
            self.on_failed(error)

    def finished(self, finish: Finish) -> None:
        self.counters.done += 1
        self.counters.prompt_tokens += finish.prompt_tokens
        self.counters.cached_tokens += finish.cached_tokens
        self.counters.new_tokens += finish.new_tokens
        self.run_s = _smooth(self.run_s, finish.prefill_s + finish.generation_s)
        if finish.new_tokens > 1 and finish.generation_s > 0:
            rate = (finish.new_tokens - 1) / finish.generation_s
            self.tokens_per_s = _smooth(self.tokens_per_s, rate)
        if self.on_finished is not None:
            self.on_finished(finish)


def _smooth(average: float | None, value: float) -> float:
    return value if average is None else average + _SMOOTHING * (value - average)

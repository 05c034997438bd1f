"""One reply while it is written, as the engine's thread sees it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.generation.detokenizer import Detokenizer
from bot.generation.engine import Finish, FinishReason, SamplingParams
from bot.generation.exllamav2_constraints import TokenConstraint
from bot.generation.exllamav2_stream import Stream
from bot.generation.stops import StopFilter


@dataclass(eq=False, kw_only=True)
class WriteRequest:
    """What is asked of the thread."""

    prompt_ids: Sequence[int]
    params: SamplingParams
    limit: int
    """Most tokens that may be written, at least 1."""
    constraint: TokenConstraint | None = None
    stream: Stream = field(default_factory=Stream)
    cancelled: bool = False
    """Set from the event loop; the thread looks at it before each step."""
    asked_at: float = field(default_factory=time.monotonic)


class Job(Protocol):
    """``ExLlamaV2DynamicJob``, as far as it is read."""

    cached_pages: int
    cached_tokens: int


class Run:
    """Follows one job's tokens: makes text of them, and knows where the reply ends.

    The library is told of the tokens that end a reply and of the longest reply there may be; all
    else is decided here.
    """

    def __init__(
        self,
        request: WriteRequest,
        job: Job,
        *,
        bytes_of: Sequence[bytes],
        eos_ids: frozenset[int],
        page_size: int,
    ) -> None:
        self.request = request
        self.job = job
        self._eos_ids = eos_ids
        self._page_size = page_size
        self._detokenizer = Detokenizer(bytes_of)
        # Whitespace at the beginning is a matter of whoever reads it.
        self._stops = StopFilter(request.params.stop, begun=True)
        self._new_tokens = 0
        self._first_at: float | None = None
        self._last_at = 0.0
        self._reason: FinishReason | None = None

    def feed(self, tokens: Sequence[int]) -> str:
        """Take the next tokens; the text that can be shown for them. Speculation writes several
        at once, of which those after the end do not count."""
        shown = ""
        for token in tokens:
            if self._reason is not None:
                break
            self._last_at = time.monotonic()
            self._first_at = self._first_at or self._last_at
            if token in self._eos_ids:
                self._reason = FinishReason.STOP
                break
            self._new_tokens += 1
            shown += self._stops.feed(self._detokenizer.feed(token))
            constraint = self.request.constraint
            if self._stops.stopped or (constraint is not None and constraint.ended):
                self._reason = FinishReason.STOP
            elif self._new_tokens >= self.request.limit:
                self._reason = FinishReason.LENGTH
        if self._reason is not None:
            shown += self._rest()
        return shown

    def end(self) -> str:
        """The library has ended the job at a token that it does not hand out; what is left."""
        if self._reason is not None:
            return ""
        self._last_at = time.monotonic()
        self._reason = FinishReason.STOP
        return self._rest()

    def _rest(self) -> str:
        return self._stops.feed(self._detokenizer.flush()) + self._stops.flush()

    @property
    def finish(self) -> Finish | None:
        """The end, once it has come."""
        if self._reason is None:
            return None
        prompt = len(self.request.prompt_ids)
        cached = self.job.cached_pages * self._page_size + self.job.cached_tokens
        first_at = self._first_at or self._last_at
        return Finish(
            reason=self._reason,
            prompt_tokens=prompt,
            # The last token of a prompt is always read.
            cached_tokens=min(cached, prompt - 1),
            new_tokens=self._new_tokens,
            prefill_s=first_at - self.request.asked_at,
            generation_s=self._last_at - first_at,
        )

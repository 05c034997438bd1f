"""When a message may be written: one pacer for each channel, shared by all its replies.

Discord limits edits by channel, and discord.py sleeps inside a full bucket: whoever edits as fast
as text comes has edits pile up behind that sleep, and everybody in the channel waits. So a reply
asks for a turn, and reads its latest text only when the turn has come.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from weakref import WeakValueDictionary


class Rank(IntEnum):
    """What a turn is wanted for; lower goes first."""

    FINAL = 0
    """The end of a reply: what stays."""
    TEXT = 1
    """Text that will be replaced by longer text."""
    STATUS = 2
    """A place in line. Gets every third turn while texts want the others, or it would never."""


@dataclass(slots=True, eq=False)
class _Waiter:
    rank: Callable[[], Rank]
    granted: asyncio.Future[None]


OVERALL_A_SECOND = 25
"""Turns in all channels together, about. Discord takes 50 requests a second of a bot
(https://discord.com/developers/docs/topics/rate-limits#global-rate-limit), and "typing…", new
messages and commands are requests, too."""

_MOST_IN_A_SECOND = 40
"""Turns and "typing…" that begin within any second in all channels together, at most, however many
replies begin or end in the same moment. What is left of the 50 is for the rest."""

_FEW = 10
"""Channels that never come near it: Discord lets each have about one edit a second."""

_JITTER = 0.2
"""Of the time between two turns, where many channels share what Discord takes: those that began
at the same moment would write at the same moments ever after."""


@dataclass(slots=True)
class Traffic:
    """Of all channels."""

    total: int = 0
    """Turns that were taken: messages that were written or edited."""
    channels: int = 0
    """In which somebody has a turn or waits for one."""
    _latest: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_IN_A_SECOND))
    """When the latest of what counts began or is to begin, on the event loop's clock."""

    def reserve(self, now: float) -> float:
        """The earliest time from ``now`` on at which one more turn may begin, which is then taken.

        Every turn is kept a place of its own, so that those who are put off come one after another
        and do not all return to the same moment.
        """
        at = now
        if len(self._latest) == _MOST_IN_A_SECOND:
            at = max(at, self._latest[0] + 1)
        self._latest.append(at)
        return at

    def spares(self, now: float) -> bool:
        """Whether there is room ``now`` for what may as well come later; if so, it is counted."""
        if len(self._latest) == _MOST_IN_A_SECOND and now < self._latest[0] + 1:
            return False
        self._latest.append(now)
        return True


@dataclass(slots=True, eq=False, weakref_slot=True)
class Pacer:
    """Turns in one channel: one at a time, and some time from the start of one to the next.

    Inside a rank turns are first come, first served, which is round-robin as long as each reply
    waits for one turn at a time. All times are the event loop's.
    """

    shortest_s: float = 1.2
    """Seconds between the starts of two turns when Discord answers fast."""
    longest_s: float = 20.0
    """Seconds between them at most, however slowly it answers."""
    traffic: Traffic = field(default_factory=Traffic)
    _is_counted: bool = False
    _waiting: list[_Waiter] = field(default_factory=list)
    _is_busy: bool = False
    _next_start: float = 0.0
    _smoothed_s: float = 0.0
    _passed_over: int = 0
    _timer: asyncio.TimerHandle | None = None
    _reserved_at: float | None = None
    """Place of the next turn among those of all channels, once it has one."""

    @property
    def interval_s(self) -> float:
        """Seconds between the starts of two turns at present: at least twice as long as Discord
        took for the last ones, so that half of its patience is left; and the more channels are
        written in, the longer."""
        interval_s = max(self.shortest_s, 2 * self._smoothed_s)
        share_s = self.traffic.channels / OVERALL_A_SECOND
        if self.traffic.channels > _FEW and share_s > interval_s:
            interval_s = share_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        return min(interval_s, self.longest_s)

    @asynccontextmanager
    async def turn(self, rank: Callable[[], Rank]) -> AsyncIterator[None]:
        """Wait for a turn and hold it for the length of the block.

        ``rank`` is asked again each time a turn is given, so that a reply that ends while it
        waits moves up. A block that raises counts as slow, and the next turns come later.
        """
        loop = asyncio.get_running_loop()
        waiter = _Waiter(rank, loop.create_future())
        self._waiting.append(waiter)
        self._schedule()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if not waiter.granted.cancelled():  # it was granted in the same moment
                self._is_busy = False
            self._schedule()
            raise
        start = loop.time()
        self.traffic.total += 1
        try:
            yield
        except Exception:
            self._learn(max(loop.time() - start, self.interval_s))
            raise
        else:
            self._learn(loop.time() - start)
        finally:
            self._next_start = start + self.interval_s
            self._is_busy = False
            self._schedule()

    def _learn(self, took_s: float) -> None:
        self._smoothed_s += (took_s - self._smoothed_s) / 2

    def _schedule(self) -> None:
        """Give the next turn, now or by a timer, if somebody waits and nobody has it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting = [waiter for waiter in self._waiting if not waiter.granted.cancelled()]
        is_counted = self._is_busy or bool(self._waiting)
        self.traffic.channels += is_counted - self._is_counted
        self._is_counted = is_counted
        if not self._waiting:
            self._reserved_at = None  # for a moment that will be past when somebody comes again
        if self._is_busy or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        start = self._next_start
        if loop.time() >= start:
            if self._reserved_at is None:
                self._reserved_at = self.traffic.reserve(loop.time())
            start = self._reserved_at
        if loop.time() < start:
            self._timer = loop.call_at(start, self._schedule)
            return
        self._reserved_at = None
        waiter = self._choose()
        self._waiting.remove(waiter)
        self._is_busy = True
        waiter.granted.set_result(None)

    def _choose(self) -> _Waiter:
        first: dict[Rank, _Waiter] = {}
        for waiter in self._waiting:
            first.setdefault(waiter.rank(), waiter)
        rank = min(first)
        if rank is Rank.TEXT and Rank.STATUS in first:
            self._passed_over += 1
            if self._passed_over > 2:
                rank = Rank.STATUS
        if rank is Rank.STATUS:
            self._passed_over = 0
        return first[rank]


class Pacers:
    """The pacers of all channels that are in use, and of the last few that were."""

    def __init__(self, *, shortest_s: float = 1.2, remembered: int = 256) -> None:
        self._shortest_s = shortest_s
        self._remembered = remembered
        self.traffic = Traffic()
        # A channel must never have two pacers: the first holds all that somebody still has, the
        # second keeps the latest alive, so that the next reply knows when the last edit was.
        self._in_use: WeakValueDictionary[int, Pacer] = WeakValueDictionary()
        self._latest: OrderedDict[int, Pacer] = OrderedDict()

    def for_channel(self, channel_id: int) -> Pacer:
        pacer = self._in_use.get(channel_id)
        if pacer is None:
            pacer = self._in_use[channel_id] = Pacer(
                shortest_s=self._shortest_s, traffic=self.traffic
            )
        self._latest[channel_id] = pacer
        self._latest.move_to_end(channel_id)
        if len(self._latest) > self._remembered:
            self._latest.popitem(last=False)
        return pacer

    def __len__(self) -> int:
        return len(self._in_use)

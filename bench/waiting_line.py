"""What a place in the queue costs while 10,000 wait, and who waits for whom.

Both stand beside what asyncio brings along: an :class:`asyncio.PriorityQueue`, first come, first
served.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from statistics import fmean, median
from typing import Generic, TypeVar

from bench import fairness
from bench.fairness import GREEDY, PARAMS, UNLIMITED
from bench.table import Report, Table, at_least, at_most, percentile
from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.generation.line import WaitingLine
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request, Ticket
from bot.prompts import Prompt

T = TypeVar("T")

_SEED = 8
_WATCHED_S = 1.2
"""Long enough for everybody's place to be counted anew, which happens twice a second."""


@dataclass(frozen=True)
class _Line(Generic[T]):
    """A waiting line of whatever kind."""

    enqueue: Callable[[int], T]
    """A request of this person's."""
    cancel: Callable[[T], object]
    dequeue: Callable[[], object] | None = None


def _request(person: int) -> Request:
    return Request(prompt=Prompt(["?"]), params=PARAMS, person=person)


def _our_queue(queue: GenerationQueue) -> _Line[Ticket]:
    return _Line(lambda person: queue.submit(_request(person)), lambda ticket: ticket.cancel())


def _our_line() -> _Line[Ticket]:
    line = WaitingLine()

    def enqueue(person: int) -> Ticket:
        ticket = Ticket(request=_request(person))
        line.add(ticket)
        return ticket

    return _Line(enqueue, line.remove, line.take)


_Entry = tuple[int, Ticket]


def _first_come() -> _Line[_Entry]:
    """Who cancels is searched for in the queue's list, and the heap is made anew: it has no way
    of its own for that."""
    queue: asyncio.PriorityQueue[_Entry] = asyncio.PriorityQueue()
    arrivals = count()
    heap: list[_Entry] = vars(queue)["_queue"]

    def enqueue(person: int) -> _Entry:
        entry = (next(arrivals), Ticket(request=_request(person)))
        queue.put_nowait(entry)
        return entry

    def cancel(entry: _Entry) -> None:
        heap.remove(entry)
        heapq.heapify(heap)

    return _Line(enqueue, cancel, queue.get_nowait)


@dataclass
class _Cost:
    """Microseconds of one operation, round by round."""

    rounds: list[list[float]] = field(default_factory=list)

    @property
    def mean_us(self) -> float:
        """The median of the rounds' means."""
        return median(fmean(each) for each in self.rounds)

    @property
    def cells(self) -> tuple[str, str, str]:
        means = [fmean(each) for each in self.rounds]
        p99 = percentile([us for each in self.rounds for us in each], 0.99)
        return f"{self.mean_us:.1f}", f"{min(means):.1f} to {max(means):.1f}", f"{p99:.1f}"


def _timed(operation: Callable[[], T], spent: list[float]) -> T:
    """In processor time, for what else the machine does is none of the line's cost."""
    began = time.thread_time_ns()
    done = operation()
    spent.append((time.thread_time_ns() - began) / 1000)
    return done


async def _cost(line: _Line[T], waiting: int, operations: int, rounds: int) -> dict[str, _Cost]:
    """Half of those who wait are one person's, and there are always as many of them."""
    dice = random.Random(_SEED)  # noqa: S311 - the same each time
    persons = count(GREEDY + 1)

    def enqueue() -> T:
        return line.enqueue(GREEDY if dice.random() < 0.5 else next(persons))

    waits = [enqueue() for _ in range(waiting)]
    enqueued, cancelled, dequeued = _Cost(), _Cost(), _Cost()
    for _ in range(rounds):
        entering, leaving = list[float](), list[float]()
        for _ in range(operations):
            waits.append(_timed(enqueue, entering))
            place = dice.randrange(len(waits))
            waits[place], waits[-1] = waits[-1], waits[place]
            _timed(partial(line.cancel, waits.pop()), leaving)
        enqueued.rounds.append(entering)
        cancelled.rounds.append(leaving)
        await asyncio.sleep(0)
    costs = {"enqueue": enqueued, "cancel": cancelled}
    # Last, for then nobody knows any more which of those who entered still wait.
    if line.dequeue is not None:
        costs["dequeue"] = dequeued
        for _ in range(rounds):
            leaving = []
            for _ in range(operations):
                enqueue()
                _timed(line.dequeue, leaving)
            dequeued.rounds.append(leaving)
    return costs


class _EmptyEngine:
    """Writes replies of no length, as many as it is told to."""

    name = "empty"
    model = ModelInfo(name="empty", context_tokens=1)
    lanes = 1

    def __init__(self) -> None:
        self._left = 0
        self._may_write = asyncio.Event()
        self._has_written = asyncio.Event()

    async def write(self, replies: int) -> None:
        """Return when the reply after these has begun."""
        self._left = replies
        self._has_written.clear()
        self._may_write.set()
        await self._has_written.wait()

    async def load(self, on_progress: Callable[[float], None]) -> None:
        on_progress(1.0)

    async def recover(self) -> None:
        """There is nothing to mend."""

    async def close(self) -> None:
        """There is nothing to free."""

    def encode(self, _prompt: Prompt) -> list[int]:
        return [0]

    async def generate(
        self, prompt_ids: Sequence[int], _params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        if not self._left:
            self._may_write.clear()
            self._has_written.set()
        await self._may_write.wait()
        self._left -= 1
        yield Finish(
            reason=FinishReason.STOP, prompt_tokens=len(prompt_ids), cached_tokens=0, new_tokens=1
        )


async def _whole_queue(
    waiting: int, operations: int, rounds: int
) -> tuple[dict[str, _Cost], float, float]:
    """What its operations cost; microseconds from one reply to the next; and the milliseconds that
    it held up the loop at most while everybody was told of a new place."""
    engine = _EmptyEngine()
    queue = GenerationQueue(engine, UNLIMITED)
    await queue.load()
    queue.submit(_request(GREEDY))
    costs = await _cost(_our_queue(queue), waiting, operations, rounds)
    replies = operations // 2
    began = time.perf_counter()
    await engine.write(replies)
    between_us = (time.perf_counter() - began) / replies * 1e6
    held_s, until = 0.0, time.perf_counter() + _WATCHED_S
    while (before := time.perf_counter()) < until:
        await asyncio.sleep(0)
        held_s = max(held_s, time.perf_counter() - before)
    await queue.drain(0)
    return costs, between_us, held_s * 1000


def _add(table: Table, name: str, costs: dict[str, _Cost]) -> None:
    for operation, cost in costs.items():
        table.add(f"{name}: {operation}", *cost.cells)


async def run(*, smoke: bool = False) -> Report:
    """10,000 waiting; then five runs of 2,000 requests. 500 and one of 200 for a smoke run."""
    waiting, operations, rounds = (500, 100, 2) if smoke else (10_000, 2_000, 7)
    table = Table(
        f"queue: microseconds an operation with {waiting:,} waiting",
        ("operation", "mean", "spread", "p99"),
    )
    whole, between_us, held_ms = await _whole_queue(waiting, operations, rounds)
    line = await _cost(_our_line(), waiting, operations, rounds)
    # Its cancel takes a hundred times as long.
    first_come = await _cost(_first_come(), waiting, max(100, operations // 10), rounds)
    _add(table, "the whole queue", whole)
    table.add("the whole queue: from one reply to the next", f"{between_us:.1f}", "", "")
    _add(table, "the line by itself", line)
    _add(table, "asyncio.PriorityQueue", first_come)
    table.note = (
        "Processor time, but for the time from one reply to the next. Mean: the median of "
        f"{rounds} rounds, with the least and the most. The whole queue: "
        "limits, timers and everybody's place included; from one reply to the next it also "
        "starts a task and goes to a thread and back for the tokens of the prompt. The longest "
        f"that the loop was held up while {waiting:,} were told of a new place, at most twice a "
        f"second: {held_ms:.0f} ms."
    )
    requests, evenings = (200, 1) if smoke else (2_000, 5)
    shares, jain = await asyncio.to_thread(fairness.measure, requests=requests, evenings=evenings)
    return Report(
        [table, shares],
        targets=[
            at_most("enqueue", 50, whole["enqueue"].mean_us, "µs"),
            at_most("cancel", 50, whole["cancel"].mean_us, "µs"),
            at_most("dequeue from the line", 50, line["dequeue"].mean_us, "µs"),
            at_least("Jain's index, the least by turns", 0.98, jain),
        ],
    )

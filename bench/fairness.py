"""Who waits for whom, with one person who asks as much as all others together.

The queue runs on a clock that leaps from one event to the next, so an evening takes seconds and
every wait is exact. The same requests, with replies that take as long, go through an
:class:`asyncio.PriorityQueue` with one worker a lane: first come, first served.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from statistics import fmean
from typing import ParamSpec, TypeVar

from bench.table import Table, spread
from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.generation.figures import QueueLimits
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request
from bot.prompts import Prompt
from tests.support.stage import LeapingLoop

P = ParamSpec("P")
T = TypeVar("T")

GREEDY = 0
"""The person who sends half of all requests."""
UNLIMITED = QueueLimits(
    total=1_000_000, per_person=1_000_000, start_s=1e6, stall_s=1e6, run_s=1e6, sick_retry_s=1e6
)
PARAMS = SamplingParams(max_new_tokens=1)
_OTHERS = 20
_LANES = 4
_REPLY_S = 10.0
"""Seconds of a reply on average; each takes half of it to half more."""
_LOAD = 0.9
"""Of an evening, the share of the lanes' time that all requests together take."""


@dataclass(frozen=True, slots=True)
class _Asked:
    person: int
    at_s: float
    takes_s: float


@dataclass(frozen=True, slots=True)
class _Served:
    person: int
    waited_s: float


_NOTE = (
    f"{_LANES} lanes, replies of 5 to 15 s on a clock that leaps, limits off; medians, and in "
    "brackets the least and the most. Waits: mean seconds. Jain: his index over the replies that "
    "each person has had at the moment when the first has had all of theirs, 1 for equal shares; "
    "over an evening, when the lanes are busy for nine tenths of the time, everybody gets all they "
    "asked for and only the waits tell. Ratio: the longest wait of any of the others beside their "
    "longest without the one."
)

_COLUMNS = (
    "requests come",
    "served",
    "Jain",
    "its wait",
    "the others' wait",
    "theirs without it",
    "their longest, ratio",
)
_Way = Callable[[Sequence[_Asked]], Coroutine[None, None, list[_Served]]]


class _AtOnce(ThreadPoolExecutor):
    """Does here and now what a thread is asked for: its time is nothing that the clock knows."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class _TimedEngine:
    """Its prompts are numbers of requests; says when it begins with one, and takes its time."""

    name = "timed"
    model = ModelInfo(name="timed", context_tokens=1)
    lanes = _LANES

    def __init__(self, on_start: Callable[[int], float]) -> None:
        self._on_start = on_start

    async def load(self, on_progress: Callable[[float], None]) -> None:
        on_progress(1.0)

    async def recover(self) -> None:
        """There is nothing to mend."""

    async def close(self) -> None:
        """There is nothing to free."""

    def encode(self, prompt: Prompt) -> list[int]:
        return [int(str(part)) for part in prompt]

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        await asyncio.sleep(self._on_start(prompt_ids[0]))
        yield Finish(
            reason=FinishReason.STOP,
            prompt_tokens=1,
            cached_tokens=0,
            new_tokens=params.max_new_tokens,
        )


async def _by_turns(asked: Sequence[_Asked]) -> list[_Served]:
    """The bot's queue."""
    now = asyncio.get_running_loop().time
    served: list[_Served] = []

    def on_start(number: int) -> float:
        one = asked[number]
        served.append(_Served(one.person, now() - one.at_s))
        return one.takes_s

    queue = GenerationQueue(_TimedEngine(on_start), UNLIMITED)
    await queue.load()
    for number, one in enumerate(asked):
        if one.at_s > now():
            await asyncio.sleep(one.at_s - now())
        queue.submit(Request(prompt=Prompt([str(number)]), params=PARAMS, person=one.person))
    await queue.idle()
    await queue.drain(0)
    return served


async def _by_arrival(asked: Sequence[_Asked]) -> list[_Served]:
    now = asyncio.get_running_loop().time
    served: list[_Served] = []
    queue: asyncio.PriorityQueue[tuple[int, _Asked]] = asyncio.PriorityQueue()

    async def serve() -> None:
        while True:
            _, one = await queue.get()
            served.append(_Served(one.person, now() - one.at_s))
            await asyncio.sleep(one.takes_s)
            queue.task_done()

    lanes = [asyncio.create_task(serve()) for _ in range(_LANES)]
    arrivals = count()
    for one in asked:
        if one.at_s > now():
            await asyncio.sleep(one.at_s - now())
        queue.put_nowait((next(arrivals), one))
    await queue.join()
    for lane in lanes:
        lane.cancel()
    await asyncio.gather(*lanes, return_exceptions=True)
    return served


_WAYS: dict[str, _Way] = {"by turns": _by_turns, "first come": _by_arrival}


def _at_once(requests: int, dice: random.Random) -> list[_Asked]:
    """All at the same time, in any order."""
    asked = _its_own_first(requests, dice)
    dice.shuffle(asked)
    return asked


def _its_own_first(requests: int, dice: random.Random) -> list[_Asked]:
    """All at the same time, the greedy person's before anybody else's."""
    each = requests // 2 // _OTHERS
    persons = [GREEDY] * (each * _OTHERS) + [*range(1, _OTHERS + 1)] * each
    return [_Asked(person, 0.0, _takes_s(dice)) for person in persons]


def _over_an_evening(requests: int, dice: random.Random) -> list[_Asked]:
    at_s = 0.0
    asked = list[_Asked]()
    for _ in range(requests):
        at_s += dice.expovariate(_LOAD * _LANES / _REPLY_S)
        person = GREEDY if dice.random() < 0.5 else dice.randint(1, _OTHERS)
        asked.append(_Asked(person, at_s, _takes_s(dice)))
    return asked


def _takes_s(dice: random.Random) -> float:
    return _REPLY_S * dice.uniform(0.5, 1.5)


_SCENES: dict[str, Callable[[int, random.Random], list[_Asked]]] = {
    "all at once": _at_once,
    "all at once, its own first": _its_own_first,
    "over an evening": _over_an_evening,
}


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness: 1 where all have the same, 1/n where one has everything.

    Jain, Chiu and Hawe, "A Quantitative Measure of Fairness and Discrimination for Resource
    Allocation in Shared Computer Systems", DEC-TR-301, 1984.
    """
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


def _replies_while_all_wait(served: Sequence[_Served]) -> list[float]:
    """Replies of each person at the moment when the first of them has had their last."""
    left = Counter(one.person for one in served)
    had = Counter[int]()
    for one in served:
        had[one.person] += 1
        left[one.person] -= 1
        if not left[one.person]:
            break
    return [float(had[person]) for person in left]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Of one evening."""

    jain: float
    greedy_s: float
    others_s: float
    undisturbed_s: float
    """The others' wait on the same evening without the greedy one."""
    worst_ratio: float
    """The longest wait of any of them beside the longest without the greedy one."""


def _outcome(way: _Way, asked: Sequence[_Asked]) -> _Outcome:
    served = _play(way, asked)
    alone = _play(way, [one for one in asked if one.person != GREEDY])
    others = [one.waited_s for one in served if one.person != GREEDY]
    undisturbed = [one.waited_s for one in alone]
    return _Outcome(
        jain=jain(_replies_while_all_wait(served)),
        greedy_s=fmean(one.waited_s for one in served if one.person == GREEDY),
        others_s=fmean(others),
        undisturbed_s=fmean(undisturbed),
        worst_ratio=max(others) / max(undisturbed),
    )


def _play(way: _Way, asked: Sequence[_Asked]) -> list[_Served]:
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.get_loop().set_default_executor(_AtOnce())
        return runner.run(way(asked))


def measure(*, requests: int, evenings: int) -> tuple[Table, float]:
    """The table, and the least of Jain's indices of the bot's queue. Blocks for seconds."""
    table = Table(
        f"queue: {requests:,} requests, half of them one person's, the rest {_OTHERS} others'",
        _COLUMNS,
        note=_NOTE,
    )
    least = 1.0
    for scene, asked in _SCENES.items():
        for name, way in _WAYS.items():
            outcomes = [
                _outcome(way, asked(requests, random.Random(seed)))  # noqa: S311 - as always
                for seed in range(evenings)
            ]
            indices = [] if asked is _over_an_evening else [one.jain for one in outcomes]
            if way is _by_turns:
                least = min(least, *indices, 1.0)
            table.add(
                scene,
                name,
                spread(indices, ".3f") if indices else "",
                spread([one.greedy_s for one in outcomes], ",.1f"),
                spread([one.others_s for one in outcomes], ",.1f"),
                spread([one.undisturbed_s for one in outcomes], ",.1f"),
                spread([one.worst_ratio for one in outcomes], ".2f"),
            )
    return table, least

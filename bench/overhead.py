"""What the way through the bot costs: tokens a second with it, and of the engine alone.

The way is the bot's own: question → history → queue → engine → live reply → history, with the
database on disk and a Discord in memory that takes no time. Beside it the engine is driven with
the same prompts and settings, by as many loops as replies are written at once. Both in turns, in
one process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.table import Report, Table, at_least, spread
from bench.talking import Talking, open_talking
from bot.generation.engine import Finish
from tests.support.engines import Script, ScriptedEngine

_TARGET = 0.97
_LIMIT_S = 80.0
"""No new round is begun after so long, with each number of lanes."""
_TOPICS = ("a lighthouse", "a river", "an old train", "a bakery", "the moon", "a garden", "a fox")

_NOTES = (
    "Rounds of the same questions, in turns by both ways; medians, with the least and the most. "
    "Ratio: of the two rates of one round. Rates count from the first question to the last token, "
    "reading the prompts included. All questions are asked at once by different people, so that "
    "each end hands a lane on. Shown after: how much later the last text stood on Discord, which "
    "takes no time here; edits in a channel keep 1.2 s apart. Replies are seeded, which rules out "
    "the prefix cache. The scripted engine has its tokens ready: the least time that one can take."
)


@dataclass(frozen=True, slots=True)
class _Round:
    tokens: int
    seconds: float
    shown_after_s: float = 0.0

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds


async def _through(talking: Talking, texts: Sequence[str]) -> _Round:
    ends: list[tuple[float, int]] = []

    def ended(finish: Finish) -> None:
        ends.append((time.perf_counter(), finish.new_tokens))

    talking.core.queue.accounts.on_finished = ended
    began = time.perf_counter()
    await asyncio.gather(*map(talking.ask, texts))
    last = max(at for at, _ in ends)
    shown_after_s = time.perf_counter() - last
    return _Round(sum(tokens for _, tokens in ends), last - began, shown_after_s)


async def _directly(talking: Talking, prompts: Sequence[Sequence[int]], lanes: int) -> _Round:
    waiting = list(prompts)
    tokens = 0

    async def lane() -> None:
        nonlocal tokens
        while waiting:
            _, finish = await talking.directly(waiting.pop(0))
            tokens += finish.new_tokens

    began = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(lanes)))
    return _Round(tokens, time.perf_counter() - began)


async def _measure(
    talking: Talking, texts: Sequence[str], lanes: int, rounds: int
) -> list[tuple[_Round, _Round]]:
    """Of each round, the engine alone and the whole way."""
    prompts = [await talking.prompt_ids(text) for text in texts]
    # Once for nothing: whatever is made at first use is made.
    await _through(talking, texts[:1])
    await _directly(talking, prompts[:1], 1)
    pairs: list[tuple[_Round, _Round]] = []
    began = time.perf_counter()
    for number in range(rounds):
        ways: list[Callable[[], Awaitable[_Round]]] = [
            lambda: _directly(talking, prompts, lanes),
            lambda: _through(talking, texts),
        ]
        turned = number % 2 == 1
        first, second = [await way() for way in (reversed(ways) if turned else ways)]
        pairs.append((second, first) if turned else (first, second))
        if time.perf_counter() - began > _LIMIT_S:
            break
    return pairs


async def run(*, smoke: bool = False) -> Report:
    """Replies of 96 tokens in 7 rounds; of 4 tokens in one for a smoke run."""
    tokens, rounds, steps = (4, 1, 5) if smoke else (96, 7, 1000)
    at_once = (2,) if smoke else (1, 4)
    a_lane = 1 if smoke else 2
    table = Table(
        f"overhead: replies of {tokens} tokens through the bot, beside the engine alone",
        ("engine", "at once", "rounds", "engine alone", "through the bot", "ratio", "shown after"),
    )
    targets = []
    for lanes in at_once:
        async with open_talking(lanes=lanes, reply_tokens=tokens) as talking:
            pairs = await _measure(talking, _texts(max(2, a_lane * lanes)), lanes, rounds)
            _add(table, talking.core.engine.name, lanes, pairs)
        ratio = median(way.rate / alone.rate for alone, way in pairs)
        what = f"tokens/s beside the engine alone, {lanes} at once"
        targets.append(at_least(what, _TARGET, ratio))
    for lanes in at_once:
        scripted = ScriptedEngine(lanes=lanes, default=Script([" word"] * steps))
        async with open_talking(lanes=lanes, reply_tokens=steps, engine=scripted) as talking:
            pairs = await _measure(talking, _texts(max(2, a_lane * lanes)), lanes, rounds)
            _add(table, "scripted", lanes, pairs)
    return Report([table], _NOTES, targets)


def _add(table: Table, engine: str, lanes: int, pairs: Sequence[tuple[_Round, _Round]]) -> None:
    table.add(
        engine,
        f"{lanes}",
        f"{len(pairs)}",
        spread([alone.rate for alone, _ in pairs], ",.1f") + " tokens/s",
        spread([way.rate for _, way in pairs], ",.1f") + " tokens/s",
        spread([way.rate / alone.rate for alone, way in pairs], ".3f"),
        spread([way.shown_after_s for _, way in pairs], ".2f") + " s",
    )


def _texts(count: int) -> list[str]:
    """Questions that take a long answer, of the same length."""
    return [
        f"Number {n + 10}. Tell me a long story about {_TOPICS[n % len(_TOPICS)]}."
        for n in range(count)
    ]

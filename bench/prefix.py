"""How much of each prompt the engine has already read, over a long conversation.

The same questions are asked twice: once with the window of this project, which stays put until
it must move and then moves far, and once with the usual trimming, which drops the oldest exchange
as soon as the prompt does not fit. Both start from an empty cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bench.table import Report, Table
from bench.world import World, open_world
from bot.generation.engine import Finish, SamplingParams
from bot.generation.ticket import Request
from bot.prompts import Prompt
from bot.prompts.template import Exchange

CONTEXT_TOKENS = 2048
REPLY_TOKENS = 64
"""Kept short, for it is the prompt that is measured."""

_TOPICS = ("a lighthouse", "a river", "an old train", "a bakery", "the moon", "a garden", "a fox")


def question(turn: int) -> str:
    """About a hundred tokens, different each time."""
    topic = _TOPICS[turn % len(_TOPICS)]
    return (
        f"Question number {turn}. Yesterday I read a story about {topic}, and there was a person "
        f"in it who had kept a diary for {turn + 3} years and wrote down every evening what the "
        "weather had been like, who had come by, what they had talked about and what they ate. "
        f"It made me wonder what I would write on a day like this. Tell me something about {topic} "
        "that could stand in such a diary, in two or three sentences, and say why it matters."
    )


@dataclass(slots=True)
class Totals:
    prompt: int = 0
    cached: int = 0
    prefill_s: float = 0.0
    seconds: float = 0.0
    moves: int = 0
    ahead: int = 0
    """Tokens that were read while nobody waited; not among the others."""
    replies: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the prompts' tokens, what came from the cache."""
        return self.cached / self.prompt

    def add(self, finish: Finish) -> None:
        self.prompt += finish.prompt_tokens
        self.cached += finish.cached_tokens
        self.prefill_s += finish.prefill_s


class KeptWindow:
    """The project's window: the anchor stays while everything behind it fits."""

    name = "window that stays put"

    def __init__(self, world: World) -> None:
        self._world = world
        self._anchor = 0

    async def prompt(self, history: Sequence[Exchange], asked: str) -> tuple[Prompt, bool]:
        world = self._world
        before = self._anchor
        window = await world.prompter.window(world.system, history, asked, anchor=before)
        self._anchor = window.anchor
        return window.prompt, window.anchor != before


class ReadAhead(KeptWindow):
    """The project's window, with somebody to read in it while nobody waits, as the bot has it: see
    :mod:`bot.reading_ahead`."""

    name = "the same, read ahead"

    async def ahead(self, history: Sequence[Exchange]) -> Prompt | None:
        """What is read before the next question."""
        world = self._world
        found = await world.prompter.ahead(world.system, history[self._anchor :])
        if found is None:
            return None
        self._anchor += found.anchor
        return found.prompt


class DropOldest:
    """The usual way: as many of the newest exchanges as fit, each time anew."""

    name = "drop the oldest"

    def __init__(self, world: World) -> None:
        self._world = world
        self._dropped = 0

    async def prompt(self, history: Sequence[Exchange], asked: str) -> tuple[Prompt, bool]:
        world = self._world
        budget = CONTEXT_TOKENS - world.prompter.params.max_new_tokens

        def prompt(dropped: int) -> Prompt:
            return world.prompter.template.render(world.system, history[dropped:], asked)

        def fits(dropped: int) -> bool:
            return len(world.engine.encode(prompt(dropped))) <= budget

        dropped = self._dropped
        while dropped and fits(dropped - 1):
            dropped -= 1
        while dropped < len(history) and not fits(dropped):
            dropped += 1
        moved, self._dropped = dropped != self._dropped, dropped
        return prompt(dropped), moved


CUT = (
    "cut: how often the beginning of the window moved, and the cache with it. ahead: tokens read "
    "while nobody waited, which are not among the prompts' and their seconds not in prefill."
)
WAYS = (KeptWindow, ReadAhead, DropOldest)


async def hold(
    world: World,
    way: KeptWindow | DropOldest,
    turns: int,
    *,
    ask: Callable[[int], str] = question,
    reply_tokens: int = REPLY_TOKENS,
) -> Totals:
    """One conversation, and what its prompts came to. ``ask`` makes the question of a turn."""
    params: SamplingParams = replace(
        world.prompter.params, max_new_tokens=reply_tokens, temperature=0.0
    )
    totals, history = Totals(), list[Exchange]()
    start = time.perf_counter()
    for turn in range(turns):
        asked = ask(turn)
        prompt, moved = await way.prompt(history, asked)
        totals.moves += moved
        ticket = world.queue.submit(Request(prompt=prompt, params=params, person=1))
        totals.add(await ticket.result())
        totals.replies.append(ticket.text)
        history.append(Exchange(asked, ticket.text))
        if isinstance(way, ReadAhead) and (ahead := await way.ahead(history)) is not None:
            totals.moves += 1
            alone = replace(params, max_new_tokens=1)
            ticket = world.queue.submit(Request(prompt=ahead, params=alone, person=1))
            finish = await ticket.result()
            totals.ahead += finish.prompt_tokens - finish.cached_tokens
    totals.seconds = time.perf_counter() - start
    return totals


async def run(*, smoke: bool = False) -> Report:
    """40 turns in one channel; 3 for a smoke run."""
    turns = 3 if smoke else 40
    table = new_table(f"prefix: {turns} turns in one channel, window of {CONTEXT_TOKENS} tokens")
    for way_of in WAYS:
        async with open_world(lanes=1, context_tokens=CONTEXT_TOKENS) as world:
            await converse(table, world, way_of(world), turns)
    return Report([table])


def new_table(title: str) -> Table:
    return Table(
        title,
        ("trimming", "prompt tokens", "from cache", "share", "prefill", "total", "cut", "ahead"),
        note=CUT,
    )


async def converse(
    table: Table, world: World, way: KeptWindow | DropOldest, turns: int, *, where: str = ""
) -> None:
    """Hold one conversation, and add its row. ``where`` says what it ran on."""
    totals = await hold(world, way, turns)
    table.add(
        f"{where}{way.name}",
        f"{totals.prompt:,}",
        f"{totals.cached:,}",
        f"{totals.share:.1%}",
        f"{totals.prefill_s:.1f} s",
        f"{totals.seconds:.1f} s",
        f"{totals.moves}",
        f"{totals.ahead:,}",
    )

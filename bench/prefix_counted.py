"""The conversation of :mod:`bench.prefix` over 200 turns, with the cache counted and no model run.

What of a prompt comes from a prefix cache depends on token positions only: it is the beginning
that the prompt has in common with what was read and written before. So the real tokenizer and
the real window are enough, and an engine that says what it would have held. ``python -m bench
prefix`` runs the first 40 turns on the real one, to be held against the rows of 40 turns here.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.prefix import (
    CONTEXT_TOKENS,
    CUT,
    REPLY_TOKENS,
    WAYS,
    KeptWindow,
    ReadAhead,
    Totals,
    hold,
    question,
)
from bench.table import Report, Table, at_least
from bench.world import World, open_world
from bot.generation.engine import Engine, Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from bot.prompts import Prompt

_SEED = 8
_WORDS = (" the", " of", " and", " house", " time", " water", " people", " way", " day", " night")
"""A token each, in any vocabulary of this size."""


class CountingEngine:
    """Writes the replies that it is given, then words by chance, as many as it may, and counts
    what of each prompt is the same as in its last sequence. Tokens are those of another engine."""

    name = "counting"
    lanes = 1

    def __init__(self, tokens_of: Engine, replies: Sequence[str] = ()) -> None:
        self._tokens_of = tokens_of
        self._replies = deque(replies)
        self._held: list[int] = []
        self._dice = random.Random(_SEED)  # noqa: S311 - the same each time

    @property
    def model(self) -> ModelInfo:
        return self._tokens_of.model

    async def load(self, on_progress: Callable[[float], None]) -> None:
        on_progress(1.0)

    async def recover(self) -> None:
        """There is nothing to mend."""

    async def close(self) -> None:
        """The other engine goes on."""

    def encode(self, prompt: Prompt) -> list[int]:
        return self._tokens_of.encode(prompt)

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        shared = 0
        for held, asked in zip(self._held, prompt_ids, strict=False):
            if held != asked:
                break
            shared += 1
        reply = self._replies.popleft() if self._replies else self._words(params.max_new_tokens)
        written = self.encode(Prompt([reply]))
        # The last token is sampled and not read; and of a prompt at least one token is.
        self._held = [*prompt_ids, *written[:-1]]
        yield Piece(reply)
        yield Finish(
            reason=FinishReason.LENGTH,
            prompt_tokens=len(prompt_ids),
            cached_tokens=min(shared, len(prompt_ids) - 1),
            new_tokens=len(written),
        )

    def _words(self, tokens: int) -> str:
        return "".join(self._dice.choices(_WORDS, k=tokens)).lstrip()


@dataclass(frozen=True, slots=True)
class _Shape:
    """A kind of conversation."""

    name: str
    ask: Callable[[int], str]
    reply_tokens: int


_AS_MEASURED = _Shape("long questions, short replies", question, REPLY_TOKENS)
_CHAT = _Shape(
    "short questions, long replies", lambda turn: f"And what came {turn} days later?", 200
)


async def run(*, smoke: bool = False) -> Report:
    """40 turns on the real engine, to check the counting; then 200 turns each way, and 200 of
    another kind of conversation. 2 and 8 for a smoke run."""
    checked, turns = (2, 8) if smoke else (40, 200)
    table = Table(
        f"prefix, counted: {turns} turns in one channel, window of {CONTEXT_TOKENS} tokens",
        (
            "conversation",
            "turns",
            "trimming",
            "prompt tokens",
            "from cache",
            "share",
            "cut",
            "ahead",
        ),
        note=CUT,
    )
    async with open_world(lanes=1, context_tokens=CONTEXT_TOKENS) as real:
        on_engine = await hold(real, KeptWindow(real), checked)
        _add(table, f"{_AS_MEASURED.name}, on the engine", KeptWindow.name, on_engine)
        async with _counting(real, on_engine.replies) as world:
            counted = await hold(world, KeptWindow(world), checked)
            _add(table, "the same replies, counted", KeptWindow.name, counted)
        ours = 0.0
        for shape in (_AS_MEASURED, _CHAT):
            for way_of in WAYS:
                async with _counting(real) as world:
                    totals = await hold(
                        world,
                        way_of(world),
                        turns,
                        ask=shape.ask,
                        reply_tokens=shape.reply_tokens,
                    )
                _add(table, shape.name, way_of.name, totals)
                if shape is _AS_MEASURED and way_of is ReadAhead:
                    ours = totals.share
    target = at_least(f"prompt tokens from the cache over {turns} turns", 85, 100 * ours, "%")
    return Report([table], notes=_NOTES, targets=[target])


def _add(table: Table, conversation: str, trimming: str, totals: Totals) -> None:
    table.add(
        conversation,
        f"{len(totals.replies)}",
        trimming,
        f"{totals.prompt:,}",
        f"{totals.cached:,}",
        f"{totals.share:.1%}",
        f"{totals.moves}",
        f"{totals.ahead:,}",
    )


@asynccontextmanager
async def _counting(real: World, replies: Sequence[str] = ()) -> AsyncIterator[World]:
    """A world with an empty cache, counted in the tokens of ``real``."""
    engine = CountingEngine(real.engine, replies)
    queue = GenerationQueue(engine)
    await queue.load()
    try:
        yield World(engine, queue, Prompter(engine, "model", real.prompter.params), real.system)
    finally:
        await queue.drain(0)


_NOTES = """\
But for the first row no model ran: the tokenizer and the window are the real ones, and the engine
counts what of each prompt it would have held. The second row, which was given the replies of the
first, shows how near that comes to the real engine. ExLlamaV2 reuses a prefix token by token, too:
`prefix-exllamav2` has its shares over 40 turns.

Much of what is read anew is read when the window moves: it lets go of as much as leaves half of the
budget free, and what it keeps is read again. To keep less would read less, and forget sooner. The
bot has it read ahead, after the reply before and while nobody waits; on a bot that always has
somebody waiting, the row without is what people get."""

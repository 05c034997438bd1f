"""A whole reply of an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

from bot.generation.engine import Engine, Finish, SamplingParams

GREEDY = SamplingParams(max_new_tokens=16, temperature=0.0, repetition_penalty=1.0)

LIMIT_S = 60.0
"""Far more than anything here takes: only a hang reaches it."""


async def reply(
    engine: Engine,
    ids: Sequence[int],
    params: SamplingParams = GREEDY,
    on_piece: Callable[[str], None] = lambda text: None,
) -> tuple[str, Finish]:
    """The whole text of one reply, and its end."""
    text = ""
    async with asyncio.timeout(LIMIT_S), aclosing(engine.generate(ids, params)) as stream:
        async for event in stream:
            if isinstance(event, Finish):
                return text, event
            text += event.text
            on_piece(event.text)
    raise AssertionError("the stream ended without a Finish")

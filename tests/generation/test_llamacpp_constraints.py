"""Constrained replies of the real demonstration model on llama.cpp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.constraint import Matches, OneOf
from bot.generation.engine import Engine
from bot.generation.grammar import grammar_of
from bot.generation.llamacpp import LlamaCppEngine
from tests.generation.constraint_contract import CONTRACT, PLANETS, write
from tests.support.llama import demo_engine, question

# One loaded model for the whole module, so one event loop too.
pytestmark = pytest.mark.asyncio(loop_scope="module")

Ids = Sequence[int]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncGenerator[LlamaCppEngine]:
    engine = demo_engine()
    try:
        await engine.load(lambda share: None)
        yield engine
    finally:
        await engine.close()


async def asked(engine: LlamaCppEngine, text: str = "Name some things.") -> Ids:
    return await asyncio.to_thread(engine.encode, question(text))


@pytest.mark.parametrize("holds", CONTRACT, ids=lambda holds: holds.__name__)
async def test_a_constraint_is_held(
    engine: LlamaCppEngine, holds: Callable[[Engine, Ids], Awaitable[None]]
) -> None:
    await holds(engine, await asked(engine))


async def test_a_constrained_reply_reads_only_what_is_new_too(engine: LlamaCppEngine) -> None:
    ids = await asked(engine, "Which of these is a planet? " * 8)
    await write(engine, ids, PLANETS)
    for constraint in (PLANETS, Matches("[a-z]{3}")):
        _, finish = await write(engine, ids, constraint)
        assert finish.cached_tokens >= len(ids) - 2


async def test_llama_cpp_takes_every_grammar_that_is_written(engine: LlamaCppEngine) -> None:
    """A choice of a single text has one outcome, so the model's own wish cannot hide a fault."""
    ids = await asked(engine)
    # Neither leading whitespace, of which one space may be dropped, nor unassigned characters.
    texts = st.text(
        st.sampled_from('ab"\\\n[](){}*|.+?^-é🦄漢\t\x7f\u2028/:='), min_size=1, max_size=6
    )
    loop = asyncio.get_running_loop()

    @given(texts)
    @settings(max_examples=8, deadline=None)
    def check(text: str) -> None:
        written = asyncio.run_coroutine_threadsafe(write(engine, ids, OneOf((text,))), loop)
        assert written.result(60)[0] == text, grammar_of(OneOf((text,)))

    await asyncio.to_thread(check)

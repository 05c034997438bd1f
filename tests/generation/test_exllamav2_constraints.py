"""Constraints on ExLlamaV2: the contract of all engines, and what is next at each token."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import pytest
import pytest_asyncio

from bot.generation.constraint import OneOf, StartsWith
from bot.generation.engine import Engine
from bot.generation.exllamav2 import ExLlamaV2Engine
from bot.generation.exllamav2_constraints import Constraints, TokenConstraint
from tests.generation.constraint_contract import CONTRACT
from tests.support.exl2_engine import encode, engine_on, loaded
from tests.support.exl2_models import random_model

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = [b"", b"a", b"b", b"ab", b"abc", b" a", b" ", b"c", "é".encode()[:1], "é".encode()[1:]]
END = 0


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[True, False], ids=["paged", "unpaged"]
)
async def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[ExLlamaV2Engine]:
    folder = random_model(tmp_path_factory.mktemp("models") / "random")
    async with loaded(engine_on(folder, paged=request.param)) as ready:
        yield ready


@pytest.mark.parametrize("holds", CONTRACT, ids=lambda holds: holds.__name__)
async def test_a_constraint_is_held(
    engine: ExLlamaV2Engine, holds: Callable[[Engine, Sequence[int]], Awaitable[None]]
) -> None:
    await holds(engine, await encode(engine, "Which one?"))


def follow(constraint: TokenConstraint, *tokens: int) -> TokenConstraint:
    for token in tokens:
        allowed = constraint.allowed()
        assert allowed is None or token in allowed
        constraint.feed(token)
    return constraint


async def test_a_choice_that_another_begins_with_can_end_or_go_on() -> None:
    choice = Constraints(WORDS, frozenset({END})).make(OneOf(("a", "abc")))
    assert choice.allowed() == [1, 3, 4, 5, 6]
    follow(choice, 1)
    assert not choice.ended
    assert choice.allowed() == [END, 2]
    assert follow(choice, 2, 7).ended


async def test_a_character_of_two_tokens_can_be_chosen() -> None:
    choice = Constraints(WORDS, frozenset({END})).make(OneOf(("é",)))
    assert follow(choice, 8, 9).ended


async def test_a_token_may_go_on_past_a_prefix() -> None:
    prefix = Constraints(WORDS, frozenset({END})).make(StartsWith("ab"))
    assert prefix.allowed() == [1, 3, 4, 5, 6]
    assert follow(prefix, 4).allowed() is None
    assert not prefix.ended

"""What every engine owes to a constraint, as plain functions: each engine's tests call them.

``ids`` is a prompt of the engine's model, encoded. No model need be clever for any of it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from bot.generation.constraint import Constraint, JsonSchema, Matches, OneOf, StartsWith
from bot.generation.engine import Engine, Finish, FinishReason, Piece, SamplingParams

LIMIT_S = 60.0
"""Far more than anything here takes: only a hang reaches it."""

PLANETS = OneOf(("[A, Mars]", "[B, Venus]", '[C, "Pluto"\\]', "[D, Überall 🦄]"))
LISTED = Matches(r"1\. [A-Z][a-z]{1,8}\n2\. [^\n\d]{1,6}( x| \"y\")?")
PERSON = JsonSchema(
    """{"type": "object", "required": ["name", "age", "kind"], "properties": {
    "name": {"type": "string", "maxLength": 6}, "age": {"type": "integer"},
    "kind": {"enum": ["cat", "dog"]}}}"""
)


async def write(
    engine: Engine,
    ids: Sequence[int],
    constraint: Constraint | None,
    *,
    seed: int | None = None,
    max_new_tokens: int = 80,
    stop: tuple[str, ...] = (),
) -> tuple[str, Finish]:
    """One reply at temperature 1, and its end. The space that a reply may begin with is taken
    away, as it is from every reply before somebody sees it."""
    params = SamplingParams(
        max_new_tokens=max_new_tokens,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        repetition_penalty=1.0,
        seed=seed,
        stop=stop,
        constraint=constraint,
    )
    text = ""
    async with asyncio.timeout(LIMIT_S), aclosing(engine.generate(ids, params)) as events:
        async for event in events:
            if isinstance(event, Piece):
                text += event.text
            else:
                return text.removeprefix(" "), event
    raise AssertionError("the stream ended without a Finish")


async def a_choice_is_one_of_its_strings(engine: Engine, ids: Sequence[int]) -> None:
    for seed in range(3):
        text, finish = await write(engine, ids, PLANETS, seed=seed)
        assert text in PLANETS.choices
        assert finish.reason is FinishReason.STOP


async def a_reply_begins_as_it_should_and_goes_on_freely(
    engine: Engine, ids: Sequence[int]
) -> None:
    prefix = 'Dear "Bö\\":\n'
    for seed in range(2):
        text, finish = await write(engine, ids, StartsWith(prefix), seed=seed, max_new_tokens=16)
        assert text.startswith(prefix)
        assert len(text) > len(prefix) or finish.reason is FinishReason.STOP


async def a_reply_matches_its_pattern(engine: Engine, ids: Sequence[int]) -> None:
    for seed in range(2):
        text, finish = await write(engine, ids, LISTED, seed=seed)
        assert re.fullmatch(LISTED.pattern, text, re.ASCII), text
        assert finish.reason is FinishReason.STOP


async def a_reply_is_json_of_its_schema(engine: Engine, ids: Sequence[int]) -> None:
    for seed in range(2):
        text, finish = await write(engine, ids, PERSON, seed=seed, max_new_tokens=120)
        person = json.loads(text)
        assert set(person) == {"name", "age", "kind"}
        assert len(person["name"]) <= 6
        assert isinstance(person["age"], int)
        assert person["kind"] in ("cat", "dog")
        assert finish.reason is FinishReason.STOP


async def a_constrained_reply_that_is_too_long_says_so(engine: Engine, ids: Sequence[int]) -> None:
    text, finish = await write(engine, ids, Matches(r"(\d,){200}"), max_new_tokens=6)
    assert re.fullmatch(r"(\d,)*\d?", text)
    assert finish.reason is FinishReason.LENGTH
    assert finish.new_tokens == 6


async def a_stop_string_ends_a_constrained_reply_too(engine: Engine, ids: Sequence[int]) -> None:
    text, finish = await write(engine, ids, OneOf(("red; blue", "red; green")), stop=(";",))
    assert text == "red"
    assert finish.reason is FinishReason.STOP


async def constraints_side_by_side_do_not_touch_each_other(
    engine: Engine, ids: Sequence[int]
) -> None:
    digits, letters = Matches("[0-9]{12}"), Matches("[a-z]{12}")
    (one, _), (free, _), (other, _), (chosen, _) = await asyncio.gather(
        write(engine, ids, digits),
        write(engine, ids, None, max_new_tokens=24),
        write(engine, ids, letters),
        write(engine, ids, PLANETS),
    )
    assert re.fullmatch(digits.pattern, one)
    assert re.fullmatch(letters.pattern, other)
    assert chosen in PLANETS.choices
    assert free not in (one, other, chosen)


async def the_next_reply_is_free_again(engine: Engine, ids: Sequence[int]) -> None:
    await write(engine, ids, Matches("[0-9]{4}"), seed=1)
    first, _ = await write(engine, ids, None, seed=1, max_new_tokens=12)
    await write(engine, ids, Matches("[0-9]{4}"), seed=1)
    second, _ = await write(engine, ids, None, seed=1, max_new_tokens=12)
    assert first == second
    assert not re.fullmatch("[0-9]*", first)


async def what_cannot_be_held_is_the_callers_fault_and_harms_nobody(
    engine: Engine, ids: Sequence[int]
) -> None:
    for constraint in (OneOf(()), OneOf(("a", "")), Matches("(a"), Matches("^a"), JsonSchema("{")):
        with pytest.raises(ValueError, match=r"\w"):
            await write(engine, ids, constraint)
    text, _ = await write(engine, ids, OneOf(("yes",)))
    assert text == "yes"


CONTRACT = (
    a_choice_is_one_of_its_strings,
    a_reply_begins_as_it_should_and_goes_on_freely,
    a_reply_matches_its_pattern,
    a_reply_is_json_of_its_schema,
    a_constrained_reply_that_is_too_long_says_so,
    a_stop_string_ends_a_constrained_reply_too,
    constraints_side_by_side_do_not_touch_each_other,
    the_next_reply_is_free_again,
    what_cannot_be_held_is_the_callers_fault_and_harms_nobody,
)
"""All of the above, for ``pytest.mark.parametrize``."""

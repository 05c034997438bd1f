"""What each kind of server is told."""

from __future__ import annotations

import re

import pytest

from bot.errors import GenerationError
from bot.generation.completions import Json
from bot.generation.constraint import Constraint, JsonSchema, Matches, OneOf, StartsWith
from bot.generation.engine import SamplingParams
from bot.generation.grammar import grammar_of
from bot.generation.remote_dialects import Dialect, request_options, vllm_dialect

PARAMS = SamplingParams(
    max_new_tokens=100,
    temperature=0.5,
    top_p=0.8,
    top_k=0,
    min_p=0.1,
    repetition_penalty=1.2,
    seed=4,
    stop=("USER:", ""),
)
COMMON = {"max_tokens": 60, "temperature": 0.5, "top_p": 0.8, "stop": ["USER:"], "seed": 4}
SCHEMA = '{"type": "object", "properties": {"a": {"type": "integer"}}}'


@pytest.mark.parametrize(
    ("dialect", "own"),
    [
        (
            Dialect.LLAMA,
            {"top_k": 0, "min_p": 0.1, "repeat_penalty": 1.2, "cache_prompt": False},
        ),
        (Dialect.VLLM, {"top_k": -1, "min_p": 0.1, "repetition_penalty": 1.2}),
        (Dialect.VLLM_GUIDED, {"top_k": -1, "min_p": 0.1, "repetition_penalty": 1.2}),
        (Dialect.TABBY, {"top_k": 0, "min_p": 0.1, "repetition_penalty": 1.2}),
        (Dialect.PLAIN, {}),
    ],
)
def test_sampling_goes_under_the_names_that_the_server_takes(
    dialect: Dialect, own: dict[str, Json]
) -> None:
    assert request_options(dialect, PARAMS, room=60) == COMMON | own


def test_what_is_not_wanted_is_not_said() -> None:
    options = request_options(Dialect.VLLM, SamplingParams(max_new_tokens=5), room=60)
    assert options["max_tokens"] == 5
    assert options["top_k"] == 40
    assert not {"seed", "stop", "structured_outputs"} & set(options)
    assert request_options(Dialect.LLAMA, SamplingParams(), room=9)["cache_prompt"] is True


@pytest.mark.parametrize(
    ("version", "dialect"),
    [
        ("0.10.2", Dialect.VLLM_GUIDED),
        ("v0.6.1.post1", Dialect.VLLM_GUIDED),
        ("0.11.0", Dialect.VLLM),
        ("1.2", Dialect.VLLM),
        ("dev", Dialect.VLLM),
        ("", Dialect.VLLM),
    ],
)
def test_the_version_of_vllm_says_how_constraints_are_spelled(
    version: str, dialect: Dialect
) -> None:
    assert vllm_dialect(version) is dialect


def held(dialect: Dialect, constraint: Constraint) -> dict[str, Json]:
    options = request_options(dialect, SamplingParams(constraint=constraint), room=9)
    plain = request_options(dialect, SamplingParams(), room=9)
    return {name: value for name, value in options.items() if name not in plain}


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        (OneOf(("a.b", "[C, Pluto]", "é\n|")), ["a.b", " [C, Pluto]", "é\n|"], ["axb", "", "a"]),
        (StartsWith("(1)"), ["(1)", " (1) and\nso on"], ["1", " 1)"]),
        (Matches("x|y+"), ["x", " yy"], ["xy", " "]),
    ],
)
def test_a_form_is_a_regular_expression_that_allows_one_space_before_it(
    constraint: Constraint, good: list[str], bad: list[str]
) -> None:
    pattern = held(Dialect.TABBY, constraint)["regex_pattern"]
    assert isinstance(pattern, str)
    assert all(re.fullmatch(pattern, text) for text in good)
    assert not any(re.fullmatch(pattern, text) for text in bad)
    assert "\n" not in pattern
    assert held(Dialect.VLLM, constraint) == {"structured_outputs": {"regex": pattern}}
    assert held(Dialect.VLLM_GUIDED, constraint) == {"guided_regex": pattern}
    assert held(Dialect.LLAMA, constraint) == {"grammar": grammar_of(constraint)}


def test_json_goes_as_its_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert held(Dialect.VLLM, JsonSchema(SCHEMA)) == {"structured_outputs": {"json": schema}}
    assert held(Dialect.VLLM_GUIDED, JsonSchema(SCHEMA)) == {"guided_json": schema}
    assert held(Dialect.TABBY, JsonSchema(SCHEMA)) == {"json_schema": schema}


@pytest.mark.parametrize("dialect", [one for one in Dialect if one is not Dialect.PLAIN])
@pytest.mark.parametrize(
    "constraint", [OneOf(()), OneOf(("a", "")), Matches("(?=a)"), JsonSchema('{"type": "x"}')]
)
def test_what_cannot_be_held_is_refused_for_every_server(
    dialect: Dialect, constraint: Constraint
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        held(dialect, constraint)


def test_a_server_of_unknown_kind_is_not_trusted_with_a_form() -> None:
    with pytest.raises(GenerationError, match="tell whoever runs this bot"):
        held(Dialect.PLAIN, OneOf(("a",)))

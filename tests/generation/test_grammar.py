"""Constraints as grammars: what they derive is what was asked for, whatever was asked for."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.constraint import JsonSchema, Matches, OneOf, StartsWith
from bot.generation.grammar import grammar_of
from tests.support.gbnf import regex_of

TEXT = st.characters(codec="utf-8", exclude_characters="\0")
"""What a model can write."""

EVERY_CHARACTER = "".join(map(chr, [*range(1, 0xD800), *range(0xE000, 0x110000)]))

# -- regular expressions ---------------------------------------------------------------------

ATOMS = [
    *((character, character) for character in "aB7 é🦄\n\"'/-]}:"),
    *((f"\\{sign}", sign) for sign in "()[]{}.*+?|^$\\-\"'/ _"),
    *((r"\d", "7"), (r"\w", "_"), (r"\s", "\t"), (r"\D", "é"), (r"\W", "🦄"), (r"\S", "-")),
    *((".", "("), (r"\n", "\n"), (r"\x41", "A"), (r"\u00e9", "é"), (r"\U0001f984", "🦄")),
    *(("[a-f]", "c"), ("[^a-f]", "g"), (r"[\]x-]", "-"), ("[]^]", "]"), ('[^"\\n]', "é")),
]
COUNTS = [("?", 0), ("?", 1), ("{2}", 2), ("{0,2}", 1), ("{1,3}", 3), ("{,2}", 2), ("{2,}", 4)]
COUNTS += [("*", 0), ("*", 3), ("+", 1), ("{0}", 0), ("", 1)]


@st.composite
def patterns(draw: st.DrawFn, depth: int = 3) -> tuple[str, str]:
    """A pattern and a text that it matches."""
    if depth == 0:
        return draw(st.sampled_from(ATOMS))
    inner = patterns(depth - 1)
    (pattern, text), (other, other_text) = draw(inner), draw(inner)
    match draw(st.sampled_from(["sequence", "alternatives", "repetition", "open"])):
        case "sequence":
            return pattern + other, text + other_text
        case "alternatives":
            return f"({pattern}|{other})", draw(st.sampled_from([text, other_text]))
        case "open":
            return f"(?:{pattern}|)", draw(st.sampled_from([text, ""]))
    counts, times = draw(st.sampled_from(COUNTS))
    return f"(x{pattern}){counts}", f"x{text}" * times


@given(patterns(), st.data())
@settings(max_examples=80, deadline=None)
def test_a_grammar_derives_exactly_what_its_pattern_matches(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    pattern, text = pair
    expected = re.compile(pattern, re.ASCII)
    # One space may come before everything; it is not part of the reply.
    derived = re.compile(regex_of(grammar_of(Matches(pattern))).removeprefix(r"(?:\ )?"))
    assert derived.fullmatch(text)
    for _ in range(4):
        at = data.draw(st.integers(0, len(text)))
        put = data.draw(st.sampled_from(["", "x", "a", "c", "7", " ", "é", "\n", "🦄", '"', "-"]))
        near = text[:at] + put + text[at + data.draw(st.integers(0, 2)) :]
        assert bool(derived.fullmatch(near)) == bool(expected.fullmatch(near)), (pattern, near)


@pytest.mark.parametrize(
    "pattern",
    [r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", ".", "a", "[^a]", r"[^\w\s]", r"[\Dz]", "[]a]"],
)
def test_a_class_has_the_characters_that_it_has_in_python(pattern: str) -> None:
    derived = regex_of(grammar_of(Matches(pattern))).removeprefix(r"(?:\ )?")
    left = re.sub(pattern, "", EVERY_CHARACTER, flags=re.ASCII)
    assert re.sub(derived, "", EVERY_CHARACTER) == left


@given(st.text(TEXT, max_size=12))
@settings(max_examples=50)
def test_any_text_can_be_asked_for(text: str) -> None:
    pattern = re.escape(text)
    assert re.fullmatch(regex_of(grammar_of(Matches(pattern))), text)
    assert re.fullmatch(regex_of(grammar_of(StartsWith(text))), text + "\nand more")
    if text:
        choices = OneOf(("unlike", text))
        assert re.fullmatch(regex_of(grammar_of(choices)), text)
        assert not re.fullmatch(regex_of(grammar_of(choices)), f"{text}x")


@given(st.lists(st.text(TEXT, min_size=1, max_size=20), min_size=1, max_size=5))
@settings(max_examples=50)
def test_no_text_can_break_out_of_its_place_in_the_grammar(choices: list[str]) -> None:
    """Neither quotes nor backslashes, line breaks or characters of other scripts."""
    for grammar in (
        grammar_of(OneOf(tuple(choices))),
        grammar_of(StartsWith(choices[0])),
        grammar_of(Matches("|".join(re.escape(choice) for choice in choices))),
        grammar_of(JsonSchema(json.dumps({"enum": choices}))).partition("\n")[0] + "\n",
    ):
        assert grammar.isascii()
        assert grammar.count("\n") == 1
        literals = r'"(?:[a-zA-Z0-9]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"'
        rest = re.sub(r"\[[^\]]*\]", "", re.sub(literals, "", grammar.replace('" "?', "", 1)))
        assert re.fullmatch(r"root ::= [ ().*|]+\n", rest)


@given(st.text(st.sampled_from("ab()[]{}|*+?.\\^$-&,:=123dwxuU \n\0é"), max_size=14))
@settings(max_examples=150)
def test_a_pattern_is_taken_as_python_takes_it_or_refused(pattern: str) -> None:
    try:
        grammar = grammar_of(Matches(pattern))
    except ValueError:
        return
    re.compile(pattern, re.ASCII)
    re.compile(regex_of(grammar))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^a", "anchors"),
        ("a$", "anchors"),
        (r"\bword", r"\\b is not supported"),
        (r"(a)\1", r"\\1 is not supported"),
        ("(?=a)", r"only \(\?: is supported"),
        ("(?i)a", r"only \(\?: is supported"),
        ("a*?", "lazy"),
        ("a{2}{3}", "repetition of a repetition"),
        ("(a?)*", "may be empty"),
        ("*a", "nothing that"),
        ("a{x}", r"written \\\{"),
        ("a{3,2}", "from less to more"),
        ("a{1001}", "1000 at most"),
        ("(a{1000}b){1000}", "10000 in all"),
        ("(a", r"\( without its \)"),
        ("a)", r"\) without its \("),
        ("[a", "too early"),
        ("[z-a]", "to a later one"),
        (r"[\d-z]", "to a later one"),
        (r"[\D\d]", None),
        (r"[^\D\d]", "no character"),
        ("[[a]", r"written \\\["),
        ("[a&&b]", r"written \\&"),
        ("a\\", "too early"),
        (r"\x4", "2 hexadecimal"),
        (r"\ud800", r"U\+D800"),
        (r"\U00110000", "no such character"),
    ],
)  # fmt: skip
def test_what_no_engine_could_hold_is_refused_with_its_reason(
    pattern: str, why: str | None
) -> None:
    if why is None:
        assert grammar_of(Matches(pattern))
        return
    with pytest.raises(ValueError, match=why):
        grammar_of(Matches(pattern))


@pytest.mark.parametrize("choices", [(), ("",), ("a", "")])
def test_a_choice_of_nothing_is_refused(choices: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least one string"):
        grammar_of(OneOf(choices))


# -- JSON ------------------------------------------------------------------------------------

CITY = """{
  "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "a city",
  "type": "object", "required": ["city", "kind"], "additionalProperties": false,
  "properties": {
    "note": {"type": ["string", "null"]},
    "city": {"type": "string", "minLength": 1, "maxLength": 20},
    "people": {"type": "integer"},
    "kind": {"enum": ["big \\"one\\"", 2, null]},
    "near": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
    "at": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    "open": {"anyOf": [{"type": "boolean"}, {"const": "often"}]}
  }
}"""


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_json_parses_and_keeps_its_schema(data: st.DataObject) -> None:
    city = json.loads(data.draw(st.from_regex(CITY_REGEX, fullmatch=True, alphabet=TEXT)))
    assert set(city) <= {"note", "city", "people", "kind", "near", "at", "open"}
    assert 1 <= len(city["city"]) <= 20
    assert city["kind"] in ('big "one"', 2, None)
    assert isinstance(city.get("note", ""), str | None)
    assert isinstance(city.get("people", 0), int)
    assert len(city.get("near", [])) <= 2
    assert all(isinstance(name, str) for name in city.get("near", []))
    at = city.get("at", [0, 0.5])
    assert len(at) == 2
    assert all(isinstance(number, int | float) for number in at)
    assert city.get("open", True) in (True, False, "often")
    city["city"].encode()  # no half characters


CITY_REGEX = re.compile(regex_of(grammar_of(JsonSchema(CITY)), unfold=1))


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_without_a_schema_to_speak_of_any_json_may_come(data: st.DataObject) -> None:
    regex = regex_of(grammar_of(JsonSchema("true")), unfold=2)
    text = data.draw(st.from_regex(regex, fullmatch=True, alphabet=TEXT))
    json.loads(text)


@pytest.mark.parametrize(
    ("value", "belongs"),
    [
        ('{"city":"A","kind":2}', True),
        ('{"city": "A", "kind": null, "open": "often"}', True),
        ('{"note": null, "city": "A", "kind": 2, "at": [1, -0.5e3]}', True),
        ('{"note": null, "kind": 2}', False),
        ('{"city": "", "kind": 2}', False),
        ('{"city": "A", "kind": 3}', False),
        ('{"city": "A" "kind": 2}', False),
        ('{, "city": "A", "kind": 2}', False),
        ('{"city": "A", "kind": 2,}', False),
        ('{"city": "A", "kind": 2, "near": ["a", "b", "c"]}', False),
        ('{"city": "A", "kind": 2, "at": [1]}', False),
        ('{"city": "\\ud800", "kind": 2}', False),
        ('{"city": "A\n", "kind": 2}', False),
    ],
)
def test_a_schema_lets_through_what_satisfies_it(value: str, belongs: bool) -> None:
    assert bool(CITY_REGEX.fullmatch(value)) is belongs


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("{", "Expecting"),
        ("[]", "is an object"),
        ("false", "is an object"),
        ('{"type": "nonsense"}', "type is not known: 'nonsense'"),
        ('{"type": []}', "type is not known"),
        ('{"type": ["string", 1]}', "type is not known"),
        ('{"$ref": "#/x"}', "type is not known"),
        ('{"type": "integer", "minimum": 1}', "minimum is not supported"),
        ('{"type": "string", "pattern": "a"}', "pattern is not supported"),
        ('{"type": "string", "minLength": -1}', "from 0 to 1000"),
        ('{"type": "string", "minLength": 5, "maxLength": 2}', "maxLength is less"),
        ('{"type": "array", "maxItems": true}', "from 0 to 1000"),
        ('{"enum": []}', "enum is a list"),
        ('{"anyOf": []}', "anyOf is a list"),
        ('{"anyOf": [true], "type": "string"}', "beside anyOf"),
        ('{"const": NaN}', "Out of range"),
        ('{"type": "object", "required": ["a"]}', "does not name"),
        ('{"type": "object", "required": [["a"]]}', "does not name"),
        ('{"type": "object", "properties": []}', "properties are an object"),
        ('{"type": "object", "properties": {}, "additionalProperties": {}}', "true or false"),
    ],
)
def test_a_schema_that_cannot_be_held_is_refused_with_its_reason(schema: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        grammar_of(JsonSchema(schema))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2000) | st.sampled_from(["string", "object", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "required", "items", "enum", "const", "anyOf", "maxItems"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(JSON)
@settings(max_examples=100)
def test_any_json_as_a_schema_is_held_or_refused(schema: object) -> None:
    try:
        grammar = grammar_of(JsonSchema(json.dumps(schema)))
    except ValueError:
        return
    re.compile(regex_of(grammar, unfold=1))

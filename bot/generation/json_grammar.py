"""JSON schemas as GBNF, the grammar format of llama.cpp.

llama.cpp takes schemas itself, but where it is built with llguidance, as xllamacpp is, a schema
that it does not understand is reported in its log only and the reply is written without any
constraint. So schemas are translated here, and what cannot be held is refused.

Held: ``type`` (one or several), ``enum``, ``const``, ``anyOf``; ``properties`` in their order,
``required``; ``items``, ``minItems``, ``maxItems``; ``minLength``, ``maxLength``. Without a type
anything goes. What may be written is narrower than what JSON allows: on one line, no properties
beside those that are named, integers of 16 digits at most, and no ``\\u`` escapes, which can
spell half a character; other characters stand for themselves.

Schemas: https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from bot.generation.completions import Json
from bot.generation.pattern import literal

RULES = r"""
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" (member ("," " "? member)*)? "}"
member ::= string ":" " "? value
array ::= "[" (value ("," " "? value)*)? "]"
string ::= "\"" character* "\""
character ::= [^"\\\x01-\x1f\x7f] | "\\" ["\\/bfnrt]
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number ::= integer ("." [0-9]{1,16})? ([eE] [+-]? [0-9]{1,2})?
"""
"""JSON itself, https://www.rfc-editor.org/rfc/rfc8259, with the narrowings above."""

_COMMA, _COLON = '"," " "?', '":" " "?'
_MOST = 1000
"""llama.cpp writes counted repetitions out."""

_SIMPLE = {"boolean": '("true" | "false")', "null": '"null"'} | {
    name: name for name in ("integer", "number")
}
_ANNOTATIONS = {"$schema", "$id", "$comment", "title", "description", "default", "examples"}
_KEYWORDS = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"minLength", "maxLength"},
}


def schema_grammar(schema: str) -> str:
    """The right-hand side of a GBNF rule, which needs :data:`RULES` beside it.

    Raises:
        ValueError: it is no JSON, no schema, or asks for what is not held.
    """
    return _translate(json.loads(schema))


def _refusal(why: str) -> ValueError:
    return ValueError(f"this JSON schema cannot be held: {why}")


def _translate(schema: Json) -> str:
    if schema is True:
        return "value"
    if not isinstance(schema, dict):
        raise _refusal("a schema is an object, or true")
    given = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
    for keyword, translate in _WHOLE.items():
        if keyword in given:
            if given.keys() - {keyword, "type" if keyword != "anyOf" else ""}:
                raise _refusal(f"what stands beside {keyword} is not supported")
            return translate(given[keyword])
    types = given.pop("type", None)
    if types is None and not given:
        return "value"
    names = types if isinstance(types, list) else [types]
    known = [name for name in names if isinstance(name, str) and name in (*_SIMPLE, *_KEYWORDS)]
    if known != names or not names:
        raise _refusal(f"its type is not known: {types!r}")
    if strange := set(given).difference(*(_KEYWORDS.get(name, set()) for name in known)):
        raise _refusal(f"{', '.join(sorted(strange))} is not supported there")
    return _either([_typed(name, given) for name in known])


def _typed(name: str, schema: Mapping[str, Json]) -> str:
    if name in _SIMPLE:
        return _SIMPLE[name]
    if not schema.keys() & _KEYWORDS[name]:
        return name
    return {"object": _object, "array": _array, "string": _string}[name](schema)


def _either(parts: list[str]) -> str:
    return f"({' | '.join(parts)})" if len(parts) > 1 else parts[0]


def _const(value: Json) -> str:
    return literal(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _enum(values: Json) -> str:
    if not isinstance(values, list) or not values:
        raise _refusal("enum is a list of values")
    return _either([_const(value) for value in values])


def _any_of(schemas: Json) -> str:
    if not isinstance(schemas, list) or not schemas:
        raise _refusal("anyOf is a list of schemas")
    return _either([_translate(schema) for schema in schemas])


_WHOLE: Mapping[str, Callable[[Json], str]] = {"const": _const, "enum": _enum, "anyOf": _any_of}


def _object(schema: Mapping[str, Json]) -> str:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        raise _refusal("properties are an object, and required is a list")
    if missing := [name for name in required if name not in list(properties)]:
        raise _refusal(f"it requires properties that it does not name: {missing}")
    if not isinstance(schema.get("additionalProperties", False), bool):
        raise _refusal("additionalProperties can only be true or false")
    members = [
        (f"{_const(name)} {_COLON} {_translate(value)}", name in required)
        for name, value in properties.items()
    ]
    ways: list[str] = []
    for first, (member, needed) in enumerate(members):
        # Those before it are left out.
        rest = [
            f"({_COMMA} {later}){'' if later_needed else '?'}"
            for later, later_needed in members[first + 1 :]
        ]
        ways.append(" ".join([member, *rest]))
        if needed:
            break
    else:
        ways.append('""')
    return f'"{{" ({" | ".join(ways)}) "}}"'


def _array(schema: Mapping[str, Json]) -> str:
    item = _translate(schema.get("items", True))
    least, most = _bounds(schema, "minItems", "maxItems")
    if most == 0:
        return '"[]"'
    rest = f"({_COMMA} {item}){{{max(0, least - 1)},{'' if most is None else most - 1}}}"
    return f'"[" ({item} {rest}){"" if least else "?"} "]"'


def _string(schema: Mapping[str, Json]) -> str:
    least, most = _bounds(schema, "minLength", "maxLength")
    return f'"\\"" character{{{least},{"" if most is None else most}}} "\\""'


def _bounds(schema: Mapping[str, Json], lower: str, upper: str) -> tuple[int, int | None]:
    least = _bound(schema[lower]) if lower in schema else 0
    most = _bound(schema[upper]) if upper in schema else None
    if most is not None and most < least:
        raise _refusal(f"{upper} is less than {lower}")
    return least, most


def _bound(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise _refusal(f"lengths and numbers of items go from 0 to {_MOST}")
    return value

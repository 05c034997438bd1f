"""Constraints as llama.cpp takes them: GBNF grammars.

One space may come before a constrained reply: many models are trained to begin with one, and
lose their way without it. It is taken away from every reply before anybody sees it.
"""

from __future__ import annotations

from bot.generation.constraint import Constraint, JsonSchema, Matches, OneOf, StartsWith
from bot.generation.json_grammar import RULES, schema_grammar
from bot.generation.pattern import literal, pattern_grammar


def grammar_of(constraint: Constraint) -> str:
    """The GBNF grammar of all replies that ``constraint`` allows.

    Raises:
        ValueError: no grammar can hold it; the text says what of it.
    """
    match constraint:
        case OneOf(choices):
            if not choices or not all(choices):
                raise ValueError("a choice is among at least one string, and none may be empty")
            return _root(" | ".join(literal(choice) for choice in choices))
        case StartsWith(prefix):
            return _root(f"{literal(prefix)} .*")
        case Matches(pattern):
            return _root(pattern_grammar(pattern))
        case JsonSchema(schema):
            return _root(schema_grammar(schema)) + RULES


def _root(right: str) -> str:
    return f'root ::= " "? ({right})\n'

"""What a reply may look like at all: held token by token while it is written.

A constrained reply parses by construction; whether it is *right* is still the caller's to check.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OneOf:
    """The reply is exactly one of these strings. None of them is empty."""

    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The reply begins with this text, which is part of it, and goes on freely."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The whole reply matches this regular expression.

    Only what every engine can hold: literals, classes (of ASCII, as with ``re.ASCII``), groups,
    alternation and repetition; no look-around, no back-references, no anchors.
    """

    pattern: str


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The reply is one JSON value that satisfies this schema (JSON text, not a mapping, so that
    requests stay hashable).

    What every engine can hold: ``type``, ``enum``, ``const``, ``anyOf``, ``properties``,
    ``required``, ``items``, and the limits of lengths and items.
    """

    schema: str


Constraint = OneOf | StartsWith | Matches | JsonSchema

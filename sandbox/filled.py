"""What Discord adds to the parts of a message that the bot sends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from sandbox.rules import walk
from sandbox.types import Json, ReadOnlyJson

_CONTAINER = 17
_SELECTS = (3, 5, 6, 7, 8)


def embeds(body: ReadOnlyJson) -> list[Json]:
    return [_embed(embed) for embed in body.get("embeds") or []]


def components(body: ReadOnlyJson) -> list[Json]:
    """Every component gets a number, those inside others after the one that they are in."""
    given: list[Json] = body.get("components") or []
    taken = {part["id"] for part in walk(given) if part.get("id")}
    free = (number for number in count(1) if number not in taken)
    return [_component(part, free) for part in given]


def _embed(embed: ReadOnlyJson) -> Json:
    made: Json = {"type": "rich", **embed}
    if "fields" in made:
        made["fields"] = [{"inline": False, **entry} for entry in made["fields"] or []]
    return {key: value for key, value in made.items() if value is not None}


def _component(part: ReadOnlyJson, free: Iterator[int]) -> Json:
    made: Json = {**part, "id": part.get("id") or next(free)}
    if made["type"] in _SELECTS:
        made = {"min_values": 1, "max_values": 1, **made}
    if "default_values" in made:
        # Ids may be sent as numbers; they come back as text.
        made["default_values"] = [
            {**value, "id": str(value["id"])} for value in made["default_values"]
        ]
    if made["type"] == _CONTAINER:
        made = {"accent_color": None, "spoiler": False, **made}
    if "components" in made:
        made["components"] = [_component(inner, free) for inner in made["components"]]
    if "accessory" in made:
        made["accessory"] = _component(made["accessory"], free)
    return made

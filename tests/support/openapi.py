"""Discord's own description of its API, as a judge of what the bot sends, and of what it is told.

The description is not part of this project: ``DISCORD_OPENAPI`` names a copy of it
(``specs/openapi.json`` of github.com/discord/discord-api-spec).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from jsonschema import Draft202012Validator, ValidationError
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY, SchemaRegistry

Json = Mapping[str, object]

_BASE = "urn:discord"
_PARAMETER = re.compile(r"\\\{[^}]*\\\}")


class DiscordDescription:
    """Finds the operation that a request is meant for, and what of its body breaks the rules."""

    def __init__(self, description: Json) -> None:
        self._description = description
        self._paths: Mapping[str, Json] = description["paths"]  # type: ignore[assignment]
        self._registry: SchemaRegistry = EMPTY_REGISTRY.with_resource(
            _BASE, DRAFT202012.create_resource(description)
        )
        self._validators: dict[tuple[str, ...], Draft202012Validator | None] = {}

    @classmethod
    def load(cls, path: Path) -> DiscordDescription:
        return _load(path)

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        # Fixed segments before parameters: /messages/@original is not a message's id.
        ordered = sorted(self._paths, key=lambda path: (path.count("{"), path))
        return [(re.compile(_PARAMETER.sub("[^/]+", re.escape(path))), path) for path in ordered]

    def operation(self, method: str, path: str) -> str | None:
        """The described path that ``path`` (without query) stands for, if it takes ``method``."""
        for pattern, template in self._templates:
            if pattern.fullmatch(path) and method.lower() in self._paths[template]:
                return template
        return None

    def violations(self, method: str, path: str, body: object) -> list[str]:
        """What is wrong with a request; empty: nothing is.

        ``body`` is the JSON body, of a multipart request its ``payload_json``; ``None``: none.
        """
        template = self.operation(method, path)
        if template is None:
            return [f"{method} {path}: Discord has no such operation"]
        # Discord ignores what it does not ask for; discord.py sends an empty object at times.
        content = ("paths", template, method.lower(), "requestBody", "content")
        if body is None:
            return []
        return self._judged(content, _with_ids_as_text(body), f"{method} {template}")

    def answer_violations(self, method: str, path: str, status: int, answer: object) -> list[str]:
        """What is wrong with the JSON of an answer; nothing is with what is not described."""
        template = self.operation(method, path)
        if template is None:
            return []
        operation: Json = self._paths[template][method.lower()]  # type: ignore[assignment]
        described: Json = operation["responses"]  # type: ignore[assignment]
        name = f"{method} {template} {status}"
        if isinstance(answer, dict) and "errors" in answer:
            # The description calls the codes in there numbers; Discord documents and sends words.
            answer = {key: value for key, value in answer.items() if key != "errors"}
        if str(status) not in described and status < 400:
            return [f"{name}: there is no such answer, but {', '.join(described)}"]
        content: tuple[str, ...] = ("components", "responses", "ClientErrorResponse", "content")
        if str(status) in described:
            content = ("paths", template, method.lower(), "responses", str(status), "content")
        return self._judged(content, answer, name)

    def _judged(self, content: tuple[str, ...], body: object, name: str) -> list[str]:
        """``content``: where the description of the body is."""
        if content not in self._validators:
            self._validators[content] = self._new_validator(content)
        validator = self._validators[content]
        if validator is None:
            return []
        problems = sorted(validator.iter_errors(body), key=lambda error: error.json_path)
        return [f"{name}: {text}" for error in problems for text in _causes(error)]

    def _new_validator(self, content: tuple[str, ...]) -> Draft202012Validator | None:
        described: object = self._description
        for part in content:
            described = described.get(part, {}) if isinstance(described, Mapping) else {}
        if not isinstance(described, Mapping) or "application/json" not in described:
            return None
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in content)
        reference = f"{_BASE}#/{pointer}/application~1json/schema"
        return Draft202012Validator({"$ref": reference}, registry=self._registry)


def _with_ids_as_text(value: object) -> object:
    """discord.py writes ids in requests as numbers, which Discord takes; the description knows
    strings only."""
    if isinstance(value, list):
        return [_with_ids_as_text(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(item) if _is_id(key) and type(item) is int else _with_ids_as_text(item)
        for key, item in value.items()
    }


def _is_id(key: str) -> bool:
    return key == "id" or key.endswith("_id")


@lru_cache(maxsize=1)
def _load(path: Path) -> DiscordDescription:
    return DiscordDescription(json.loads(path.read_text(encoding="utf-8")))


def _causes(error: ValidationError) -> Iterator[str]:
    """The innermost reason: where one of many forms should fit, that of the form that came
    closest, for the others say only that they are others."""
    if not error.context:
        yield f"{error.json_path}: {error.message[:300]}"
        return
    forms: dict[object, list[ValidationError]] = {}
    for cause in error.context:
        forms.setdefault(cause.schema_path[0], []).append(cause)
    closest = max(forms.values(), key=lambda causes: min(len(c.absolute_path) for c in causes))
    for cause in closest:
        yield from _causes(cause)

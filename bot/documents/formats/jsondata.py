"""JSON and JSON Lines: records as rows, anything else as lines that say their path."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.documents.formats.plain import decoded
from bot.documents.reading import Reading
from bot.language import phrase

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_MAX_DEPTH = 40
_BATCH = 64


def read(data: bytes, reading: Reading) -> None:
    text = decoded(data, reading)
    try:
        values: list[Json] = [json.loads(text)]
    except (ValueError, RecursionError):
        try:
            values = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            reading.warn(
                phrase("{name} is no valid JSON; it was read as plain text.", name=reading.shown)
            )
            reading.add(text)
            return
    lines: list[str] = []
    for value in values:
        for line in _lines(value, "", 0):
            reading.count_row()
            lines.append(line)
            if len(lines) >= _BATCH:
                reading.add("\n".join(lines), shape="rows")
                lines.clear()
    reading.add("\n".join(lines), shape="rows")


def is_json(text: str) -> bool:
    """Whether it is one JSON value, or begins with lines that each are an object."""
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        lines = [line for line in text[:65_536].splitlines() if line.strip()][:3]
        try:
            return len(lines) > 1 and all(isinstance(json.loads(line), dict) for line in lines)
        except (ValueError, RecursionError):
            return False
    return True


def _lines(value: Json, path: str, depth: int) -> Iterator[str]:
    """One line a record that holds nothing but plain values, or a plain value."""
    if isinstance(value, dict) and value and depth < _MAX_DEPTH:
        plain = {key: item for key, item in value.items() if not isinstance(item, dict | list)}
        if plain:
            record = "; ".join(f"{key}: {_plain(item)}" for key, item in plain.items())
            yield f"{path} \u2013 {record}" if path else record
        for key, item in value.items():
            if key not in plain:
                yield from _lines(item, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list) and value and depth < _MAX_DEPTH:
        if not any(isinstance(item, dict | list) for item in value):
            yield (
                f"{path}: {', '.join(map(_plain, value))}"
                if path
                else ", ".join(map(_plain, value))
            )
            return
        for number, item in enumerate(value, start=1):
            yield from _lines(item, f"{path}[{number}]" if path else f"{number}", depth + 1)
    else:
        yield f"{path}: {_plain(value)}" if path else _plain(value)


def _plain(value: Json) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, dict | list) else "\u2026"

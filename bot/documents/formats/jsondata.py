"""JSON and JSON Lines: records as rows, anything else as lines that say their path."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator

from bot.documents.formats.plain import decoded, is_cut, say_cut
from bot.documents.reading import Reading
from bot.language import phrase

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_MAX_DEPTH = 40
_BATCH = 64
_LIST = re.compile(r"[\s\ufeff]*\[")
_GAP = re.compile(r"[\s,]*")


def read(data: bytes, reading: Reading) -> None:
    text = decoded(data, reading)
    values = _values(text, is_whole=not is_cut(data, reading))
    if values is None:
        if not is_cut(data, reading):
            reading.warn(
                phrase("{name} is no valid JSON; it was read as plain text.", name=reading.shown)
            )
        reading.add(text)
        say_cut(data, reading)
        return
    lines: list[str] = []
    for path, value in values:
        for line in _lines(value, path, 0):
            reading.count_row()
            lines.append(line)
            if len(lines) >= _BATCH:
                reading.add("\n".join(lines), shape="rows")
                lines.clear()
    reading.add("\n".join(lines), shape="rows")
    say_cut(data, reading)


def _values(text: str, *, is_whole: bool) -> Iterable[tuple[str, Json]] | None:
    """Each value with its path; ``None`` where it is no JSON, or none that can be read in part."""
    try:
        if is_whole:
            return [("", json.loads(text))]
    except (ValueError, RecursionError):
        pass
    try:
        lines = [line for line in text.splitlines() if line.strip()]
        values = [("", json.loads(line)) for line in (lines if is_whole else lines[:-1])]
    except (ValueError, RecursionError):
        values = []
    if values:
        return values
    return None if is_whole or not (begin := _LIST.match(text)) else _items(text, begin.end())


def _items(text: str, at: int) -> Iterator[tuple[str, Json]]:
    """Those of a list whose end was cut off, as far as they are whole."""
    decoder = json.JSONDecoder()
    for number in itertools.count(1):
        try:
            gap = _GAP.match(text, at)
            value, at = decoder.raw_decode(text, gap.end() if gap else at)
        except (ValueError, RecursionError):
            return
        if at == len(text):
            return
        yield str(number), value


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
        plain = {
            key: item
            for key, item in value.items()
            if not item or not isinstance(item, dict | list)
        }
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
    # Of lists in lists only so many are opened.
    is_closed = bool(value) and isinstance(value, dict | list)
    return "\u2026" if is_closed else json.dumps(value, ensure_ascii=False)

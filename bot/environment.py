"""From ``.env`` and the environment to :class:`bot.settings.Settings`, and back to an example."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dotenv import dotenv_values

from bot.errors import SettingsError
from bot.settings import Scalar, Settings

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def load_settings(
    env_file: Path | None = None, *, overrides: Mapping[str, str] | None = None
) -> Settings:
    """Read ``env_file`` (default ``.env`` in the working folder, if there is one), the
    environment and ``overrides`` by name; later ones win.

    Raises:
        SettingsError: the file cannot be read, or a variable has a value that cannot be used.
    """
    values = read_env_file(env_file or Path(".env"))
    given = {name: value for name, value in values.items() if value is not None}
    return parse_settings({**given, **os.environ, **(overrides or {})})


def read_env_file(file: Path) -> dict[str, str | None]:
    """The variables in ``file``; none where there is no such file. It is UTF-8, or UTF-16 with its
    mark, which is what ``>`` writes in PowerShell 5.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        if file.is_dir():
            return {}
        data = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be read ({error.strerror}). Give this user the right to read it."
        ) from error
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SettingsError(f"{file} is no text in UTF-8. Please save it as UTF-8 in an editor.")
    return dotenv_values(stream=io.StringIO(text))


def parse_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from variables; the empty string means the default.

    Raises:
        SettingsError: names the variable, what it got and what it takes.
    """
    kinds = get_type_hints(Settings)
    values: dict[str, Scalar] = {}
    for item in fields(Settings):
        text = environment.get(item.name.upper(), "").strip()
        if text:
            values[item.name] = _parse(item, kinds[item.name], text)
    settings = Settings(**values)  # type: ignore[arg-type]
    # These are read when they are used; what is wrong in them is better said at once.
    _ = settings.house, settings.effective_gpu_split, settings.shards
    _ = settings.effective_remote_key
    return settings


def _parse(item: Field[Any], kind: object, text: str) -> Scalar:
    if get_origin(kind) is Literal:
        choices: Sequence[str] = get_args(kind)
        for choice in choices:
            if choice.casefold() == text.casefold():
                return choice
        raise _refusal(item, text, f"one of {', '.join(choices)}")
    if kind is bool:
        if text.casefold() not in (*_TRUE, *_FALSE):
            raise _refusal(item, text, "true or false")
        return text.casefold() in _TRUE
    if kind in (int, float):
        low, high = item.metadata["low"], item.metadata["high"]
        noun = "whole number" if kind is int else "number"
        takes = f"a {noun} from {low:g} to {high:,}"
        try:
            number = int(text) if kind is int else float(text)
        except ValueError:
            raise _refusal(item, text, takes) from None
        if not low <= number <= high:
            raise _refusal(item, text, takes)
        return number
    return text if kind is str else Path(text).expanduser()


def _refusal(item: Field[Any], text: str, takes: str) -> SettingsError:
    return SettingsError(
        f"{item.name.upper()} is {text!r}, but it takes {takes}. Please correct it."
    )


def env_example() -> str:
    """The text of ``.env.example``."""
    lines = [
        "# Settings of Airocord. Copy this file to .env and change what you need;",
        "# every line that is left out keeps the default shown here.",
    ]
    kinds = get_type_hints(Settings)
    group = ""
    for item in fields(Settings):
        if item.metadata["group"] != group:
            group = item.metadata["group"]
            lines += ["", f"## {group}"]
        unit = f" In {item.metadata['unit']}." if item.metadata["unit"] else ""
        value = "" if item.default is None else item.default
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        quoted = f'"{shown}"' if " " in shown else shown
        kind = kinds[item.name]
        choices = f" One of {', '.join(get_args(kind))}." if get_origin(kind) is Literal else ""
        lines += [f"# {item.metadata['meaning']}{unit}{choices}", f"{item.name.upper()}={quoted}"]
    return "\n".join(lines) + "\n"

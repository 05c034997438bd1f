"""Whom the bot works for, as whoever runs it has decided."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Ids of Discord, all of them."""

    owners: frozenset[int] = frozenset()
    """Who may use ``/admin``."""
    servers: frozenset[int] = frozenset()
    """The only ones that it works for; empty: all that it is in."""
    blocked: frozenset[int] = frozenset()
    """People and servers."""
    takes_direct_messages: bool = True


def read_ids(variable: str, text: str) -> frozenset[int]:
    """The ids in a setting.

    Raises:
        SettingsError: it is no list of ids.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise SettingsError(
            f"{variable} is {text!r}, but it takes ids of Discord, separated by commas. "
            "Please correct it."
        )
    return frozenset(int(part) for part in parts)

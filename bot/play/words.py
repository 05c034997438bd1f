"""What all games write in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import discord

from bot.replies.pages import small_print

_MEDALS = ("🥇", "🥈", "🥉")

BOARD_LINES = 15
"""Lines of a scoreboard; a message takes some thirty."""


def person(person_id: int) -> str:
    """Shown as a name; nobody is notified, for no message of the bot's may."""
    return f"<@{person_id}>"


def harmless(text: str) -> str:
    """A text of somebody else's in a message of ours: neither formatting nor a link."""
    return discord.utils.escape_markdown(" ".join(text.split())).replace("://", ":\u200b//")


def in_seconds(seconds: float) -> str:
    """A moment as Discord counts it down by itself."""
    moment = datetime.now(UTC) + timedelta(seconds=max(0.0, seconds))
    return discord.utils.format_dt(moment, "R")


def scoreboard(lines: Sequence[tuple[int, str]], *, most: int = BOARD_LINES) -> str:
    """Persons with what they have, best first."""
    shown = [
        f"{_MEDALS[place] if place < len(_MEDALS) else ''}{place + 1}. {person(who)}: {what}"
        for place, (who, what) in enumerate(lines[:most])
    ]
    if len(lines) > most:
        shown.append(small_print(f"and {len(lines) - most} more"))
    return "\n".join(shown)


def counted(number: int, one: str, more: str = "") -> str:
    """``1 point``, ``2 points``."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"

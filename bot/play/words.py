"""What all games write in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import discord

from bot.games.questions import Difficulty
from bot.language import Sentence, changed, joined, phrase, plural
from bot.replies.pages import small_print

DIFFICULTIES = {
    Difficulty.EASY: phrase("easy"),
    Difficulty.MEDIUM: phrase("medium"),
    Difficulty.HARD: phrase("hard"),
}

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


def bold(text: str) -> Sentence:
    return changed(text, lambda said: f"**{said}**")


def capitalized(text: str) -> Sentence:
    """A word of ours where it begins a line."""
    return changed(text, lambda said: said[:1].upper() + said[1:])


def scoreboard(lines: Sequence[tuple[int, int, str]], *, most: int = BOARD_LINES) -> Sentence:
    """Persons with their points and what is said of them, best first. The same points have the
    same place, and none have no medal."""
    shown: list[str] = []
    place, before = 0, None
    for number, (who, points, what) in enumerate(lines[:most]):
        place = place if points == before else number
        before = points
        medal = _MEDALS[place] if place < len(_MEDALS) and points > 0 else ""
        shown.append(joined([f"{medal}{place + 1}. {person(who)}: ", what], ""))
    if len(lines) > most:
        shown.append(small_print(and_more(len(lines) - most)))
    return joined(shown)


def and_more(count: int) -> Sentence:
    """At the end of a list that is cut."""
    return phrase("and {count} more", count=count)


def gained(who: int, points: int, streak: int) -> str:
    """What a round brought somebody."""
    if streak > 1:
        return phrase(
            "{person} +{points} ({streak} in a row)",
            person=person(who),
            points=points,
            streak=streak,
        )
    return f"{person(who)} +{points}"


def had_it(count: int) -> Sentence:
    """How many were right."""
    return plural("One person got it.", "{count} people got it.", count)


def votes_to_skip(votes: int, needed: int) -> Sentence:
    return phrase("{votes} of {needed} votes to skip.", votes=votes, needed=needed)


def points_counted(count: int) -> Sentence:
    return plural("{count} point", "{count} points", count)


def questions_counted(count: int) -> Sentence:
    return plural("{count} question", "{count} questions", count)

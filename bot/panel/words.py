"""What the panel of ``/settings`` says: which choices hold, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import discord

from bot.incoming import quoted
from bot.language import Sentence, changed, joined, phrase, plural
from bot.storage import Choices, Subject

PERSONA_LIMIT = 1500
"""Characters: about a fifth of a window of 2048 tokens, which is never cut."""


_MOST_NAMED = 12
"""Channels, roles or people in one line."""


class PageName(Enum):
    """Each with what it is called."""

    WHERE = phrase("Where I talk")
    WHO = phrase("Who may use me")
    REPLIES = phrase("How I reply")
    FEATURES = phrase("Games and documents")
    KEEPING = phrase("How long I keep things")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What whoever runs the bot has set; admins choose within it."""

    temperature: float
    reply_tokens: int
    retention_days: int
    """0: for ever."""


def text_of(page: PageName, choices: Choices, bounds: Bounds) -> Sentence:
    """A page of the panel in words."""
    title = changed(page.value, lambda text: f"**{text}**")
    return joined([title, *_TEXTS[page](choices, bounds)])


def days(number: int) -> Sentence:
    """Such as "7 days"."""
    return plural("{count} day", "{count} days", number)


def _where_text(choices: Choices, bounds: Bounds) -> list[str]:
    only = choices.ids(Subject.CHANNEL, allowed=True)
    never = choices.ids(Subject.CHANNEL, allowed=False)
    lines = [
        phrase("I talk only in {channels}.", channels=_channels(only))
        if only
        else phrase("I talk in every channel that I see.")
    ]
    if never:
        lines.append(phrase("I never talk in {channels}.", channels=_channels(never)))
    return [*lines, phrase("A channel's rule holds for its threads.")]


def _who_text(choices: Choices, bounds: Bounds) -> list[str]:
    def named(subject: Subject, mark: str, *, allowed: bool) -> str:
        return _named([f"<@{mark}{found}>" for found in choices.ids(subject, allowed=allowed)])

    only = named(Subject.ROLE, "&", allowed=True)
    lines = [
        phrase("Only members with {roles} may use me.", roles=only)
        if only
        else phrase("Every member may use me.")
    ]
    if never := named(Subject.ROLE, "&", allowed=False):
        lines.append(phrase("Nobody with {roles} may.", roles=never))
    if also := named(Subject.PERSON, "", allowed=True):
        lines.append(phrase("Whatever their roles, {people} may.", people=also))
    if not_these := named(Subject.PERSON, "", allowed=False):
        lines.append(phrase("Whatever their roles, {people} may not.", people=not_these))
    return list(lines)


def _replies_text(choices: Choices, bounds: Bounds) -> list[str]:
    persona = choices.persona
    if persona is None:
        return [phrase("I have no persona of this server's own.")]
    shown = quoted(discord.utils.escape_markdown(persona), PERSONA_LIMIT)
    return [phrase("In channels without a persona of their own I am told:"), shown]


def _features_text(choices: Choices, bounds: Bounds) -> list[str]:
    return [
        phrase("Games are on: `/trivia`, `/anagram` and `/words`.")
        if choices.games
        else phrase("Games are off: `/trivia`, `/anagram` and `/words`."),
        phrase("Documents are on: `/askdocs`, `/docs` and files that I am sent.")
        if choices.documents
        else phrase("Documents are off: `/askdocs`, `/docs` and files that I am sent."),
        phrase("A game in which I wrote questions counts on scoreboards.")
        if choices.ranks_model_questions
        else phrase("A game in which I wrote questions does not count on scoreboards."),
    ]


def _keeping_text(choices: Choices, bounds: Bounds) -> list[str]:
    limits = [number for number in (choices.retention_days, bounds.retention_days) if number]
    if not limits:
        return [phrase("I keep conversations and documents until somebody deletes them.")]
    return [
        phrase(
            "Conversations and documents are deleted after {days}; scores are kept.",
            days=days(min(limits)),
        )
    ]


def _channels(ids: Sequence[int]) -> str:
    return _named([f"<#{channel_id}>" for channel_id in ids])


def _named(mentions: Sequence[str]) -> str:
    """A message has no room for all; the menus under it show the others."""
    shown = list(mentions[:_MOST_NAMED])
    if len(mentions) > _MOST_NAMED:
        shown.append(phrase("and {count} more", count=len(mentions) - _MOST_NAMED))
    return joined(shown, ", ")


_TEXTS: dict[PageName, Callable[[Choices, Bounds], list[str]]] = {
    PageName.WHERE: _where_text,
    PageName.WHO: _who_text,
    PageName.REPLIES: _replies_text,
    PageName.FEATURES: _features_text,
    PageName.KEEPING: _keeping_text,
}

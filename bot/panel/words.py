"""What the panel of ``/settings`` says: which choices hold, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import discord

from bot.incoming import quoted
from bot.storage import Choices, Subject

PERSONA_LIMIT = 1500
"""Characters: about a fifth of a window of 2048 tokens, which is never cut."""


class PageName(StrEnum):
    WHERE = "Where I talk"
    WHO = "Who may use me"
    REPLIES = "How I reply"
    FEATURES = "Games and documents"
    KEEPING = "How long I keep things"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What whoever runs the bot has set; admins choose within it."""

    temperature: float
    reply_tokens: int
    retention_days: int
    """0: for ever."""


def text_of(page: PageName, choices: Choices, bounds: Bounds) -> str:
    """A page of the panel in words."""
    return "\n".join([f"**{page}**", *_TEXTS[page](choices, bounds)])


def _where_text(choices: Choices, bounds: Bounds) -> list[str]:
    only = choices.ids(Subject.CHANNEL, allowed=True)
    never = choices.ids(Subject.CHANNEL, allowed=False)
    return [
        f"I talk only in {_channels(only)}." if only else "I talk in every channel that I see.",
        *([f"I never talk in {_channels(never)}."] if never else []),
        "A channel's rule holds for its threads.",
    ]


def _who_text(choices: Choices, bounds: Bounds) -> list[str]:
    def named(subject: Subject, mark: str, *, allowed: bool) -> str:
        return ", ".join(f"<@{mark}{found}>" for found in choices.ids(subject, allowed=allowed))

    only = named(Subject.ROLE, "&", allowed=True)
    lines = [f"Only members with {only} may use me." if only else "Every member may use me."]
    if never := named(Subject.ROLE, "&", allowed=False):
        lines.append(f"Nobody with {never} may.")
    if also := named(Subject.PERSON, "", allowed=True):
        lines.append(f"Whatever their roles, {also} may.")
    if not_these := named(Subject.PERSON, "", allowed=False):
        lines.append(f"Whatever their roles, {not_these} may not.")
    return lines


def _replies_text(choices: Choices, bounds: Bounds) -> list[str]:
    persona = choices.persona
    if persona is None:
        return ["I have no persona of this server's own."]
    shown = quoted(discord.utils.escape_markdown(persona), PERSONA_LIMIT)
    return ["In channels without a persona of their own I am told:", shown]


def _features_text(choices: Choices, bounds: Bounds) -> list[str]:
    return [
        f"Games are {_on(choices.games)}: `/trivia`, `/anagram` and `/words`.",
        f"Documents are {_on(choices.documents)}: `/askdocs`, `/docs` and files that I am sent.",
        "A game in which I wrote questions "
        + ("counts" if choices.ranks_model_questions else "does not count")
        + " on scoreboards.",
    ]


def _keeping_text(choices: Choices, bounds: Bounds) -> list[str]:
    days = choices.retention_days or bounds.retention_days
    if not days:
        return ["I keep conversations and documents until somebody deletes them."]
    after = "1 day" if days == 1 else f"{days} days"
    return [f"Conversations and documents are deleted after {after}; scores are kept."]


def _channels(ids: Sequence[int]) -> str:
    return ", ".join(f"<#{channel_id}>" for channel_id in ids)


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


_TEXTS: dict[PageName, Callable[[Choices, Bounds], list[str]]] = {
    PageName.WHERE: _where_text,
    PageName.WHO: _who_text,
    PageName.REPLIES: _replies_text,
    PageName.FEATURES: _features_text,
    PageName.KEEPING: _keeping_text,
}

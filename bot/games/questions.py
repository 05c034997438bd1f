"""What a trivia question is, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AI_PREFIX = "AI: "
"""Stands before the categories of what the model has written, so that nobody meets them without
having chosen them."""


class Difficulty(StrEnum):
    """How hard a question is; its points follow from it."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Origin(StrEnum):
    """Who answers for a question's truth."""

    FACTS = "facts"
    """Right by construction from the data that comes with the bot."""
    PACK = "pack"
    """Uploaded by the admins of a server."""
    OPENTDB = "opentdb"
    """Open Trivia Database, CC BY-SA 4.0: its credit is shown."""
    MODEL = "model"
    """Written by the language model and checked by asking it back: shown as such."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the one answer that is right."""

    id: str
    """Stable and unique, at most 100 characters: ``facts:capital:FR``. Bags and reports name it."""
    category: str
    difficulty: Difficulty
    text: str
    answer: str
    origin: Origin
    aliases: tuple[str, ...] = ()
    """Other ways to write the answer that count as right where it is typed."""
    distractors: tuple[str, ...] = ()
    """Wrong answers of the same kind; three make it playable as a choice."""
    explanation: str = ""
    """A sentence that is true of the answer, shown when the model has none ready."""

"""What the model is asked to show that it works: first anything, then what the house model's card
says that it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.settings import DEFAULT_SYSTEM_PROMPT

SMALL_MODEL = "A small or different model may miss this; the house model should not."


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    name: str
    question: str
    is_right: Callable[[str], bool]
    """Whether a reply is as expected."""
    hint: str = SMALL_MODEL
    max_new_tokens: int = 48
    system: str = DEFAULT_SYSTEM_PROMPT


def _says(*words: str) -> Callable[[str], bool]:
    return lambda reply: all(word.casefold() in reply.casefold() for word in words)


CARD = (
    Probe(
        name="Says something",
        question="Please say hello.",
        is_right=lambda reply: bool(reply.strip()),
        hint="Check PROMPT_TEMPLATE: most models of today want model.",
    ),
    Probe(
        name="Multiple choice",
        question=(
            "Which of these is no longer called a planet?\nA) Mars\nB) Venus\nC) Pluto\nD) Neptune"
        ),
        is_right=_says("Pluto"),
    ),
    Probe(
        name="Anagram",
        question=(
            'This anagram of "silent" is what you do when paying attention and hearing someone.'
        ),
        is_right=_says("listen"),
    ),
)

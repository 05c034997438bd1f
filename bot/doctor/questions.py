"""What the model is asked to show that it works: first anything, then what the house model's card
says that it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.prompts.closed_context import Block, closed_context
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
        name="Closed context",
        question=closed_context(
            "What color are bluberries? Source?",
            [
                Block(
                    (("date", "2021-01-01"), ("url", "https://web.site/123")),
                    "In a shocking turn of events, blueberries are now green, but will be "
                    "sticking with the same name.",
                )
            ],
            preamble="",
        ),
        is_right=_says("green"),
        max_new_tokens=96,
    ),
    Probe(
        name="Two sources",
        question=closed_context(
            "Do we have any bug reports related to search results? If so, were they fixed? Source?",
            [
                Block(
                    (
                        ("name", "John Doe"),
                        ("date", "June 3, 2023"),
                        ("ticket number", "JIRA-12345"),
                    ),
                    "Summary:Search results missing random items",
                ),
                Block(
                    (("date", "2023-06-05"), ("user", "Jack Johnson"), ("pr", "23441")),
                    "This pull request closes bug report JIRA-12345.\n"
                    "The issue was that the pagination code was using page size plus one instead "
                    "of page size.",
                ),
            ],
            preamble="",
        ),
        is_right=_says("23441"),
        max_new_tokens=96,
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

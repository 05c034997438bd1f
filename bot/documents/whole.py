"""Questions about a document as a whole, which no choice of passages answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from bot.documents.passages import Passage
from bot.documents.search import Excerpt

_ASKS_FOR_ALL = re.compile(
    r"\b(summar(y|ies|i[sz]e[sd]?|i[sz]ing)|tl;?dr|overview|gist|outline"
    r"|what(?: is| are|'s) (?:(?:this|these) (?:\w+ ){0,2}|(?:the|my|that) (?:\w+ )?(?:files?"
    r"|documents?|papers?|texts?|books?|pdfs?|reports?|articles?|attachments?) )about"
    r"|main (points|ideas|arguments)"
    r"|key (points|takeaways|findings)|takeaways|in a nutshell"
    r"|zusammenfass\w*|fass\w* .{0,60}zusammen|\u00fcberblick|worum geht|kernaussagen"
    r"|r\u00e9sum\u00e9?\w*|r\u00e9sume[rz]?|synth\u00e8se|de quoi parle"
    r"|res[u\u00fa]m\w+|de qu\u00e9 trata|riassum\w+|riassunto|di cosa parla|resumo|samenvatt\w*"
    r"|\u043a\u0440\u0430\u0442\u043a\w* (\u0441\u043e\u0434\u0435\u0440\u0436\w*"
    r"|\u0438\u0437\u043b\u043e\u0436\w*|\u043f\u0435\u0440\u0435\u0441\u043a\w*)"
    r"|\u043e \u0447[\u0435\u0451]\u043c (\u044d\u0442\w+|\u0434\u043e\u043a\u0443\u043c\w+)"
    r"|\u0441\u0443\u043c\u043c\u0438\u0440\w*|\u043f\u0435\u0440\u0435\u0441\u043a\u0430\w*)\b"
    r"|\u603b\u7ed3|\u7e3d\u7d50|\u6982\u8981|\u6982\u62ec|\u8981\u7d04|\u307e\u3068\u3081|\uc694\uc57d"
    r"|\u0645\u0644\u062e\u0635|\u0644\u062e\u0635",
    re.IGNORECASE,
)
# "the summary on page 3", "what does the outline say about cats": one place, not all.
_ASKS_FOR_ONE = re.compile(
    r"\b(page|chapter|section|seite|kapitel|abschnitt|p\u00e1gina|cap\u00edtulo|chapitre)\s+\S*\d"
    r"|\b(say|says|said|mention\w*|state[sd]?|steht|dice)\b.{0,40}\b(about|\u00fcber|sobre)\b",
    re.IGNORECASE,
)
_LONGEST_QUESTION = 300

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Note:
    """What was noted down of some stretches of the documents."""

    parts: tuple[Excerpt, ...]
    """Those stretches, in order."""
    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """How documents were read for a question about the whole of them."""

    parts: int
    """How many there are; not all of them may have been read."""
    notes: tuple[Note, ...]
    """What the answer is written from, in order."""


def asks_for_all(question: str) -> bool:
    """Whether ``question`` wants a whole document summed up. A long one says what it wants of it
    and is better answered from passages."""
    return (
        len(question) <= _LONGEST_QUESTION
        and _ASKS_FOR_ALL.search(question) is not None
        and _ASKS_FOR_ONE.search(question) is None
    )


def partition(
    passages: Sequence[Passage], budget: int, cost: Callable[[Sequence[Excerpt]], int]
) -> list[Excerpt]:
    """Cut documents into stretches whose ``cost`` as a prompt of their own is at most ``budget``
    tokens each, in order; together they hold every passage that fits a prompt at all.

    Stretches of one document are about equally long, so that none is a leftover of a few lines.
    """
    parts: list[Excerpt] = []
    for document in dict.fromkeys(passage.document for passage in passages):
        own = [passage for passage in passages if passage.document == document]
        parts += _stretches(own, budget, cost)
    return parts


def _stretches(
    passages: Sequence[Passage], budget: int, cost: Callable[[Sequence[Excerpt]], int]
) -> list[Excerpt]:
    whole = Excerpt(tuple(passages), 0.0)
    tokens = sum(passage.tokens for passage in passages)
    if tokens <= 1.5 * budget and cost([whole]) <= budget:
        return [whole]
    if len(passages) == 1:
        return []
    # As many cuts as it must take at least, and then halves of what is still too long.
    count = min(max(2, -(-tokens // max(budget, 1))), len(passages))
    bounds = [len(passages) * number // count for number in range(count + 1)]
    return [
        stretch
        for start, end in pairwise(bounds)
        for stretch in _stretches(passages[start:end], budget, cost)
    ]


def evenly(items: Sequence[T], most: int) -> list[T]:
    """All of ``items``, or ``most`` (at least 1) of them at even distances, in their order."""
    if len(items) <= most:
        return list(items)
    return [items[len(items) * number // most] for number in range(most)]


def grouped(
    items: Sequence[T], budget: int, cost: Callable[[Sequence[T]], int]
) -> list[Sequence[T]] | None:
    """Put neighbours together in as few groups of about the same size as it takes for each to
    ``cost`` at most ``budget``; ``None`` where that leaves half of them by themselves."""
    for count in range(1, len(items) // 2 + 1):
        bounds = [len(items) * number // count for number in range(count + 1)]
        groups = [items[start:end] for start, end in pairwise(bounds)]
        if all(cost(group) <= budget for group in groups):
            return groups
    return None

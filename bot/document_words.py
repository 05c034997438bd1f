"""What people on Discord are told of an answer about documents: its sources, and its limits."""

from __future__ import annotations

import discord

from bot.asking import Choice, Consultation, Standing, Verdict, place_of
from bot.documents.extracted import quoted
from bot.documents.search import Excerpt

_SECTION_LIMIT = 60
"""Characters of a section's name in the list of sources."""

_OPENING_WORDS = 4

NOT_SUPPORTED = {
    Standing.NOT_ANSWERED: "The documents do not answer this, as far as I can see.",
    Standing.NOT_FOUND: "Not found in the documents: nothing that I read bears this answer out.",
}
HOW_CHOSEN = {
    Choice.BEGINNINGS: (
        "No word of your question stands in the documents, so I read how they begin."
    ),
}


def quotation(source: Excerpt) -> str:
    """A source as a quotation, under where it stands."""
    text = discord.utils.escape_markdown(source.text)
    lines = "\n".join(f"> {line}" for line in text.split("\n"))
    return f"{_named(source)}\n{lines}"


def footer(verdict: Verdict, found: Consultation) -> str:
    """What stands under an answer, a line each."""
    lines = []
    if verdict.sources:
        named = [f"{number} {_named(source)}" for number, source in enumerate(verdict.sources, 1)]
        lines.append(f"Sources: {' · '.join(named)}")
    else:
        lines.append(NOT_SUPPORTED[verdict.standing])
    if found.unmentioned:
        names = ", ".join(map(quoted, found.unmentioned))
        lines.append(f"Nowhere in the documents: {names}. The answer may be about something else.")
    if len(found.passages) < found.searched:
        lines.append(f"Read for this: {len(found.passages)} of {found.searched:,} passages.")
    return "\n".join(lines)


def label_of(source: Excerpt) -> str:
    """What stands on the button of a source."""
    return f"{source.document}, {place_of(source) or _opening(source)}"


def _opening(source: Excerpt) -> str:
    """The first words, to know a source by whose file has neither pages nor sections."""
    words = source.text.split()
    return f"“{' '.join(words[:_OPENING_WORDS])}…”"


def _named(source: Excerpt) -> str:
    place = discord.utils.escape_markdown(place_of(source))
    if len(place) > _SECTION_LIMIT:
        place = f"{place[:_SECTION_LIMIT].rstrip()}…"
    return ", ".join(filter(None, (quoted(source.document), place)))

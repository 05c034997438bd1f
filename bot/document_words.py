"""What people on Discord are told of an answer about documents: its sources, and its limits."""

from __future__ import annotations

import discord

from bot.asking import Choice, Consultation, Standing, Verdict, place_of
from bot.documents.extracted import quoted
from bot.documents.search import Excerpt
from bot.language import Sentence, changed, figure, joined, phrase

_SECTION_LIMIT = 60
"""Characters of a section's name in the list of sources."""

_OPENING_WORDS = 4

NOT_SUPPORTED = {
    Standing.NOT_ANSWERED: phrase("The documents do not answer this, as far as I can see."),
    Standing.NOT_FOUND: phrase(
        "Not found in the documents: nothing that I read bears this answer out."
    ),
}
HOW_CHOSEN = {
    Choice.BEGINNINGS: phrase(
        "No word of your question appears in the documents, so I read how they begin."
    ),
}


def quotation(source: Excerpt) -> Sentence:
    """A source as a quotation, under where it stands."""
    text = discord.utils.escape_markdown(source.text)
    lines = "\n".join(f"> {line}" for line in text.split("\n"))
    return joined([_named(source), lines])


def footer(verdict: Verdict, found: Consultation) -> Sentence:
    """What stands under an answer, a line each."""
    lines = []
    if verdict.sources:
        named = [
            joined([str(place), _named(source)], " ")
            for place, source in enumerate(verdict.sources, 1)
        ]
        lines.append(phrase("Sources: {sources}", sources=joined(named, " · ")))
    else:
        lines.append(NOT_SUPPORTED[verdict.standing])
    if found.unmentioned:
        names = ", ".join(map(quoted, found.unmentioned))
        lines.append(
            phrase(
                "Nowhere in the documents: {names}. The answer may be about something else.",
                names=names,
            )
        )
    if len(found.passages) < found.searched:
        lines.append(
            phrase(
                "Read for this: {read} of {count} passages.",
                read=len(found.passages),
                count=figure(found.searched),
            )
        )
    return joined(lines)


def label_of(source: Excerpt) -> Sentence:
    """What stands on the button of a source."""
    return joined([source.document, place_of(source) or _opening(source)], ", ")


def _opening(source: Excerpt) -> str:
    """The first words, to know a source by whose file has neither pages nor sections."""
    words = source.text.split()
    return f"“{' '.join(words[:_OPENING_WORDS])}…”"


def _named(source: Excerpt) -> Sentence:
    return joined(filter(None, (quoted(source.document), changed(place_of(source), _cut))), ", ")


def _cut(place: str) -> str:
    place = discord.utils.escape_markdown(place)
    return f"{place[:_SECTION_LIMIT].rstrip()}…" if len(place) > _SECTION_LIMIT else place

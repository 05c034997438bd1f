"""What a reply looks like at one moment: the messages that it should consist of, and its words.

Pure, so that writing them (:mod:`bot.replies.live`) is nothing but making Discord equal to this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from bot.language import ENGLISH, Sentence, changed, joined, phrase, plural, spoken
from bot.replies.outlets import TextFile
from bot.replies.splitting import MESSAGE_LIMIT, display, split, units

FILE_NAME = "reply.md"

FIRST_WORDS_SOON = phrase("I am reading; the first words come soon.")
NOTHING_SAID = phrase("The model had nothing to say; press Regenerate or ask in other words.")
TOO_LONG = phrase("I ran out of room here; press Continue for the rest.")
INTERRUPTED = phrase("I was interrupted by a restart; press Regenerate to have me try again.")
INTERRUPTED_UNKEPT = phrase("I was interrupted by a restart; please ask again.")
NO_TIME_LEFT = phrase(
    "Discord gives me 15 minutes for a reply here, and they have run out; invite me to the server "
    "for longer ones."
)
DISCORD_STUMBLED = phrase("Discord did not take my answer just now. Please try again.")
AS_FILE = phrase("Discord did not take my reply as a message, so here it is as a file.")
_FILE_COMES = phrase("I am still writing; the whole reply comes as a file.")
_FILE_IS_HERE = phrase("The whole reply is in {file}.", file=FILE_NAME)
_NO_FILE = phrase("The rest does not fit here, and I cannot attach it as a file in this channel.")


class Controls(Enum):
    """Which controls stand under a message."""

    NONE = "none"
    RUNNING = "running"
    FINISHED = "finished"
    CONTINUABLE = "continuable"


@dataclass(frozen=True, slots=True)
class Page:
    """One message of a reply."""

    text: str
    controls: Controls = Controls.NONE
    file: TextFile | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a reply has to fit in."""

    max_pages: int
    """Messages, before what is longer becomes a file."""
    may_attach: bool = True
    language: str = ENGLISH
    """Of our own words in it."""

    def head(self, text: str) -> str:
        """All of ``text`` that can make a difference to the pages, so that their cost is bounded:
        one page more than there may be."""
        return text[: (self.max_pages + 1) * MESSAGE_LIMIT]


def fault_sentence(fault_id: str) -> Sentence:
    return phrase(
        "Something went wrong on my side (id {id}); press Regenerate to try again.", id=fault_id
    )


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


def queue_line(position: int | None, estimate_s: float | None) -> Sentence:
    """ "You are 3rd in line, about 20 s." """
    if position is None:
        return phrase("You are in line; I start soon.")
    if position == 1:
        if estimate_s is None:
            return phrase("You are next.")
        return phrase("You are next, about {duration}.", duration=duration(estimate_s))
    # English counts "3rd", others "3." or "3º": both are there for the translations.
    places: dict[str, object] = {"ordinal": ordinal(position), "place": position}
    if estimate_s is None:
        return phrase("You are {ordinal} in line.", **places)
    return phrase(
        "You are {ordinal} in line, about {duration}.", duration=duration(estimate_s), **places
    )


def duration(seconds: float) -> Sentence:
    """Rounded up, and more coarsely the longer it is: "20 s", "3 min", "5 h", "2 days"."""
    if seconds <= 60:
        return phrase("{number} s", number=max(5, math.ceil(seconds / 5) * 5))
    if seconds <= 7200:
        return phrase("{number} min", number=math.ceil(seconds / 60))
    if seconds <= 172_800:
        return phrase("{number} h", number=math.ceil(seconds / 3600))
    days = math.ceil(seconds / 86_400)
    return plural("{count} day", "{count} days", days)


def status_page(line: str, language: str = ENGLISH) -> list[Page]:
    """A line of ours in place of a reply that has not begun."""
    return [Page(spoken(line, language), Controls.RUNNING)]


def running_pages(text: str, shape: Shape) -> list[Page]:
    """A reply that is being written; the cuts of all pages but the last stay put."""
    parts = split(display(shape.head(text)))
    if len(parts) > shape.max_pages:
        tail = small_print(_FILE_COMES if shape.may_attach else _NO_FILE).spoken(shape.language)
        parts = [*parts[: shape.max_pages - 1], _fit(parts[shape.max_pages - 1], tail)]
    return _with_controls(parts, Controls.RUNNING)


def finished_pages(text: str, note: str, shape: Shape, controls: Controls) -> list[Page]:
    """A reply that has ended, with ``note`` (may be empty) as its last lines."""
    parts = split(display(shape.head(text)))
    if not parts:
        return [Page(_fit("", spoken(note or NOTHING_SAID, shape.language)), controls)]
    if len(parts) > shape.max_pages:
        where = _FILE_IS_HERE if shape.may_attach else _NO_FILE
        tail = small_print(joined(filter(None, [where, note]))).spoken(shape.language)
        parts = [*parts[: shape.max_pages - 1], _fit(parts[shape.max_pages - 1], tail)]
        file = TextFile(FILE_NAME, text) if shape.may_attach else None
        return _with_controls(parts, controls, file)
    note = small_print(note).spoken(shape.language)
    if note and units(parts[-1]) + 1 + units(note) <= MESSAGE_LIMIT:
        parts[-1] = f"{parts[-1]}\n{note}"
    elif note:
        parts.append(_fit("", note))
    return _with_controls(parts, controls)


def small_print(note: str) -> Sentence:
    """Each line of a note (may be empty) as Discord shows what is less important."""
    return changed(
        note,
        lambda text: "\n".join(f"-# {line}" for line in text.splitlines() if line.strip()),
    )


def without_note(text: str, *, has_file: bool = False) -> str:
    """A message's text without the notes in its last lines, if there is more to it. With a file
    the first of them stays, which says what the file is."""
    lines = text.split("\n")
    notes = 0
    while notes < len(lines) - 1 and lines[-1 - notes].startswith("-# "):
        notes += 1
    stay = min(notes, 1) if has_file else 0
    return "\n".join(lines[: len(lines) - notes + stay])


def file_page(text: str, controls: Controls, language: str = ENGLISH) -> list[Page]:
    """The reply as nothing but a file."""
    return [Page(AS_FILE.spoken(language), controls, TextFile(FILE_NAME, text))]


def _with_controls(
    parts: list[str], controls: Controls, file: TextFile | None = None
) -> list[Page]:
    """Controls and file belong under the last message, which is where people look."""
    return [*map(Page, parts[:-1]), Page(parts[-1], controls, file)]


def _fit(part: str, tail: str) -> str:
    """As much of ``part`` as leaves room for ``tail`` below it."""
    tail = split(tail, MESSAGE_LIMIT // 2)[0]
    if not part:
        return tail
    return f"{split(part, MESSAGE_LIMIT - units(tail) - 1)[0]}\n{tail}"

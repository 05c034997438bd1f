"""Words by how they are written: what a list of words was asked for, and what of it there is."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from bot.errors import AirocordError
from bot.games.letters import LONGEST, PLACES, plain_letters
from bot.games.lexicon import COMMON, KNOWN, Lexicon
from bot.language import phrase

MOST_WORDS = 50
SHORTEST = 2
"""Letters of a word of a list: single ones are no words to most people."""


_OPTIONS = {
    "starts": phrase("starts"),
    "ends": phrase("ends"),
    "contains": phrase("contains"),
}
"""What the command's options are called."""


class ConditionsRefused(AirocordError):
    """The conditions cannot be used; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How the words have to be written; small letters a to z."""

    starts: str = ""
    ends: str = ""
    contains: str = ""

    def matches(self, word: str) -> bool:
        return word.startswith(self.starts) and word.endswith(self.ends) and self.contains in word

    def __str__(self) -> str:
        """As they are put to the model and to people: "that start with EN"."""
        parts: list[str] = []
        if self.starts:
            parts.append(phrase("start with {letters}", letters=self.starts.upper()))
        if self.ends:
            parts.append(phrase("end with {letters}", letters=self.ends.upper()))
        if self.contains:
            parts.append(phrase("contain {letters}", letters=self.contains.upper()))
        if not parts:
            return ""
        conditions = parts[0]
        for part in parts[1:]:
            conditions = phrase("{condition} and {other}", condition=conditions, other=part)
        return phrase("that {conditions}", conditions=conditions)


def read_conditions(starts: str = "", ends: str = "", contains: str = "") -> Conditions:
    """What a person typed as conditions.

    Raises:
        ConditionsRefused: there is something else than letters in it, or too much.
    """
    read: list[str] = []
    for option, text in (("starts", starts), ("ends", ends), ("contains", contains)):
        letters = plain_letters(text)
        given = "".join(unicodedata.normalize("NFC", text).split())
        if len(letters) != len(given) or len(letters) > LONGEST:
            raise ConditionsRefused(
                phrase(
                    "For {option}, please give 1 to {longest} letters from A to Z.",
                    option=_OPTIONS[option],
                    longest=LONGEST,
                )
            )
        read.append(letters)
    return Conditions(starts=read[0], ends=read[1], contains=read[2])


def refusal(text: str, lexicon: Lexicon, conditions: Conditions) -> str | None:
    """Why an entry of a model's list does not count; ``None``: it does."""
    word = text.strip().casefold()
    if len(word) < SHORTEST or any(sign not in PLACES for sign in word):
        return "it is not one word"
    if not conditions.matches(word):
        return "it is not written so"
    if word not in lexicon:
        return "I do not know it"
    return None if lexicon.is_served(word) else "I do not say it"


def all_words(lexicon: Lexicon, conditions: Conditions) -> list[str]:
    """Every word that may be shown and is written so. Reads the whole list: some 20 ms."""
    return [
        word
        for word in lexicon.levels
        if conditions.matches(word) and len(word) >= SHORTEST and lexicon.is_served(word)
    ]


def fill(
    words: Collection[str],
    lexicon: Lexicon,
    count: int,
    avoid: Collection[str],
    dice: random.Random,
) -> list[str]:
    """At most ``count`` of ``words`` that are not in ``avoid``, common ones first."""
    found: list[str] = []
    left = [word for word in words if word not in avoid]
    for rarest in (COMMON, KNOWN, max(lexicon.levels.values(), default=0)):
        tier = [word for word in left if lexicon.levels[word] <= rarest and word not in found]
        found += dice.sample(tier, min(len(tier), count - len(found)))
    return found

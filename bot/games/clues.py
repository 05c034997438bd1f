"""Whether a clue to a word gives it away."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.games.letters import plain_letters

LONGEST_CLUE = 150
"""Characters."""

_ENDINGS = (
    "ingly", "ation", "ities", "ness", "ment", "ings", "able", "ions", "ing", "ion", "ies", "ers",
    "est", "ity", "ous", "ful", "ed", "er", "es", "ly", "al", "s", "y", "e",
)  # fmt: skip
_SHORTEST_STEM = 4
_SHORTEST_ROOT = 3
_SENTENCE_END = re.compile(r"[.!?…][\"'”\u2019)\]]*\s+\S")


def is_fair(clue: str, answer: str, solutions: Iterable[str]) -> bool:
    """Whether a clue can be shown: it is one short sentence, and neither the answer, nor its stem,
    nor another solution stands in it; not forwards, not backwards, not spelled."""
    text = clue.strip()
    if len(text) > LONGEST_CLUE or len(text.splitlines()) > 1 or _SENTENCE_END.search(text):
        return False
    words = [plain_letters(word) for word in re.findall(r"\S+", text)]
    run_together = "".join(words)
    if not run_together:
        return False
    roots = {_root(word) for word in words}
    for word in {answer, *solutions}:
        if word in words or word[::-1] in words or _root(word) in roots:
            return False
        stem = stem_of(word)
        if any(written.startswith(stem) for written in words if len(stem) >= _SHORTEST_STEM):
            return False
        # Spelled with spaces, dots or hyphens between its letters.
        if len(word) >= _SHORTEST_STEM and (word in run_together or word[::-1] in run_together):
            return False
    return True


def stem_of(word: str) -> str:
    """What stays of a word without its ending: roughly, and rather too short than too long."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            stem = word.removesuffix(ending)
            is_doubled = len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2]
            return stem[:-1] if is_doubled else stem
    return word


def _root(word: str) -> str:
    """The same for "bake" and "baking", for "happy" and "happiness"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_ROOT:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > _SHORTEST_ROOT and word[-1] in "iye" else word

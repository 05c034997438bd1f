"""What the bot says, in the language of those who read it.

A :class:`Sentence` is a ``str`` in English that can also be spoken in another language. It goes
wherever a string goes, through errors too, and is translated where it leaves for Discord. The
translations stand in one file a language, beside this one.
"""

from __future__ import annotations

from bot.language.catalog import ENGLISH, LANGUAGES, Catalog, catalog, language_of, load_catalogs
from bot.language.sentence import (
    Sentence,
    changed,
    figure,
    from_json,
    joined,
    percent,
    phrase,
    plural,
    retold,
    spoken,
    to_json,
)

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Catalog",
    "Sentence",
    "catalog",
    "changed",
    "figure",
    "from_json",
    "joined",
    "language_of",
    "load_catalogs",
    "percent",
    "phrase",
    "plural",
    "retold",
    "spoken",
    "to_json",
]

"""The files of translations: what each English sentence and each command is in a language."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

ENGLISH = "en"
LANGUAGES = ("de", "es", "fr", "pt")
"""Those that there is a file of."""

_ONE_UP_TO = {"fr": 1, "pt": 1}
"""Languages that count nothing like one thing (CLDR, plural rules); in others only 1 is one."""

_SEPARATORS = {ENGLISH: ",", "de": ".", "es": "\u00a0", "fr": "\u202f", "pt": "."}
"""Between the thousands of a number."""

_PERCENT = {"de": "\u00a0%", "es": "\u00a0%", "fr": "\u202f%"}
"""How a percentage ends; elsewhere in a mere sign."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """One language. What it lacks is said in English."""

    language: str
    commands: Mapping[str, str] = field(default_factory=dict)
    """What a command, a group or a menu's entry is called, by its English path: the last word of
    ``trivia start`` alone, as each group has its own entry."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Of commands, by their English name."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What an option lets people choose from, such as ``easy``, by the English word."""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    """Of commands, groups and options, by their English text."""
    sentences: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    """By English template; one that counts has the forms ``one`` and ``other``."""

    def template(self, english: str, count: int | None = None) -> str | None:
        """The translation of a template, in the form that goes with ``count``."""
        found = self.sentences.get(english)
        if found is None or isinstance(found, str):
            return found
        return found["one" if self.is_one(count or 0) else "other"]

    def is_one(self, count: int) -> bool:
        """Whether so many things take the form of one."""
        return count == 1 or (count == 0 and self.language in _ONE_UP_TO)

    def command(self, qualified_name: str) -> str:
        """How a command is typed that is ``trivia start`` in English. A word after it is what one
        of its options lets people choose, such as ``on``."""
        words = qualified_name.split(" ")
        paths = (" ".join(words[: end + 1]) for end in range(len(words)))
        return " ".join(
            self.commands.get(path) or self.choices.get(word, word)
            for path, word in zip(paths, words, strict=True)
        )

    def number(self, value: int) -> str:
        """With a mark between the thousands."""
        return f"{value:,}".replace(",", _SEPARATORS[self.language])

    def percent(self, share: float) -> str:
        """A share of 1, in whole hundredths."""
        return f"{share * 100:.0f}{_PERCENT.get(self.language, '%')}"


def language_of(locale: str) -> str:
    """The language of a locale of Discord's, such as ``es-419``; English if we do not speak it."""
    language = locale.split("-", maxsplit=1)[0]
    return language if language in LANGUAGES else ENGLISH


@functools.cache  # files of the package, which do not change while it runs
def catalog(language: str) -> Catalog:
    """The file of a language of :data:`LANGUAGES`, read the first time; English has none."""
    if language not in LANGUAGES:
        return Catalog(ENGLISH)
    file = resources.files(__package__) / f"{language}.toml"
    return Catalog(language, **tomllib.loads(file.read_text("utf-8")))


def load_catalogs() -> None:
    """Read all files, some 0.1 s: off the event loop, before anybody is spoken to."""
    for language in LANGUAGES:
        catalog(language)

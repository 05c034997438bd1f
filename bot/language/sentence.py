"""Sentences that know how they are said in other languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from bot.language.catalog import ENGLISH, catalog

_HOLE = re.compile(r"\{(\w+)\}")
_COMMAND = re.compile(r"`/([a-z][a-z -]*)")
"""In backticks, as templates and their translations alike have it: in English."""


class Sentence(str):
    """The English text as a string, and the same in other languages on demand.

    ``str()`` of it, and of an exception made with it, is the sentence itself. What is derived from
    it as from any string, by a slice or an f-string, is English; :func:`joined` and
    :func:`changed` keep the languages.
    """

    __slots__ = ("_tell",)
    _tell: Callable[[str], str]

    def __new__(cls, tell: Callable[[str], str]) -> Sentence:
        """``tell`` gives the text in a language."""
        self = super().__new__(cls, tell(ENGLISH))
        self._tell = tell
        return self

    def spoken(self, language: str) -> str:
        """The text in a language; in English where there is no translation."""
        return self._tell(language)

    def __str__(self) -> str:
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """A copy, as for another process, is the English text."""
        return str, (self[:],)


def phrase(template: str, /, **holes: object) -> Sentence:
    """A sentence with ``{holes}``, which are filled once: what they hold is never a template.

    ``template`` stands literally in every file of translations. A command in backticks is named as
    the reader's Discord names it.
    """

    def tell(language: str) -> str:
        return _filled(catalog(language).template(template) or template, holes, language)

    return Sentence(tell)


def plural(one: str, other: str, count: int, /, **holes: object) -> Sentence:
    """A sentence that depends on a number, which is its hole ``{count}``.

    ``other`` stands in the files of translations, with the forms that the language has.
    """
    english = one if count == 1 else other
    filling = {"count": number(count), **holes}

    def tell(language: str) -> str:
        return _filled(catalog(language).template(other, count) or english, filling, language)

    return Sentence(tell)


def retold(text: str) -> Sentence:
    """A sentence without holes that came as mere text, such as from another process."""
    return Sentence(lambda language: catalog(language).template(text) or text)


def joined(parts: Iterable[str], between: str = "\n") -> Sentence:
    """Several texts as one, like ``str.join``; what is no :class:`Sentence` stays as it is."""
    kept = tuple(parts)
    return Sentence(
        lambda language: spoken(between, language).join(spoken(part, language) for part in kept)
    )


def changed(text: str, change: Callable[[str], str]) -> Sentence:
    """A text to which something is done in whatever language it is spoken."""
    return Sentence(lambda language: change(spoken(text, language)))


def number(value: int) -> Sentence:
    """A number with a mark between the thousands: 1,234 or 1.234."""
    return Sentence(lambda language: catalog(language).number(value))


def percent(share: float) -> Sentence:
    """A share of 1 in whole hundredths."""
    return Sentence(lambda language: catalog(language).percent(share))


def spoken(text: str, language: str) -> str:
    """A text in a language; what is no :class:`Sentence` stays as it is."""
    return text.spoken(language) if isinstance(text, Sentence) else text


def _filled(template: str, holes: Mapping[str, object], language: str) -> str:
    def fill(hole: re.Match[str]) -> str:
        held = holes.get(hole[1], hole[0])
        return spoken(held if isinstance(held, str) else str(held), language)

    def typed(command: re.Match[str]) -> str:
        return f"`/{catalog(language).command(command[1])}"

    return _HOLE.sub(fill, _COMMAND.sub(typed, template))

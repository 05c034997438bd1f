"""Sentences that know how they are said in other languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bot.language.catalog import ENGLISH, catalog

Json = str | int | None | dict[str, "Json"]

_LONGEST = 4_000
"""Characters of a sentence that came from another process."""

_HOLE = re.compile(r"\{(\w+)\}")
_COMMAND = re.compile(r"`/([a-z][a-z -]*)")
"""In backticks, as templates and their translations alike have it: in English."""


@dataclass(frozen=True, slots=True)
class _Parts:
    template: str
    holes: Mapping[str, object]
    one: str | None = None
    """The template for one, where it counts."""
    count: int = 0
    """A number by itself has no template."""


class Sentence(str):
    """The English text as a string, and the same in other languages on demand.

    ``str()`` of it, and of an exception made with it, is the sentence itself. What is derived from
    it as from any string, by a slice or an f-string, is English; :func:`joined` and
    :func:`changed` keep the languages.
    """

    __slots__ = ("_parts", "_tell")
    _tell: Callable[[str], str]
    _parts: _Parts | None

    def __new__(cls, tell: Callable[[str], str], parts: _Parts | None = None) -> Sentence:
        """``tell`` gives the text in a language."""
        self = super().__new__(cls, tell(ENGLISH))
        self._tell = tell
        self._parts = parts
        return self

    @property
    def parts(self) -> _Parts | None:
        """What it was made of, where it was made of a template."""
        return self._parts

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

    return Sentence(tell, _Parts(template, holes))


def plural(one: str, other: str, count: int, /, **holes: object) -> Sentence:
    """A sentence that depends on a number, which is its hole ``{count}``.

    ``other`` stands in the files of translations, with the forms that the language has.
    """
    english = one if count == 1 else other
    filling = {"count": figure(count), **holes}

    def tell(language: str) -> str:
        return _filled(catalog(language).template(other, count) or english, filling, language)

    return Sentence(tell, _Parts(other, holes, one, count))


def retold(text: str) -> Sentence:
    """A sentence without holes that came as mere text, such as from another process."""
    return Sentence(lambda language: catalog(language).template(text) or text)


def to_json(text: str) -> Json:
    """A text for another process, which can still be spoken in any language there."""
    parts = text.parts if isinstance(text, Sentence) else None
    if parts is None:
        return text[:]
    holes: dict[str, Json] = {
        name: to_json(held if isinstance(held, str) else str(held))
        for name, held in parts.holes.items()
    }
    return {"template": parts.template, "holes": holes, "one": parts.one, "count": parts.count}


def from_json(value: object, *, deepest: int = 8) -> str:
    """What :func:`to_json` made; of anything else, its text. Who sent it is not trusted with more
    than the text could do: what goes deeper or grows longer than any sentence is cut off.

    Args:
        value: As ``json.loads`` gave it.
        deepest: How many sentences may stand inside each other.
    """
    if not isinstance(value, dict):
        return str(value)[:_LONGEST]
    if deepest == 0:
        return "…"
    template, one = str(value.get("template"))[:_LONGEST], value.get("one")
    given, count = value.get("holes"), value.get("count")
    if template == "" and isinstance(count, int):
        return figure(count)
    given = given if isinstance(given, dict) else {}
    holes = {str(name): from_json(held, deepest=deepest - 1) for name, held in given.items()}
    if isinstance(one, str) and isinstance(count, int):
        holes.pop("count", None)
        sentence = plural(one[:_LONGEST], template, count, **holes)
    else:
        sentence = phrase(template, **holes)
    # Holes can stand in a template often, so that what is in them would multiply at each level.
    return sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST]


def joined(parts: Iterable[str], between: str = "\n") -> Sentence:
    """Several texts as one, like ``str.join``; what is no :class:`Sentence` stays as it is."""
    kept = tuple(parts)
    return Sentence(
        lambda language: spoken(between, language).join(spoken(part, language) for part in kept)
    )


def changed(text: str, change: Callable[[str], str]) -> Sentence:
    """A text to which something is done in whatever language it is spoken."""
    return Sentence(lambda language: change(spoken(text, language)))


def figure(value: int) -> Sentence:
    """A number with a mark between the thousands: 1,234 or 1.234."""
    return Sentence(lambda language: catalog(language).number(value), _Parts("", {}, None, value))


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

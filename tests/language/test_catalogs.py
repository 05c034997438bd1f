"""Every sentence of the bot is there in every language, and its holes with it."""

from __future__ import annotations

import re

import pytest

from bot.language import LANGUAGES, catalog
from tests.support.templates import Template, templates

_HOLE = re.compile(r"\{(\w+)\}")
_COMMAND = re.compile(r"`/[a-z][a-z ]*`")

_EITHER = {
    # A language writes the place in line as "3rd", or as "3." or "3º".
    "ordinal": "place",
    # And days as "02" or as "2".
    "two_digits": "day",
}
"""Holes that a language may use in place of each other."""

TEMPLATES = {template.text: template for template in templates()}


def holes(text: str) -> set[str]:
    return {_EITHER.get(hole, hole) for hole in _HOLE.findall(text)}


def test_a_sentence_counts_wherever_it_is_said_or_nowhere() -> None:
    kinds = {(template.text, template.counts) for template in templates()}
    assert len(kinds) == len(TEMPLATES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_and_none_is_left_over(language: str) -> None:
    said = catalog(language).sentences
    assert {text: TEMPLATES[text].place for text in TEMPLATES.keys() - said.keys()} == {}
    assert said.keys() - TEMPLATES.keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.text[:40])
def test_what_is_filled_in_is_the_same(template: Template, language: str) -> None:
    said = catalog(language).sentences[template.text]
    if template.counts:
        assert not isinstance(said, str)
        assert said.keys() == {"one", "other"}
        # One may be told without its number: "a minute".
        assert holes(said["one"]) | {"count"} == holes(template.text) | {"count"}
        assert holes(said["other"]) == holes(template.text)
        forms = list(said.values())
    else:
        assert isinstance(said, str)
        assert holes(said) == holes(template.text)
        forms = [said]
    for form in forms:
        assert form.strip() != ""
        assert sorted(_COMMAND.findall(form)) == sorted(_COMMAND.findall(template.text))
        assert form.count("`") == template.text.count("`")
        assert form.count("**") == template.text.count("**")

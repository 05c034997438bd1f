"""Every sentence of the bot is there in every language, and its holes with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

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


@cache
def known() -> dict[str, Template]:
    """Every sentence in the code, by its English text."""
    return {template.text: template for template in templates()}


def holes(text: str) -> set[str]:
    return {_EITHER.get(hole, hole) for hole in _HOLE.findall(text)}


def test_a_sentence_counts_wherever_it_is_said_or_nowhere() -> None:
    kinds = {(template.text, template.counts) for template in templates()}
    assert len(kinds) == len(known())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_and_none_is_left_over(language: str) -> None:
    said = catalog(language).sentences
    assert {text: known()[text].place for text in known().keys() - said.keys()} == {}
    assert said.keys() - known().keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_filled_in_is_the_same(language: str) -> None:
    said = catalog(language).sentences
    wrong = {
        template.text: said[template.text]
        for template in known().values()
        if not all(
            fits(form, template, may_leave_out)
            for form, may_leave_out in forms(said[template.text], template)
        )
    }
    assert wrong == {}


def forms(said: str | Mapping[str, str], template: Template) -> list[tuple[str, set[str]]]:
    """What a language says, and the holes that may be missing there."""
    if isinstance(said, str):
        assert not template.counts, template.text
        return [(said, set())]
    assert said.keys() == {"one", "other"}, template.text
    assert template.counts, template.text
    # One may be told without its number: "a minute".
    return [(said["one"], {"count"}), (said["other"], set())]


def fits(form: str, template: Template, may_leave_out: set[str]) -> bool:
    return (
        form.strip() != ""
        and holes(form) | may_leave_out == holes(template.text) | may_leave_out
        and sorted(_COMMAND.findall(form)) == sorted(_COMMAND.findall(template.text))
        and form.count("`") == template.text.count("`")
        and form.count("**") == template.text.count("**")
    )

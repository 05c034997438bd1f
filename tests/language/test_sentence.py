"""A sentence is its English text, and the same in another language where it is spoken."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import QueueFull
from bot.language import (
    Catalog,
    Sentence,
    changed,
    figure,
    from_json,
    joined,
    language_of,
    percent,
    phrase,
    plural,
    retold,
    sentence,
    spoken,
    to_json,
)

GERMAN = Catalog(
    "de",
    commands={"trivia": "trivia", "trivia start": "starten"},
    sentences={
        "{name} asks {what}.": "{what} fragt {name}.",
        "{count} apple in {place}": {"one": "wrong", "other": "wrong"},
        "{count} apples in {place}": {"one": "ein Apfel in {place}", "other": "{count} Äpfel"},
        "Over. `/trivia start` begins a new one.": "Aus. `/trivia start` beginnt neu.",
        "a tree": "ein Baum",
    },
)


@pytest.fixture(autouse=True)
def speaks_german(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogs = {"de": GERMAN, "fr": Catalog("fr"), "en": Catalog("en")}
    monkeypatch.setattr(sentence, "catalog", catalogs.__getitem__)


def test_it_is_its_english_text_wherever_a_string_goes() -> None:
    said = phrase("{name} asks {what}.", name="Ada", what=phrase("a tree"))
    assert said == "Ada asks a tree."
    assert str(QueueFull(said)) == "Ada asks a tree."
    assert f"{said}" == "Ada asks a tree."
    assert pickle.loads(pickle.dumps(said)) == "Ada asks a tree."  # noqa: S301 - our own


def test_what_fills_it_is_spoken_in_the_same_language() -> None:
    said = phrase("{name} asks {what}.", name="Ada", what=phrase("a tree"))
    assert said.spoken("de") == "ein Baum fragt Ada."
    assert str(QueueFull(said)) == "Ada asks a tree."
    error = QueueFull(said)
    assert spoken(str(error), "de") == "ein Baum fragt Ada."


def test_where_there_is_no_translation_it_is_said_in_english() -> None:
    assert phrase("{name} asks {what}.", name="Ada", what="this").spoken("fr") == "Ada asks this."
    assert spoken("no sentence", "de") == "no sentence"
    assert [language_of(locale) for locale in ("es-419", "pt-BR", "de", "ja", "en-GB")] == [
        "es",
        "pt",
        "de",
        "en",
        "en",
    ]


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (0, "0 apples in Rome", "0 Äpfel"),
        (1, "1 apple in Rome", "ein Apfel in Rome"),
        (1234, "1,234 apples in Rome", "1.234 Äpfel"),
    ],
)
def test_what_is_counted_has_the_form_that_goes_with_the_number(
    count: int, english: str, german: str
) -> None:
    said = plural("{count} apple in {place}", "{count} apples in {place}", count, place="Rome")
    assert (said, said.spoken("de")) == (english, german)


def test_a_command_is_named_as_the_menu_names_it() -> None:
    said = phrase("Over. `/trivia start` begins a new one.")
    assert said.spoken("de") == "Aus. `/trivia starten` beginnt neu."


def test_several_stay_spoken_when_they_are_put_together() -> None:
    said = changed(joined(["-", phrase("a tree"), figure(1000), percent(0.25)], " "), str.upper)
    assert said == "- A TREE 1,000 25%"
    assert said.spoken("de") == "- EIN BAUM 1.000 25\u00a0%"


@given(st.text(), st.text())
def test_what_fills_a_hole_is_never_a_template(name: str, what: str) -> None:
    said = phrase("{name} asks {what}.", name=name, what=what)
    assert said == f"{name} asks {what}."
    assert said.spoken("de") == f"{what} fragt {name}."


_TEXTS = st.one_of(
    st.text(),
    st.builds(lambda name: phrase("{name} asks {what}.", name=name, what="x"), st.text()),
    st.builds(
        lambda count: plural(
            "{count} apple in {place}", "{count} apples in {place}", count, place="x"
        ),
        st.integers(0, 5000),
    ),
    st.builds(figure, st.integers(0, 10**6)),
)


@given(_TEXTS, _TEXTS)
def test_another_process_hears_the_same_in_every_language(name: str, what: str) -> None:
    said = phrase("{name} asks {what}.", name=name, what=what)
    heard = from_json(json.loads(json.dumps(to_json(said))))
    assert isinstance(heard, Sentence)
    assert (heard, heard.spoken("de")) == (said, said.spoken("de"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["template", "holes", "one", "count", "x"]), inner)
        ),
    )
)
def test_whatever_another_process_says_is_taken_for_a_text(value: object) -> None:
    assert isinstance(from_json(value), str)


def test_what_another_process_says_does_not_multiply() -> None:
    value: object = "x" * 100
    for _ in range(8):
        value = {"template": "{a}" * 100, "holes": {"a": value}}
    assert len(from_json(value)) == 4_000
    for _ in range(500):
        value = {"template": "{a}", "holes": {"a": value}}
    assert from_json(value) == "…"


def test_a_text_that_came_by_itself_is_recognised() -> None:
    assert retold("a tree").spoken("de") == "ein Baum"
    assert retold("a tree {x}").spoken("de") == "a tree {x}"

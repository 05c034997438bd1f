"""Lists of words: what is asked for, what is in the list of words, and what counts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AirocordError
from bot.games.letters import PLACES
from bot.games.lexicon import Lexicon
from bot.games.wordlists import (
    Conditions,
    ConditionsRefused,
    all_words,
    fill,
    read_conditions,
    refusal,
)

SMALL = Lexicon.of(
    {"a": 10, "enter": 10, "end": 20, "ensue": 40, "enate": 70, "tent": 10, "endarn": 20},
    rude=["endarn"],
)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (("EN", "", ""), Conditions(starts="en")),
        (("", " ed ", "É"), Conditions(ends="ed", contains="e")),
        (("e\u0301", "", ""), Conditions(starts="e")),
        (("", "", "a b c"), Conditions(contains="abc")),
        (("", "", ""), Conditions()),
    ],
)
def test_conditions_are_read_as_letters(typed: tuple[str, str, str], read: Conditions) -> None:
    assert read_conditions(*typed) == read


@pytest.mark.parametrize("text", ["3", "a1", "don't", "e*", "слово", "🙂", "a\x00", "a" * 16])
@pytest.mark.parametrize("name", ["starts", "ends", "contains"])
def test_anything_but_letters_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ConditionsRefused, match=f"For {name}, please give") as refused:
        read_conditions(**{name: text})
    assert isinstance(refused.value, AirocordError)


@given(st.text(), st.text(), st.text())
def test_whatever_is_typed_is_read_or_refused(starts: str, ends: str, contains: str) -> None:
    try:
        read = read_conditions(starts, ends, contains)
    except ConditionsRefused:
        return
    assert set(read.starts + read.ends + read.contains) <= PLACES.keys()


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (Conditions(starts="en"), ["enter", "end", "ensue", "enate"]),
        (Conditions(ends="t"), ["tent"]),
        (Conditions(contains="nt"), ["enter", "tent"]),
        (Conditions(starts="e", ends="e", contains="ns"), ["ensue"]),
        (Conditions(starts="x"), []),
        (Conditions(), ["enter", "end", "ensue", "enate", "tent"]),
    ],
)
def test_every_word_that_is_written_so_is_there_and_none_that_is_rude(
    conditions: Conditions, words: list[str]
) -> None:
    assert sorted(all_words(SMALL, conditions)) == sorted(words)


def test_a_single_letter_is_no_word_of_a_list() -> None:
    assert "a" in SMALL
    assert refusal("a", SMALL, Conditions(starts="a")) == "it is not one word"
    assert all_words(SMALL, Conditions(starts="a")) == []


def test_conditions_are_said_in_words() -> None:
    assert str(Conditions(starts="en", ends="ed")) == "that start with EN and end with ED"
    assert str(Conditions(contains="qu")) == "that contain QU"
    assert str(Conditions()) == ""


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("enter", None),
        (" Enter ", None),
        ("tent", "it is not written so"),
        ("enxyz", "I do not know it"),
        ("endarn", "I do not say it"),
        ("end of it", "it is not one word"),
        ("en-ter", "it is not one word"),
        ("1. enter", "it is not one word"),
        ("", "it is not one word"),
        ("énter", "it is not one word"),
    ],
)
def test_an_entry_of_a_list_counts_or_is_told_why_not(entry: str, why: str | None) -> None:
    assert refusal(entry, SMALL, Conditions(starts="en")) == why


@given(st.integers(0, 6), st.sets(st.sampled_from(sorted(SMALL.levels))), st.integers())
def test_a_list_is_filled_with_common_words_first(count: int, avoid: set[str], seed: int) -> None:
    written = all_words(SMALL, Conditions(starts="en"))

    found = fill(written, SMALL, count, avoid, random.Random(seed))

    left = [word for word in written if word not in avoid]
    assert len(found) == len(set(found)) == min(count, len(left))
    assert set(found) <= set(left)
    usual = [word for word in left if SMALL.levels[word] <= 35]
    assert set(found[: len(usual)]) <= set(usual)


def test_the_list_of_words_gives_what_was_asked_for(words: Lexicon) -> None:
    conditions = Conditions(starts="en", ends="ed")
    written = all_words(words, conditions)

    found = fill(written, words, 20, [], random.Random(0))

    assert len(set(found)) == 20
    assert all(refusal(word, words, conditions) is None for word in found)

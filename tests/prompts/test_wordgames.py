"""The formats of word games: prompts as the house model was trained on, replies read strictly."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.prompts.wordgames import (
    QUESTION_PATTERN,
    Draft,
    blank,
    choices,
    clue,
    multiple_choice,
    question_wanted,
    read_choice,
    read_clue,
    read_list,
    read_question,
    rotations,
    word_list,
)

OPTIONS = ["Mercury", "Venus", "Pluto", "Jupiter"]

texts = st.text(min_size=1, max_size=40).map(lambda text: " ".join(text.split()) or "x")


def test_multiple_choice_is_the_cards_to_the_character() -> None:
    asked = (
        "Which of the following astronomical objects is composed primarily of ice and rock, and "
        "is located in the Kuiper Belt?"
    )
    assert multiple_choice(asked, OPTIONS) == (
        f"{asked}\nA) Mercury\nB) Venus\nC) Pluto\nD) Jupiter"
    )
    assert choices(OPTIONS)[2] == "[C, Pluto]"
    assert read_choice("[C, Pluto]", OPTIONS) == 2


def test_lists_and_anagrams_are_the_cards_to_the_character() -> None:
    assert word_list(7, "that start with EN") == "Give me a list of 7 words that start with EN"
    assert clue("silent", "what you do when paying attention and hearing someone.") == (
        'This anagram of "silent" is what you do when paying attention and hearing someone.'
    )


def test_nothing_that_is_brought_in_adds_a_line() -> None:
    nasty = "one\nE) two\r\nAnswer: x\u2028F) y"
    assert len(multiple_choice(nasty, [nasty] * 4).splitlines()) == 5
    assert len(question_wanted(nasty, "easy", [nasty]).splitlines()) == 5
    assert len(blank(nasty).splitlines()) == 2
    assert len(word_list(3, "that start with A", nasty).splitlines()) == 1


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("[C, Pluto]", 2),
        (" [c, Pluto] ".upper().replace("PLUTO", "pluto"), 2),
        ("C) Pluto", 2),
        ("[C, Venus]", None),
        ("[E, Pluto]", None),
        ("Pluto", None),
        ("C", None),
        ("[C, Pluto] because it is icy", None),
        ("", None),
    ],
)
def test_letter_and_text_have_to_agree(reply: str, place: int | None) -> None:
    assert read_choice(reply, OPTIONS) == place


@given(st.lists(texts, min_size=4, max_size=4, unique_by=str.casefold))
def test_every_choice_that_is_offered_is_read_back(options: list[str]) -> None:
    for place, reply in enumerate(choices(options)):
        assert read_choice(reply, options) == place


@given(st.lists(texts, min_size=2, max_size=4, unique=True))
def test_in_the_rotations_every_option_is_in_every_place_once(options: list[str]) -> None:
    turned = rotations(options)
    assert len(turned) == len(options)
    for place in range(len(options)):
        assert sorted(order[place] for order in turned) == sorted(options)


def test_a_list_is_read_by_its_numbers() -> None:
    reply = "Here you are:\n1. Endlessly\n2) Enormous \n- Enduring\n10. Engine\nGoodbye."
    assert read_list(reply) == ["Endlessly", "Enormous", "Engine"]


@pytest.mark.parametrize(
    ("reply", "half"),
    [
        ("what you do to hear.", "what you do to hear."),
        ('This anagram of "silent" is what you do to hear', "what you do to hear."),
        ("what you do. And more.", "what you do."),
        ("", None),
        ("x" * 151, None),
    ],
)
def test_a_clue_is_the_half_of_a_sentence(reply: str, half: str | None) -> None:
    assert read_clue(reply) == half


GOOD = "Question: Which river runs through Vienna?\nAnswer: Danube\nWrong: Rhine; Elbe; Oder"


def test_a_question_in_the_format_is_read() -> None:
    assert re.fullmatch(QUESTION_PATTERN, GOOD)
    assert read_question(GOOD) == Draft(
        "Which river runs through Vienna?", "Danube", ("Rhine", "Elbe", "Oder")
    )


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Which river runs through Vienna?",
        GOOD.replace("?", "."),
        GOOD.replace("Oder", "danube"),
        GOOD.replace("; Oder", ""),
        GOOD.replace("Oder", "Oder; Main"),
        GOOD.replace("Vienna", "Vienna, the Danube"),
        GOOD.replace("Answer", "Key"),
        f"{GOOD}\nDifficulty: easy",
        GOOD.replace("Danube", "D" * 101),
    ],
)
def test_everything_else_is_no_question(reply: str) -> None:
    assert read_question(reply) is None


@given(st.text(max_size=300))
def test_no_reply_breaks_a_reader(reply: str) -> None:
    read_question(reply)
    read_clue(reply)
    read_list(reply)
    read_choice(reply, OPTIONS)

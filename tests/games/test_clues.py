"""A clue is shown only where it does not give its word away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.games.clues import LONGEST_CLUE, is_fair


@pytest.mark.parametrize(
    ("clue", "answer"),
    [
        ("This anagram of LEPNAT is what you stand on.", "planet"),
        ("This is what you do when you are tired", "sleep"),
        ("Something that you look through, and that needs cleaning!", "window"),
        ("Is it what a king wears?", "crown"),
        ("It costs 3.50 at the bakery.", "bread"),
        ("  A person who sails.  ", "captain"),
    ],
)
def test_a_clue_in_one_short_sentence_is_fair(clue: str, answer: str) -> None:
    assert is_fair(clue, answer, [answer])


@pytest.mark.parametrize(
    "clue",
    [
        "A planet goes round a star",
        "PLANET, that is it",
        "Not a star but a “planet”.",
        "Many planets go round it",
        "Of planetary size",
        "It is p l a n e t, of course",
        "It is p.l.a.n.e.t, of course",
        "It is P-L-A-N-E-T, of course",
        "It is pla net, of course",
        "It is plánèt, of course",
        "It is p\u200bl\u00ada\u200bnet, of course",
        "It is \uff50\uff4c\uff41\uff4e\uff45\uff54, of course",
        "Backwards it is tenalp",
        "Backwards it is t e n a l p",
        "Backwards it is T-E-N-A-L-P",
        "An interplanetary thing",
        "Earth is **planet** number three",
    ],
)
def test_a_clue_with_the_answer_in_any_guise_is_not(clue: str) -> None:
    assert not is_fair(clue, "planet", ["planet"])


@pytest.mark.parametrize(
    ("clue", "answer"),
    [
        ("Someone who teaches", "teacher"),
        ("What a runner does", "running"),
        ("When a cook has baked", "baking"),
        ("A cook is baking it", "baked"),
        ("Who makes others happy", "happiness"),
        ("What makes happiness", "happy"),
        ("He carried it", "carry"),
        ("A swimmer does it", "swimming"),
        ("To hope for much", "hopeful"),
        ("To move quickly", "quick"),
        ("The kindness of a friend", "kind"),
    ],
)
def test_a_clue_with_another_form_of_the_answer_is_not(clue: str, answer: str) -> None:
    assert not is_fair(clue, answer, [answer])


@pytest.mark.parametrize("clue", ["Not a cat but more", "C.A.T.", "A tac on the wall"])
def test_a_short_answer_is_found_too_but_not_by_chance_inside_words(clue: str) -> None:
    assert not is_fair(clue, "cat", ["cat"])
    assert is_fair("It scatters mice, and attracts them not", "cat", ["cat"])


@pytest.mark.parametrize("clue", ["The opposite of silent", "You tinsel a tree", "Enlists in it"])
def test_a_clue_with_another_solution_is_not(clue: str) -> None:
    solutions = ["listen", "silent", "tinsel", "enlist"]

    assert not is_fair(clue, "listen", solutions)
    assert is_fair("What you do with your ears", "listen", solutions)


@pytest.mark.parametrize(
    "clue",
    [
        "",
        "   ",
        "…",
        "123!",
        "слово",
        "x" * (LONGEST_CLUE + 1),
        "It shines. It is far.",
        "It shines! And it is far",
        "“It shines.” It is far",
        "It shines\nand is far",
        "It shines\u2028and is far",
        "What shines? The thing",
    ],
)
def test_a_clue_that_is_empty_long_or_several_sentences_is_not(clue: str) -> None:
    assert not is_fair(clue, "planet", ["planet"])


def test_a_clue_may_be_as_long_as_the_limit() -> None:
    assert is_fair("x" * LONGEST_CLUE, "planet", ["planet"])


@given(
    st.text("xyz ", max_size=40),
    st.sampled_from(["planet", "listen", "teacher"]),
    st.sampled_from(["", " ", ".", "-", "\u200b", "\u0301", " - "]),
    st.booleans(),
)
def test_the_answer_is_found_however_its_letters_are_set_apart(
    around: str, answer: str, between: str, backwards: bool
) -> None:
    spelled = between.join(answer[::-1] if backwards else answer)

    assert not is_fair(f"{around} {spelled.upper()} {around}", answer, [answer])

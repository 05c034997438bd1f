"""Letters packed into a number behave as the multisets that they stand for."""

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.games.letters import LONGEST, fits, fitting, nearly_fitting, pack, plain_letters

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
HEAPS = st.text("abcyz", max_size=LONGEST) | st.text(ALPHABET, max_size=LONGEST)


@given(HEAPS, HEAPS)
@example("a" * 15, "a" * 15)
@example("a" * 15, "a" * 14 + "b")
@example("z" * 15, "y" * 15)
@example("", "z")
def test_a_part_fits_when_every_letter_is_there_as_often(part: str, whole: str) -> None:
    assert fits(pack(part), pack(whole)) is (Counter(part) <= Counter(whole))


@given(HEAPS, HEAPS)
def test_two_heaps_are_packed_alike_when_they_have_the_same_letters(one: str, other: str) -> None:
    assert (pack(one) == pack(other)) is (Counter(one) == Counter(other))


@pytest.mark.parametrize("letter", ALPHABET)
def test_fifteen_of_one_letter_do_not_spill_into_its_neighbour(letter: str) -> None:
    heap = pack(letter * LONGEST)

    assert [one for one in ALPHABET if fits(pack(one), heap)] == [letter]
    assert fits(heap, heap)
    assert not fits(heap, pack(letter * (LONGEST - 1)))


@given(st.lists(HEAPS, max_size=8), HEAPS)
def test_fitting_picks_what_fits_and_keeps_the_order(parts: list[str], whole: str) -> None:
    packed = [pack(part) for part in parts]

    assert fitting(packed, pack(whole)) == [one for one in packed if fits(one, pack(whole))]


@given(st.lists(HEAPS, max_size=8), HEAPS, st.integers(0, 3))
def test_nearly_fitting_counts_the_different_letters_that_lack(
    parts: list[str], whole: str, missing: int
) -> None:
    expected = [part for part in parts if len(Counter(part) - Counter(whole)) <= missing]

    found = nearly_fitting([pack(part) for part in parts], pack(whole), missing)

    assert found == [pack(part) for part in expected]


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("Dormitory!", "dormitory"),
        ("Éléphant", "elephant"),
        ("e\u0301le\u0300ve", "eleve"),
        ("crème brûlée", "cremebrulee"),
        ("Straße", "strasse"),
        ("ﬁne", "fine"),
        ("\uff26\uff35\uff2c\uff2c", "full"),
        ("a\u200bb\u00adc", "abc"),
        ("route 66", "route"),
        ("слово", ""),
        ("🙂", ""),
        ("", ""),
    ],
)
def test_a_text_is_read_by_its_letters_alone(text: str, letters: str) -> None:
    assert plain_letters(text) == letters


@given(st.text())
def test_whatever_is_typed_only_small_letters_are_left(text: str) -> None:
    assert set(plain_letters(text)) <= set(ALPHABET)

"""Numbers in words, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.games.plain_text import plain

ONES = {
    0: "zero", 1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven",
    8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen",
    15: "fifteen", 16: "sixteen", 17: "seventeen", 18: "eighteen", 19: "nineteen",
}  # fmt: skip
TENS = {
    2: "twenty", 3: "thirty", 4: "forty", 5: "fifty",
    6: "sixty", 7: "seventy", 8: "eighty", 9: "ninety",
}  # fmt: skip


def in_words(number: int, joint: str) -> str:
    """The number in English; ``joint`` stands behind "hundred" and "thousand"."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            link = joint if rest < 100 else " "
            tail = f"{link}{in_words(rest, joint)}" if rest else ""
            return f"{in_words(number // size, joint)} {name}{tail}"
    raise AssertionError


@given(number=st.integers(0, 999_999_999), joint=st.sampled_from([" ", " and "]))
def test_a_number_in_words_is_the_number_in_figures(number: int, joint: str) -> None:
    said = plain(in_words(number, joint))
    assert (
        said == plain(str(number)) == plain(f"{number:,}") == plain(f"{number:,}".replace(",", " "))
    )
    assert said.numbers == (str(number),)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ten sixty-six", ("1066",)),
        ("nineteen hundred", ("1900",)),
        ("twenty twenty-one", ("2021",)),
        ("seven eleven", ("7", "11")),
        ("one two three", ("1", "2", "3")),
        ("thirty-third", ("33",)),
        ("the two hundred and first", ("201",)),
        ("twentieth one", ("20", "1")),
        ("4.5 million", ("4500000",)),
        ("2 hundred thousand", ("200000",)),
        ("1 234 567.50", ("1234567.5",)),
        ("12 34", ("12", "34")),
        ("5 minus 3", ("5", "3")),
        ("-5 to -3", ("-5", "-3")),
        ("3 - 1", ("3", "1")),
        ("2nd of 3", ("2", "3")),
        ("Louis XIV", ("14",)),
        ("Part XC", ("90",)),
        ("MCMXCIX", ("1999",)),
        ("Lv", ()),
        ("C major", ()),
        ("Lady Di", ()),
        ("Washington DC", ()),
        ("and", ()),
        ("minus", ()),
    ],
)
def test_which_numbers_a_text_has(text: str, numbers: tuple[str, ...]) -> None:
    assert plain(text).numbers == numbers

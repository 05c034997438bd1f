"""One number has one value, whatever marks a language sets into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.documents.numbers import numbers, values

GROUPS = st.sampled_from([",", ".", "'", "\u2019", " ", "\u00a0", "\u2009", "\u202f"])


def value(text: str) -> str:
    [number] = numbers(text)
    return number.value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 1.5 to 15 mg", ["1.5", "15"]),
        ("1,250.5 or 1.250,5 or 1\u202f250,5", ["1250.5"] * 3),
        ("5.00 or 5,0", ["5", "5"]),
        ("0.125 and .5, 0,000", ["0.125", "0.5", "0"]),
        ("1234.567", ["1234.567"]),
        ("1,50,000 or 12,34,567.89", ["150000", "1234567.89"]),
        ("12.05.2024, v1.2.10 at 10.0.0.1", ["12.05.2024", "1.2.10", "10.0.0.1"]),
        ("pages 3,5,7 and 10-20.", ["3", "5", "7", "10", "20"]),
        ("10,000\u201312,000", ["10000", "12000"]),
        ("in 2020 5 of 12", ["2020", "5", "12"]),
        ("call 030 5", ["030", "5"]),
        ("1.000,- each", ["1000"]),
        ("none", []),
    ],
)
def test_numbers_of_a_text(text: str, found: list[str]) -> None:
    assert [number.value for number in numbers(text)] == found


@given(st.integers(1_000, 10**15), GROUPS)
def test_a_number_is_the_same_with_marks_between_its_thousands(number: int, mark: str) -> None:
    assert value(f"{number:,}".replace(",", mark)) == value(f"{number}") == f"{number}"


@given(st.integers(0, 10**9), st.text("0123456789", min_size=1, max_size=6), GROUPS)
def test_a_decimal_comma_is_a_decimal_point_and_neither_is_nothing(
    whole: int, decimals: str, mark: str
) -> None:
    if len(decimals) == 3 and 0 < whole < 1000:
        return  # Thousands, as far as one can see.
    point, comma = f"{whole}.{decimals}", f"{whole},{decimals}"
    assert value(point) == value(comma)
    assert value(point) != value(f"{whole}{decimals}")
    if mark not in ".,":
        assert value(f"{whole:,}.{decimals}") == value(point)
        assert value(f"{whole:,}".replace(",", mark) + f",{decimals}") == value(point)


@given(st.integers(1, 999), st.integers(100, 999))
def test_a_space_stands_between_thousands_or_between_numbers(first: int, second: int) -> None:
    [number] = numbers(f"{first} {second}")
    for known in (f"{first}{second}", f"{first},{second}", f"{second} then {first}"):
        assert number.stands_in(values(known))
    assert not number.stands_in(values(f"{first + 1} alone"))
    for told in (f"{first}{second}", f"{first}", f"{second}"):
        assert all(one.stands_in(values(f"{first} {second}")) for one in numbers(told))


@given(st.text("0123456789.,' \u00a0-", max_size=40))
def test_every_text_holds_its_own_numbers_and_every_digit_is_in_one(text: str) -> None:
    found = list(numbers(text))
    assert all(number.stands_in(values(text)) for number in found)
    assert bool(found) == any(char.isdecimal() for char in text)

"""Stop strings are never seen, however a reply is cut into pieces."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generation.stops import StopFilter


def shown(pieces: Iterable[str], stop: Iterable[str]) -> list[str]:
    """What each piece makes appear, and last what the end does."""
    stops = StopFilter(tuple(stop))
    steps = [stops.feed(piece) for piece in pieces]
    return [*steps, stops.flush()]


def expected(text: str, stop: Iterable[str]) -> str:
    starts = [text.find(string) for string in stop if string]
    found = [start for start in starts if start >= 0]
    return text[: min(found)].lstrip() if found else text.lstrip()


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """A text of few letters, so that stop strings, parts of them and overlaps are common."""
    text = draw(st.text(alphabet="ab: \n", max_size=40))
    stop = draw(st.lists(st.text(alphabet="ab: \n", max_size=5), max_size=4))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=10)))
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges)], stop


@given(cut_texts())
def test_the_reply_is_the_text_before_the_first_stop_string_however_it_is_cut(
    case: tuple[list[str], list[str]],
) -> None:
    pieces, stop = case
    steps = shown(pieces, stop)
    reply = "".join(steps)
    assert reply == expected("".join(pieces), stop)
    assert not any(string in reply for string in stop if string)


@given(cut_texts())
def test_what_was_shown_is_never_taken_back(case: tuple[list[str], list[str]]) -> None:
    pieces, stop = case
    final = expected("".join(pieces), stop)
    so_far = ""
    for step in shown(pieces, stop):
        so_far += step
        assert final.startswith(so_far)


@given(cut_texts())
def test_nothing_is_held_back_that_cannot_become_a_stop_string(
    case: tuple[list[str], list[str]],
) -> None:
    pieces, stop = case
    stops = StopFilter(stop)
    longest = max((len(string) for string in stop), default=0)
    fed = seen = ""
    for piece in pieces:
        fed += piece
        seen += stops.feed(piece)
        if not stops.stopped and seen:
            assert len(fed.lstrip()) - len(seen) < max(longest, 1)


def test_a_stop_string_in_three_pieces_never_flashes_up() -> None:
    assert shown([" Hello there. US", "E", "R: and you?"], ["USER:"]) == [
        "Hello there. ",
        "",
        "",
        "",
    ]


def test_what_only_looked_like_a_stop_string_is_shown() -> None:
    assert shown(["the US", " army"], ["USER:"]) == ["the ", "US army", ""]
    assert shown(["made in the US"], ["USER:"]) == ["made in the ", "US"]


@pytest.mark.parametrize("pieces", [["abcd"], ["a", "b", "c", "d"], ["abc", "d"]])
def test_a_stop_string_inside_a_longer_one_does_not_win_over_it(pieces: list[str]) -> None:
    assert "".join(shown(["x", *pieces, "y"], ["abcd", "bc"])) == "x"


def test_the_reply_is_over_at_the_stop_string() -> None:
    stops = StopFilter(["USER:"])
    assert stops.feed(" Yes. ") == "Yes. "
    assert not stops.stopped
    assert stops.feed("USER: no") == ""
    assert stops.stopped
    assert stops.feed("more") == ""
    assert stops.flush() == ""


def test_empty_stop_strings_stop_nothing() -> None:
    assert "".join(shown(["all ", "of it"], ["", "zzz"])) == "all of it"


def test_a_reply_of_whitespace_is_an_empty_reply() -> None:
    assert "".join(shown([" ", "\n"], [])) == ""


def test_a_reply_that_is_continued_keeps_the_space_that_it_goes_on_with() -> None:
    stops = StopFilter(["USER:"], begun=True)
    assert stops.feed(" and so on") == " and so on"

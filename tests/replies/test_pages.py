"""The words around a reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.replies.outlets import UPLOAD_LIMIT_BYTES, TextFile
from bot.replies.pages import (
    Controls,
    Shape,
    duration,
    finished_pages,
    ordinal,
    queue_line,
    running_pages,
    without_note,
)
from bot.replies.splitting import MESSAGE_LIMIT, units


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
     (21, "21st"), (22, "22nd"), (111, "111th"), (113, "113th"), (123, "123rd")],
)  # fmt: skip
def test_places_are_counted_as_people_count(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("position", "estimate_s", "line"),
    [
        (1, None, "You are next."),
        (1, 0.2, "You are next, about 5 s."),
        (3, 18.0, "You are 3rd in line, about 20 s."),
        (11, 61.0, "You are 11th in line, about 2 min."),
        (2, None, "You are 2nd in line."),
        (None, None, "You are in line; I start soon."),
    ],
)
def test_the_place_in_line_is_one_plain_sentence(
    position: int | None, estimate_s: float | None, line: str
) -> None:
    assert queue_line(position, estimate_s) == line


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "5 s"),
        (59, "60 s"),
        (61, "2 min"),
        (7200, "120 min"),
        (7201, "3 h"),
        (200_000, "3 days"),
    ],
)
def test_times_are_said_as_coarsely_as_they_are_known(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Once\n-# I ran out of room here.", "Once"),
        ("Once\n-# Sources: 1\n-# I ran out of room here.", "Once"),
        ("Once\nupon a time", "Once\nupon a time"),
        ("-# Only a note.", "-# Only a note."),
        ("One\n-# two\nthree", "One\n-# two\nthree"),
    ],
)
def test_a_note_goes_when_it_is_no_longer_true(text: str, said: str) -> None:
    assert without_note(text) == said


def test_the_note_that_says_what_a_file_is_stays_with_it() -> None:
    text = "Beginning\n-# The whole reply is in reply.md.\n-# Press Continue."
    assert without_note(text, has_file=True) == "Beginning\n-# The whole reply is in reply.md."
    assert without_note("Here it is as a file.", has_file=True) == "Here it is as a file."


@given(
    st.text(alphabet="ab `\n.🙂", max_size=100).map(lambda text: text * 60),
    st.text(alphabet="ab .", max_size=1500),
    st.integers(1, 4),
    st.booleans(),
)
def test_no_page_is_more_than_discord_takes_and_the_last_has_the_controls(
    text: str, note: str, max_pages: int, may_attach: bool
) -> None:
    shape = Shape(max_pages, may_attach)
    pages = finished_pages(text, note.strip(), shape, Controls.FINISHED)
    assert 1 <= len(pages) <= max_pages + 1
    if text.strip():
        pages += running_pages(text, shape)
    for page in pages:
        assert 0 < units(page.text) <= MESSAGE_LIMIT
        assert page.text.strip()
    assert [page.controls for page in pages].count(Controls.FINISHED) == 1


def test_a_file_is_cut_to_what_may_be_uploaded() -> None:
    file = TextFile("reply.md", "é" * UPLOAD_LIMIT_BYTES).open()
    assert len(file.fp.read()) == UPLOAD_LIMIT_BYTES

"""Long replies are cut where a reader would cut them, and stay cut there."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.replies.splitting import MESSAGE_LIMIT, SMALLEST_LIMIT, display, split, units

# Everything that has broken splitters: fences in all states of being typed, emoji made of
# several characters, combining marks, blank lines, words without end.
FRAGMENTS = st.sampled_from(
    [
        "```", "```python\n", "``", "`", "````", "\n```\n", "\n", "\n\n", " ", "  ", "\t",
        "word", "A sentence. ", "Ende! ", "x = 1\n", "    return x\n", "- item\n", "> quote\n",
        "a" * 40, "🙂", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "한국어", "句子。", "é", "py", "c++",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(FRAGMENTS, max_size=80).map("".join),
    st.text(alphabet="`a \n.é🙂", max_size=300),
    st.text(max_size=300),
)
LIMITS = st.integers(SMALLEST_LIMIT, 150)

WORDS = st.lists(
    st.text(alphabet="abcdefgh.!?äß🙂", min_size=1, max_size=12), min_size=1, max_size=60
).map(" ".join)
CODE = st.builds(
    "```{}\n{}\n```".format,
    st.sampled_from(["", "qq1", "qq2"]),
    st.lists(st.text(alphabet="xyz=()  ", min_size=1, max_size=70), min_size=1, max_size=15).map(
        "\n".join
    ),
)
DOCUMENTS = st.lists(st.one_of(WORDS, CODE), min_size=1, max_size=8).map("\n\n".join)


def visible(text: str) -> str:
    """Everything but white space and the marks of code blocks."""
    return re.sub(r"\s|```(qq\d)?", "", text)


@given(TEXTS, LIMITS)
@settings(max_examples=100)
def test_no_part_is_longer_than_the_limit_or_blank(text: str, limit: int) -> None:
    for part in split(text, limit):
        assert units(part) <= limit
        assert part.strip()


@given(TEXTS, TEXTS, LIMITS)
@settings(max_examples=300)
def test_a_part_that_is_followed_by_another_never_changes_again(
    text: str, more: str, limit: int
) -> None:
    before, after = split(text, limit), split(text + more, limit)
    assert after[: len(before[:-1])] == before[:-1]
    assert len(after) >= len(before)


@given(DOCUMENTS, LIMITS)
@settings(max_examples=100)
def test_a_reply_that_streams_in_never_moves_a_cut(text: str, limit: int) -> None:
    settled: list[str] = []
    for end in range(0, len(text) + 1, 7):
        parts = split(text[:end], limit)
        assert parts[: len(settled)] == settled
        settled = parts[:-1]


@given(DOCUMENTS, LIMITS)
@settings(max_examples=100)
def test_nothing_is_lost_or_added_but_white_space_and_fences(text: str, limit: int) -> None:
    assert "".join(map(visible, split(text, limit))) == visible(text)


@given(DOCUMENTS, LIMITS)
@settings(max_examples=100)
def test_every_part_closes_the_code_blocks_that_it_opens(text: str, limit: int) -> None:
    for part in split(text, limit):
        assert part.count("```") % 2 == 0


@given(st.lists(st.text(alphabet="xyz =()", min_size=1, max_size=50), min_size=1, max_size=40))
def test_lines_of_code_stay_as_they_were(lines: list[str]) -> None:
    lines = ["|" + line for line in lines]  # a line of spaces at a cut is white space at a cut
    parts = split("```qq1\n" + "\n".join(lines) + "\n```", 128)
    inside = [part.removeprefix("```qq1\n").removesuffix("\n```") for part in parts]
    assert "\n".join(inside).split("\n") == lines


def test_a_cut_falls_between_paragraphs_before_lines_before_sentences_before_words() -> None:
    tail = " end" * 40
    assert split("a" * 50 + "\n\n" + "One. Two\nthree" + tail, 100)[0] == "a" * 50
    assert split("a" * 50 + "\n" + "One. Two three" + tail, 100)[0] == "a" * 50
    assert split("a" * 50 + " One. Two three" + tail, 100)[0] == "a" * 50 + " One."
    assert split("a" * 50 + " one two three" + tail, 100)[0].endswith(" end")
    assert split("句" * 60 + "。" + "子" * 90, 100)[0] == "句" * 60 + "。"


def test_a_paragraph_near_the_top_does_not_leave_a_message_of_one_line() -> None:
    assert split("Hi!\n\n" + "word " * 600)[0].startswith("Hi!\n\nword")


def test_a_code_block_is_reopened_with_its_language() -> None:
    code = "\n".join(f"line_{number} = {number}" for number in range(300))
    first, second, *_ = split(f"Look:\n```python\n{code}\n```\nDone.")
    assert first.endswith("\n```")
    assert second.startswith("```python\nline_")


def test_a_code_block_that_just_fits_is_not_followed_by_an_empty_one() -> None:
    for length in range(1900, 2010):
        assert len(split("```\n" + "x" * length + "\n```")) == (1 if length <= 1992 else 2)
    for padding in range(40, 100):
        for part in split("p" * padding + " q\n```qq1\nx\ny\n```\n" + "z" * 60, 100):
            assert not re.search(r"```(qq1)?\s*```", part)

    for length in range(70, 100):
        for part in split("```qq1\n" + "x" * length + "\n```\n" + "z" * 80, 100):
            assert "```qq1\nz" not in part


@pytest.mark.parametrize("closing", ["```", "\n```", "\n\n```", "````", " ```"])
@pytest.mark.parametrize("opening", ["```\n", "See ```py\n", "- ```", "a```"])
def test_no_cut_moves_while_a_fence_is_typed_right_at_the_limit(opening: str, closing: str) -> None:
    for length in range(30, 70):
        text = opening + "x" * length + closing + "y z " * 20
        settled: list[str] = []
        for end in range(len(text) + 1):
            parts = split(text[:end], SMALLEST_LIMIT)
            assert parts[: len(settled)] == settled
            settled = parts[:-1]


def test_backticks_are_not_torn() -> None:
    for length in range(40, 70):
        for part in split("x" * length + "```q\ncode\n```" + "y" * 60, SMALLEST_LIMIT):
            assert part.count("```") % 2 == 0
            assert "`" not in part.replace("```", "")


def test_half_a_code_block_already_looks_like_one() -> None:
    assert split("```python\nx = 1") == ["```python\nx = 1\n```"]
    assert split("```python\nx = 1\n``") == ["```python\nx = 1\n```"]
    assert split("```python\nx = 1\n```") == ["```python\nx = 1\n```"]


def test_backticks_that_a_sentence_speaks_of_do_not_begin_a_code_block() -> None:
    assert split("Use ``` to quote code.") == ["Use ``` to quote code."]


def test_an_emoji_of_several_characters_is_not_torn() -> None:
    for glyph in ("👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "e\u0301"):
        for shift in range(len(glyph) * 2):
            parts = split("a" * shift + glyph * 120, 100)
            assert all(part.lstrip("a").replace(glyph, "") == "" for part in parts)


def test_emoji_count_as_the_clients_count_them() -> None:
    assert [len(part) for part in split("🙂" * 1500)] == [998, 502]


def test_blank_text_has_no_parts() -> None:
    assert split("") == split(" \n\t\n ") == []


def test_two_thousand_characters_are_one_message() -> None:
    assert split("a" * MESSAGE_LIMIT) == ["a" * MESSAGE_LIMIT]
    assert len(split("a" * (MESSAGE_LIMIT + 1))) == 2


def test_a_limit_without_room_for_fences_is_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        split("text", 10)


def test_what_discord_would_refuse_counts_as_nothing() -> None:
    assert display(" \n\u200b\u2060") == ""
    assert display("a\x00b\ud83d") == "a\ufffdb\ufffd"
    assert display("@everyone look") == "@everyone look"

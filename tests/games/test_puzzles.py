"""Puzzles keep what the rules promise: solvable, unambiguous where it matters, never rude."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.games.lexicon import COMMON, KNOWN, Lexicon
from bot.games.puzzles import Kind, Puzzles, can_be_made, hints_of
from bot.games.questions import Difficulty

SIZES = [(kind, difficulty) for kind in Kind for difficulty in Difficulty]


@pytest.mark.parametrize(("kind", "difficulty"), SIZES)
def test_drawn_puzzles_hold_every_right_word_and_show_none_that_is_rude(
    words: Lexicon, puzzles: Puzzles, kind: Kind, difficulty: Difficulty
) -> None:
    dice = random.Random(7)
    for _ in range(3):
        puzzle = puzzles.draw(kind, difficulty, dice)
        letters = Counter(puzzle.letters)
        expected = {
            word
            for word in words.levels
            if (
                3 <= len(word) <= len(puzzle.letters)
                and letters.keys() >= set(word)
                and Counter(word) <= letters
                if kind is Kind.TWIST
                else len(word) == len(puzzle.letters) and Counter(word) == letters
            )
        }
        assert puzzle.words == expected
        assert puzzle.letters not in words
        assert puzzle.answer in puzzle.words
        assert Counter(puzzle.answer) == letters
        assert set(puzzle.shown) <= puzzle.words
        assert len(set(puzzle.shown)) == len(puzzle.shown)
        assert all(map(words.is_served, puzzle.shown))
        assert not words.looks_rude(puzzle.letters)


LENGTHS_AND_RAREST = {
    (Kind.CLASSIC, Difficulty.EASY): ({5, 6}, COMMON),
    (Kind.CLASSIC, Difficulty.MEDIUM): ({6, 7, 8}, COMMON),
    (Kind.CLASSIC, Difficulty.HARD): ({8, 9, 10}, KNOWN),
    (Kind.TWIST, Difficulty.EASY): ({6}, COMMON),
    (Kind.TWIST, Difficulty.MEDIUM): ({7}, COMMON),
    (Kind.TWIST, Difficulty.HARD): ({8}, KNOWN),
    (Kind.CONUNDRUM, Difficulty.EASY): ({9}, 20),
    (Kind.CONUNDRUM, Difficulty.MEDIUM): ({9}, COMMON),
    (Kind.CONUNDRUM, Difficulty.HARD): ({9}, KNOWN),
}


@pytest.mark.parametrize(("kind", "difficulty"), SIZES)
def test_a_harder_puzzle_has_longer_or_rarer_words(
    words: Lexicon, puzzles: Puzzles, kind: Kind, difficulty: Difficulty
) -> None:
    pool = puzzles.pool(kind, difficulty)
    lengths, rarest = LENGTHS_AND_RAREST[kind, difficulty]

    assert len(pool) > 200
    assert {len(word) for word in pool} == lengths
    assert max(words.levels[word] for word in pool) <= rarest


def test_no_puzzle_has_a_rude_solution_or_is_a_word_with_an_s(
    words: Lexicon, puzzles: Puzzles
) -> None:
    for kind, difficulty in SIZES:
        for word in puzzles.pool(kind, difficulty):
            assert all(map(words.is_served, words.anagrams(word)))
            assert word.endswith("ss") or not (word.endswith("s") and word[:-1] in words)


def test_a_twist_shows_words_that_people_know_shortest_first(
    words: Lexicon, puzzles: Puzzles
) -> None:
    for seed in range(10):
        puzzle = puzzles.draw(Kind.TWIST, Difficulty.MEDIUM, random.Random(seed))
        others = puzzle.shown[1:]
        assert 12 <= len(others) <= 60
        assert all(words.levels[word] <= KNOWN for word in others)
        assert list(others) == sorted(others, key=lambda word: (len(word), word))


def test_a_word_is_not_drawn_again_before_all_have_been() -> None:
    pool = ["planet", "window", "bridge", "tulip", "garden"]
    small = Puzzles(Lexicon.of(dict.fromkeys(pool, 10)))
    dice = random.Random(3)
    used: list[str] = []
    for _ in pool:
        # Words of other sizes are avoided too: they do not count.
        avoid = [*used, *(f"other{n}" for n in range(20))]
        used.append(small.draw(Kind.CLASSIC, Difficulty.EASY, dice, avoid).answer)

    assert sorted(used) == sorted(pool)
    assert small.draw(Kind.CLASSIC, Difficulty.EASY, dice, used).answer in pool


def test_the_last_word_left_of_many_is_drawn(puzzles: Puzzles) -> None:
    *others, last = puzzles.pool(Kind.CLASSIC, Difficulty.EASY)

    drawn = puzzles.draw(Kind.CLASSIC, Difficulty.EASY, random.Random(0), others)

    assert drawn.answer == last


def test_without_a_word_for_it_there_is_no_puzzle() -> None:
    with pytest.raises(ValueError, match="no word"):
        Puzzles(Lexicon.of({})).draw(Kind.CLASSIC, Difficulty.EASY, random.Random(0))


def test_a_word_of_the_same_letters_is_right_too(puzzles: Puzzles) -> None:
    puzzle = puzzles.puzzle(Kind.CLASSIC, Difficulty.EASY, "listen", random.Random(0))

    assert puzzle is not None
    assert {"listen", "silent", "enlist", "tinsel"} <= puzzle.words
    assert puzzle.shown[0] == "listen"
    assert puzzle.letters not in puzzle.words


def test_the_puzzle_of_a_day_is_the_same_for_everyone_and_another_tomorrow(
    words: Lexicon, puzzles: Puzzles
) -> None:
    day = date(2026, 1, 1)
    days = [day + timedelta(n) for n in range(20)]

    drawn = [puzzles.daily(one) for one in days]

    assert [Puzzles(words).daily(day), puzzles.daily(day)] == [drawn[0]] * 2
    assert all(len(one.letters) == 9 and one.kind is Kind.CONUNDRUM for one in drawn)
    assert len({one.answer for one in drawn}) == len(days)


@given(st.text("abc", max_size=15), st.text("abc", max_size=15))
def test_a_word_can_be_made_where_the_letters_are_there(word: str, letters: str) -> None:
    assert can_be_made(word, letters) is (Counter(word) <= Counter(letters))


def test_hints_show_more_each_time() -> None:
    assert hints_of("planet") == ("p _ _ _ _ _", "p _ _ _ _ t", "p _ a _ e t")
    assert hints_of("cat") == ("c _ _", "c _ t")
    assert hints_of("a") == ()


@given(st.text("abcdef", min_size=1, max_size=15))
def test_no_hint_shows_the_whole_word_or_a_wrong_letter(word: str) -> None:
    texts = hints_of(word)

    assert len(set(texts)) == len(texts)
    for text in texts:
        signs = text.split(" ")
        assert len(signs) == len(word)
        assert "_" in signs
        assert all(sign in ("_", letter) for sign, letter in zip(signs, word, strict=True))

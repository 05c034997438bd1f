"""What can be made of letters: all of it, and only that, in time."""

import itertools
import random
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AirocordError
from bot.games import solver
from bot.games.letters import LONGEST
from bot.games.lexicon import Lexicon
from bot.games.solver import (
    MOST_WILDCARDS,
    LettersRefused,
    Query,
    compare,
    read_query,
    solve,
)

WORDS = st.lists(st.text("abcd", min_size=1, max_size=4), max_size=14, unique=True)
HEAPS = st.text("abcd", min_size=2, max_size=9)
NO_LIMIT = 1e9


def lexicon(words: list[str], rude: list[str] | None = None) -> Lexicon:
    return Lexicon.of(dict.fromkeys(words, 20), rude or [])


def by_hand(words: list[str], query: Query) -> set[str]:
    """One word, by trying each."""
    shape = re.compile(query.pattern.replace("?", ".") or ".*")
    return {
        word
        for word in words
        if (Counter(word) - Counter(query.letters)).total() <= query.wildcards
        and shape.fullmatch(word)
    }


@given(WORDS, HEAPS)
def test_one_word_is_found_as_by_trying_each(words: list[str], letters: str) -> None:
    query = Query(letters)

    found = solve(query, lexicon(words), limit_s=NO_LIMIT)

    assert found.is_complete
    assert list(found.found) == sorted(by_hand(words, query), key=lambda word: (-len(word), word))


@given(
    WORDS,
    st.text("abcd", min_size=1, max_size=4),
    st.integers(0, MOST_WILDCARDS),
    st.text("ab??", max_size=4),
)
def test_wildcards_and_patterns_find_as_by_trying_each(
    words: list[str], letters: str, wildcards: int, pattern: str
) -> None:
    query = Query(letters, wildcards, pattern=pattern)

    assert set(solve(query, lexicon(words)).found) == by_hand(words, query)


@given(
    st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=10, unique=True),
    st.lists(st.integers(0, 9), min_size=2, max_size=3),
)
def test_several_words_are_found_as_by_trying_all(words: list[str], picks: list[int]) -> None:
    letters, count = "".join(words[pick % len(words)] for pick in picks), len(picks)
    expected = sorted(
        tuple(sorted(phrase))
        for phrase in itertools.combinations_with_replacement(
            [word for word in words if len(word) >= 3], count
        )
        if Counter("".join(phrase)) == Counter(letters)
    )

    found = solve(Query(letters, words=count), lexicon(words), most=10_000, limit_s=NO_LIMIT)

    assert sorted(tuple(sorted(phrase.split())) for phrase in found.found) == expected
    assert found.is_complete


def test_the_same_letters_twice_are_told_in_one_order_only() -> None:
    words = lexicon(["stop", "post"])

    found = solve(Query("stopstop", words=2), words)

    assert sorted(" ".join(sorted(one.split())) for one in found.found) == [
        "post post",
        "post stop",
        "stop stop",
    ]


def test_a_word_can_be_needed_twice_and_three_times() -> None:
    words = lexicon(["cat", "dog"])

    assert solve(Query("catcatdog", words=3), words).found == ("cat cat dog",)
    assert solve(Query("catdogdog", words=3), words).found == ("cat dog dog",)
    assert solve(Query("catcatcat", words=3), words).found == ("cat cat cat",)
    assert solve(Query("catcat", words=3), words).found == ()


def test_of_several_words_those_that_people_know_come_first() -> None:
    words = Lexicon.of({"cat": 70, "dog": 10, "act": 20, "god": 35})

    assert solve(Query("catdog", words=2), words).found == ("dog act", "god act")


def test_a_rare_word_of_several_is_told_where_there_is_no_other() -> None:
    words = Lexicon.of({"cat": 70, "dog": 10})

    assert solve(Query("catdog", words=2), words).found == ("dog cat",)


@pytest.mark.parametrize("words", [1, 2])
def test_rude_words_are_never_told(words: int) -> None:
    rude = lexicon(["cat", "dog", "god"], ["god"])

    found = solve(Query("catdog", words=words), rude).found

    assert found
    assert "god" not in " ".join(found)


def test_more_than_fit_are_cut_and_said_to_be() -> None:
    words = lexicon([a + b for a in "abcdefgh" for b in "abcdefgh"])

    found = solve(Query("abcdefgh"), words, most=10)

    assert len(found.found) == 10
    assert not found.is_complete
    assert solve(Query("ab"), words, most=10).is_complete


@pytest.mark.parametrize("count", [2, 3])
def test_a_search_that_takes_too_long_ends_with_what_it_has(
    words: Lexicon, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    class Clock:
        looks = 0

        @classmethod
        def monotonic(cls) -> float:
            cls.looks += 1
            return cls.looks / 10

    steps: list[bool] = []
    is_late = solver._Search._is_late

    def counted(search: solver._Search) -> bool:
        steps.append(is_late(search))
        return steps[-1]

    monkeypatch.setattr(solver, "time", Clock)
    monkeypatch.setattr(solver._Search, "_is_late", counted)

    found = solve(Query("aeinorstlcdupmg", words=count), words, limit_s=0.8)

    assert not found.is_complete
    assert steps.count(True) in range(1, count), "each level of the search ends at once"
    assert Clock.looks == 9, "limit and steps of a tenth of a second"


def test_the_letters_of_a_query_are_read_from_what_is_typed() -> None:
    assert read_query("É l-ève ??") == Query("eleve", 2)
    assert read_query("listen", 1, "S?_.en") == Query("listen", pattern="s???en")
    assert read_query("listen", 1, "é…") == Query("listen", pattern="e???")
    assert read_query("listen", 9).words == 3
    assert read_query("listen", -1).words == 1


@pytest.mark.parametrize(
    ("letters", "words", "pattern", "says"),
    [
        ("", 1, "", "2 to 15 letters"),
        ("a", 1, "", "2 to 15 letters"),
        ("слово", 1, "", "2 to 15 letters"),
        ("a" * 16, 1, "", "2 to 15 letters"),
        ("a" * 13 + "???", 1, "", "2 to 15 letters"),
        ("a????", 1, "", "At most 3"),
        ("abc?", 2, "", "With several words"),
        ("abc", 3, "a??", "With several words"),
        ("abc", 1, "a???", "longer than"),
    ],
)
def test_a_query_that_cannot_be_searched_is_refused_in_words(
    letters: str, words: int, pattern: str, says: str
) -> None:
    with pytest.raises(LettersRefused, match=re.escape(says)) as refused:
        read_query(letters, words, pattern)
    assert isinstance(refused.value, AirocordError)
    assert str(refused.value).endswith(".")


@given(st.text(), st.integers(), st.text())
def test_whatever_is_typed_is_searched_or_refused(letters: str, words: int, pattern: str) -> None:
    try:
        query = read_query(letters, words, pattern)
    except LettersRefused:
        return
    assert len(query.letters) + query.wildcards <= LONGEST
    solve(query, lexicon(["cat", "act"]))


@pytest.mark.parametrize(
    ("first", "second", "is_anagram", "only_first", "only_second"),
    [
        ("Dormitory", "dirty room!", True, "", ""),
        ("Élan", "lané", True, "", ""),
        ("crème", "merce", True, "", ""),
        ("listen", "Lis-ten", False, "", ""),
        ("", "", False, "", ""),
        ("…", "!", False, "", ""),
        ("apple", "pale", False, "p", ""),
        ("cab", "bread", False, "c", "der"),
        ("aab", "abb", False, "a", "b"),
    ],
)
def test_two_texts_are_compared_by_their_letters(
    first: str, second: str, is_anagram: bool, only_first: str, only_second: str
) -> None:
    found = compare(first, second)

    assert found.is_anagram is is_anagram
    assert (found.only_first, found.only_second) == (only_first, only_second)


@pytest.mark.parametrize(
    ("first", "second", "has_letters"),
    [("кот", "дом", False), ("123", "456", False), ("кот", "cat", True), ("a", "a", True)],
)
def test_texts_without_a_letter_from_a_to_z_are_known_as_such(
    first: str, second: str, has_letters: bool
) -> None:
    assert compare(first, second).has_letters is has_letters


@given(st.text("abc", min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_moved_letters_are_an_anagram_of_any_length(text: str, dice: random.Random) -> None:
    moved = "".join(dice.sample(text, len(text)))

    found = compare(text, moved)

    assert found.is_anagram is (moved != text)
    assert (found.only_first, found.only_second) == ("", "")

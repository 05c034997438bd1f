"""The words of the games: which there are, which are shown, and which belong together."""

from collections import defaultdict

import pytest

from bot.games.letters import LONGEST, plain_letters
from bot.games.lexicon import COMMON, KNOWN, Lexicon

SMALL = Lexicon.of(
    {"cat": 10, "act": 20, "dog": 10, "god": 35, "tulip": 50, "quoin": 70, "darn": 20},
    rude=["darn"],
)


def test_every_word_of_the_list_is_made_of_letters_that_can_be_packed(words: Lexicon) -> None:
    assert len(words.levels) > 100_000
    assert all(word == plain_letters(word) and len(word) <= LONGEST for word in words.levels)
    assert set(words.levels.values()) <= set(range(10, 71))


@pytest.mark.parametrize("word", ["house", "anagram", "listen", "silent", "trivia", "friend"])
def test_everyday_words_are_known_as_common(words: Lexicon, word: str) -> None:
    assert word in words
    assert words.levels[word] <= COMMON


@pytest.mark.parametrize("word", ["", "qwrtz", "House", "xyzzyx"])
def test_what_is_no_word_is_not_in_the_list(words: Lexicon, word: str) -> None:
    assert word not in words


def test_words_of_the_same_letters_stand_together(words: Lexicon) -> None:
    together = defaultdict(set)
    for word in words.levels:
        together["".join(sorted(word))].add(word)

    for word in ("listen", "stop", "tulip", "rhythm", "least"):
        assert set(words.anagrams(word)) == together["".join(sorted(word))]
    assert len(words.keys) == len(together)


def test_letters_that_make_no_word_have_no_anagrams() -> None:
    assert SMALL.anagrams("zzz") == ()


def test_a_rude_word_is_a_word_but_never_served() -> None:
    assert "darn" in SMALL
    assert not SMALL.is_served("darn")
    assert SMALL.is_served("dog")
    assert "darn" not in SMALL.served(shortest=1, longest=LONGEST, rarest=100)


def test_words_are_served_by_length_and_rarity() -> None:
    assert SMALL.served(shortest=3, longest=3, rarest=20) == ["act", "cat", "dog"]
    assert SMALL.served(shortest=4, longest=5, rarest=KNOWN) == ["tulip"]
    assert SMALL.served(shortest=5, longest=5, rarest=70) == ["quoin", "tulip"]


def test_no_word_on_the_rude_list_is_served(words: Lexicon) -> None:
    served = set(words.served(shortest=1, longest=LONGEST, rarest=100))

    assert len(words.rude & words.levels.keys()) > 100
    assert not served & words.rude
    assert served == words.levels.keys() - words.rude


def test_letters_look_rude_with_a_rude_word_among_them() -> None:
    lexicon = Lexicon.of({}, rude=["darn", "ass"])

    assert lexicon.looks_rude("darn")
    assert lexicon.looks_rude("xdarnx")
    assert lexicon.looks_rude("ass")
    assert not lexicon.looks_rude("assist"), "short ones do no harm inside others"
    assert not lexicon.looks_rude("nrad")

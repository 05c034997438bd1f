"""A scramble hides its word: it is no word itself, nothing rude, and most letters have moved."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.games.lexicon import COMMON, Lexicon
from bot.games.scramble import scrambled


def moved(order: str, word: str) -> int:
    return sum(a != b for a, b in zip(order, word, strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_scrambles_of_real_words_keep_every_promise(words: Lexicon, seed: int) -> None:
    dice = random.Random(seed)
    pool = words.served(shortest=5, longest=10, rarest=COMMON)
    for word in dice.sample(pool, 250):
        order = scrambled(word, words, dice)
        assert order is not None, word
        assert Counter(order) == Counter(word)
        assert order not in words
        assert not words.looks_rude(order)
        assert 2 * moved(order, word) > len(word)


@settings(max_examples=40)
@given(st.text("abcd", min_size=1, max_size=5), st.integers())
def test_any_letters_are_moved_where_they_can_be(word: str, seed: int) -> None:
    order = scrambled(word, Lexicon.of({word: 10}), random.Random(seed))

    orders = {"".join(letters) for letters in itertools.permutations(word)}
    hiding: set[str | None] = {
        one for one in orders if 2 * moved(one, word) > len(word) and one != word
    }
    assert order in (hiding or {None})


def test_an_order_that_is_a_word_is_not_taken() -> None:
    lexicon = Lexicon.of(dict.fromkeys(["abc", "acb", "bac", "bca", "cab"], 10))

    assert {scrambled("abc", lexicon, random.Random(seed)) for seed in range(20)} == {"cba"}


def test_an_order_that_is_rude_is_not_taken() -> None:
    lexicon = Lexicon.of({"abc": 10}, rude=["bca", "cba", "bac", "acb"])

    assert {scrambled("abc", lexicon, random.Random(seed)) for seed in range(20)} == {"cab"}


@pytest.mark.parametrize("word", ["a", "aaa", "aaab"])
def test_letters_without_another_order_are_given_up(word: str) -> None:
    assert scrambled(word, Lexicon.of({word: 10}), random.Random(0)) is None


def test_where_it_can_be_every_letter_moves(words: Lexicon) -> None:
    dice = random.Random(1)

    orders = [scrambled("planet", words, dice) for _ in range(50)]

    assert all(order is not None and moved(order, "planet") == 6 for order in orders)
    assert len(set(orders)) > 20

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.documents.passages import Passage
from bot.documents.search import Excerpt
from bot.documents.whole import asks_for_all, partition


@pytest.mark.parametrize(
    "question",
    [
        "Summarise this",
        "Can you give me a summary of both files?",
        "tl;dr",
        "What is this document about?",
        "What are the main points?",
        "Fass das bitte zusammen",
        "Fais un r\u00e9sum\u00e9 du texte",
        "Resume este documento",
        (
            "\u041e \u0447\u0451\u043c \u044d\u0442\u043e\u0442 \u0434\u043e\u043a\u0443\u043c"
            "\u0435\u043d\u0442?"
        ),
        "\u603b\u7ed3\u4e00\u4e0b\u8fd9\u4e2a\u6587\u4ef6",
        "\u8981\u7d04\u3057\u3066\u304f\u3060\u3055\u3044",
    ],
)
def test_a_question_about_the_whole_is_recognised(question: str) -> None:
    assert asks_for_all(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who lit the lamp?",
        "What does the summary say about costs?",
        "Summarise chapter 3",
        "What is the budget about?",
        "Is it about nine?",
        "summarise " + "and compare what each of them has to say of it, " * 9,
        "",
    ],
)
def test_a_question_about_one_place_is_not(question: str) -> None:
    assert not asks_for_all(question)


def cost(excerpts: Sequence[Excerpt]) -> int:
    return sum(passage.tokens for excerpt in excerpts for passage in excerpt.passages) + 10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 60)), max_size=40),
    st.integers(70, 300),
)
def test_a_document_is_cut_into_prompts_that_fit_and_hold_all_of_it(
    sizes: list[tuple[str, int]], budget: int
) -> None:
    ordered = sorted(sizes, key=lambda size: size[0])
    passages = [
        Passage(name, index, "x", None, None, None, tokens)
        for index, (name, tokens) in enumerate(ordered)
    ]
    parts = partition(passages, budget, cost)
    assert [passage for part in parts for passage in part.passages] == passages
    assert all(cost([part]) <= budget for part in parts)
    assert all(len({passage.document for passage in part.passages}) == 1 for part in parts)


def test_stretches_are_about_equally_long() -> None:
    passages = [Passage("a", index, "x", None, None, None, 100) for index in range(21)]
    sizes = [len(part.passages) for part in partition(passages, 1_010, cost)]
    assert sizes == [7, 7, 7]


def test_a_passage_that_fits_no_prompt_is_left_out() -> None:
    passages = [
        Passage("a", index, "x", None, None, None, size) for index, size in ((0, 5), (1, 99))
    ]
    (only,) = partition(passages, 50, cost)
    assert [passage.index for passage in only.passages] == [0]

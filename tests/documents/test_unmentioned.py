"""What a question names and no document does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.documents.passages import Passage
from bot.documents.search import Index
from bot.documents.unmentioned import MOST, unmentioned

TEXT = (
    "In 2022 the project Kestrel in Lisbon cost 1,250 euros. Ada Lovelace led it; error 50013 came "
    "from setup_hook. Der Umsatz der Projektleitung stieg. \u0394\u03ae\u03bc\u03bf\u03c2."
)


def index(text: str = TEXT, document: str = "report-2021.pdf") -> Index:
    return Index([Passage(document, 0, text, 1, 1, None, 50)])


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did Quarvexin cost?", ["Quarvexin"]),
        ("What did Kestrel cost in 2023?", ["2023"]),
        ("How much was it in 2019 for Bob Miller?", ["2019", "Bob", "Miller"]),
        ("What does GPT4 do in on_ready?", ["GPT4", "on_ready"]),
        ("\u03a0\u03bf\u03cd \u0396\u03ad\u03c6\u03b7;", ["\u0396\u03ad\u03c6\u03b7"]),
        ("Was kostet Quarvexin?", ["Quarvexin"]),
        ("Wie viel war es 2019 f\u00fcr das RX580?", ["2019", "RX580"]),
        ("Which GPUs?", ["GPUs"]),
        ("Why error 50035?", ["50035"]),
    ],
)
def test_what_stands_nowhere_is_told(question: str, named: list[str]) -> None:
    assert list(unmentioned(question, index())) == named


@pytest.mark.parametrize(
    "question",
    [
        "What did Kestrel cost in 2022?",
        "What did it cost? Quickly, please.",
        "Who cost 1250?",
        "Is it 1,251 or 1.252,50?",
        "Where is kestrels or KESTREL, and what of Kestrel's 22 people?",
        "What is in report-2021.pdf?",
        "Was macht der Projektleiter?",
        "Wie hoch ist der Gewinn?",
        "Answer in French, as JSON, in 100 words.",
        "WHAT IS THE REVENUE OF THIS COMPANY",
        "How Much Did All Of That Cost In Total",
        "\u5317\u4eac\u5728\u54ea\u91cc\uff1f",
        "\u03a0\u03bf\u03cd \u0394\u03ae\u03bc\u03bf\u03c2;",
        "",
    ],
)
def test_what_stands_there_in_another_form_or_names_nothing_is_not(question: str) -> None:
    assert unmentioned(question, index()) == ()


@pytest.mark.parametrize("number", ["12,500", "12.500", "12 500", "12'500", "12\u202f500", "12500"])
def test_a_number_is_mentioned_in_any_spelling_and_its_groups_alone_are_not_it(number: str) -> None:
    assert unmentioned("Who got 12500?", index(f"It was {number} euros.")) == ()
    assert unmentioned("Who got 12500?", index("It was 500 of 12.")) == ("12500",)


@given(st.text(max_size=200))
def test_of_a_question_that_stands_in_the_documents_all_is_mentioned(question: str) -> None:
    assert unmentioned(question, index(question)) == ()


@given(st.text(max_size=300))
def test_what_is_told_stands_in_the_question(question: str) -> None:
    named = unmentioned(question, index())
    assert len(named) <= MOST
    assert all(name in question for name in named)

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.documents.passages import Passage
from bot.documents.search import Excerpt, Index, search
from bot.documents.terms import Terms


def passages(document: str, *texts: str, section: str | None = None) -> list[Passage]:
    return [
        Passage(document, index, text, index + 1, index + 1, section, len(text.split()))
        for index, text in enumerate(texts)
    ]


def cost(excerpts: Sequence[Excerpt]) -> int:
    """Words, and five for each block."""
    return sum(len(excerpt.text.split()) + 5 for excerpt in excerpts)


def found(excerpts: Sequence[Excerpt]) -> list[tuple[str, list[int]]]:
    return [(e.document, [passage.index for passage in e.passages]) for e in excerpts]


FILLER = "The weather was calm and nobody came by that day or the next one"
LAMP = "Ada lit the lamp of the old lighthouse at nine in the evening"


def test_everything_is_sent_where_it_fits_in_the_order_of_the_documents() -> None:
    several = [*passages("b", FILLER, LAMP), *passages("a", FILLER)]
    assert found(search("cheese?", several, 60, cost)) == [("b", [0, 1]), ("a", [0])]


def test_the_passage_with_the_words_of_the_question_is_found() -> None:
    book = passages("a", *[FILLER] * 20, LAMP, *[FILLER] * 20)
    assert found(search("Who lit the lamps?", book, 18, cost)) == [("a", [20])]


def test_neighbours_are_joined_and_stand_in_the_order_of_the_document() -> None:
    book = passages("a", *[FILLER] * 9, LAMP, "It burned until the morning", *[FILLER] * 9, LAMP)
    (first, second) = search("Who lit the lamp?", book, 50, cost)
    assert found([first, second]) == [("a", [9, 10]), ("a", [20])] or found([first, second]) == [
        ("a", [8, 9]),
        ("a", [20]),
    ]
    assert (first.page, first.last_page) == (first.passages[0].page, first.passages[-1].page)
    assert first.text == "\n".join(passage.text for passage in first.passages)


def test_an_answer_beside_the_words_of_the_question_is_sent_with_them() -> None:
    book = passages(
        "a", *[FILLER] * 9, "What does the lighthouse lamp burn?", "Colza oil.", *[FILLER] * 9
    )
    texts = "\n".join(e.text for e in search("What does the lighthouse lamp burn", book, 30, cost))
    assert "Colza oil." in texts


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Wer leitete die Ger\u00e4teprojekte?", "Ada leitet das Projekt f\u00fcr Ger\u00e4te"),
        (
            (
                "\u043a\u0442\u043e \u0432\u0435\u0434\u0435\u0442 \u043f\u0440\u043e\u0435\u043a"
                "\u0442\u044b"
            ),
            "\u0410\u0434\u0430 \u0443 \u043f\u0440\u043e\u0435\u043a\u0442\u043e\u0432",
        ),
        ("\u8c01\u70b9\u4eae\u4e86\u706f\u5854", "\u827e\u8fbe\u5728\u706f\u5854\u4e0a"),
        ("\u706f\u53f0\u306e\u5149", "\u53e4\u3044\u706f\u53f0\u3067\u3059"),
        (
            "\u0e1b\u0e23\u0e30\u0e20\u0e32\u0e04\u0e32\u0e23",
            "\u0e17\u0e35\u0e48\u0e1b\u0e23\u0e30\u0e20\u0e32",
        ),
        ("cafe", "un caf\u00e9 noir"),
        ("who sees to the light", "lighting is Ada's"),
        ("what is max_new_tokens", "the option maxNewTokens"),
        ("how do I call parseHTTPReply", "parse_http_reply takes bytes"),
        ("\uff21\uff44\uff41", "ada"),
        ("what does report-2021 say", "nothing of the kind"),
    ],
)
def test_other_forms_scripts_and_spellings_of_a_word_are_found(question: str, text: str) -> None:
    book = [*passages("x.txt", *[FILLER] * 5), *passages("report-2021.pdf", text)]
    scores = Index(book).scores(question)
    assert scores[5] > 0
    assert scores[5] == max(scores)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Fees?", "The annual fee is due in January."),
        ("Any cats?", "One cat lives in the mill."),
        ("Costs?", "The total cost is high."),
        ("When is it open?", "The hall opened in May."),
        ("Which city?", "Two cities lie there."),
        ("Das Haus?", "Die H\u00e4user stehen am Markt."),
        ("Mueller?", "Herr M\u00fcller zahlt."),
        ("M\u00fcller?", "Frau Mueller zahlt."),
        (
            "\u041c\u043e\u0441\u0442?",
            "\u0422\u0430\u043c \u0434\u0432\u0430 \u043c\u043e\u0441\u0442\u0430.",
        ),
        ("\u0643\u062a\u0627\u0628", "\u0627\u0644\u0643\u062a\u0627\u0628 \u0647\u0646\u0627"),
        (
            "\ud68c\uc758 \uc5b8\uc81c?",
            "\ud68c\uc758\ub294 \ub450 \uc2dc\uc5d0 \uc5f4\ub9bd\ub2c8\ub2e4.",
        ),
        ("\uc608\uc0b0?", "\uc608\uc0b0\uc73c\ub85c \uc624\ubc31\ub9cc \uc6d0"),
        ("12500?", "The grant was 12,500 dollars."),
        ("12.500?", "The grant was 12500 dollars."),
        ("1 250 000?", "It was 1'250'000 francs."),
        ("E-mail?", "My email is on the door."),
        ("email?", "Write an E-mail to Ada."),
    ],
)
def test_a_short_word_is_found_in_another_form_and_spelling(question: str, text: str) -> None:
    for asked, there in ((question, text), (text, question)):
        book = passages("a", *["Yonder blows no wind at noon"] * 9, there)
        assert 9 in [passage.index for e in search(asked, book, 20, cost) for passage in e.passages]


def test_another_form_counts_for_no_more_than_the_word_itself() -> None:
    book = passages("a", "The fees are high", *[FILLER] * 200, "The fee is due")
    scores = Index(book).scores("fees")
    assert scores[0] >= scores[-1] > 0
    many = passages("a", *["The fees are high"] * 9, "The fee is due")
    assert Index(many).scores("fees")[9] < min(Index(many).scores("fees")[:9])


def test_headings_are_searched_too() -> None:
    book = [*passages("a", FILLER, FILLER), *passages("b", "It has three.", section="Lighthouse")]
    assert found(search("How many has the lighthouse", book, 12, cost)) == [("b", [0])]


def test_one_document_does_not_crowd_out_another() -> None:
    loud = passages("loud", *[f"{LAMP} lamp lamp number {n}" for n in range(30)])
    quiet = passages(
        "quiet", *[FILLER] * 9, "The lamp was lit by Bo in another year", *[FILLER] * 9
    )
    excerpts = search("Who lit the lamp?", [*loud, *quiet], 60, cost)
    assert "quiet" in {excerpt.document for excerpt in excerpts}
    assert sum(len(e.passages) for e in excerpts if e.document == "loud") >= 2


def test_who_wrote_it_is_looked_for_at_the_beginning() -> None:
    book = passages("a", "Lights of the coast. Ada Lovelace, 1843", *[FILLER] * 9, *[LAMP] * 9)
    excerpts = search("Who is the author of the text on the lamp?", book, 40, cost)
    assert found(excerpts)[0] == ("a", [0])


def test_nothing_is_found_for_words_that_do_not_stand_there() -> None:
    assert search("Gouda?", passages("a", *[FILLER] * 50), 30, cost) == []
    assert search("Who?", [], 30, cost) == []


def test_a_passage_that_is_too_long_makes_room_for_the_next() -> None:
    book = passages("a", *[FILLER] * 30, f"{LAMP} lamp lamp {FILLER * 20}", *[FILLER] * 9, LAMP)
    assert found(search("Who lit the lamp?", book, 20, cost)) == [("a", [40])]


WORDS = st.lists(
    st.sampled_from(["lamp", "Ada", "sea", "42", "\u706f\u5854", "na\u00efve", "a_b"]), max_size=30
).map(" ".join)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(WORDS, min_size=1, max_size=8), max_size=3),
    WORDS,
    st.integers(0, 120),
)
def test_what_is_sent_fits_and_is_in_order_without_doubles(
    books: dict[str, list[str]], question: str, budget: int
) -> None:
    everything = [p for name, texts in books.items() for p in passages(name, *texts)]
    excerpts = search(question, everything, budget, cost)
    assert cost(excerpts) <= budget or not excerpts
    sent = [passage for excerpt in excerpts for passage in excerpt.passages]
    places = [everything.index(passage) for passage in sent]
    assert places == sorted(set(places))
    for excerpt in excerpts:
        assert {passage.document for passage in excerpt.passages} == {excerpt.document}
        indices = [passage.index for passage in excerpt.passages]
        assert indices == list(range(indices[0], indices[0] + len(indices)))


def test_terms_are_words_their_beginnings_and_pairs_of_ideographs() -> None:
    terms = Terms()
    assert terms.of("Lamps lighthouse") == ["lamps", "lamps*", "lighthouse", "light*"]
    assert terms.of("maxNewTokens") == ["maxnewtokens", "max", "new", "tokens", "token*"]
    assert terms.of("a_b 2021") == ["a_b", "a", "b", "2021"]
    assert terms.of("\u706f\u5854\u4e0a") == ["\u706f\u5854", "\u5854\u4e0a"]
    assert terms.of("12,500 x-ray") == ["12", "500", "x", "ray", "12500", "xray"]
    assert terms.of("API\u306e\u4f7f\u3044\u65b9")[0] == "api"

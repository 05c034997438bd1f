import pytest

from bot.documents.evidence import is_denial, support
from bot.documents.passages import Passage

TEXTS = (
    "Blueberries are now green, but will be sticking with the same name.",
    "The Talfolbar project in Marnev is led by Keslom Quenros. Its budget was 431,250 euros.",
    "The Talfolbar project in Ortpal is led by Hirjul Solsil. Its budget was 12,990 euros.",
    (
        "\u0420\u0430\u0431\u043e\u0442\u044b \u043d\u0430 \u043c\u0430\u044f\u043a\u0435 "
        "\u0432\u0435\u0434\u0435\u0442 \u0410\u0434\u0430."
    ),
    "\u827e\u8fbe\u5728\u665a\u4e0a\u4e5d\u70b9\u70b9\u4eae\u4e86\u706f\u5854\u3002",
)
PASSAGES = [
    Passage("a.txt", index, text, index + 1, index + 1, None, 30)
    for index, text in enumerate(TEXTS)
]


@pytest.mark.parametrize(
    ("question", "reply", "sources"),
    [
        ("What color are blueberries?", "Blueberries are now green.", (0,)),
        ("What color are blueberries?", "Green.", (0,)),
        ("Who leads Talfolbar in Marnev?", "It is led by Keslom Quenros.", (1,)),
        (
            "What color are blueberries?",
            "I am not sure what to tell you, but here is a simple answer: They are now green.",
            (0,),
        ),
        ("What was the budget?", "The budget of Talfolbar was 12.990 euros.", (2,)),
        ("What were the budgets?", "1. 431,250 euros in Marnev\n2. 12,990 euros in Ortpal", (1, 2)),
        (
            "\u041a\u0442\u043e \u0432\u0435\u0434\u0435\u0442 \u0438\u0445?",
            "\u0410\u0434\u0430 \u0432\u0435\u0434\u0435\u0442.",
            (3,),
        ),
        (
            "\u8c01\u70b9\u4eae\u4e86\u706f\u5854?",
            "\u827e\u8fbe\u70b9\u4eae\u4e86\u706f\u5854\u3002",
            (4,),
        ),
    ],
)
def test_a_reply_is_traced_to_the_passage_that_says_it(
    question: str, reply: str, sources: tuple[int, ...]
) -> None:
    found = support(reply, question, PASSAGES)
    assert found.passages == sources
    assert found.is_found
    assert not found.is_denial


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("What color are blueberries?", "The moon is made of a soft cheese from Holland."),
        ("Who leads Talfolbar?", "Professor Archibald Thimbleby of Cambridge."),
        ("What was the budget?", "The budget was 777,000 euros."),
        ("Who leads it?", "Keslom Quenros leads it with 999 euros."),
        ("What was it?", "As far as I can tell from what I was given: 777,000 euros in Marnev."),
        ("What color are blueberries?", ""),
        ("Who?", "..."),
        ("Who leads it?", "_ said so."),
    ],
)
def test_a_reply_from_elsewhere_has_no_source(question: str, reply: str) -> None:
    found = support(reply, question, PASSAGES)
    assert not found.is_found
    assert found.passages == ()


BRIDGE = Passage("a.txt", 0, "The bridge was painted green in 1994 by the city.", 1, 1, None, 12)


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("What colour is the bridge?", "Green."),
        ("What colour is the bridge?", "**Green**"),
        ("What colour is the bridge?", "Answer: green"),
        ("What colour is the bridge?", "The color of the bridge is green."),
        ("What colour has the brigde?", "The bridge is green."),
        ("When was it painted?", "1994"),
        ("Was the bridge painted green?", "Yes, it was painted green."),
    ],
)
def test_a_short_reply_from_one_short_passage_has_it_as_its_source(
    question: str, reply: str
) -> None:
    assert support(reply, question, [BRIDGE]).passages == (0,)


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("What colour is the bridge?", "Red."),
        ("What colour is the bridge?", "The colour is red."),
        ("When was it painted?", "1995"),
        ("Was the tower built by monks in 1371?", "Yes."),
        ("Was the bridge painted in 1971?", "Yes."),
        ("What colour is the bridge?", "Answer:"),
    ],
)
def test_a_short_reply_that_the_passage_does_not_say_has_no_source(
    question: str, reply: str
) -> None:
    assert support(reply, question, [BRIDGE]).passages == ()


@pytest.mark.parametrize(
    ("text", "same", "other"),
    [
        ("1.5 mg", ["1.5 mg", "1,5 mg"], ["15 mg", "1.6 mg", "5 mg", "1 mg"]),
        (
            "12,500,000 euros",
            ["12500000", "12 500 000", "12.500.000", "12\u202f500\u202f000"],
            ["125"],
        ),
        ("12500 euros", ["12,500", "12 500", "12'500"], ["12.5", "12,50", "1250"]),
        ("1.000 Euro", ["1000", "1,000", "1 000"], ["1.0", "1", "100"]),
        ("$2.50", ["2,50"], ["250", "2,500", "25"]),
        ("12.05.2024", ["12.05.2024"], ["12.05.2025", "1205.2024"]),
        ("version 1.10", ["1.10"], ["1.1", "110", "1.1.0"]),
    ],
)
def test_a_number_in_another_spelling_is_found_and_another_number_is_not(
    text: str, same: list[str], other: list[str]
) -> None:
    passage = Passage("a.txt", 0, f"Adults are to take {text} of it every morning.", 1, 1, None, 9)
    for number in [*same, *other]:
        reply = f"Adults are to take {number} every morning."
        assert support(reply, "How much?", [passage]).is_found == (number in same), number


def test_without_passages_there_is_no_source() -> None:
    assert not support("Green.", "What color?", []).is_found


@pytest.mark.parametrize(
    "reply",
    [
        "I don't know.",
        "The document does not mention the colour.",
        "There is no information about that in the text.",
        "Das wird nicht erw\u00e4hnt.",
        "Le texte ne mentionne pas cela.",
        "\u042f \u043d\u0435 \u0437\u043d\u0430\u044e.",
        "\u6587\u4e2d\u6ca1\u6709\u63d0\u5230\u3002",
    ],
)
def test_a_reply_that_says_it_does_not_know_is_recognised(reply: str) -> None:
    assert is_denial(reply)


@pytest.mark.parametrize(
    "reply", ["Blueberries are green.", "It is 9 p.m.", "Ada knows. Bo does not know.", ""]
)
def test_a_reply_with_an_answer_is_no_denial(reply: str) -> None:
    assert not is_denial(reply)

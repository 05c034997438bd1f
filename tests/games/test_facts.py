"""Every question that can be made is held against the data by the checker of the benchmark, and a
few against what everybody knows."""

import random
import re
from collections import Counter

import pytest

from bench.facts import Truth
from bot.games.factories.world import World, load
from bot.games.facts import FactBook
from bot.games.grading import Grader, Verdict, grade, is_playable_typed
from bot.games.questions import Difficulty, Origin, Question
from bot.games.trivia_settings import Mode, playable


@pytest.fixture(scope="module")
def world() -> World:
    return load()


@pytest.fixture(scope="module")
def book(world: World) -> FactBook:
    return FactBook(world)


@pytest.fixture(scope="module")
def questions(book: FactBook) -> list[Question]:
    dice = random.Random(1)
    return [book.question(one, dice) for one in book.ids()]


def test_there_are_thousands_of_questions_of_several_kinds(book: FactBook) -> None:
    assert len(book.ids()) > 5_000
    assert len(book.categories) >= 7
    for category in book.categories:
        assert len(book.ids(category=category)) > 200, category
        for difficulty in Difficulty:
            assert len(book.ids(category=category, difficulty=difficulty)) > 10, category


def test_the_answer_of_every_question_is_right_by_the_data_and_no_other_option_is(
    questions: list[Question],
) -> None:
    truth = Truth()
    for question in questions:
        options = [question.answer, *question.distractors]
        assert [truth.is_right(question, option, options) for option in options] == [
            True,
            *[False] * len(question.distractors),
        ], question


def test_every_question_has_four_different_options_and_fits_a_message(
    questions: list[Question],
) -> None:
    for question in questions:
        options = {option.casefold() for option in (question.answer, *question.distractors)}
        assert len(options) == 1 + len(question.distractors) >= 4, question
        assert all(0 < len(option) <= 80 for option in options), question
        assert len(question.id) <= 100
        assert len(question.text) < 200
        assert question.origin is Origin.FACTS
        assert playable(question, Mode.CHOICES)


def test_no_two_questions_ask_the_same(questions: list[Question]) -> None:
    assert len({question.id for question in questions}) == len(questions)
    asked = Counter((question.text, question.answer) for question in questions)
    assert [pair for pair, times in asked.items() if times > 1] == []


def test_questions_do_not_give_their_answer_away(questions: list[Question]) -> None:
    for question in questions:
        if not question.id.startswith(("facts:neighbour", "facts:not-neighbour")):
            words = re.findall(r"\w+", question.text.casefold())
            assert question.answer.casefold() not in words, question


def test_questions_and_explanations_are_sentences(questions: list[Question]) -> None:
    for question in questions:
        text, told = question.text, question.explanation
        assert re.search(r"[?.]$|\? \S+$", text), text
        assert told.endswith("."), told
        assert "  " not in text + told
        assert not re.search(r"\bNone\b|[{}]", text + told)
        for name in ("Netherlands", "United States", "Philippines", "Bahamas", "United Kingdom"):
            for sentence in (text, told):
                assert len(re.findall(name, sentence)) == len(
                    re.findall(f"[Tt]he {name}", sentence)
                ), sentence


def test_an_explanation_says_the_answer(questions: list[Question]) -> None:
    for question in questions:
        assert question.answer.casefold() in question.explanation.casefold(), question


@pytest.mark.parametrize(
    ("question_id", "text", "answer"),
    [
        ("facts:capital:FR", "capital of France", "Paris"),
        ("facts:capital-of:KZ", "Astana", "Kazakhstan"),
        ("facts:capital:NL", "the Netherlands", "Amsterdam"),
        ("facts:continent:KE", "is Kenya", "Africa"),
        ("facts:continent:MV", "are the Maldives", "Asia"),
        ("facts:neighbour:PT:ES", "with Portugal|borders Portugal", "Spain"),
        ("facts:currency:JP", "Japan", "Yen"),
        ("facts:currency:SN", "Senegal", "CFA franc"),
        ("facts:currency-of:TH", "baht", "Thailand"),
        ("facts:currency-code:PL", "PLN", "Poland"),
        ("facts:calling-code:DE", "Germany", "+49"),
        ("facts:calling-code-of:GB", r"\+44", "United Kingdom"),
        ("facts:domain:CH", "Switzerland", ".ch"),
        ("facts:domain-of:SE", r"\.se", "Sweden"),
        ("facts:flag-of:JP", "\U0001f1ef\U0001f1f5", "Japan"),
        ("facts:flag:BR", "Brazil", "\U0001f1e7\U0001f1f7"),
        ("facts:city:FR:Paris", "Paris", "France"),
        ("facts:city-in:CA:Toronto", "Canada", "Toronto"),
        ("facts:symbol:Au", "gold", "Au"),
        ("facts:symbol-of:Fe", "Fe", "Iron"),
        ("facts:number:C", "carbon", "6"),
        ("facts:number-of:U", "92", "Uranium"),
        ("facts:after:Ne", "fluorine", "Neon"),
    ],
)
def test_what_everybody_knows(book: FactBook, question_id: str, text: str, answer: str) -> None:
    for seed in range(4):
        question = book.question(question_id, random.Random(seed))
        assert re.search(text, question.text), question.text
        assert question.answer == answer


@pytest.mark.parametrize(
    "question_id",
    [
        "facts:capital:ZA",  # three
        "facts:capital:BO",
        "facts:capital:IL",  # disputed
        "facts:capital:SG",  # named as its country
        "facts:capital:GT",
        "facts:capital-of:TN",
        "facts:continent:TR",  # two
        "facts:continent:EG",
        "facts:continent:ZA",  # named after it
        "facts:currency:PA",  # two
        "facts:currency-of:FR",  # shared
        "facts:currency-of:US",
        "facts:currency-of:RU",
        "facts:currency-of:TR",  # Syria and Lebanon say so of theirs
        "facts:currency-code:DE",
        "facts:calling-code:US",  # shared
        "facts:flag-of:RO",  # Chad's is the same
        "facts:neighbour:US:CU",
        "facts:neighbour:SY:IL",  # disputed
        "facts:capital:TW",
        "facts:capital:XK",
        "facts:city:UA:Sevastopol",
        "facts:city:UA:Donetsk",
        "facts:city:CO:Armenia",  # a country, too
    ],
)
def test_what_has_no_one_answer_or_is_disputed_is_not_asked(
    book: FactBook, question_id: str
) -> None:
    assert question_id not in book.ids()
    with pytest.raises(KeyError):
        book.question(question_id, random.Random(1))


def wrong_options(book: FactBook, question_id: str) -> set[str]:
    made = [book.question(question_id, random.Random(seed)) for seed in range(60)]
    return {option for question in made for option in question.distractors}


def test_wrong_options_are_of_the_same_part_of_the_world_and_change(book: FactBook) -> None:
    wrong = wrong_options(book, "facts:capital:FR")
    assert 8 <= len(wrong) <= 10
    assert {"Berlin", "Madrid", "Rome"} <= wrong


@pytest.mark.parametrize(
    ("question_id", "never"),
    [
        ("facts:neighbour:FR:DE", {"Brazil", "Suriname", "United Kingdom", "Spain", "Italy"}),
        ("facts:neighbour:DK:DE", {"Canada", "Sweden"}),
        ("facts:neighbour:MY:TH", {"Singapore"}),
        ("facts:city:GB:London", {"Canada", "United States"}),
        ("facts:currency:EC", {"Dollar", "Australian dollar"}),
        ("facts:currency:NO", {"Krona"}),
        ("facts:currency-of:ZA", {"Lesotho", "Namibia", "Eswatini"}),
        ("facts:flag-of:NZ", {"Australia"}),
        ("facts:flag-of:VE", {"Colombia", "Ecuador"}),
        ("facts:after:Ne", {"Fluorine"}),
        ("facts:area:FR", {"Denmark", "Morocco"}),
    ],
)
def test_what_may_be_right_too_is_never_a_wrong_option(
    book: FactBook, question_id: str, never: set[str]
) -> None:
    assert not wrong_options(book, question_id) & never


def test_a_country_whose_name_is_a_typo_of_another_is_asked_with_options_only(
    book: FactBook,
) -> None:
    dice = random.Random(1)
    for question_id, other in (
        ("facts:domain-of:IE", "Iceland"),
        ("facts:domain-of:AU", "Austria"),
    ):
        question = book.question(question_id, dice)
        assert other in question.distractors
        assert not is_playable_typed(question)
    assert is_playable_typed(book.question("facts:domain-of:PT", dice))


@pytest.mark.parametrize(
    ("question_id", "guess"),
    [
        ("facts:continent:CA", "South America"),
        ("facts:continent:BR", "North America"),
        ("facts:continent:BR", "South Africa"),
        ("facts:currency-code:KR", "North Korea"),
        ("facts:currency-code:KP", "South Korea"),
        ("facts:flag-of:KR", "North Korea"),
        ("facts:currency:SE", "Krone"),
        ("facts:currency:NO", "Krona"),
        ("facts:currency:MK", "Dinar"),
        ("facts:currency:RS", "Denar"),
        ("facts:currency:SA", "Rial"),
    ],
)
def test_what_is_written_like_the_answer_but_is_another_is_wrong_where_it_is_typed(
    book: FactBook, question_id: str, guess: str
) -> None:
    for seed in range(6):
        question = book.question(question_id, random.Random(seed))
        assert is_playable_typed(question)
        assert grade(question, guess) is Verdict.WRONG


@pytest.mark.parametrize("kind", ["capital", "capital-of", "continent", "currency", "symbol-of"])
def test_no_other_answer_of_its_kind_is_right_where_it_is_typed(
    questions: list[Question], kind: str
) -> None:
    asked = [one for one in questions if one.id.startswith(f"facts:{kind}:")]
    names = {one.answer for one in asked}
    for question in filter(is_playable_typed, asked):
        grader = Grader.of(question)
        others = names - {question.answer, *question.aliases}
        right = [name for name in others if grader.judge(name) is Verdict.RIGHT]
        assert right == [], question


@pytest.mark.parametrize(("iso", "other"), [("JM", "Kingstown"), ("VC", "Kingston")])
def test_a_capital_that_is_a_typo_of_another_is_asked_with_options_only(
    book: FactBook, iso: str, other: str
) -> None:
    question = book.question(f"facts:capital:{iso}", random.Random(1))
    assert other in question.distractors
    assert grade(question, other) is Verdict.WRONG
    assert not is_playable_typed(question)


def test_other_names_of_a_country_are_right_where_they_are_typed(book: FactBook) -> None:
    question = book.question("facts:domain-of:GB", random.Random(1))
    for guess in ("UK", "Great Britain", "the united kingdom", "Untied Kingdom"):
        assert grade(question, guess) is Verdict.RIGHT


def test_thousands_can_be_typed(questions: list[Question]) -> None:
    assert sum(map(is_playable_typed, questions)) > 2_500


def test_the_data_is_of_all_member_states_and_elements(world: World) -> None:
    assert len(world.countries) == 193
    assert [one.number for one in world.elements] == list(range(1, 119))
    for country in world.countries:
        for other in country.neighbours:
            assert country.iso in world.by_iso[other].neighbours

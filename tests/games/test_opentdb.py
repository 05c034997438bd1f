"""Dumps and answers of the Open Trivia Database, in the shapes in which it gives them."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.games.opentdb import Dump, OpenTdbError, Reason, read
from bot.games.questions import Difficulty, Origin


def result(**changed: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "type": "multiple",
        "difficulty": "hard",
        "category": "Entertainment: Video Games",
        "question": "Who said &quot;It&#039;s a me&quot;?",
        "correct_answer": "Mario &amp; co",
        "incorrect_answers": ["Luigi", "Pok&eacute;mon", "Bowser"],
    }
    return {**plain, **changed}


def given_results(*results: object) -> Dump:
    return read(json.dumps({"response_code": 0, "results": results}).encode())


def test_a_question_is_read_with_its_entities_undone() -> None:
    (question,) = given_results(result()).questions
    assert question.text == 'Who said "It\'s a me"?'
    assert question.answer == "Mario & co"
    assert question.distractors == ("Luigi", "Pokémon", "Bowser")
    assert question.category == "Video Games"
    assert question.difficulty is Difficulty.HARD
    assert question.origin is Origin.OPENTDB


def test_entities_that_were_escaped_twice_are_undone_too() -> None:
    (question,) = given_results(result(question="A &amp;quot;B&amp;quot;?")).questions
    assert question.text == 'A "B"?'


def test_a_bare_list_of_results_is_read_as_well() -> None:
    assert read(json.dumps([result()]).encode()).questions == given_results(result()).questions


def test_a_true_or_false_question_says_that_it_is_one() -> None:
    asked = result(
        type="boolean",
        question="Ships float.",
        correct_answer="True",
        incorrect_answers=["False"],
    )
    (question,) = given_results(asked).questions
    assert question.text == "True or false? Ships float."
    assert (question.answer, question.distractors) == ("True", ("False",))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"question": "As of 2019, who leads?"}, Reason.TIME_BOUND),
        ({"question": "As of February 2019, how many are there?"}, Reason.TIME_BOUND),
        ({"question": "Who is the current president of Peru?"}, Reason.TIME_BOUND),
        ({"question": "Who is currently on top?"}, Reason.TIME_BOUND),
        ({"question": "Which town is currently known as Istanbul?"}, None),
        ({"question": "Which current flows along Peru?"}, None),
        ({"question": "Which film has nude scenes?"}, Reason.UNSAFE),
        ({"incorrect_answers": ["Cocaine", "Tea", "Milk"]}, Reason.UNSAFE),
        ({"correct_answer": "Sextillion"}, None),
        ({"question": "What is the county seat of Essex?"}, None),
        ({"incorrect_answers": ["mario & co", "Luigi", "Toad"]}, Reason.AMBIGUOUS),
        ({"question": "x" * 501}, Reason.TOO_LONG),
        ({"correct_answer": "x" * 101}, Reason.TOO_LONG),
        ({"question": ""}, Reason.MALFORMED),
        ({"question": 5}, Reason.MALFORMED),
        ({"correct_answer": None}, Reason.MALFORMED),
        ({"incorrect_answers": []}, Reason.MALFORMED),
        ({"incorrect_answers": "Luigi"}, Reason.MALFORMED),
        ({"incorrect_answers": ["Luigi", None]}, Reason.MALFORMED),
        ({"difficulty": "extreme"}, Reason.MALFORMED),
        ({"category": " "}, Reason.MALFORMED),
    ],
)
def test_what_cannot_be_asked_is_left_out_and_counted(
    changed: dict[str, object], reason: Reason | None
) -> None:
    dump = given_results(result(**changed))
    assert dump.left_out == ({} if reason is None else {reason: 1})
    assert len(dump.questions) == (reason is None)


def test_a_question_that_stands_twice_is_asked_once() -> None:
    again = result(question="who said  &quot;it&#039;s a me&quot;", category="Music")
    dump = given_results(result(), again, result(correct_answer="Wario"), "no question")
    assert len(dump.questions) == 2
    assert dump.left_out == {Reason.DUPLICATE: 1, Reason.MALFORMED: 1}


def test_the_id_does_not_change_when_the_wrong_answers_do() -> None:
    one, other = (
        given_results(result(incorrect_answers=wrong)).questions[0].id
        for wrong in (["Luigi"], ["Bowser", "Toad"])
    )
    assert one == other


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"5", b'{"results": 1}', b"{}", b"\xff\xfe\x00", b"[" * 100_000]
)
def test_what_is_no_dump_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(OpenTdbError, match="Give a dump"):
        read(data)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_dump_give_no_questions(data: bytes) -> None:
    with contextlib.suppress(OpenTdbError):
        assert read(data).questions == ()

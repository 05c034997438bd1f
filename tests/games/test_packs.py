"""Packs as admins write them: what is taken, and what each mistake is told as."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.games.packs import LARGEST, MOST_QUESTIONS, Pack, PackError, read
from bot.games.questions import Difficulty, Origin

ROOT = Path(__file__).parents[2]

PACK = """\
title: Lighthouses
description: What keepers know
author: Ann
licence: CC BY 4.0
questions:
  - question: Who invented the lens with rings?
    answer: Fresnel
    aliases: [Augustin Fresnel]
    wrong:
      - Faraday
      - Newton
      - Galileo
    category: Optics
    difficulty: Hard
    explanation: His lens was first lit in 1823.
  - {question: "How many were there: 7 or 12?", answer: 012}
"""


def pack(text: str, name: str = "my-pack.yaml") -> Pack:
    return read(text.encode(), name)


def test_a_pack_is_read_with_all_it_says() -> None:
    made = pack(PACK)
    assert (made.title, made.description) == ("Lighthouses", "What keepers know")
    assert made.credit == "Ann, CC BY 4.0"
    first, second = made.questions
    assert first.text == "Who invented the lens with rings?"
    assert (first.answer, first.aliases) == ("Fresnel", ("Augustin Fresnel",))
    assert first.distractors == ("Faraday", "Newton", "Galileo")
    assert (first.category, first.difficulty) == ("Optics", Difficulty.HARD)
    assert first.explanation == "His lens was first lit in 1823."
    assert (first.origin, second.origin) == (Origin.PACK, Origin.PACK)
    assert (second.category, second.difficulty) == ("Lighthouses", Difficulty.MEDIUM)
    assert second.answer == "012", "what looks like a number is the text that was written"
    assert first.id != second.id
    assert first.id == pack(PACK.replace("hard", "easy")).questions[0].id


def test_the_same_in_json_is_the_same_pack_however_it_is_indented() -> None:
    whole = {
        "title": "Lighthouses",
        "description": "What keepers know",
        "author": "Ann",
        "licence": "CC BY 4.0",
        "questions": [
            {
                "question": "Who invented the lens with rings?",
                "answer": "Fresnel",
                "aliases": ["Augustin Fresnel"],
                "wrong": ["Faraday", "Newton", "Galileo"],
                "category": "Optics",
                "difficulty": "hard",
                "explanation": "His lens was first lit in 1823.",
            },
            {"question": "How many were there: 7 or 12?", "answer": "012"},
        ],
    }
    for indent in (None, 2, "\t"):
        assert pack(json.dumps(whole, indent=indent)) == pack(PACK)


def test_a_pack_without_a_title_is_called_by_its_file() -> None:
    made = pack("questions:\n  - {question: A?, answer: B}", "sea lights.v2.yml")
    assert made.title == made.questions[0].category == "sea lights.v2"


def test_letters_beyond_the_first_plane_and_joined_emoji_survive_json() -> None:
    keeper = "\U0001f468\u200d\U0001f692 \U0001f5fc"
    made = pack(json.dumps({"questions": [{"question": f"{keeper}?", "answer": "A"}]}))
    assert made.questions[0].text == f"{keeper}?"
    slash = '{"questions": [{"question": "A\\\\ud83d?", "answer": "B"}]}'
    assert pack(slash).questions[0].text == "A\\ud83d?"


def test_a_trivia_list_of_red_is_read() -> None:
    made = pack(
        "AUTHOR: Ann\nCONFIG:\n  max_score: 5\n  bot_plays: yes\n"
        "Is it lit at night?:\n- yes\n- yeah\nWhen was it built?:\n- 1811\n'Who: keeps it?': Ann\n",
        "lights.yaml",
    )
    assert (made.title, made.credit) == ("lights", "Ann")
    assert [(q.text, q.answer, q.aliases) for q in made.questions] == [
        ("Is it lit at night?", "yes", ("yeah",)),
        ("When was it built?", "1811", ()),
        ("Who: keeps it?", "Ann", ()),
    ]
    assert {q.category for q in made.questions} == {"lights"}


Q = "title: T\nquestions:\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Line 1: a pack begins with its title or its questions; see the example."),
        ("- a\n- b", "Line 1: a pack begins with its title or its questions; see the example."),
        ("title: T\nquestions: []", "Line 2: questions is a list with at least one question."),
        ("title: T\nquestions: many", "Line 2: questions is a list with at least one question."),
        ("AUTHOR: Ann\n", "Line 1: there is no question here."),
        ("A?:\n- b\nB?: []", "Line 3: \u201cB?\u201d has no answer."),
        ("A?:\n- b\nB?:\n  c: d", "Line 4: the answers to \u201cB?\u201d is a text"),
        (Q + "  - just a text", "Line 3: each question has the keys question and answer."),
        (Q + "  - question: A?", "Line 3: this question has no answer."),
        (Q + "  - answer: A", "Line 3: this question has no question."),
        (Q + "  - question: A?\n    answer: null", "Line 3: this question has no answer."),
        (Q + "  - question: A?\n    answer: ~", "Line 3: this question has no answer."),
        ("title: T\nquestions: null", "Line 1: questions is a list with at least one question."),
        ("A?:\n- b\nB?:\n- null", "Line 3: \u201cB?\u201d has no answer."),
        (Q + "  - {question: A?, answer: ''}", "Line 3: question and answer cannot be empty."),
        (
            Q + "  - question: A?\n    anwser: B",
            "Line 4: \u201canwser\u201d is not one of question,",
        ),
        (Q + "  - question: A?\n    answer: [B]", "Line 4: answer is a text, not a list"),
        (Q + "  - question: A?\n    answer: B\n    answer: C", "Line 5: answer stands here twice."),
        (
            Q + "  - question: A?\n    answer: B\n    difficulty: tough",
            "Line 5: difficulty is one of easy, medium, hard.",
        ),
        (
            Q + "  - {question: A?, answer: Ox}\n  - {question: a?, answer: ox}",
            "Line 4: \u201ca?\u201d stands in line 3 already.",
        ),
        (
            Q + "  - {question: A?, answer: Ox, wrong: [Cow, ox]}",
            "Line 3: the wrong answer \u201cox\u201d is also a right one.",
        ),
        (
            Q + "  - {question: A?, answer: Ox, aliases: [Bull], wrong: [BULL]}",
            "Line 3: the wrong answer \u201cBULL\u201d is also a right one.",
        ),
        (
            Q + "  - {question: A?, answer: Ox, wrong: [Cow, cow]}",
            "Line 3: \u201cA?\u201d has the same wrong answer twice.",
        ),
        (
            Q + "  - {question: A?, answer: B}\n  - {question: C?, answer: D, category: 'AI: Art'}",
            "Line 4: the category \u201cAI: Art\u201d begins as those of questions",
        ),
        (
            "title: 'AI: Art'\nquestions:\n  - {question: A?, answer: B}",
            "Line 3: the category \u201cAI: Art\u201d begins as those of questions",
        ),
        (Q + "  - question: Which: one?", "Line 3: mapping values are not allowed"),
        (Q + "\t- question: A?", "Line 3: found character"),
        (Q + '  - question: "A?', "needs quotes"),
        ("a: &x [1]\nb: 2", "Line 1: anchors (&) and aliases (*) cannot be used in a pack."),
        ("a: b\nc: *x", "Line 2: anchors (&) and aliases (*) cannot be used in a pack."),
        ("questions: " + "[" * 5000, "Line 1: lists and mappings go deeper"),
        ("questions: " + "- " * 5000, "Line 1: "),
        (Q + f"  - {{question: {'x' * 501}, answer: B}}", "Line 3: question has 501 characters"),
        (Q + f"  - {{question: A?, answer: {'x' * 101}}}", "Line 3: answer has 101 characters"),
        (
            Q + "  - {question: A?, answer: B, wrong: [" + "x," * 51 + "]}",
            "wrong can be 50 at most",
        ),
        ("title: \x01", "The pack has characters in it that YAML does not allow."),
        ("title: !!python/object:os.system x\nquestions: 1", "Line 2: questions is a list"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(text: str, said: str) -> None:
    with pytest.raises(PackError, match=re.escape(said)) as error:
        pack(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_what_is_not_utf8_or_too_large_is_refused() -> None:
    with pytest.raises(PackError, match="not UTF-8"):
        read("title: Töne".encode("latin-1"), "a.yaml")
    with pytest.raises(PackError, match="512 kB"):
        read(b"#" * (LARGEST + 1), "a.yaml")


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    assert read(PACK.encode("utf-8-sig"), "a.yaml") == pack(PACK)


def test_more_questions_than_a_pack_can_have_are_refused() -> None:
    rows = [{"question": f"{n}?", "answer": "A"} for n in range(MOST_QUESTIONS)]
    assert len(pack(json.dumps({"questions": rows})).questions) == MOST_QUESTIONS
    rows.append({"question": "one more?", "answer": "A"})
    with pytest.raises(PackError, match="2,000 questions"):
        pack(json.dumps({"questions": rows}))


@pytest.mark.parametrize("nothing", ["null", "Null", "~", ""])
def test_null_is_a_key_that_is_left_out(nothing: str) -> None:
    fields = ("aliases", "wrong", "category", "difficulty", "explanation")
    empty = "".join(f"    {key}: {nothing}\n" for key in fields)
    made = pack(
        f"title: T\nauthor: {nothing}\nquestions:\n  - question: A?\n    answer: B\n{empty}"
    )
    assert made == pack("title: T\nquestions:\n  - question: A?\n    answer: B")


def test_null_in_a_list_is_no_answer_but_in_quotes_it_is_a_word() -> None:
    row = {"question": "A?", "answer": "null", "aliases": [None, "nil"], "wrong": ["0", None]}
    (question,) = read(json.dumps({"questions": [row]}).encode(), "p.json").questions
    assert (question.answer, question.aliases) == ("null", ("nil",))
    assert question.distractors == ("0",)
    assert pack("AUTHOR: null\nA?:\n- b\n- null").questions[0].aliases == ()


def test_signs_that_turn_text_around_are_left_out() -> None:
    assert pack("A\u202eB?: C\u2066D").questions[0].text == "AB?"


def test_the_examples_of_the_documentation_can_be_uploaded() -> None:
    page = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
    examples = re.findall(r"```(?:yaml|json)\n(.*?)```", page, re.DOTALL)
    assert [len(pack(example).questions) for example in examples] == [2, 1, 2]


@given(
    st.recursive(
        st.text(max_size=8) | st.integers() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["questions", "question", "answer", "wrong", "title", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_uploaded_is_a_pack_or_a_sentence(whole: object) -> None:
    made = read_or_said(json.dumps(whole).encode())
    if isinstance(made, str):
        assert made.endswith(".")
    else:
        assert made.questions
        assert all(q.text and q.answer for q in made.questions)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_pack_or_a_sentence(data: bytes) -> None:
    assert read_or_said(data)


def read_or_said(data: bytes) -> Pack | str:
    try:
        return read(data, "any.json")
    except PackError as error:
        return str(error)

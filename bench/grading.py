"""How a grader of typed answers does: how many right answers with typos it takes, and how many
wrong ones. Wrong guesses are the real wrong options of the same question, which are nearer to the
answer than anything made up, also with a typo in them.

Reads an Open Trivia Database dump: ``AIROCORD_OPENTDB`` names the file.
"""

from __future__ import annotations

import os
import random
import string
from collections.abc import Callable, Sequence
from pathlib import Path

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from bench.table import Report, Table
from bot.games import opentdb
from bot.games.grading import Grader, Verdict, is_near, is_playable_typed
from bot.games.plain_text import plain
from bot.games.questions import Question

DUMP = "AIROCORD_OPENTDB"
_Rule = Callable[[Question, str], bool]

_NOTES = (
    "Questions of the Open Trivia Database, their wrong options as the wrong answers. The rule "
    "was made with these questions in sight, and the guard knows just these wrong options, so "
    'their share of 0 is in part built in; "next answer" is what the guard cannot know. The bot '
    "plays by the fourth rule, and asks typed what the fifth row counts. FILE is a dump of the "
    "database."
)


def _equal(question: Question, guess: str) -> bool:
    return guess.strip().casefold() == question.answer.casefold()


def _ratio(question: Question, guess: str) -> bool:
    return fuzz.ratio(guess.casefold(), question.answer.casefold()) > 88


def _tiered(question: Question, guess: str) -> bool:
    """Typos by length and equal numbers, without a look at the wrong options."""
    return is_near(plain(guess), plain(question.answer))


def _shipped(question: Question, guess: str) -> bool:
    return Grader.of(question).judge(guess) is Verdict.RIGHT


RULES: dict[str, _Rule] = {
    "equal but for capitals": _equal,
    "ratio above 88": _ratio,
    "typos by length": _tiered,
    "typos by length, nearer than any wrong option": _shipped,
}


def typo(text: str, count: int, dice: random.Random) -> str:
    """``count`` slips of the finger: a letter lost, doubled, changed, or swapped with the next.

    Figures stay as they are: a wrong figure is a wrong answer, not a slip.
    """
    signs = list(text)
    for _ in range(count):
        places = [place for place, sign in enumerate(signs) if sign.isalpha()]
        if not places:
            break
        place = dice.choice(places)
        match dice.randrange(4):
            case 0:
                del signs[place]
            case 1:
                signs.insert(place, signs[place])
            case 2:
                signs[place] = dice.choice(string.ascii_lowercase)
            case _:
                after = place + 1
                if after < len(signs) and signs[after].isalpha():
                    signs[place], signs[after] = signs[after], signs[place]
                else:
                    del signs[place]
    return "".join(signs)


def questions(*, smoke: bool) -> Sequence[Question]:
    """The dump's questions whose answer is not just true or false; none without a dump."""
    path = Path(os.environ.get(DUMP, ""))
    if not path.is_file():
        return []
    found = opentdb.read(path.read_bytes()).questions
    free = [question for question in found if question.answer not in ("True", "False")]
    return free[:300] if smoke else free


async def run(*, smoke: bool) -> Report:
    """One row a rule."""
    every = questions(smoke=smoke)
    typed = [question for question in every if is_playable_typed(question)]
    table = Table(
        f"grading: {len(every):,} answers, {sum(len(q.distractors) for q in every):,} wrong ones",
        [
            "rule",
            "exact",
            "1 typo (5+ letters)",
            "2 typos (9+ letters)",
            "wrong option accepted for",
            "wrong options accepted",
            "with a typo in them",
            "next answer accepted",
        ],
        note=(
            "Wrong option accepted for: the share of questions in which at least one is. Next "
            "answer: of all answers of the category's other questions, the one that is written "
            "most like this one."
        ),
    )
    if not every:
        table.note = f"Set {DUMP} to the file of an Open Trivia Database dump."
        return Report([table], _NOTES)
    nearest = _nearest(every)
    for name, rule in RULES.items():
        table.add(name, *_row(every, rule, nearest))
    name = f"the last, of the {len(typed):,} that can be asked typed"
    table.add(name, *_row(typed, _shipped, nearest))
    return Report([table], _NOTES)


def _nearest(every: Sequence[Question]) -> dict[str, str]:
    """For each question's id the answer of another one that is likest its own."""
    answers = {question.id: plain(question.answer) for question in every}
    found: dict[str, str] = {}
    for question in every:
        key = answers[question.id]
        others = {
            other.answer: answers[other.id].text
            for other in every
            if other.category == question.category and answers[other.id] != key
        }
        if best := process.extractOne(key.text, others, scorer=OSA.distance):
            found[question.id] = best[2]
    return found


def _row(every: Sequence[Question], rule: _Rule, nearest: dict[str, str]) -> list[str]:
    dice = random.Random(7)  # noqa: S311 - the same typos for each rule
    five = [question for question in every if len(plain(question.answer).text) >= 5]
    nine = [question for question in every if len(plain(question.answer).text) >= 9]
    wrong = [[rule(question, text) for text in question.distractors] for question in every]
    slips = [rule(q, typo(text, 1, dice)) for q in every for text in q.distractors]
    return [
        _share([rule(question, question.answer) for question in every]),
        _share([rule(question, typo(question.answer, 1, dice)) for question in five]),
        _share([rule(question, typo(question.answer, 2, dice)) for question in nine]),
        _share([any(found) for found in wrong]),
        _share([accepted for found in wrong for accepted in found]),
        _share(slips),
        _share([rule(q, nearest[q.id]) for q in every if q.id in nearest]),
    ]


def _share(found: Sequence[bool]) -> str:
    return f"{sum(found) / max(1, len(found)):.2%}"

"""What the games cost: making a question or a puzzle, judging a guess, solving.

Whether they are right is measured elsewhere: ``facts``, ``grading`` and ``letters``.
"""

from __future__ import annotations

import asyncio
import random
import string
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from statistics import median
from typing import TypeVar

from bench.table import Report, Table, percentile
from bot.games.facts import FactBook
from bot.games.grading import LONGEST_GUESS, Grader, grade
from bot.games.lexicon import KNOWN, Lexicon
from bot.games.puzzles import Kind, Puzzles
from bot.games.questions import Difficulty, Question
from bot.games.solver import Query, solve

T = TypeVar("T")

_SEED = 8
_GUESSES = 2_000
"""Questions that are guessed at."""


async def run(*, smoke: bool = False) -> Report:
    """10,000 of what is quick and 200 searches of a kind; 100 and 2 for a smoke run."""
    table = await asyncio.to_thread(_measure, 100 if smoke else 10_000, 2 if smoke else 200)
    return Report([table], notes=_NOTES)


_NOTES = """\
Processor time, so that what else the machine does is not counted. Guesses are judged on the event
loop; puzzles are drawn and words searched for on a thread, where a search for several words has
0.8 s. Letters to search are those of words that people know."""


def _measure(quick: int, searches: int) -> Table:
    dice = random.Random(_SEED)  # noqa: S311 - the same each time
    table = Table(
        f"games: microseconds, {quick:,} times ({5 * searches:,} puzzles, {searches} searches)",
        ("what", "p50", "p99", "worst"),
    )
    book, made_book = _timed(FactBook)
    lexicon, read = _timed(Lexicon.load)
    puzzles, sorted_out = _timed(lambda: Puzzles(lexicon))
    ids = book.ids()
    _add(table, "make a question of facts", quick, cycle(ids), lambda one: book.question(one, dice))
    questions = [book.question(each, dice) for each in dice.sample(ids, min(len(ids), _GUESSES))]
    for name, guess in _GUESS.items():
        graders = ((Grader.of(each), guess(each, dice)) for each in cycle(questions))
        _add(table, f"judge {name}", quick, graders, lambda pair: pair[0].judge(pair[1]))
    right = ((each, each.answer) for each in cycle(questions))
    _add(table, "make a grader, and judge", quick, right, lambda pair: grade(*pair))
    kinds = [(kind, difficulty) for kind in Kind for difficulty in Difficulty]
    _add(table, "draw a puzzle", 5 * searches, cycle(kinds), lambda pair: puzzles.draw(*pair, dice))
    known = [word for word, level in lexicon.levels.items() if level <= KNOWN and len(word) > 1]
    for words, length in ((1, 7), (1, 12), (2, 10), (3, 12)):
        queries = (Query(each, words=words) for each in _letters(known, length, dice))
        name = f"find {words} {'words' if words > 1 else 'word'} in {length} letters"
        _add(table, name, searches, queries, lambda query: solve(query, lexicon))
    table.note = (
        f"Once, at the start: {made_book:.2f} s for the book of facts, {read:.2f} s for the words, "
        f"{sorted_out:.2f} s for the puzzles."
    )
    return table


def _typo(question: Question, dice: random.Random) -> str:
    place = dice.randrange(len(question.answer))
    letter = dice.choice(string.ascii_lowercase)
    return question.answer[:place] + letter + question.answer[place + 1 :]


_GUESS: dict[str, Callable[[Question, random.Random], str]] = {
    "the answer": lambda question, _: question.answer,
    "the answer with a typo": _typo,
    "a wrong option": lambda question, dice: dice.choice(question.distractors),
    f"{LONGEST_GUESS} letters": lambda _, dice: "".join(
        dice.choices(string.ascii_lowercase, k=LONGEST_GUESS)
    ),
    f"{LONGEST_GUESS // 2} guesses in one": lambda _, dice: ",".join(
        dice.choices(string.ascii_lowercase, k=LONGEST_GUESS // 2)
    ),
}


def _letters(known: list[str], length: int, dice: random.Random) -> Iterator[str]:
    while True:
        heap = ""
        while len(heap) < length:
            heap += dice.choice(known)
        yield heap[:length]


def _timed(make: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    made = make()
    return made, time.perf_counter() - began


def _add(
    table: Table, what: str, times: int, given: Iterable[T], work: Callable[[T], object]
) -> None:
    took_us = list[float]()
    for each in islice(given, times):
        began = time.thread_time_ns()
        work(each)
        took_us.append((time.thread_time_ns() - began) / 1000)
    figures = (median(took_us), percentile(took_us, 0.99), max(took_us))
    table.add(what, *(f"{figure:,.1f}" for figure in figures))

"""What a model makes of the passages: right answers, right sources, and what becomes of questions
that the documents do not answer.

Asked is what ``python -m bench askdocs`` searches for: figures of projects in three yearly
reports. An answer is right if it holds every name, figure or date that was asked for, and a source
is right if the passage that is shown says so. Questions without an answer are those about a
project that is in no report, and those about a year whose report is not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.askdocs_recall import read
from bench.questions import Question, reports
from bench.table import Report, Table
from bench.world import World, open_world
from bot.asking import Standing, Verdict, consult, judge, sampling
from bot.documents.passages import Passage, chunk
from bot.generation.ticket import Request

_CONTEXT_TOKENS = 2048
_REPLY_TOKENS = 96
_QUESTIONS = 20
_FACTS: Sequence[str] = json.loads(
    Path(__file__).with_name("report_words.json").read_text(encoding="utf-8")
)["en"]["facts"]
_ASKED_FOR = {"n": r"(?P<n>\S+ \S+)", "m": r"(?P<m>[\d,]+)", "d": r"(?P<d>[\d.]+)", "k": r"\d+"}
_NOTES = (
    "Run with the model that `.env` names, at 2,048 tokens; replies are sampled as shipped, with "
    "a seed. A question counts as answered from the text if a source is shown with the reply, and "
    "as refused if the reply, or the note under it, says that the documents do not tell. "
    "Warned: the note names what of the question stands nowhere in the documents."
)


@dataclass(slots=True)
class _Row:
    kind: str
    asked: int = 0
    right: int = 0
    sourced: int = 0
    rightly: int = 0
    refused: int = 0
    warned: int = 0

    def cells(self) -> list[str]:
        rightly = f"{self.rightly}" if self.kind == _THERE else "-"
        right = f"{self.right}" if self.kind == _THERE else "-"
        counts = (self.sourced, rightly, self.refused, self.warned)
        return [self.kind, f"{self.asked}", right, *map(str, counts)]


_THERE, _NO_PROJECT, _NO_YEAR = "in the text", "of an unknown project", "of a missing year"


async def run(*, smoke: bool) -> Report:
    """One row a kind of question."""
    questions = reports("en", "pdf", pages=6, seed=5)
    passages: list[Passage] = []
    count = 2 if smoke else _QUESTIONS
    table = Table(
        "answers: what a model makes of the passages",
        ["question", "asked", "right", "with a source", "the right one", "refused", "warned"],
    )
    async with open_world(lanes=1, context_tokens=_CONTEXT_TOKENS) as world:
        for name, extracted in await read(questions):
            passages += chunk(name, extracted, world.prompter.length)
        for kind in (_THERE, _NO_PROJECT, _NO_YEAR):
            row = _Row(kind)
            for question in questions.questions[:count]:
                asked, read_from = _put(kind, question, passages)
                await _ask(world, row, asked, question, read_from)
            table.add(*row.cells())
    return Report([table], _NOTES)


def _put(
    kind: str, question: Question, passages: Sequence[Passage]
) -> tuple[str, Sequence[Passage]]:
    """A question as it is asked, and the passages among which is searched."""
    if kind == _NO_PROJECT:
        project = re.search(r"\b(?:of|did|the|have) ([A-Z]\w+)", question.text)
        name = project[1] if project else ""
        return question.text.replace(name, "Quarvexin"), passages
    if kind == _NO_YEAR:
        year = max(re.findall(r"\b20\d\d\b", question.text))
        return question.text, [one for one in passages if year not in one.document]
    return question.text, passages


async def _ask(
    world: World, row: _Row, asked: str, question: Question, passages: Sequence[Passage]
) -> None:
    consultation = consult(world.prompter, world.system, asked, passages)
    params = replace(sampling(world.prompter), max_new_tokens=_REPLY_TOKENS, seed=row.asked)
    ticket = world.queue.submit(
        Request(
            prompt=consultation.prompt,
            params=params,
            person=1,
        )
    )
    verdict = judge(await ticket.whole(), consultation)
    row.asked += 1
    row.right += all(value in verdict.text for value in _values(question))
    row.sourced += verdict.standing is Standing.SUPPORTED
    row.rightly += _is_rightly_sourced(verdict, question)
    row.refused += verdict.standing is not Standing.SUPPORTED
    row.warned += bool(consultation.unmentioned)


def _values(question: Question) -> list[str]:
    """The names, figures and dates that a right answer holds."""
    found: list[str] = []
    for gold in question.golds:
        for fact in _FACTS:
            pattern = re.escape(fact)
            for hole in "pcynmdk":
                pattern = pattern.replace(rf"\{{{hole}\}}", _ASKED_FOR.get(hole, r".+?"))
            if match := re.fullmatch(pattern, gold):
                found += [value for value in match.groupdict().values() if value]
    return found


def _is_rightly_sourced(verdict: Verdict, question: Question) -> bool:
    shown = " ".join(passage.text for source in verdict.sources for passage in source.passages)
    squeezed = "".join(shown.split())
    return any("".join(gold.split()) in squeezed for gold in question.golds)

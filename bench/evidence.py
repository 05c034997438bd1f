"""How often the evidence check is right: replies of known origin, each with the passages that a
search finds for its question.

Told: the first sentence of the answer, as it stands; with a third of its words left out; in
another order; and with a quarter of them taken from another answer. Not told: the first sentence
of another answer of the same document that is not among the passages; and the right sentence with
another figure in it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.askdocs_recall import BUDGET, faqs, read, tokens
from bench.questions import REPORT_LANGUAGES, QuestionSet, reports
from bench.table import Report, Table
from bot.documents import evidence
from bot.documents.evidence import support
from bot.documents.passages import Passage, chunk
from bot.documents.search import Excerpt, Index

_STEPS = (0.4, 0.5, 0.6, 0.7)

_NOTES = (
    "The replies are sentences of the documents, changed as the row says, and not a model's. One "
    "in nine wrong answers from the same document is still shown with a source."
)


@dataclass(frozen=True, slots=True)
class _Case:
    kind: str
    question: str
    reply: str
    passages: Sequence[Passage]
    told: bool


async def run(*, smoke: bool) -> Report:
    """One row a kind of reply; the share for which a source is shown, at several thresholds."""
    sets = await faqs(smoke=smoke)
    for language in REPORT_LANGUAGES[: 1 if smoke else None]:
        sets.append(reports(language, "txt", pages=8, seed=4))
    cases: list[_Case] = []
    for number, questions in enumerate(sets):
        cases += await _cases(questions, random.Random(number))  # noqa: S311 - the same each time
    table = Table(
        "evidence: replies that are shown with a source",
        ["reply", "count", *(f"at {step}" for step in _STEPS)],
        note=f"The bot's threshold is {evidence.SUPPORTED}.",
    )
    shipped = evidence.SUPPORTED
    for kind in dict.fromkeys(case.kind for case in cases):
        own = [case for case in cases if case.kind == kind]
        shares = []
        try:
            for step in _STEPS:
                evidence.SUPPORTED = step
                found = sum(support(c.reply, c.question, c.passages).is_found for c in own)
                shares.append(f"{found / len(own):.3f}")
        finally:
            evidence.SUPPORTED = shipped
        table.add(kind, f"{len(own):,}", *shares)
    return Report([table], _NOTES)


async def _cases(questions: QuestionSet, dice: random.Random) -> list[_Case]:
    passages: list[Passage] = []
    for name, extracted in await read(questions):
        passages += chunk(name, extracted, tokens)
    index = Index(passages)
    cases: list[_Case] = []
    answers = [question.golds[0] for question in questions.questions]
    for number, question in enumerate(questions.questions):
        excerpts = index.search(question.text, BUDGET, _cost)
        sent = [passage for excerpt in excerpts for passage in excerpt.passages]
        text = _squeezed(" ".join(passage.text for passage in sent))
        reply = _beginning(answers[number])
        other = _beginning(answers[(number + len(answers) // 2) % len(answers)])
        if _squeezed(reply) in text:
            cases += _told(question.text, reply, other, sent, dice)
            if figure := _other_figure(reply, text):
                cases.append(_Case("not told: another figure", question.text, figure, sent, False))
        if _squeezed(other) not in text:
            cases.append(_Case("not told: another answer", question.text, other, sent, False))
    return cases


def _told(
    question: str, reply: str, other: str, sent: Sequence[Passage], dice: random.Random
) -> Iterator[_Case]:
    yield _Case("told: word for word", question, reply, sent, True)
    words = reply.split() if " " in reply else list(reply)
    gap = " " if " " in reply else ""
    kept = [word for word in words if dice.random() > 1 / 3]
    yield _Case("told: two thirds of its words", question, gap.join(kept), sent, True)
    if gap:
        dice.shuffle(words)
        yield _Case("told: in another order", question, gap.join(words), sent, True)
        others = other.split() or ["whatever"]
        mixed = [word if dice.random() > 1 / 4 else dice.choice(others) for word in reply.split()]
        yield _Case("told: a quarter in other words", question, gap.join(mixed), sent, True)


def _beginning(answer: str) -> str:
    return re.split(r"(?<=[.!?])\s+|(?<=[\u3002])", answer)[0]


def _other_figure(reply: str, text: str) -> str:
    """The reply with every figure of it turned into one that stands nowhere."""
    changed = re.sub(r"\d", lambda match: str((int(match[0]) + 3) % 10), reply)
    figures = re.findall(r"\d[\d,.]*\d", changed)
    return changed if figures and not any(figure in text for figure in figures) else ""


def _cost(excerpts: Sequence[Excerpt]) -> int:
    return sum(tokens(excerpt.text) + 32 for excerpt in excerpts)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)

"""How often the answer to a question is in the passages that are sent with it.

Beside each figure stands the same for the usual way: BM25 over chunks of 256 tokens, cut
anywhere, the best ones in their order of rank.
"""

from __future__ import annotations

import asyncio
import math
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.questions import FAQ_LANGUAGES, REPORT_LANGUAGES, QuestionSet, faq, reports
from bench.table import Report, Table
from bot.documents.extract import extract
from bot.documents.extracted import Extracted
from bot.documents.passages import Passage, chunk
from bot.documents.search import Excerpt, Index
from tests.support import files

BUDGET = 1_300
"""Tokens: what a window of 2,048 leaves beside a reply of 512 and the instruction."""

_BLOCK = 32
"""Tokens of a block's markers and metadata."""

_LONG_LINE = 96

_NOTES = (
    "The FAQ is Debian's, in seven languages, without the heading that is the question; an "
    "answer counts when the whole paragraph is there. It is hard on purpose, and on chunks of a "
    "fixed size harder still, for they cut paragraphs in two. The reports are generated; they "
    "show that no type of file is worse than another, and no more. The settings were chosen "
    "among some seventeen with the FAQ in sight, so there is no set here that they have not "
    "seen. Tokens are a quick estimate."
)


def tokens(text: str) -> int:
    """About what LLaMA's tokenizer makes of a text. A fixed rule, so that the figures are the same
    everywhere: 4 letters of ASCII a token, 2 of the other alphabets, 1 ideograph."""
    ascii_letters = sum(char < "\x80" for char in text)
    wide = sum(char >= "\u2e80" for char in text)
    return math.ceil(ascii_letters / 4 + (len(text) - ascii_letters - wide) / 2 + wide)


def _cost(excerpts: Sequence[Excerpt]) -> int:
    return sum(tokens(excerpt.text) + _BLOCK for excerpt in excerpts)


def ours(documents: Sequence[tuple[str, Extracted]]) -> Callable[[str], list[str]]:
    passages: list[Passage] = []
    for name, extracted in documents:
        passages += chunk(name, extracted, tokens)
    index = Index(passages)
    return lambda question: [excerpt.text for excerpt in index.search(question, BUDGET, _cost)]


def usual(documents: Sequence[tuple[str, Extracted]]) -> Callable[[str], list[str]]:
    """BM25 over whole words in chunks of 256 tokens."""
    chunks: list[str] = []
    for _, extracted in documents:
        text = "\n".join(part.text for part in extracted.parts)
        scale = max(1, int(256 * len(text) / max(tokens(text), 1)))
        chunks += [text[at : at + scale] for at in range(0, len(text), scale)]
    counts = [Counter(re.findall(r"\w+", chunk.lower())) for chunk in chunks]
    lengths = [sum(count.values()) for count in counts]
    mean = sum(lengths) / len(lengths)
    found = Counter(word for count in counts for word in count)

    def search(question: str) -> list[str]:
        words = set(re.findall(r"\w+", question.lower()))
        scores = []
        for count, length in zip(counts, lengths, strict=True):
            score = 0.0
            for word in words & count.keys():
                weight = math.log1p((len(counts) - found[word] + 0.5) / (found[word] + 0.5))
                times = count[word]
                score += weight * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / mean))
            scores.append(score)
        best = sorted(range(len(chunks)), key=lambda number: -scores[number])
        taken: list[str] = []
        left = BUDGET
        for number in best:
            left -= tokens(chunks[number]) + _BLOCK
            if left < 0:
                break
            taken.append(chunks[number])
        return taken

    return search


def recall(questions: QuestionSet, search: Callable[[str], list[str]]) -> float:
    """The share of questions whose answers are whole in what ``search`` finds."""
    right = 0
    for question in questions.questions:
        texts = [_squeezed(text) for text in search(question.text)]
        right += all(any(_squeezed(gold) in text for text in texts) for gold in question.golds)
    return right / len(questions.questions)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+|[|;]", "", text)


def written(name: str, text: str, kind: str) -> bytes:
    pages = text.split("\f")
    match kind:
        case "pdf":
            return files.pdf(["\n".join(_folded(page)) for page in pages])
        case "docx":
            paragraphs = "\n\n".join(pages).split("\n\n")
            return files.docx("".join(map(files.paragraph, paragraphs)))
        case "xlsx":
            rows = [row.split("\t") for row in "\n\n".join(pages).split("\n\n")]
            return files.xlsx({name: rows})
        case "html":
            paragraphs = "\n\n".join(pages).split("\n\n")
            return f"<!doctype html>{''.join(f'<p>{text}</p>' for text in paragraphs)}".encode()
        case _:
            return text.encode()


def _folded(page: str) -> list[str]:
    """Lines of a page, none of them wider than it."""
    lines: list[str] = []
    for paragraph in page.split("\n\n"):
        line = ""
        for word in paragraph.split():
            if len(line) + len(word) >= _LONG_LINE:
                lines.append(line)
                line = ""
            line += f" {word}" if line else word
        lines += [line, ""]
    return lines


async def faqs(*, smoke: bool) -> list[QuestionSet]:
    """Debian's FAQ in every language it is packaged in; none where apt-get is not at hand, and
    none for a smoke run, which fetches nothing."""
    sets: list[QuestionSet] = []
    with tempfile.TemporaryDirectory() as folder:
        for language in FAQ_LANGUAGES[: 0 if smoke else None]:
            made = await asyncio.to_thread(faq, Path(folder), language)
            if made is None:
                break
            sets.append(made)
    return sets


async def read(questions: QuestionSet) -> list[tuple[str, Extracted]]:
    return [
        (name, await extract(name, written(name, text, questions.kind)))
        for name, text in questions.documents
    ]


async def run(*, smoke: bool) -> Report:
    """One row a question set."""
    table = Table(
        f"askdocs: answers in the {BUDGET:,} tokens of passages that are sent",
        ["questions", "files", "tokens", "count", "usual", "ours", "search"],
        note="usual: BM25, chunks of 256 tokens. search: milliseconds a question.",
    )
    sets = await faqs(smoke=smoke)
    if not sets:
        table.note += " Debian's FAQ was left out: it takes apt-get of Debian."
    for language in REPORT_LANGUAGES[: 1 if smoke else None]:
        sets.append(reports(language, "docx", pages=12, seed=1))
    for kind in ("txt", "pdf", "xlsx", "html")[: 1 if smoke else None]:
        sets.append(reports("en", kind, pages=12, seed=2))
    for pages in (1, 60)[: 1 if smoke else None]:
        sets.append(reports("en", "pdf", pages=pages, seed=3))
    for questions in sets:
        if not questions.questions:
            continue
        documents = await read(questions)
        search = ours(documents)
        began = time.perf_counter()
        mine = recall(questions, search)
        taken = (time.perf_counter() - began) / len(questions.questions)
        theirs = recall(questions, usual(documents))
        size = sum(tokens(part.text) for _, document in documents for part in document.parts)
        table.add(
            questions.name,
            f"{len(documents)} {questions.kind}",
            f"{size:,}",
            f"{len(questions.questions)}",
            f"{theirs:.3f}",
            f"{mine:.3f}",
            f"{1000 * taken:.0f} ms",
        )
    return Report([table], _NOTES)

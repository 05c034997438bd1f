"""``python -m bot ask``: a question about files, answered in the terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from bot.asking import (
    Choice,
    Consultation,
    FileReader,
    GivenFile,
    Standing,
    Verdict,
    consult,
    judge,
    place_of,
    read_files,
    sampling,
    told_apart,
)
from bot.documents.extracted import Limits, quoted
from bot.documents.passages import Passage
from bot.errors import AirocordError, Cancelled, DocumentError
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request
from bot.prompting import Prompter
from bot.terminal import interrupts, printable

_PERSON = 0
"""There is one person at a terminal."""

JsonValue = str | int | float | None | list["JsonValue"] | dict[str, "JsonValue"]

NOT_SUPPORTED = {
    Standing.NOT_ANSWERED: "The files do not answer this, the model says.",
    Standing.NOT_FOUND: "Not found in the files: nothing in them bears this answer out.",
}


HOW_CHOSEN = {
    Choice.SPREAD: "The files are too long to be read as a whole: passages from all over them.",
    Choice.BEGINNINGS: "No word of the question stands in the files: these are their beginnings.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question about files."""

    consultation: Consultation
    verdict: Verdict | None
    """``None`` where the model was not asked."""
    warnings: Sequence[str]


def _console(*, stderr: bool) -> Console:
    """One that prints what it is given: names, passages and replies are no markup."""
    return Console(stderr=stderr, highlight=False, soft_wrap=not stderr, markup=False, emoji=False)


@dataclass(slots=True)
class AskCommand:
    """The answer goes to standard output, everything else to standard error."""

    queue: GenerationQueue
    prompter: Prompter
    system: str
    limits: Limits
    out: Console = field(default_factory=partial(_console, stderr=False))
    notes: Console = field(default_factory=partial(_console, stderr=True))

    async def run(
        self, files: Sequence[Path], question: str, *, as_json: bool, only_passages: bool
    ) -> int:
        """Answer one question and return the exit status."""
        if not question.strip():
            self.notes.print("There is no question. Give one with --question.")
            return 2
        try:
            asked = await self._ask(files, question, only_passages=only_passages)
        except Cancelled:
            return 130
        except AirocordError as error:
            self.notes.print(str(error), style="red")
            return 1
        if as_json:
            shown = json.dumps(as_value(asked), ensure_ascii=False, indent=2)
            self.out.print(printable(shown))
        else:
            self._print(asked)
        return 0

    async def _ask(self, files: Sequence[Path], question: str, *, only_passages: bool) -> Asked:
        """Read, search, and ask the model.

        Raises:
            AirocordError: no file can be read, or the model fails.
        """
        with self.notes.status("Reading…"):
            given = await asyncio.to_thread(_given, files)
            read, warnings = await read_files(FileReader(self.limits, self.prompter.length), given)
        warnings += [warning for file in read for warning in file.warnings]
        names = told_apart([file.name for file in read])
        passages = [
            replace(passage, document=name)
            for name, file in zip(names, read, strict=True)
            for passage in file.passages
        ]
        with self.notes.status("Searching…"):
            found = await asyncio.to_thread(consult, self.prompter, self.system, question, passages)
        if found.choice in HOW_CHOSEN:
            warnings.append(HOW_CHOSEN[found.choice])
        if only_passages:
            return Asked(found, None, warnings)
        request = Request(prompt=found.prompt, params=sampling(self.prompter), person=_PERSON)
        ticket = self.queue.submit(request)
        with self.notes.status("Writing…"), interrupts(ticket.cancel):
            await ticket.result()
        verdict = await asyncio.to_thread(judge, ticket.text, found)
        return Asked(found, verdict, warnings)

    def _print(self, asked: Asked) -> None:
        for warning in asked.warnings:
            self.notes.print(f"({warning})", style="dim")
        if asked.verdict is None:
            for excerpt in asked.consultation.excerpts:
                for passage in excerpt.passages:
                    self.out.print(f"== {_where(passage)}, {passage.tokens} tokens")
                    self.out.print(printable(passage.text))
            return
        self.out.print(printable(asked.verdict.text))
        for number, source in enumerate(asked.verdict.sources, 1):
            self.out.print(f"[{number}] {_where(source)}")
        if sentence := NOT_SUPPORTED.get(asked.verdict.standing):
            self.out.print(sentence)


def as_value(asked: Asked) -> JsonValue:
    """An answer for a program to read."""
    found, verdict = asked.consultation, asked.verdict
    return {
        "question": found.question,
        "answer": verdict.text if verdict else None,
        "standing": verdict.standing.value if verdict else None,
        "sources": [
            {**_place(source), "quote": source.text}
            for source in (verdict.sources if verdict else ())
        ],
        "passages": [
            {
                **_place(passage),
                "score": round(excerpt.score, 3),
                "tokens": passage.tokens,
                "text": passage.text,
            }
            for excerpt in found.excerpts
            for passage in excerpt.passages
        ],
        "searched": found.searched,
        "prompt_tokens": found.prompt_tokens,
        "warnings": list(asked.warnings),
    }


def _place(passage: Passage) -> dict[str, JsonValue]:
    return {
        "file": passage.document,
        "page": passage.page,
        "last_page": passage.last_page,
        "section": passage.section,
    }


def _where(passage: Passage) -> str:
    return ", ".join(filter(None, (passage.document, place_of(passage))))


def _given(files: Sequence[Path]) -> list[GivenFile]:
    given: list[GivenFile] = []
    for file in files:
        try:
            given.append(GivenFile(file.name, file.read_bytes()))
        except OSError as error:
            raise DocumentError(
                f"{quoted(file.name)} cannot be opened: {error.strerror}. Check its path."
            ) from error
    return given

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
    Answering,
    Choice,
    Consultation,
    Standing,
    Verdict,
    consult,
    judge,
    place_of,
    sampling,
    told_apart,
)
from bot.background import Background
from bot.documents.extracted import Limits, quoted
from bot.documents.passages import Passage
from bot.documents.search import Excerpt
from bot.errors import AirocordError, Cancelled, DocumentError
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request, Ticket
from bot.prompting import Prompter
from bot.reading_files import FileReader, GivenFile, read_files
from bot.reading_whole import ReadingPlan, WholeReader, how_much
from bot.terminal import interrupts, printable

_PERSON = 0
"""There is one person at a terminal."""

JsonValue = str | int | float | None | list["JsonValue"] | dict[str, "JsonValue"]

NOT_SUPPORTED = {
    Standing.NOT_ANSWERED: "The files do not answer this, the model says.",
    Standing.NOT_FOUND: "Not found in the files: nothing in them bears this answer out.",
}


HOW_CHOSEN = {
    Choice.BEGINNINGS: "No word of the question stands in the files: these are their beginnings.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question about files."""

    consultation: Consultation | ReadingPlan
    """A plan where nothing was to be read for a question about the whole."""
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
    most_parts: int
    """That are read for a question about the whole."""
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
            asked = await self._ask(files, question, as_json=as_json, only_passages=only_passages)
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

    async def _ask(
        self, files: Sequence[Path], question: str, *, as_json: bool, only_passages: bool
    ) -> Asked:
        """Read, search, and ask the model; the answer is printed as it comes, unless
        ``as_json``.

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
        found = await self._find(question, passages, only_passages=only_passages)
        warnings += filter(None, (HOW_CHOSEN.get(found.choice), how_much(found)))
        if isinstance(found, Consultation) and found.unmentioned:
            warnings.append(f"Nowhere in the files: {', '.join(map(quoted, found.unmentioned))}.")
        if not as_json:
            for warning in warnings:
                self.notes.print(f"({warning})", style="dim")
        if isinstance(found, ReadingPlan) or only_passages:
            return Asked(found, None, warnings)
        request = Request(prompt=found.prompt, params=sampling(self.prompter), person=_PERSON)
        ticket = self.queue.submit(request)
        with interrupts(ticket.cancel):
            shown = "" if as_json else await self._stream(ticket, found)
            await ticket.result()
        verdict = await asyncio.to_thread(judge, ticket.text, found)
        if not as_json:
            self._say_rest(shown, verdict.text)
        return Asked(found, verdict, warnings)

    async def _find(
        self, question: str, passages: Sequence[Passage], *, only_passages: bool
    ) -> Consultation | ReadingPlan:
        reader = WholeReader(self.prompter, self.system, self.most_parts)
        with self.notes.status("Searching…") as status:
            plan = await asyncio.to_thread(reader.plan, question, passages)
            if plan is None:
                return await asyncio.to_thread(
                    consult, self.prompter, self.system, question, passages
                )
            if only_passages:
                return plan
            background = Background(self.queue, _PERSON, None, status.update)
            reading = asyncio.create_task(reader.notes(plan, background))
            with interrupts(reading.cancel):
                await asyncio.wait((reading,))
            if reading.cancelled():
                raise Cancelled("The reading was stopped.")
            return await asyncio.to_thread(reader.consult, plan, await reading)

    async def _stream(self, ticket: Ticket, found: Consultation) -> str:
        """Print the answer as it is written, without its list of sources; return what stands
        there. It may end in the middle of a line."""
        answering = Answering(found.blocks)
        shown = ""
        version = -1
        while not ticket.state.ended:
            version = await ticket.changed(version)
            text = answering.text_of(ticket.text)
            if len(text) > len(shown) and text.startswith(shown):
                self.out.print(printable(text[len(shown) :]), end="")
                self.out.file.flush()
                shown = text
        return shown

    def _say_rest(self, shown: str, text: str) -> None:
        """What of an answer is not printed yet, once it is known where its sources begin."""
        self.out.print(printable(text.removeprefix(shown) if text.startswith(shown) else ""))

    def _print(self, asked: Asked) -> None:
        if asked.verdict is None:
            for excerpt in asked.consultation.excerpts:
                for passage in excerpt.passages:
                    self.out.print(f"== {_where(passage)}, {passage.tokens} tokens")
                    self.out.print(printable(passage.text))
            return
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
                "text": passage.text.rstrip(" "),
            }
            for excerpt in found.excerpts
            for passage in excerpt.passages
        ],
        "searched": found.searched,
        "prompt_tokens": found.prompt_tokens,
        "warnings": list(asked.warnings),
    }


def _place(passage: Passage | Excerpt) -> dict[str, JsonValue]:
    return {
        "file": passage.document,
        "page": passage.page,
        "last_page": passage.last_page,
        "section": passage.section,
    }


def _where(passage: Passage | Excerpt) -> str:
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

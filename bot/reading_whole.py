"""Questions about documents as a whole, where that does not fit the context window.

Each part is read by itself and noted down, in the background; notes that do not fit one prompt
are noted down again; the answer is written from the notes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.asking import (
    QUESTION_TOO_LONG,
    Choice,
    Consultation,
    block_of,
    end_of,
    rendered,
    sampling,
)
from bot.background import Background
from bot.documents.extracted import quoted
from bot.documents.passages import Passage
from bot.documents.search import Excerpt, everything
from bot.documents.whole import Note, Whole, asks_for_all, evenly, grouped, partition
from bot.errors import PromptFailed, PromptTooLong
from bot.generation.engine import SamplingParams
from bot.language import phrase
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.prompts.closed_context import Block, instruction, part_instruction, whole_instruction

NOTE_TOKENS = 200
"""Longest note on a part: the 100 words that are asked for, in most languages."""

_AS_MANY_AS = 999
"""Parts that the instruction is measured with, before it is known how many there are."""

NOTHING_NOTED = phrase(
    "I could not note down anything of these documents. Please ask again in other words."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPlan:
    """How documents will be read for a question about the whole of them."""

    question: str
    excerpts: tuple[Excerpt, ...]
    """The parts that are read, in order."""
    parts: int
    """How many there are."""
    searched: int
    """Passages that they have in all."""
    prompt_tokens: int
    """Of all prompts about a part."""
    choice: Choice = Choice.WHOLE


@dataclass(frozen=True, slots=True)
class WholeReader:
    """Reads documents part by part. All methods but :meth:`notes` are meant for a thread."""

    prompter: Prompter
    system: str
    most_parts: int
    """Parts that are read for one question; of more, so many at even distances."""

    def plan(self, question: str, passages: Sequence[Passage]) -> ReadingPlan | None:
        """``None``: the question is not about the whole, or the whole fits one prompt.

        Raises:
            PromptTooLong: the question leaves no room for a passage.
            PromptFailed: a document is made to break out of its block.
        """
        if not asks_for_all(question):
            return None
        budget = self.prompter.budget
        if sum(passage.tokens for passage in passages) <= 1.2 * budget:
            blocks = list(map(block_of, everything(passages)))
            if self.prompter.count(self._render(instruction(question), blocks)) <= budget:
                return None

        def cost(excerpts: Sequence[Excerpt]) -> int:
            blocks = list(map(block_of, excerpts))
            return self.prompter.count(self._part(question, _AS_MANY_AS, _AS_MANY_AS, blocks))

        parts = partition(passages, self._part_budget, cost)
        if not parts:
            raise PromptTooLong(QUESTION_TOO_LONG)
        read = evenly(parts, self.most_parts)
        return ReadingPlan(
            question=question,
            excerpts=tuple(read),
            parts=len(parts),
            searched=len(passages),
            prompt_tokens=sum(cost([part]) for part in read),
        )

    async def notes(self, plan: ReadingPlan, background: Background) -> tuple[Note, ...]:
        """Read the parts, and put notes together until they fit one prompt.

        Raises:
            GenerationError: a part failed; nothing is left in the queue.
        """
        parts = plan.excerpts
        texts = await self._write(
            plan.question,
            [[block_of(part)] for part in parts],
            [
                phrase(
                    "Reading {name}: part {number} of {count}.",
                    name=quoted(part.document),
                    number=number,
                    count=len(parts),
                )
                for number, part in enumerate(parts, 1)
            ],
            background,
        )
        notes = _noted([(part,) for part in parts], texts)
        while (groups := await asyncio.to_thread(self._groups, plan.question, notes)) is not None:
            texts = await self._write(
                plan.question,
                [list(map(_block_of, group)) for group in groups],
                [
                    phrase(
                        "Putting my notes together: part {number} of {count}.",
                        number=number,
                        count=len(groups),
                    )
                    for number in range(1, len(groups) + 1)
                ],
                background,
            )
            kept = [tuple(part for note in group for part in note.parts) for group in groups]
            notes = _noted(kept, texts)
        return tuple(notes)

    def consult(
        self, plan: ReadingPlan, notes: Sequence[Note], *, reply_so_far: str = ""
    ) -> Consultation:
        """The question with the notes, ready to be asked."""
        asked = whole_instruction(plan.question)
        blocks = list(map(_block_of, notes))
        begun = end_of(reply_so_far)
        prompt = self._render(asked, blocks, begun)
        while begun and self.prompter.count(prompt) > self.prompter.budget:
            begun = begun[len(begun) // 2 + 1 :]
            prompt = self._render(asked, blocks, begun)
        return Consultation(
            question=plan.question,
            prompt=prompt,
            prompt_tokens=self.prompter.count(prompt),
            excerpts=plan.excerpts,
            blocks=tuple(map(block_of, plan.excerpts)),
            searched=plan.searched,
            choice=plan.choice,
            whole=Whole(plan.parts, tuple(notes)),
        )

    async def _write(
        self,
        question: str,
        blocks: Sequence[Sequence[Block]],
        titles: Sequence[str],
        background: Background,
    ) -> list[str]:
        def prompts() -> list[Prompt]:
            return [
                self._part(question, number, len(blocks), own)
                for number, own in enumerate(blocks, 1)
            ]

        asked = await asyncio.to_thread(prompts)
        return await background.write_all(asked, self._params, titles=titles)

    def _groups(self, question: str, notes: Sequence[Note]) -> list[Sequence[Note]] | None:
        """Notes that have to be put together; ``None`` where all of them fit one prompt.

        Raises:
            PromptTooLong: not even two of them fit one.
        """
        blocks = list(map(_block_of, notes))
        asked = whole_instruction(question)
        if self.prompter.count(self._render(asked, blocks)) <= self.prompter.budget:
            return None

        def cost(group: Sequence[Note]) -> int:
            blocks = list(map(_block_of, group))
            return self.prompter.count(self._part(question, _AS_MANY_AS, _AS_MANY_AS, blocks))

        groups = grouped(notes, self._part_budget, cost)
        if groups is None:
            raise PromptTooLong(QUESTION_TOO_LONG)
        return groups

    def _part(self, question: str, number: int, of: int, blocks: Sequence[Block]) -> Prompt:
        return self._render(part_instruction(question, number, of), blocks)

    def _render(self, asked: str, blocks: Sequence[Block], reply_so_far: str = "") -> Prompt:
        return rendered(self.prompter, self.system, asked, blocks, reply_so_far)

    @property
    def _params(self) -> SamplingParams:
        params = sampling(self.prompter)
        return replace(params, max_new_tokens=min(NOTE_TOKENS, params.max_new_tokens))

    @property
    def _part_budget(self) -> int:
        """Tokens of a prompt about a part: a note needs less room than a reply."""
        kept = self.prompter.params.max_new_tokens - self._params.max_new_tokens
        return self.prompter.budget + kept


def how_much(found: Consultation | ReadingPlan) -> str:
    """What the person is told where not all parts are read; else nothing."""
    parts = found.parts if isinstance(found, ReadingPlan) else found.whole and found.whole.parts
    if not parts or parts <= len(found.excerpts):
        return ""
    return phrase(
        "This is too long for me to read all of it: I read {read} of its {count} parts, from all "
        "over it.",
        read=len(found.excerpts),
        count=parts,
    )


def _noted(parts: Sequence[tuple[Excerpt, ...]], texts: Sequence[str]) -> list[Note]:
    notes = [Note(own, text.strip()) for own, text in zip(parts, texts, strict=True)]
    notes = [note for note in notes if note.text]
    if not notes:
        raise PromptFailed(NOTHING_NOTED)
    return notes


def _block_of(note: Note) -> Block:
    """A note as it stands in the prompt, with what it is on."""
    documents = list(dict.fromkeys(part.document for part in note.parts))
    if len(documents) > 1:
        return Block((("files", ", ".join(documents)),), note.text)
    joined = Excerpt(tuple(p for part in note.parts for p in part.passages), 0.0)
    return Block(block_of(joined).source, note.text)

"""One answer out of documents: its passages, its prompt, and the sources under it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.answering import Composed
from bot.asking import Consultation, consult, judge, sampling, told_apart
from bot.background import Background
from bot.document_words import HOW_CHOSEN, footer, label_of
from bot.documents.passages import Passage, member_of
from bot.documents.whole import Note, asks_for_all
from bot.errors import PromptFailed
from bot.generation.engine import SamplingParams
from bot.language import joined, phrase
from bot.prompting import Prompter
from bot.reading_whole import ReadingPlan, WholeReader, how_much
from bot.replies.live import Conclusion
from bot.replies.sources import SourceButton
from bot.storage import (
    ChannelRef,
    Library,
    Preferences,
    Source,
    StoredDocument,
    StoredPassage,
    StoredTurn,
)

log = logging.getLogger(__name__)

_MAX_NOTICES = 5

DOCUMENTS_GONE = phrase(
    "The documents that this was about are not kept any more. Please send them again."
)
NOT_CHECKED = phrase("I could not check this answer against the documents.")

_CHECK_LIMIT_S = 3.0
"""So long an answer is held against its passages."""
_CITE_LIMIT_S = 1.5
"""So long what was found is stored; a reply waits little longer than for both."""

_REMEMBERED = 16
"""Readings of whole documents whose notes are held in memory, for Continue and Regenerate."""

_Key = tuple[frozenset[int], str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What such answers are made with, all of them."""

    library: Library
    prompter: Prompter
    preferences: Preferences
    system_prompt: str
    max_parts: int
    """Read for a question about the whole."""
    notes: OrderedDict[_Key, tuple[Note, ...]] = field(default_factory=OrderedDict)
    """Of whole documents that were read, the latest last."""


class AboutDocuments:
    """An answer out of documents: see :class:`~bot.answering.Approach`."""

    def __init__(
        self,
        means: Means,
        document_ids: Sequence[int],
        warnings: Sequence[str] = (),
    ) -> None:
        self._means = means
        self._ids = document_ids
        self._warnings = warnings
        self._found: Consultation | None = None
        self._whole: tuple[WholeReader, ReadingPlan, tuple[Note, ...]] | None = None
        """Where the question is about the whole, which had to be read part by part."""
        self._by_name: dict[str, int] = {}
        """Ids of the documents by the names that the model knows them by."""

    @property
    def params(self) -> SamplingParams:
        return sampling(self._means.prompter)

    @property
    def prepares(self) -> bool:
        return True

    async def begin(self, question_id: int) -> None:
        await self._means.library.asked_about(question_id, self._ids)

    async def prepare(
        self, channel: ChannelRef, question: StoredTurn, background: Background
    ) -> None:
        if not asks_for_all(question.content):
            return
        reader = WholeReader(
            self._means.prompter, await self._system(channel), self._means.max_parts
        )
        passages = await self._passages(channel)
        plan = await asyncio.to_thread(reader.plan, question.content, passages)
        if plan is None:
            return
        key = (frozenset(self._by_name.values()), question.content, reader.system)
        remembered = self._means.notes
        notes = remembered.get(key) or await reader.notes(plan, background)
        remembered[key] = notes
        remembered.move_to_end(key)
        if len(remembered) > _REMEMBERED:
            remembered.popitem(last=False)
        self._whole = reader, plan, notes

    async def compose(
        self, channel: ChannelRef, question: StoredTurn, reply_so_far: str
    ) -> Composed:
        if self._whole is not None:
            reader, plan, notes = self._whole
            kept = {document.id for document in await self._means.library.documents(channel.id)}
            if not kept.issuperset(self._by_name.values()):
                raise PromptFailed(DOCUMENTS_GONE)
            found = await asyncio.to_thread(
                partial(reader.consult, plan, notes, reply_so_far=reply_so_far)
            )
        else:
            found = await asyncio.to_thread(
                partial(
                    consult,
                    self._means.prompter,
                    await self._system(channel),
                    question.content,
                    await self._passages(channel),
                    reply_so_far=reply_so_far,
                )
            )
        self._found = found
        notices = [HOW_CHOSEN.get(found.choice, ""), how_much(found), *self._warnings]
        return Composed(found.prompt, joined(list(filter(None, notices))[:_MAX_NOTICES]))

    async def _passages(self, channel: ChannelRef) -> list[Passage]:
        """Of the documents that are still kept.

        Raises:
            PromptFailed: none is.
        """
        library = self._means.library
        kept = await library.documents(channel.id)
        # What two people brought is read once.
        by_content = {one.sha256: one for one in reversed(kept) if one.id in self._ids}
        kept = [document for document in kept if document in by_content.values()]
        if not kept:
            raise PromptFailed(DOCUMENTS_GONE)
        stored = await library.passages([document.id for document in kept])
        names = told_apart([document.name for document in kept])
        self._by_name = {name: document.id for name, document in zip(names, kept, strict=True)}

        def known_by_name() -> list[Passage]:
            return [
                passage_of(name, document, passage)
                for name, document in zip(names, kept, strict=True)
                for passage in stored[document.id]
            ]

        return await asyncio.to_thread(known_by_name)

    async def _system(self, channel: ChannelRef) -> str:
        persona = (await self._means.preferences.get(channel)).persona
        return persona or self._means.system_prompt

    async def conclude(self, reply_id: int, text: str) -> Conclusion:
        found = self._found
        assert found is not None  # noqa: S101 - there is no reply to a prompt that never was
        try:
            async with asyncio.timeout(_CHECK_LIMIT_S):
                verdict = await asyncio.to_thread(judge, text, found)
        except Exception:
            # Not to be shown like an answer that was checked.
            log.exception("reply %d could not be checked", reply_id)
            return Conclusion(text, NOT_CHECKED)
        sources = verdict.sources
        cited = [
            Source(
                number=number,
                document_id=self._by_name[source.document],
                first=source.passages[0].index,
                last=source.passages[-1].index,
            )
            for number, source in enumerate(sources, 1)
        ]
        try:
            async with asyncio.timeout(_CITE_LIMIT_S):
                await self._means.library.cite(reply_id, cited)
        except Exception:
            # What was found out of the reply stands under it all the same; no button leads there.
            log.exception("the sources of reply %d could not be stored", reply_id)
            return Conclusion(verdict.text, footer(verdict, found))

        def buttons() -> list[SourceButton]:
            return [
                SourceButton(reply_id, number, label_of(source))
                for number, source in enumerate(sources, 1)
            ]

        return Conclusion(verdict.text, footer(verdict, found), buttons)


def passage_of(name: str, document: StoredDocument, stored: StoredPassage) -> Passage:
    """A stored passage of a document that is known by that name."""
    return Passage(
        name,
        stored.position,
        stored.text,
        stored.page,
        stored.last_page,
        stored.section,
        stored.tokens,
        member_of(document.kind, stored.section),
    )

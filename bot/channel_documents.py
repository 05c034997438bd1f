"""The documents of a channel, and answering questions about them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import discord

from bot.answering import Composed
from bot.asking import (
    Consultation,
    FileReader,
    ReadFile,
    consult,
    judge,
    read_files,
    sampling,
    told_apart,
)
from bot.attachments import DownloadLimits, Refetch, fetch_files
from bot.background import Background
from bot.document_words import HOW_CHOSEN, footer, label_of, quotation
from bot.documents.passages import Passage
from bot.documents.search import Excerpt
from bot.documents.whole import Note, asks_for_all
from bot.errors import DocumentError, PromptFailed
from bot.generation.engine import SamplingParams
from bot.language import joined, phrase, spoken
from bot.prompting import Prompter
from bot.reading_whole import ReadingPlan, WholeReader, how_much
from bot.replies.languages import language_of_person
from bot.replies.live import Conclusion
from bot.replies.sources import SourceButton
from bot.replies.splitting import split
from bot.sentences import respond, sentence_for
from bot.storage import (
    ChannelRef,
    Library,
    LibraryFull,
    NewDocument,
    Preferences,
    Source,
    StoredDocument,
    StoredPassage,
    StoredTurn,
)

log = logging.getLogger(__name__)

_MAX_NOTICES = 5

NO_DOCUMENTS = phrase(
    "There are no documents in this channel yet. Use `/askdocs` with a file, or mention me in a "
    "message with files."
)
DOCUMENTS_GONE = phrase(
    "The documents that this was about are not kept any more. Please send them again."
)
SOURCE_GONE = phrase("This passage is not kept any more: the document was removed.")
NOT_CHECKED = phrase("I could not check this answer against the documents.")
MESSAGE_GONE = phrase("The message with these files was deleted, so I did not keep them.")

_CHECK_LIMIT_S = 4.0
"""So long an answer is held against its passages; a reply waits little longer."""

_REMEMBERED = 16
"""Readings of whole documents whose notes are held in memory, for Continue and Regenerate."""

_Key = tuple[frozenset[int], str, str]


class FilesWithdrawn(DocumentError):
    """The message with the files was deleted while they were read."""


@dataclass(frozen=True, slots=True)
class Added:
    """Files that were read and are kept."""

    documents: Sequence[StoredDocument]
    warnings: Sequence[str]
    """Sentences for the person: of files that could not be read, or only in part."""


class ChannelDocuments:
    """Keeps the documents of every channel, and makes the answers to questions about them."""

    def __init__(
        self,
        *,
        library: Library,
        reader: FileReader,
        prompter: Prompter,
        preferences: Preferences,
        system_prompt: str,
        downloads: DownloadLimits,
        max_documents: int,
        max_characters: int,
        max_parts: int,
    ) -> None:
        """``max_documents`` and ``max_characters``: kept for one channel. ``max_parts``: read
        for a question about the whole."""
        self.library = library
        self.max_documents = max_documents
        self.max_characters = max_characters
        self.prompter = prompter
        self.preferences = preferences
        self.system_prompt = system_prompt
        self.max_parts = max_parts
        self.notes: OrderedDict[_Key, tuple[Note, ...]] = OrderedDict()
        self.taken = 0
        """Files that were read and kept, since this process began."""
        self._reader = reader
        self._downloads = downloads
        self._taking: Counter[int] = Counter()
        """Messages whose files are being read, and how often."""
        self._withdrawn: set[int] = set()
        """Those of them that were deleted meanwhile."""

    async def take(
        self,
        channel: ChannelRef,
        attachments: Sequence[discord.Attachment],
        *,
        added_by: int,
        message_id: int | None = None,
        refetch: Refetch | None = None,
    ) -> Added:
        """Fetch and read files, and keep what they say. ``message_id``: the message that they
        are attached to; they go when it is deleted.

        Raises:
            DocumentError: none of them can be read, or the channel is full; nothing is kept.
            FilesWithdrawn: the message was deleted meanwhile; nothing is kept.
        """
        if message_id is None:
            return await self._take(channel, attachments, added_by, None, refetch)
        self._taking[message_id] += 1
        try:
            added = await self._take(channel, attachments, added_by, message_id, refetch)
            if message_id in self._withdrawn:
                await self.library.delete_messages([message_id])
                raise FilesWithdrawn(MESSAGE_GONE)
        finally:
            self._taking[message_id] -= 1
            if not self._taking[message_id]:
                del self._taking[message_id]
                self._withdrawn.discard(message_id)
        return added

    async def forget_messages(self, message_ids: Sequence[int]) -> None:
        """Follow the deletion of messages: the documents that came with them go, those that are
        still being read too."""
        self._withdrawn |= self._taking.keys() & set(message_ids)
        await self.library.delete_messages(message_ids)

    async def _take(
        self,
        channel: ChannelRef,
        attachments: Sequence[discord.Attachment],
        added_by: int,
        message_id: int | None,
        refetch: Refetch | None,
    ) -> Added:
        files, missed = await fetch_files(attachments, self._downloads, refetch)
        read, refused = await read_files(self._reader, files)
        documents: list[StoredDocument] = []
        for file in read:
            try:
                documents.append(await self._keep(channel, file, added_by, message_id))
            except LibraryFull as full:
                refused.append(str(full))
        if not documents:
            raise DocumentError("\n".join([*missed, *refused]))
        warnings = [warning for file in read for warning in file.warnings]
        self.taken += len(documents)
        return Added(documents, [*missed, *refused, *warnings])

    async def _keep(
        self, channel: ChannelRef, file: ReadFile, added_by: int, message_id: int | None
    ) -> StoredDocument:
        document = await asyncio.to_thread(_new, file, added_by, message_id)
        return await self.library.add(
            channel,
            document,
            most_documents=self.max_documents,
            most_characters=self.max_characters,
        )

    def about(self, added: Added) -> AboutDocuments:
        """A question about these documents."""
        return AboutDocuments(self, [document.id for document in added.documents], added.warnings)

    async def about_channel(self, channel_id: int) -> AboutDocuments:
        """A question about all the documents of a channel.

        Raises:
            DocumentError: it has none.
        """
        documents = await self.library.documents(channel_id)
        if not documents:
            raise DocumentError(NO_DOCUMENTS)
        return AboutDocuments(self, [document.id for document in documents])

    async def about_the_same(self, reply: StoredTurn) -> AboutDocuments | None:
        """A question about the documents that ``reply`` is about; ``None``: it is about none.

        Raises:
            DocumentError: they were all removed.
        """
        if reply.answers is None:
            return None
        documents = await self.library.documents_of(reply.answers)
        if documents is None:
            return None
        if not documents:
            raise DocumentError(DOCUMENTS_GONE)
        return AboutDocuments(self, documents)

    async def show_source(
        self, interaction: discord.Interaction, turn_id: int, number: int
    ) -> None:
        """Show who pressed the passage that a reply comes from, as it stands in the document."""
        try:
            found = await self.library.shown(turn_id, number)
            if found is None:
                await respond(interaction, SOURCE_GONE)
                return
            shown = spoken(_shown(*found), language_of_person(interaction))
            first, *rest = split(shown)
            await interaction.response.send_message(first, ephemeral=True)
            for part in rest:
                await interaction.followup.send(part, ephemeral=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            await respond(interaction, sentence_for(error))


class AboutDocuments:
    """An answer out of documents: see :class:`~bot.answering.Approach`."""

    def __init__(
        self,
        documents: ChannelDocuments,
        document_ids: Sequence[int],
        warnings: Sequence[str] = (),
    ) -> None:
        self._documents = documents
        self._ids = document_ids
        self._warnings = warnings
        self._found: Consultation | None = None
        self._whole: tuple[WholeReader, ReadingPlan, tuple[Note, ...]] | None = None
        """Where the question is about the whole, which had to be read part by part."""
        self._by_name: dict[str, int] = {}
        """Ids of the documents by the names that the model knows them by."""

    @property
    def params(self) -> SamplingParams:
        return sampling(self._documents.prompter)

    @property
    def prepares(self) -> bool:
        return True

    async def begin(self, question_id: int) -> None:
        await self._documents.library.asked_about(question_id, self._ids)

    async def prepare(
        self, channel: ChannelRef, question: StoredTurn, background: Background
    ) -> None:
        if not asks_for_all(question.content):
            return
        reader = WholeReader(
            self._documents.prompter, await self._system(channel), self._documents.max_parts
        )
        passages = await self._passages(channel)
        plan = await asyncio.to_thread(reader.plan, question.content, passages)
        if plan is None:
            return
        key = (frozenset(self._by_name.values()), question.content, reader.system)
        remembered = self._documents.notes
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
            kept = {document.id for document in await self._documents.library.documents(channel.id)}
            if not kept.issuperset(self._by_name.values()):
                raise PromptFailed(DOCUMENTS_GONE)
            found = await asyncio.to_thread(
                partial(reader.consult, plan, notes, reply_so_far=reply_so_far)
            )
        else:
            found = await asyncio.to_thread(
                partial(
                    consult,
                    self._documents.prompter,
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
        library = self._documents.library
        kept = await library.documents(channel.id)
        kept = [document for document in kept if document.id in self._ids]
        if not kept:
            raise PromptFailed(DOCUMENTS_GONE)
        stored = await library.passages([document.id for document in kept])
        names = told_apart([document.name for document in kept])
        self._by_name = {name: document.id for name, document in zip(names, kept, strict=True)}

        def known_by_name() -> list[Passage]:
            return [
                _passage(name, passage)
                for name, document in self._by_name.items()
                for passage in stored[document]
            ]

        return await asyncio.to_thread(known_by_name)

    async def _system(self, channel: ChannelRef) -> str:
        persona = (await self._documents.preferences.get(channel)).persona
        return persona or self._documents.system_prompt

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
        await self._documents.library.cite(
            reply_id,
            [
                Source(
                    number=number,
                    document_id=self._by_name[source.document],
                    first=source.passages[0].index,
                    last=source.passages[-1].index,
                )
                for number, source in enumerate(sources, 1)
            ],
        )

        def buttons() -> list[SourceButton]:
            return [
                SourceButton(reply_id, number, label_of(source))
                for number, source in enumerate(sources, 1)
            ]

        return Conclusion(verdict.text, footer(verdict, found), buttons)


def _new(file: ReadFile, added_by: int, message_id: int | None) -> NewDocument:
    return NewDocument(
        name=file.name,
        kind=file.kind,
        sha256=file.sha256,
        size=file.size,
        characters=file.characters,
        pages=file.pages,
        warnings=file.warnings,
        added_by=added_by,
        message_id=message_id,
        passages=[
            StoredPassage(
                position=passage.index,
                text=passage.text,
                page=passage.page,
                last_page=passage.last_page,
                section=passage.section,
                tokens=passage.tokens,
            )
            for passage in file.passages
        ],
    )


def _passage(document: str, stored: StoredPassage) -> Passage:
    return Passage(
        document,
        stored.position,
        stored.text,
        stored.page,
        stored.last_page,
        stored.section,
        stored.tokens,
    )


def _shown(document: StoredDocument, passages: Sequence[StoredPassage]) -> str:
    """A source, under where it stands."""
    return quotation(Excerpt(tuple(_passage(document.name, one) for one in passages), 0.0))

"""The documents of a channel: taken in, kept, shown, and asked about."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import discord

from bot.about_documents import DOCUMENTS_GONE, AboutDocuments, Means, passage_of
from bot.attachments import DownloadLimits, Refetch, fetch_files
from bot.document_words import quotation
from bot.documents.search import Excerpt
from bot.errors import DocumentError
from bot.language import Sentence, phrase
from bot.prompting import Prompter
from bot.reading_files import FileReader, ReadFile, read_files
from bot.replies.telling import respond
from bot.sentences import sentence_for
from bot.storage import (
    ChannelRef,
    Library,
    LibraryFull,
    NewDocument,
    PersonalData,
    Preferences,
    StoredDocument,
    StoredPassage,
    StoredTurn,
)
from bot.uninterrupted import to_the_end

log = logging.getLogger(__name__)

NO_DOCUMENTS = phrase(
    "There are no documents in this channel yet. Use `/askdocs` with a file, or mention me in a "
    "message with files."
)
SOURCE_GONE = phrase("This passage is not kept any more: the document was removed.")
MESSAGE_GONE = phrase("The message with these files was deleted, so I did not keep them.")
WITHDRAWN = phrase("These files were withdrawn while I read them, so I did not keep them.")
"""Without the reason, that the person has had all deleted: it may stand where all can read it."""
STILL_READING = phrase("I am still reading files for you. Please try again in a minute.")
TOO_MANY_FILES = phrase(
    "I am reading as many files as I can at once. Please send yours again in a minute."
)

_TAKEN_AT_ONCE = 2
"""Messages and commands whose files are fetched and read at once for one person: more of them
would take the places of everybody else, before any limit of questions is asked."""

_IN_MEMORY_AT_ONCE = 6
"""Messages and commands whose files are fetched and read at once, of all people together: each
may bring all the bytes that :class:`~bot.attachments.DownloadLimits` lets one bring."""

_WAITING = 40
"""Messages and commands that wait for one of those places."""

_WAIT_LIMIT_S = 120.0
"""For a place. Discord lets a command be answered for 15 minutes, and the answer takes its own."""


class FilesWithdrawn(DocumentError):
    """The message with the files was deleted while they were read, or all that is its author's."""


@dataclass(eq=False, slots=True)
class _Reading:
    """The files of one message or command, while they are read."""

    person: int
    message_id: int | None
    documents: list[StoredDocument] = field(default_factory=list)
    """Those of them that are kept so far."""
    withdrawn: Sentence | None = None
    """Why nothing of them is to be kept: the message, or all that is the person's, was deleted."""

    def check(self) -> None:
        """Pass if they are still to be kept.

        Raises:
            FilesWithdrawn: they are not.
        """
        if self.withdrawn is not None:
            raise FilesWithdrawn(self.withdrawn)


@dataclass(frozen=True, slots=True)
class Added:
    """Files that were read and are kept."""

    documents: Sequence[StoredDocument]
    warnings: Sequence[str]
    """Sentences for the person: of files that could not be read, or only in part."""


class ChannelDocuments:
    """Keeps the documents of every channel."""

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
        self._means = Means(
            library=library,
            prompter=prompter,
            preferences=preferences,
            system_prompt=system_prompt,
            max_parts=max_parts,
        )
        self.taken = 0
        """Files that were read and kept, since this process began."""
        self._reader = reader
        self._downloads = downloads
        self._people = PersonalData(library.database)
        self._readings: set[_Reading] = set()
        self._places = asyncio.Semaphore(_IN_MEMORY_AT_ONCE)
        self._needed: Counter[int] = Counter()
        """Documents that were brought for questions which are being answered, and how many."""

    @asynccontextmanager
    async def brought(
        self,
        channel: ChannelRef,
        attachments: Sequence[discord.Attachment],
        *,
        added_by: int,
        message_id: int | None = None,
        refetch: Refetch | None = None,
    ) -> AsyncGenerator[Added]:
        """Fetch and read files, and keep what they say. A question about them is answered in the
        block: what people bring who have opted out is kept no longer than that, however it ends.

        ``message_id``: the message that they are attached to; they go when it is deleted.

        Raises:
            DocumentError: none of them can be read, the channel is full, or too many are being
                read, of the person's or of all people's; nothing is kept.
            FilesWithdrawn: the message was deleted meanwhile, or all that is the person's; nothing
                is kept.
        """
        reading = _Reading(added_by, message_id)
        if sum(other.person == added_by for other in self._readings) >= _TAKEN_AT_ONCE:
            raise DocumentError(STILL_READING)
        if len(self._readings) >= _IN_MEMORY_AT_ONCE + _WAITING:
            raise DocumentError(TOO_MANY_FILES)
        self._readings.add(reading)
        try:
            async with self._place():
                # Whoever has waited may have been withdrawn meanwhile.
                reading.check()
                added = await self._read(channel, attachments, reading, refetch)
        finally:
            self._readings.remove(reading)
            if reading.withdrawn is not None:
                await to_the_end(self._take_away(reading))
        ids = {document.id for document in added.documents}
        self._needed.update(ids)
        try:
            yield added
        finally:
            self._needed -= Counter(ids)
            # A message that Discord tells of twice has its files read twice, and kept once.
            over = [document_id for document_id in ids if not self._needed[document_id]]
            await to_the_end(self._people.drop_unkept_documents(over))

    async def forget_messages(self, message_ids: Sequence[int]) -> None:
        """Follow the deletion of messages: the documents that came with them go, those that are
        still being read too."""
        for reading in self._readings:
            if reading.message_id in message_ids:
                reading.withdrawn = reading.withdrawn or MESSAGE_GONE
        await self.library.delete_messages(message_ids)

    def withdraw(self, person: int) -> None:
        """Keep nothing of what is being read for a person."""
        for reading in self._readings:
            if reading.person == person:
                reading.withdrawn = WITHDRAWN

    def is_reading_for(self, person: int) -> bool:
        """Whether files of a person are being read."""
        return any(reading.person == person for reading in self._readings)

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None]:
        """A place for the files of one message or command in memory.

        Raises:
            DocumentError: none has become free in time.
        """
        try:
            async with asyncio.timeout(_WAIT_LIMIT_S):
                await self._places.acquire()
        except TimeoutError:
            raise DocumentError(TOO_MANY_FILES) from None
        try:
            yield
        finally:
            self._places.release()

    async def _take_away(self, reading: _Reading) -> None:
        """Delete what was kept of files before they were withdrawn."""
        if reading.withdrawn is WITHDRAWN:
            ids = [document.id for document in reading.documents]
            await self._people.drop_documents(reading.person, ids)
        elif reading.message_id is not None:
            await self.library.delete_messages([reading.message_id])

    async def _read(
        self,
        channel: ChannelRef,
        attachments: Sequence[discord.Attachment],
        reading: _Reading,
        refetch: Refetch | None,
    ) -> Added:
        files, missed = await fetch_files(attachments, self._downloads, refetch)
        read, refused = await read_files(self._reader, files)
        documents = reading.documents
        for file in read:
            reading.check()
            try:
                documents.append(await self._keep(channel, file, reading))
            except LibraryFull as full:
                refused.append(str(full))
        reading.check()
        if not documents:
            raise DocumentError("\n".join([*missed, *refused]))
        warnings = [warning for file in read for warning in file.warnings]
        self.taken += len(documents)
        return Added(documents, [*missed, *refused, *warnings])

    async def _keep(self, channel: ChannelRef, file: ReadFile, reading: _Reading) -> StoredDocument:
        document = await asyncio.to_thread(_new, file, reading.person, reading.message_id)
        return await self.library.add(
            channel,
            document,
            most_documents=self.max_documents,
            most_characters=self.max_characters,
        )

    def about(self, added: Added) -> AboutDocuments:
        """A question about these documents."""
        return AboutDocuments(
            self._means, [document.id for document in added.documents], added.warnings
        )

    async def about_channel(self, channel_id: int) -> AboutDocuments:
        """A question about all the documents of a channel.

        Raises:
            DocumentError: it has none.
        """
        documents = await self.library.documents(channel_id)
        if not documents:
            raise DocumentError(NO_DOCUMENTS)
        return AboutDocuments(self._means, [document.id for document in documents])

    async def are_behind(self, reply: StoredTurn) -> bool:
        """Whether ``reply`` is about documents, also about such that are gone."""
        return (
            reply.answers is not None and await self.library.documents_of(reply.answers) is not None
        )

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
        return AboutDocuments(self._means, documents)

    def forget_notes(self) -> None:
        """Of whole documents that were read: somebody's are to be forgotten."""
        self._means.notes.clear()

    async def show_source(
        self, interaction: discord.Interaction, turn_id: int, number: int
    ) -> None:
        """Show who pressed the passage that a reply comes from, as it stands in the document."""
        try:
            found = await self.library.shown(turn_id, number)
            if found is None:
                await respond(interaction, SOURCE_GONE)
                return
            await respond(interaction, _shown(*found))
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            await respond(interaction, sentence_for(error))


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


def _shown(document: StoredDocument, passages: Sequence[StoredPassage]) -> str:
    """A source, under where it stands."""
    return quotation(
        Excerpt(tuple(passage_of(document.name, document, one) for one in passages), 0.0)
    )

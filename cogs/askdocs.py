"""Questions about files: /askdocs, the menu of a message, and /docs for what a channel keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.attachments import Refetch, documents_in, refetching
from bot.channel_documents import WITHDRAWN, FilesWithdrawn
from bot.client import AirocordClient
from bot.conversation import QUESTION_GONE, Question, ReplyUnavailable, Speaker
from bot.documents.extracted import quoted as as_code
from bot.errors import AirocordError
from bot.incoming import as_asked, ref_of
from bot.language import Sentence, figure, joined, phrase, plural, retold
from bot.logs import begin_request
from bot.replies.interaction_outlet import InteractionOutlet
from bot.replies.pages import small_print
from bot.replies.sources import SourceButton
from bot.replies.telling import open_dialog, respond
from bot.sentences import sentence_for
from bot.storage import StoredDocument

QUESTION_LIMIT = 2000
"""Characters of a question about documents, which share the context window with it."""

NO_FILES = phrase("This message has no files that I can read.")

_BUTTONS = 20
"""Documents that get a button to remove them; a message takes 25 buttons."""

Interaction = discord.Interaction[AirocordClient]


class NotYours(AirocordError):
    """Somebody else's document."""


class RemoveDocument(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"airo:undoc:(?P<document>[0-9]{1,19})",
):
    """Removes one document of the channel, after a restart too."""

    def __init__(self, document_id: int, place: int = 0) -> None:
        self.document_id = document_id
        super().__init__(
            discord.ui.Button(
                label=phrase("Remove {number}", number=place),
                custom_id=f"airo:undoc:{document_id}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> RemoveDocument:
        return cls(int(match["document"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        begin_request()
        # What a DynamicItem raises reaches no error handler of discord.py, only its log.
        try:
            client = cast(AirocordClient, interaction.client)
            await remove(client, interaction, [self.document_id])
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            await respond(interaction, sentence_for(error))


class AskAboutFiles(discord.ui.Modal):
    """Asks for the question; the files are those of the message whose menu was used."""

    def __init__(self, cog: Documents, message: discord.Message) -> None:
        super().__init__(title=phrase("Ask about these files"), timeout=900.0)
        self.question: discord.ui.TextInput[AskAboutFiles] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph, max_length=QUESTION_LIMIT, custom_id="question"
        )
        self.add_item(discord.ui.Label(text=phrase("Your question"), component=self.question))
        self._cog = cog
        self._message = message

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await self._cog.ask(
            cast(Interaction, interaction),
            self.question.value,
            documents_in(self._message),
            message_id=self._message.id,
            refetch=refetching(self._message),
        )

    async def on_error(
        self,
        interaction: discord.Interaction,
        error: Exception,
        item: discord.ui.Item[discord.ui.View] | None = None,
        /,
    ) -> None:
        await respond(interaction, sentence_for(error))


class Documents(commands.Cog):
    docs = app_commands.Group(name="docs", description="The documents that I keep for a channel.")

    def __init__(self, client: AirocordClient) -> None:
        self.client = client
        self.documents = client.documents
        self.menu = app_commands.ContextMenu(
            name="Ask about these files", callback=self.ask_about_message
        )

    async def cog_load(self) -> None:
        self.client.add_dynamic_items(RemoveDocument, SourceButton)
        self.client.tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        self.client.remove_dynamic_items(RemoveDocument, SourceButton)
        self.client.tree.remove_command(self.menu.name, type=self.menu.type)

    @app_commands.command(description="Ask about files, or about those that this channel has.")
    @app_commands.describe(
        question="What you want to know",
        file1="A file to read; it stays in this channel's documents",
        file2="A second file",
        file3="A third file",
        file4="A fourth file",
        file5="A fifth file",
    )
    async def askdocs(  # noqa: PLR0917 - Discord has no option for several files
        self,
        interaction: Interaction,
        question: app_commands.Range[str, 1, QUESTION_LIMIT],
        file1: discord.Attachment | None = None,
        file2: discord.Attachment | None = None,
        file3: discord.Attachment | None = None,
        file4: discord.Attachment | None = None,
        file5: discord.Attachment | None = None,
    ) -> None:
        given = [file for file in (file1, file2, file3, file4, file5) if file is not None]
        await self.ask(interaction, question, given)

    async def ask_about_message(self, interaction: Interaction, message: discord.Message) -> None:
        if not documents_in(message):
            await respond(interaction, NO_FILES)
            return
        await open_dialog(interaction, AskAboutFiles(self, message))

    async def ask(
        self,
        interaction: Interaction,
        question: str,
        files: Sequence[discord.Attachment],
        *,
        message_id: int | None = None,
        refetch: Refetch | None = None,
    ) -> None:
        """Answer a question about ``files``, or about the channel's documents without them."""
        with self.client.conversation.coming.following(None, interaction.user.id) as coming:
            outlet = InteractionOutlet(interaction)
            await outlet.acknowledge()  # reading takes longer than Discord waits
            channel = ref_of(interaction.channel)
            # Before anything is fetched for who would be refused.
            self.client.conversation.ensure_open(interaction.user.id, channel.guild_id)
            asked = Question(
                channel=channel,
                speaker=Speaker(interaction.user.id, interaction.user.display_name),
                text=question,
            )
            answer = partial(
                self.client.conversation.answer,
                asked,
                outlet,
                self.client.me,
                prefix=as_asked(question),
            )
            if not files:
                approach = await self.documents.about_channel(channel.id)
                if coming.is_withdrawn:
                    raise ReplyUnavailable(QUESTION_GONE)
                await answer(approach=approach)
                return
            # From here on, who keeps the documents looks after that.
            if coming.is_withdrawn:
                raise FilesWithdrawn(WITHDRAWN)
            async with self.documents.brought(
                channel, files, added_by=interaction.user.id, message_id=message_id, refetch=refetch
            ) as added:
                await answer(approach=self.documents.about(added))

    # -- what a channel keeps ------------------------------------------------------------

    @docs.command(name="list", description="Which documents I keep for this channel.")
    async def list_documents(self, interaction: Interaction) -> None:
        found = await self.documents.library.documents(ref_of(interaction.channel).id)
        if not found:
            await respond(interaction, phrase("I keep no documents for this channel."))
            return
        view = discord.ui.View(timeout=None)
        for place, document in enumerate(found[:_BUTTONS], 1):
            view.add_item(RemoveDocument(document.id, place))
        lines = [described(place, document) for place, document in enumerate(found, 1)]
        used = sum(document.characters for document in found)
        lines.append(
            small_print(
                phrase(
                    "{documents} of {most_documents} documents, {characters} of "
                    "{most_characters} characters.",
                    documents=len(found),
                    most_documents=self.documents.max_documents,
                    characters=figure(used),
                    most_characters=figure(self.documents.max_characters),
                )
            )
        )
        await respond(interaction, joined(lines), view)

    @docs.command(name="remove", description="Forget one of this channel's documents.")
    @app_commands.describe(name="Which one")
    async def remove_document(self, interaction: Interaction, name: str) -> None:
        found = await self.documents.library.documents(ref_of(interaction.channel).id)
        chosen = [document.id for document in found if name in (str(document.id), document.name)]
        if not chosen:
            sentence = phrase("I keep no document {name} for this channel.", name=as_code(name))
            await respond(interaction, sentence)
            return
        await remove(self.client, interaction, chosen[:1])

    @remove_document.autocomplete("name")
    async def _names(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = await self.documents.library.documents(ref_of(interaction.channel).id)
        return [
            app_commands.Choice(name=document.name, value=str(document.id))
            for document in found
            if typed.casefold() in document.name.casefold()
        ][:25]

    @docs.command(name="clear", description="Forget this channel's documents.")
    async def clear(self, interaction: Interaction) -> None:
        found = await self.documents.library.documents(ref_of(interaction.channel).id)
        own = [document.id for document in found if may_remove(interaction, document)]
        if not own:
            await respond(interaction, phrase("There are no documents here that you may remove."))
            return
        await remove(self.client, interaction, own)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.documents.forget_messages([payload.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self.documents.forget_messages(sorted(payload.message_ids))


def described(place: int, document: StoredDocument) -> Sentence:
    """One line of the list."""
    size = plural("{count} character", "{count} characters", document.characters)
    if document.pages:
        pages = plural("{count} page", "{count} pages", document.pages)
        size = joined([pages, size], ", ")
    return phrase(
        "{place}. {name} ({kind}, {size}), by {person} {when}",
        place=place,
        name=as_code(document.name),
        kind=retold(document.kind),
        size=size,
        person=f"<@{document.added_by}>",
        when=discord.utils.format_dt(document.added_at, "R"),
    )


def may_remove(interaction: discord.Interaction, document: StoredDocument) -> bool:
    is_moderator = interaction.guild_id is None or interaction.permissions.manage_messages
    return is_moderator or document.added_by == interaction.user.id


async def remove(
    client: AirocordClient, interaction: discord.Interaction, document_ids: Sequence[int]
) -> None:
    """Remove documents of the channel and say so.

    Raises:
        NotYours: somebody else's is among them, and the person is no moderator.
    """
    library = client.documents.library
    channel_id = ref_of(interaction.channel).id
    found = await library.documents(channel_id)
    chosen = [document for document in found if document.id in document_ids]
    if not all(may_remove(interaction, document) for document in chosen):
        raise NotYours(
            phrase("Only the person who sent a document, or a moderator, can remove it.")
        )
    chosen = [document for document in chosen if await library.remove(channel_id, document.id)]
    names = ", ".join(as_code(document.name) for document in chosen)
    removed = phrase("Removed {names}.", names=names)
    await respond(interaction, removed if chosen else phrase("It was removed already."))


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Documents(client))

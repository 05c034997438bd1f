"""Conversations: /chat, mentions, replies, direct messages, free channels, and starting afresh."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncGenerator
from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import NotWelcome, Purpose, asker_of
from bot.answering import Approach
from bot.attachments import documents_in, refetching
from bot.channel_documents import MESSAGE_GONE, Added, FilesWithdrawn
from bot.client import AirocordClient
from bot.conversation import Question, Speaker
from bot.documents.extracted import quoted as as_code
from bot.incoming import Unreadable, as_asked, is_for_bot, read_message, ref_of
from bot.language import joined, phrase, spoken
from bot.logs import begin_request
from bot.questions_coming import Coming
from bot.replies.faults import OutletError
from bot.replies.interaction_outlet import InteractionOutlet
from bot.replies.languages import language_of_channel, language_of_place
from bot.replies.outlets import ChannelOutlet
from bot.replies.pages import small_print
from bot.replies.saying import say
from bot.replies.telling import announce, redraw, respond
from bot.reply_actions import NOT_KEPT
from bot.sentences import sentence_for
from bot.storage import ChannelRef, Role

NOTHING_TO_READ = phrase(
    "I can read text, and files with text in them. Please write your question as a message."
)

log = logging.getLogger(__name__)

Interaction = discord.Interaction[AirocordClient]


class UndoReset(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"airo:undo:(?P<forgotten>\d+):(?P<previous>\d+)",
):
    """Brings back what a reset forgot, after a restart too."""

    def __init__(self, forgotten: int, previous: int | None) -> None:
        self.forgotten = forgotten
        self.previous = previous
        custom_id = f"airo:undo:{forgotten}:{previous or 0}"
        super().__init__(discord.ui.Button(label=phrase("Undo"), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> UndoReset:
        return cls(int(match["forgotten"]), int(match["previous"]) or None)

    async def callback(self, interaction: discord.Interaction) -> None:
        begin_request()
        # What a DynamicItem raises reaches no error handler of discord.py, only its log.
        try:
            await self._undo(interaction)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            await respond(interaction, sentence_for(error))

    async def _undo(self, interaction: discord.Interaction) -> None:
        client = cast(AirocordClient, interaction.client)
        await client.access.check(interaction)
        history = client.conversation.history
        channel = ref_of(interaction.channel)
        undone = await history.unforget(channel.id, self.forgotten, self.previous)
        sentence = (
            phrase("I remember this conversation again.")
            if undone
            else phrase("This cannot be undone any more: the conversation was reset again since.")
        )
        await redraw(interaction, spoken(sentence, language_of_place(interaction)))


class Chat(commands.Cog):
    def __init__(self, client: AirocordClient) -> None:
        self.client = client
        self.conversation = client.conversation
        self.regenerate_menu = app_commands.ContextMenu(
            name="Regenerate", callback=self.regenerate_message
        )

    async def cog_load(self) -> None:
        self.client.add_dynamic_items(UndoReset)
        self.client.tree.add_command(self.regenerate_menu)

    async def cog_unload(self) -> None:
        self.client.remove_dynamic_items(UndoReset)
        self.client.tree.remove_command(self.regenerate_menu.name, type=self.regenerate_menu.type)

    @app_commands.command(description="Ask me something.")
    @app_commands.describe(message="What you want to say or ask")
    async def chat(
        self, interaction: Interaction, message: app_commands.Range[str, 1, 6000]
    ) -> None:
        question = Question(
            channel=ref_of(interaction.channel),
            speaker=Speaker(interaction.user.id, interaction.user.display_name),
            text=message,
        )
        outlet = InteractionOutlet(interaction)
        await self.conversation.answer(question, outlet, self.client.me, prefix=as_asked(message))

    @app_commands.command(description="Begin a new conversation in this channel.")
    async def reset(self, interaction: Interaction) -> None:
        done = await self.conversation.history.forget(ref_of(interaction.channel).id)
        if done is None:
            await respond(interaction, phrase("There is nothing to forget here yet."))
            return
        view = discord.ui.View(timeout=None).add_item(UndoReset(done.forgotten, done.previous))
        await announce(
            interaction,
            phrase(
                "What comes now is a new conversation: I no longer look at what was said here "
                "before. It stays stored; `/privacy delete` removes what is yours."
            ),
            view,
        )

    async def regenerate_message(self, interaction: Interaction, message: discord.Message) -> None:
        turn = await self.conversation.history.turn_of_message(message.id)
        if message.author.id != self.client.me.id or (turn and turn.role is not Role.ASSISTANT):
            await respond(interaction, phrase("This message is not one of my replies."))
            return
        if turn is None:
            await respond(interaction, NOT_KEPT)
            return
        await self.client.reply_actions.regenerate(interaction, turn.id)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        # Before anything is waited for: the next event may be that it was deleted.
        with self.conversation.coming.following(message.id, message.author.id) as coming:
            await self._hear(message, coming)

    async def _hear(self, message: discord.Message, coming: Coming) -> None:
        play = self.client.play
        channel = ref_of(message.channel)
        refused = await self.client.access.refusal(asker_of(message.author, channel))
        asks_me = any(user.id == self.client.me.id for user in message.mentions)
        if not (refused or asks_me) and (
            play.trivia.hears(message) or play.anagrams.hears(message)
        ):
            return
        talks_here = (await self.conversation.preferences.get(channel)).talk
        if not is_for_bot(message, self.client.me.id, talks_here=talks_here):
            return
        begin_request()
        log.info("a message in channel %d of server %s", channel.id, channel.guild_id)
        language = language_of_channel(self.client, message.channel)
        outlet = ChannelOutlet(message.channel, message, language=language)
        if refused:
            # In a server there is no answer that only they would see.
            if message.guild is None:
                await say(outlet, refused)
            return
        try:
            await self._reply(message, coming, channel, outlet)
        except FilesWithdrawn:
            pass  # nobody waits for an answer to what was deleted
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            sentence = sentence_for(error)
            if not coming.is_withdrawn:
                await say(outlet, sentence)

    async def _reply(
        self, message: discord.Message, coming: Coming, channel: ChannelRef, outlet: ChannelOutlet
    ) -> None:
        if message.attachments:
            # Before anything is fetched for who would be refused.
            self.conversation.ensure_open(message.author.id, channel.guild_id)
        read = await read_message(message, self.client.me.id, self.client.message_file_limit)
        async with self._documents(message, coming, channel, outlet) as added:
            text = coming.text or read
            if text is None:
                await say(outlet, NOTHING_TO_READ if added is None else have_read(added))
                return
            approach = (
                self.client.documents.about(added)
                if added is not None
                else await self._approach_to_reply(message)
            )
            question = Question(
                channel=channel,
                speaker=Speaker(message.author.id, message.author.display_name),
                text=text,
                message_id=message.id,
            )
            await self.conversation.answer(question, outlet, self.client.me, approach=approach)

    @contextlib.asynccontextmanager
    async def _documents(
        self, message: discord.Message, coming: Coming, channel: ChannelRef, outlet: ChannelOutlet
    ) -> AsyncGenerator[Added | None]:
        """Read the documents that a message brings, if any, for what it asks in the block."""
        files = documents_in(message)
        if not files:
            yield None
            return
        asker = asker_of(message.author, channel)
        if refused := await self.client.access.refusal(asker, Purpose.DOCUMENTS):
            raise NotWelcome(refused)
        with contextlib.suppress(OutletError):
            await outlet.typing()
        # From here on, who keeps the documents looks after that.
        if coming.is_withdrawn:
            raise FilesWithdrawn(MESSAGE_GONE)
        async with self.client.documents.brought(
            channel,
            files,
            added_by=message.author.id,
            message_id=message.id,
            refetch=refetching(message),
        ) as added:
            yield added

    async def _approach_to_reply(self, message: discord.Message) -> Approach | None:
        """Who replies to an answer about documents asks about the same ones."""
        replied_to = message.reference.message_id if message.reference else None
        if replied_to is None:
            return None
        turn = await self.conversation.history.turn_of_message(replied_to)
        if turn is None or not await self.client.documents.are_behind(turn):
            return None
        asker = asker_of(message.author, ref_of(message.channel))
        if refused := await self.client.access.refusal(asker, Purpose.DOCUMENTS):
            raise NotWelcome(refused)
        return await self.client.documents.about_the_same(turn)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        history = self.conversation.history
        coming = self.conversation.coming.of(payload.message_id)
        if coming is None:
            turn = await history.turn_of_message(payload.message_id)
            if turn is None or turn.role is not Role.USER:
                return
            coming = Coming(turn.author_id)  # nobody who is about to store it waits for this
        async with coming.changing:
            try:
                text = await read_message(
                    payload.message, self.client.me.id, self.client.message_file_limit
                )
            except Unreadable:
                return  # the question stays as it was read
            if text:
                coming.text = text
                await history.edit_message(payload.message_id, text)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.conversation.forget_messages([payload.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self.conversation.forget_messages(payload.message_ids)


def have_read(added: Added) -> str:
    """What is said of files that came without a question."""
    names = ", ".join(as_code(document.name) for document in added.documents)
    first = phrase(
        "I have read {names}. To ask about it, send me the file with a question, or use "
        "`/askdocs`.",
        names=names,
    )
    return joined([first, *map(small_print, added.warnings)])


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Chat(client))

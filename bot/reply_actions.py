"""What the buttons under a reply do."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

import discord

from bot.access import Access, Purpose
from bot.conversation import Conversation, Speaker
from bot.errors import AirocordError
from bot.language import phrase
from bot.replies.faults import OutletError, TokenExpired, discord_call
from bot.replies.interaction_outlet import InteractionOutlet, is_bot_in_channel
from bot.replies.languages import language_of_place
from bot.replies.outlets import CALL_LIMIT_S, ChannelOutlet, Outlet
from bot.replies.pages import without_note
from bot.replies.saying import persistently
from bot.replies.telling import acknowledge, respond
from bot.sentences import tell_of
from bot.storage import StoredTurn

NOT_KEPT = phrase(
    "I have not kept this reply: it was deleted, is too old, or whoever asked wants nothing kept."
)


class NotAllowed(AirocordError):
    """Somebody else's reply, or one that is over."""


class ReplyActions:
    """Carries out Stop, Regenerate and Continue for the person who asked, and for moderators."""

    def __init__(
        self,
        conversation: Conversation,
        access: Access,
        me: Callable[[], Speaker],
        is_about_documents: Callable[[StoredTurn], Awaitable[bool]],
    ) -> None:
        """``me`` is the bot's own account, known once it is logged in."""
        self._conversation = conversation
        self._access = access
        self._me = me
        self._is_about_documents = is_about_documents

    async def stop(self, interaction: discord.Interaction, turn_id: int) -> None:
        await self._reply(interaction, turn_id)
        if not self._conversation.replies.stop(turn_id):
            raise NotAllowed(phrase("This reply is not being written any more."))
        await acknowledge(interaction, thinking=False)

    async def regenerate(self, interaction: discord.Interaction, turn_id: int) -> None:
        reply = await self._to_be_written(interaction, turn_id)
        outlet = self._outlet(interaction)
        await self._conversation.regenerate(reply, interaction.user.id, outlet, self._me())

    async def resume(self, interaction: discord.Interaction, turn_id: int) -> None:
        reply = await self._to_be_written(interaction, turn_id)
        outlet = self._outlet(interaction)
        has_grown = await self._conversation.resume(reply, interaction.user.id, outlet)
        if interaction.message is not None and has_grown:
            # The controls are under the continuation now.
            with contextlib.suppress(OutletError):
                await persistently(partial(_take_controls_away, interaction, interaction.message))

    async def _to_be_written(self, interaction: discord.Interaction, turn_id: int) -> StoredTurn:
        """The reply, if the model may be asked for it once more, by this person.

        Raises:
            NotWelcome: they may not use the bot here, or not for documents.
            NotAllowed: it is somebody else's, or gone.
        """
        await self._access.check(interaction)
        reply = await self._reply(interaction, turn_id)
        if await self._is_about_documents(reply):
            await self._access.check(interaction, Purpose.DOCUMENTS)
        return reply

    async def _reply(self, interaction: discord.Interaction, turn_id: int) -> StoredTurn:
        """The reply, if this person may decide about it.

        Raises:
            NotAllowed: they may not, or it is gone.
        """
        # Whoever is quick presses what is shown before it is stored that the reply has ended.
        await self._conversation.replies.settled(turn_id)
        history = self._conversation.history
        reply = await history.turn(turn_id)
        if reply is None:
            raise NotAllowed(NOT_KEPT)
        question = await history.turn(reply.answers) if reply.answers is not None else None
        is_own = question is not None and question.author_id == interaction.user.id
        is_moderator = interaction.guild_id is None or interaction.permissions.manage_messages
        if not (is_own or is_moderator):
            raise NotAllowed(phrase("Only the person who asked, or a moderator, can do that."))
        return reply

    @staticmethod
    def _outlet(interaction: discord.Interaction) -> Outlet:
        if interaction.type is discord.InteractionType.component:
            return InteractionOutlet(interaction)
        if not is_bot_in_channel(interaction):
            # An interaction's own messages would be new ones: those of the reply are another's.
            raise NotAllowed(phrase("I may not write in this channel."))
        return _MenuOutlet(interaction)

    async def failed(self, interaction: discord.Interaction, error: Exception) -> None:
        await tell_of(interaction, error)


class _MenuOutlet(ChannelOutlet):
    """Writes through the channel, for the messages of the reply are none of this interaction's;
    who opened the menu is told so."""

    def __init__(self, interaction: discord.Interaction) -> None:
        channel = interaction.client.get_partial_messageable(
            interaction.channel_id or 0, guild_id=interaction.guild_id
        )
        super().__init__(channel, language=language_of_place(interaction))
        self._interaction = interaction
        self._is_acknowledged = False

    async def acknowledge(self) -> None:
        if self._is_acknowledged:
            return
        self._is_acknowledged = True
        await respond(self._interaction, phrase("I am writing this reply anew."))


async def _take_controls_away(interaction: discord.Interaction, message: discord.Message) -> None:
    """From under the message whose button was pressed. What else there is of it stays, a file
    above all: all of a long reply may stand in it."""
    content = without_note(message.content, has_file=bool(message.attachments))
    nobody = discord.AllowedMentions.none()
    try:
        async with discord_call(CALL_LIMIT_S):
            await interaction.edit_original_response(
                content=content, view=None, allowed_mentions=nobody
            )
    except TokenExpired:
        async with discord_call(CALL_LIMIT_S):
            await message.edit(content=content, view=None, allowed_mentions=nobody)

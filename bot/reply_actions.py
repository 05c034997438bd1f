"""What the buttons under a reply do, and marking replies that a restart cut off."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

import discord

from bot.access import Access
from bot.conversation import Conversation, Speaker
from bot.errors import AirocordError
from bot.replies.controls import view_finished
from bot.replies.faults import OutletError, discord_call
from bot.replies.outlets import CALL_LIMIT_S, ChannelOutlet, InteractionOutlet, Outlet
from bot.replies.pages import INTERRUPTED, INTERRUPTED_UNKEPT, without_note
from bot.replies.saying import persistently, say
from bot.replies.splitting import MESSAGE_LIMIT, split
from bot.storage import Conversations, InterruptedReply, StoredTurn

log = logging.getLogger(__name__)

_NOTE = f"-# {INTERRUPTED}"
_UNKEPT_NOTE = f"-# {INTERRUPTED_UNKEPT}"

NOT_KEPT = (
    "I have not kept this reply: it was deleted, is too old, or whoever asked wants nothing kept."
)

_LOOKED_AT = 25
"""Messages after a question among which a reply of ours is looked for."""


class NotAllowed(AirocordError):
    """Somebody else's reply, or one that is over."""


class ReplyActions:
    """Carries out Stop, Regenerate and Continue for the person who asked, and for moderators."""

    def __init__(
        self, conversation: Conversation, access: Access, me: Callable[[], Speaker]
    ) -> None:
        """``me`` is the bot's own account, known once it is logged in."""
        self._conversation = conversation
        self._access = access
        self._me = me

    async def stop(self, interaction: discord.Interaction, turn_id: int) -> None:
        await self._reply(interaction, turn_id)
        if not self._conversation.replies.stop(turn_id):
            raise NotAllowed("This reply is not being written any more.")
        await interaction.response.defer()

    async def regenerate(self, interaction: discord.Interaction, turn_id: int) -> None:
        await self._access.check(interaction)
        reply = await self._reply(interaction, turn_id)
        outlet = await self._outlet(interaction)
        await self._conversation.regenerate(reply, interaction.user.id, outlet, self._me())

    async def resume(self, interaction: discord.Interaction, turn_id: int) -> None:
        await self._access.check(interaction)
        reply = await self._reply(interaction, turn_id)
        outlet = await self._outlet(interaction)
        await self._conversation.resume(reply, interaction.user.id, outlet)
        if interaction.message is not None:
            # The controls are under the continuation now.
            content = without_note(interaction.message.content)
            await outlet.edit(interaction.message.id, content, view=None, file=None)

    async def _reply(self, interaction: discord.Interaction, turn_id: int) -> StoredTurn:
        """The reply, if this person may decide about it.

        Raises:
            NotAllowed: they may not, or it is gone.
        """
        history = self._conversation.history
        reply = await history.turn(turn_id)
        if reply is None:
            raise NotAllowed(NOT_KEPT)
        question = await history.turn(reply.answers) if reply.answers is not None else None
        is_own = question is not None and question.author_id == interaction.user.id
        is_moderator = interaction.guild_id is None or interaction.permissions.manage_messages
        if not (is_own or is_moderator):
            raise NotAllowed("Only the person who asked, or a moderator, can do that.")
        return reply

    @staticmethod
    async def _outlet(interaction: discord.Interaction) -> Outlet:
        """Acknowledge the press and say where to write."""
        if interaction.type is discord.InteractionType.component:
            await interaction.response.defer()
            return InteractionOutlet(interaction)
        await interaction.response.send_message("I am writing this reply anew.", ephemeral=True)
        channel = interaction.client.get_partial_messageable(
            interaction.channel_id or 0, guild_id=interaction.guild_id
        )
        return ChannelOutlet(channel)


async def mark_interrupted(
    client: discord.Client, history: Conversations, replies: Sequence[InterruptedReply]
) -> None:
    """Say under each reply that a restart cut off that it was, and offer to write it anew.

    The client is logged in.
    """
    me = client.user.id if client.user else 0
    for reply in replies:
        channel = client.get_partial_messageable(reply.channel_id)
        try:
            if not reply.is_kept:
                await _mark_unkept(channel, reply, me)
            elif reply.message_ids:
                await _mark(channel, reply)
            else:
                await _answer_unanswered(channel, history, reply, me)
        except OutletError as error:
            log.info("reply %d could not be marked as interrupted: %s", reply.turn_id, error)


async def _mark(channel: discord.PartialMessageable, reply: InterruptedReply) -> None:
    last = len(reply.message_ids) - 1
    parts = split(reply.content)
    shown = parts[last] if last < len(parts) else ""
    text = f"{shown[: MESSAGE_LIMIT - len(_NOTE) - 1]}\n{_NOTE}".lstrip()
    view = view_finished(reply.turn_id, can_continue=bool(reply.content))
    outlet = ChannelOutlet(channel)
    await persistently(lambda: outlet.edit(reply.message_ids[last], text, view=view))


async def _mark_unkept(
    channel: discord.PartialMessageable, reply: InterruptedReply, me: int
) -> None:
    """Of one that is not kept, only Discord knows what it says."""
    outlet = ChannelOutlet(channel)
    last = reply.message_ids[-1] if reply.message_ids else None
    if last is None and reply.asked_in is not None:
        asked = reply.asked_in
        last = await persistently(lambda: _sent_in_answer(channel, asked, me))
        if last is None:
            await say(ChannelOutlet(channel, channel.get_partial_message(asked)), _UNKEPT_NOTE)
    if last is None:
        return
    shown = await persistently(lambda: _text_of(channel, last))
    text = f"{shown[: MESSAGE_LIMIT - len(_UNKEPT_NOTE) - 1]}\n{_UNKEPT_NOTE}".lstrip()
    await persistently(lambda: outlet.edit(last, text))


async def _text_of(channel: discord.PartialMessageable, message_id: int) -> str:
    async with discord_call(CALL_LIMIT_S):
        return (await channel.fetch_message(message_id)).content


async def _answer_unanswered(
    channel: discord.PartialMessageable, history: Conversations, reply: InterruptedReply, me: int
) -> None:
    """No message of it is known: mark one that was sent in the very moment of the crash, or else
    answer the question's message with the note."""
    turn = await history.turn(reply.turn_id)
    asked = await history.messages_of(turn.answers) if turn and turn.answers else []
    if not asked:
        return
    sent = await persistently(lambda: _sent_in_answer(channel, asked[0], me))
    if sent is not None:
        await history.add_message(reply.turn_id, sent, 0)
        await _mark(channel, replace(reply, message_ids=(sent,)))
        return
    outlet = ChannelOutlet(channel, channel.get_partial_message(asked[0]))
    view = view_finished(reply.turn_id, can_continue=False)
    nonce = secrets.token_hex(12)
    message_id = await persistently(lambda: outlet.send(_NOTE, view=view, nonce=nonce))
    await history.add_message(reply.turn_id, message_id, 0)


async def _sent_in_answer(
    channel: discord.PartialMessageable, question: int, me: int
) -> int | None:
    async with discord_call(CALL_LIMIT_S):
        after = discord.Object(question)
        async for message in channel.history(limit=_LOOKED_AT, after=after, oldest_first=True):
            reference = message.reference
            if message.author.id == me and reference and reference.message_id == question:
                return message.id
    return None

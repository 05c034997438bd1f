"""A reply that answers a command or a button, and outlives what Discord gives for that."""

from __future__ import annotations

from datetime import timedelta

import discord
from discord.utils import MISSING

from bot.language import spoken
from bot.replies.faults import (
    NotPermitted,
    TokenExpired,
    Transient,
    discord_call,
)
from bot.replies.languages import language_of_place, speak
from bot.replies.outlets import CALL_LIMIT_S, ChannelOutlet, TextFile
from bot.replies.telling import acknowledge, note_answered

HAND_OVER_AFTER = timedelta(minutes=14)
"""An interaction's token is good for 15 minutes (Discord, Receiving and Responding)."""

FOLLOW_UPS_WITHOUT_BOT = 5
"""Discord's limit of follow-ups where the bot is not in the server."""


class InteractionOutlet:
    """A slash command's or button's answer, which outlives the interaction's token.

    The first message is the interaction's own response, later ones are follow-ups. From the
    fourteenth minute on, or when Discord no longer takes the token, messages are edited and sent
    through the channel with the bot's own token. Where the bot is not in the channel, as with an
    app that a person installed for themselves, there is no such way: see :attr:`deadline_s`.

    Call :meth:`acknowledge` within three seconds of the interaction and before anything is
    written, but after what may be refused: a refusal is the first answer then. A button is
    acknowledged without "thinking…" and has its own message as the response: that message can be
    edited, and what is sent are follow-ups.
    """

    def __init__(self, interaction: discord.Interaction) -> None:
        self._interaction = interaction
        self.language = language_of_place(interaction)
        self._channel: ChannelOutlet | None = None
        if interaction.channel is not None and is_bot_in_channel(interaction):
            self._channel = ChannelOutlet(
                interaction.client.get_partial_messageable(
                    interaction.channel.id, guild_id=interaction.guild_id
                ),
                language=self.language,
            )
        self._original: int | None = None
        self._is_original_due = True
        self._is_original_in_doubt = False
        """It may have been written, though we were never told of it."""
        if interaction.type is discord.InteractionType.component:
            self._is_original_due = False
            self._original = interaction.message.id if interaction.message else None
        self._follow_ups: set[int] = set()
        self._in_doubt: str | None = None
        """The nonce of a follow-up that may have been written, or not."""
        self._is_handed_over = False

    @property
    def deadline_s(self) -> float | None:
        return None if self._channel is not None else self._token_life_s

    @property
    def max_messages(self) -> int | None:
        return None if self._channel is not None else FOLLOW_UPS_WITHOUT_BOT

    @property
    def _token_life_s(self) -> float:
        end = self._interaction.created_at + HAND_OVER_AFTER
        return (end - discord.utils.utcnow()).total_seconds()

    async def acknowledge(self) -> None:
        is_press = self._interaction.type is discord.InteractionType.component
        try:
            await acknowledge(self._interaction, thinking=not is_press)
        except TokenExpired:
            self._by_channel()

    async def typing(self) -> None:
        if self._channel is not None:
            await self._channel.typing()

    async def send(
        self,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
        nonce: str | None = None,
    ) -> int:
        text = spoken(text, self.language)
        speak(view, self.language)
        # The response is tried by token however late it is: nothing else takes "thinking…" away.
        if self._has_token or (self._is_original_due and not self._is_handed_over):
            try:
                return await self._send_by_token(text, view, file, nonce)
            except TokenExpired:
                self._by_channel()
        channel = self._by_channel()
        if self._is_original_in_doubt and (written := await self._unknown_message()) is not None:
            self._is_original_due = self._is_original_in_doubt = False
            self._original = written
            await channel.edit(written, text, view=view, file=file)
            return written
        return await channel.send(text, view=view, file=file, nonce=nonce)

    async def _send_by_token(
        self,
        text: str,
        view: discord.ui.View | None,
        file: TextFile | None,
        nonce: str | None,
    ) -> int:
        if self._is_original_due:
            try:
                async with discord_call(CALL_LIMIT_S):
                    original = await self._edit_original(text, view, file)
            except Transient:
                self._is_original_in_doubt = True
                raise
            note_answered(self._interaction)
            self._original = original.id
            self._is_original_due = self._is_original_in_doubt = False
            return original.id
        sent = None
        if nonce is not None and nonce == self._in_doubt:
            sent = await self._unknown_message()
        if sent is None:
            self._in_doubt = nonce
            async with discord_call(CALL_LIMIT_S):
                message = await self._interaction.followup.send(
                    text,
                    wait=True,
                    view=view or MISSING,
                    file=file.open() if file else MISSING,
                    allowed_mentions=discord.AllowedMentions.none(),
                )
            sent = message.id
        self._in_doubt = None
        self._follow_ups.add(sent)
        return sent

    async def _unknown_message(self) -> int | None:
        """A message of ours that we were never told of: webhooks know no nonces, so the channel has
        to be looked at."""
        if self._channel is None:
            return None
        try:
            known = self._follow_ups | ({self._original} if self._original else set())
            return await self._channel.sent_for(self._interaction, known)
        except NotPermitted:
            return None

    async def edit(
        self,
        message_id: int,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
    ) -> None:
        text = spoken(text, self.language)
        speak(view, self.language)
        is_ours = message_id == self._original or message_id in self._follow_ups
        if not is_ours and self._channel is None:
            raise NotPermitted("it was written by another interaction, and the bot is no member")
        if self._has_token and is_ours:
            try:
                async with discord_call(CALL_LIMIT_S):
                    if message_id == self._original:
                        await self._edit_original(text, view, file)
                    else:
                        await self._interaction.followup.edit_message(
                            message_id,
                            content=text,
                            view=view,
                            attachments=[file.open()] if file else [],
                            allowed_mentions=discord.AllowedMentions.none(),
                        )
            except TokenExpired:
                self._by_channel()
            else:
                return
        await self._by_channel().edit(message_id, text, view=view, file=file)

    async def delete(self, message_id: int) -> None:
        if self._channel is not None:
            await self._channel.delete(message_id)
            return
        async with discord_call(CALL_LIMIT_S):
            if message_id == self._original:
                await self._interaction.delete_original_response()
            else:
                await self._interaction.followup.delete_message(message_id)

    async def _edit_original(
        self, text: str, view: discord.ui.View | None, file: TextFile | None
    ) -> discord.InteractionMessage:
        return await self._interaction.edit_original_response(
            content=text,
            view=view,
            attachments=[file.open()] if file else [],
            allowed_mentions=discord.AllowedMentions.none(),
        )

    @property
    def _has_token(self) -> bool:
        return not self._is_handed_over and (self._channel is None or self._token_life_s > 0)

    def _by_channel(self) -> ChannelOutlet:
        """From here on through the channel."""
        self._is_handed_over = True
        if self._channel is None:
            raise TokenExpired("the interaction has expired and the bot is not in its channel")
        return self._channel


def is_bot_in_channel(interaction: discord.Interaction) -> bool:
    """Whether the channel can be written to with the bot's own token."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    if interaction.is_user_integration() and not interaction.is_guild_integration():
        return False
    return interaction.app_permissions.view_channel

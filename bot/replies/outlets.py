"""Where a reply is written: anything that takes messages, and a channel.

Nothing that an outlet writes can notify anybody: every message goes out with
``AllowedMentions.none()``.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import discord
from discord.utils import MISSING

from bot.language import ENGLISH, spoken
from bot.replies.faults import (
    INVALID_FORM_BODY,
    NO_HISTORY_TO_REPLY,
    NotPermitted,
    Rejected,
    discord_call,
)
from bot.replies.languages import speak

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

CALL_LIMIT_S = 30.0
"""One call, with all the waiting and repeating that discord.py does inside it."""

QUICK_LIMIT_S = 5.0
"""Calls that are of no use later: acknowledgements and typing."""

_LOOKED_AT = 25
"""Messages among which a lost follow-up is looked for."""

UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024
"""Discord's limit where nobody has boosted anything."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text to be attached, cut to what Discord takes."""

    name: str
    text: str

    def open(self) -> discord.File:
        data = self.text.encode(errors="replace")[:UPLOAD_LIMIT_BYTES]
        return discord.File(io.BytesIO(data), self.name)


class Outlet(Protocol):
    """Where one reply's messages are written. Every call is bounded in time.

    All methods raise :class:`~bot.replies.faults.OutletError` of one kind or another.
    """

    @property
    def deadline_s(self) -> float | None:
        """Seconds until nothing can be written any more; ``None`` where that never comes."""

    @property
    def max_messages(self) -> int | None:
        """How many messages one reply may have here; ``None`` for no limit."""

    @property
    def language(self) -> str:
        """What those who read it speak. Sentences and the words on controls are put into it here;
        what the model wrote stays as it is."""

    async def acknowledge(self) -> None:
        """Let the person see, within Discord's three seconds, that they were heard."""

    async def typing(self) -> None:
        """Show for some ten seconds that the bot is writing."""

    async def send(
        self,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
        nonce: str | None = None,
    ) -> int:
        """Write a new message and return its id.

        The same ``nonce`` (up to 25 characters) again, after a fault that left open whether the
        message was written, does not write it twice where Discord can tell.
        """

    async def edit(
        self,
        message_id: int,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
    ) -> None:
        """Replace all that a message says and shows; ``None`` takes the controls away."""

    async def delete(self, message_id: int) -> None: ...


class ChannelOutlet:
    """A channel, thread or direct message, written to with the bot's own token.

    The first message is a reply to ``reference`` as long as that can be replied to.
    """

    deadline_s: float | None = None
    max_messages: int | None = None

    def __init__(
        self,
        channel: MessageableChannel,
        reference: discord.Message | discord.PartialMessage | None = None,
        *,
        language: str = ENGLISH,
    ) -> None:
        self._channel = channel
        self._reference = reference
        self.language = language

    async def acknowledge(self) -> None:
        """Nobody waits for one here."""

    async def typing(self) -> None:
        async with discord_call(QUICK_LIMIT_S):
            await self._channel.typing()

    async def send(
        self,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
        nonce: str | None = None,
    ) -> int:
        reference = self._reference
        nonce = nonce or secrets.token_hex(12)
        text = spoken(text, self.language)
        speak(view, self.language)
        try:
            async with discord_call(CALL_LIMIT_S):
                message = await self._channel.send(
                    text,
                    view=view or MISSING,
                    file=file.open() if file else MISSING,
                    nonce=nonce,
                    reference=_reference_to(reference),
                    mention_author=False,
                    allowed_mentions=discord.AllowedMentions.none(),
                )
        except (Rejected, NotPermitted) as error:
            if reference is None or error.code not in (INVALID_FORM_BODY, NO_HISTORY_TO_REPLY):
                raise
            self._reference = None
            return await self.send(text, view=view, file=file, nonce=nonce)
        self._reference = None
        return message.id

    async def edit(
        self,
        message_id: int,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
    ) -> None:
        speak(view, self.language)
        async with discord_call(CALL_LIMIT_S):
            await self._message(message_id).edit(
                content=spoken(text, self.language),
                view=view,
                attachments=[file.open()] if file else [],
                allowed_mentions=discord.AllowedMentions.none(),
            )

    async def delete(self, message_id: int) -> None:
        async with discord_call(CALL_LIMIT_S):
            await self._message(message_id).delete()

    async def sent_for(self, interaction: discord.Interaction, known: Set[int]) -> int | None:
        """A message among the last ones that follows up an interaction, and is not ``known``."""
        async with discord_call(CALL_LIMIT_S):
            async for message in self._channel.history(limit=_LOOKED_AT):
                made_by = message.interaction_metadata
                is_of_it = made_by is not None and made_by.id == interaction.id
                if is_of_it and message.id not in known:
                    return message.id
        return None

    def _message(self, message_id: int) -> discord.PartialMessage:
        return discord.PartialMessage(channel=self._channel, id=message_id)


def _reference_to(
    message: discord.Message | discord.PartialMessage | None,
) -> discord.MessageReference:
    """Discord drops a reference to a message that is gone, if told so beforehand."""
    if message is None:
        return cast(discord.MessageReference, None)  # discord.py's default, not in its overloads
    return message.to_reference(fail_if_not_exists=False)

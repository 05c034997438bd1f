"""Writing a new reply into the messages of an old one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial

import discord

from bot.replies.faults import MessageGone, NotPermitted, OutletError
from bot.replies.outlets import Outlet, TextFile
from bot.replies.saying import persistently


class RewritingOutlet:
    """Takes the messages of an earlier reply, in reading order, before it sends new ones."""

    def __init__(self, outlet: Outlet, message_ids: Sequence[int]) -> None:
        self._outlet = outlet
        self._left = list(message_ids)

    @property
    def deadline_s(self) -> float | None:
        return self._outlet.deadline_s

    @property
    def max_messages(self) -> int | None:
        return self._outlet.max_messages

    @property
    def language(self) -> str:
        return self._outlet.language

    async def acknowledge(self) -> None:
        await self._outlet.acknowledge()

    async def typing(self) -> None:
        await self._outlet.typing()

    async def send(
        self,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
        nonce: str | None = None,
    ) -> int:
        while self._left:
            message_id = self._left[0]
            # Or written by an interaction that is over, where the bot is no member.
            with contextlib.suppress(MessageGone, NotPermitted):
                await self._outlet.edit(message_id, text, view=view, file=file)
                self._left.pop(0)
                return message_id
            self._left.pop(0)
        return await self._outlet.send(text, view=view, file=file, nonce=nonce)

    async def edit(
        self,
        message_id: int,
        text: str,
        *,
        view: discord.ui.View | None = None,
        file: TextFile | None = None,
    ) -> None:
        await self._outlet.edit(message_id, text, view=view, file=file)

    async def delete(self, message_id: int) -> None:
        await self._outlet.delete(message_id)

    async def delete_rest(self) -> None:
        """Delete the messages that the new reply did not need, as far as Discord lets us."""
        for message_id in self._left:
            with contextlib.suppress(OutletError):
                await persistently(partial(self._outlet.delete, message_id))

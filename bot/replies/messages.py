"""The messages of one reply on Discord, brought step by step to what they should be."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import discord

from bot.replies.faults import MessageGone, OutletError
from bot.replies.outlets import Outlet
from bot.replies.pages import Page
from bot.replies.saying import persistently
from bot.uninterrupted import to_the_end


@dataclass(slots=True)
class _Shown:
    message_id: int
    page: Page | None
    """``None`` while it is not known what the message says."""


class Messages:
    """Knows what stands on Discord and makes one call at a time to change it."""

    def __init__(
        self,
        outlet: Outlet,
        view: Callable[[Page], discord.ui.View | None],
        *,
        on_message: Callable[[int, int], Awaitable[None]],
        on_removed: Callable[[int], Awaitable[None]],
    ) -> None:
        self._outlet = outlet
        self._view = view
        self._on_message = on_message
        self._on_removed = on_removed
        self._shown: list[_Shown] = []
        self._replaced: list[int] = []
        self._removed: set[int] = set()
        self._nonce: str | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(shown.message_id for shown in self._shown)

    def has_removed(self, message_id: int) -> bool:
        """Whether the reply itself deleted this message, or is about to."""
        return message_id in self._removed

    def difference(self, desired: Sequence[Page]) -> int | None:
        """Index of the first message that is not as desired."""
        for index, page in enumerate(desired):
            if index >= len(self._shown) or self._shown[index].page != page:
                return index
        return len(desired) if len(self._shown) > len(desired) else None

    async def approach(self, desired: Sequence[Page]) -> None:
        """Make one call that brings the messages nearer to ``desired``, if any is needed.

        Raises:
            OutletError: nothing is known to have changed, and the next call tries it again.
        """
        index = self.difference(desired)
        if index is None:
            return
        if index >= len(desired):
            await self._delete(self._shown[-1].message_id)
            self._shown.pop()
        elif index < len(self._shown):
            await self._edit(self._shown[index], desired[index])
        else:
            await self._send(index, desired[index])

    def give_up_from(self, index: int) -> None:
        """Have new messages written in place of those that cannot be edited."""
        self._replaced += [shown.message_id for shown in self._shown[index:]]
        del self._shown[index:]
        self._nonce = None

    async def delete_replaced(self) -> None:
        """Delete the messages that were given up, as far as that works."""
        while self._replaced:
            with contextlib.suppress(OutletError):
                await persistently(partial(self._delete, self._replaced.pop()))

    async def _edit(self, shown: _Shown, page: Page) -> None:
        shown.page = None  # whatever goes wrong now, Discord may have taken it
        await self._outlet.edit(shown.message_id, page.text, view=self._view(page), file=page.file)
        shown.page = page

    async def _send(self, index: int, page: Page) -> None:
        is_repeated = self._nonce is not None
        self._nonce = self._nonce or secrets.token_hex(12)

        async def send(nonce: str) -> None:
            message_id = await self._outlet.send(
                page.text, view=self._view(page), file=page.file, nonce=nonce
            )
            self._nonce = None
            # A repeated nonce may have found the message of the try before, with the text of then.
            self._shown.append(_Shown(message_id, None if is_repeated else page))
            await self._on_message(message_id, index)

        # Whoever withdraws the reply has to know of the message that is on its way.
        await to_the_end(send(self._nonce))

    async def _delete(self, message_id: int) -> None:
        self._removed.add(message_id)
        await self._on_removed(message_id)
        try:
            await self._outlet.delete(message_id)
        except MessageGone:
            return

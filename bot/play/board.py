"""The message that a game stands in now."""

from __future__ import annotations

import asyncio
import logging
import secrets

import discord

from bot.replies.faults import MessageGone, NotPermitted, OutletError, Rejected, Transient
from bot.replies.outlets import Outlet
from bot.replies.pacing import Pacer, Rank
from bot.replies.saying import persistently

log = logging.getLogger(__name__)

_TRIES = 4
_FIRST_PAUSE_S = 0.5


class BoardLost(Exception):
    """The game cannot be shown any more: the channel is gone, or the bot may not write in it."""


class Board:
    """Shows the latest state of a game, in turns with everything else that the bot edits in the
    channel: a state that is outdated before its turn comes is never shown."""

    def __init__(self, outlet: Outlet, pacer: Pacer) -> None:
        self._outlet = outlet
        self._pacer = pacer
        self._message_id: int | None = None
        self._wanted: tuple[str, discord.ui.View | None] | None = None
        self._shown: str = ""
        self._latest: str = ""
        """What the message is to say, whether that was shown already or not."""
        self._before: tuple[int, str] | None = None
        """The message before this one, and the last that it was to say."""
        self._editing: asyncio.Task[None] | None = None

    @property
    def message_id(self) -> int | None:
        return self._message_id

    async def post(self, text: str, view: discord.ui.View | None = None) -> int:
        """Go on in a new message, and return its id. What stands in the old one stays as it is.

        Raises:
            BoardLost: nothing can be written here.
        """
        await self.settle()
        nonce = secrets.token_hex(12)
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, _TRIES + 1):
            try:
                sent = await self._outlet.send(text, view=view, nonce=nonce)
            except (MessageGone, NotPermitted, Rejected) as error:
                raise BoardLost(str(error)) from error
            except OutletError as error:
                if attempt == _TRIES:
                    raise BoardLost(str(error)) from error
                log.info("a game's message is late: %s", error)
                await asyncio.sleep(pause_s)
                pause_s *= 2
            else:
                if self._message_id is not None:
                    self._before = self._message_id, self._latest
                self._message_id, self._shown, self._latest = sent, text, text
                return sent
        raise AssertionError

    def show(self, text: str, view: discord.ui.View | None) -> None:
        """Change the message soon."""
        if text == self._shown and self._wanted is None:
            return
        self._wanted, self._latest = (text, view), text
        if self._editing is None or self._editing.done():
            self._editing = asyncio.create_task(self._edit(), name="edit a game's message")

    async def settle(self) -> None:
        """Wait until the message is as it should be, or cannot be."""
        if self._editing is not None:
            await self._editing

    async def abandon(self) -> None:
        """Edit nothing any more."""
        if self._editing is not None:
            self._editing.cancel()
            await asyncio.gather(self._editing, return_exceptions=True)
            self._editing = None
        self._wanted = None

    async def disarm(self) -> None:
        """Take the buttons away from the message before this one, as far as that can be done: the
        game does not go on, so nobody is to press them."""
        if self._before is None:
            return
        message_id, text = self._before

        async def edit() -> None:
            async with self._pacer.turn(lambda: Rank.FINAL):
                await self._outlet.edit(message_id, text)

        try:
            await persistently(edit)
        except OutletError as error:
            log.info("a game's buttons could not be taken away: %s", error)

    async def _edit(self) -> None:
        tries = 0
        while self._wanted is not None and self._message_id is not None:
            wanted = self._wanted
            try:
                async with self._pacer.turn(lambda: Rank.TEXT):
                    wanted, self._wanted = self._wanted or wanted, None
                    await self._outlet.edit(self._message_id, wanted[0], view=wanted[1])
                    self._shown, tries = wanted[0], 0
            except Transient as error:
                tries += 1
                log.info("a game's message could not be changed: %s", error)
                if tries < _TRIES and self._wanted is None:
                    self._wanted = wanted
            except OutletError as error:
                # The next message is another chance.
                log.info("a game's message cannot be changed: %s", error)

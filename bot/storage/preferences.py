"""What a channel's people have set for it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import select, update

from bot.storage.channels import ChannelRef, make_known
from bot.storage.database import Database
from bot.storage.guilds import Guilds
from bot.storage.schema import Channel

CACHED_CHANNELS = 10_000
"""How many channels' own settings are kept in memory; some 200 bytes each, personas aside."""


@dataclass(frozen=True, slots=True)
class ChannelPreferences:
    """What holds in a channel, what its parent lends it included."""

    talk: bool
    """The bot answers everything that is said here."""
    persona: str | None
    """The system prompt; ``None`` is the house's."""


@dataclass(frozen=True, slots=True)
class _Own:
    talk: bool | None = None
    persona: str | None = None


class Preferences:
    """Settings per channel, read for every message and written almost never.

    They are kept in memory. Discord sends what happens in a channel to one process alone, so no
    other changes them meanwhile.
    """

    def __init__(
        self, database: Database, guilds: Guilds, *, cached: int = CACHED_CHANNELS
    ) -> None:
        self._database = database
        self.guilds = guilds
        self._cached = cached
        self._own: OrderedDict[int, _Own] = OrderedDict()
        self._changes = 0

    async def get(self, channel: ChannelRef) -> ChannelPreferences:
        """What holds in a channel; a thread takes from its parent what it has not set itself, and
        a channel without a persona takes its server's."""
        own = await self._of(channel.id)
        if channel.parent_id is not None and (own.talk is None or own.persona is None):
            lent = await self._of(channel.parent_id)
            own = _Own(
                talk=lent.talk if own.talk is None else own.talk,
                persona=lent.persona if own.persona is None else own.persona,
            )
        persona = own.persona or (await self.guilds.choices(channel.guild_id)).persona
        return ChannelPreferences(talk=bool(own.talk), persona=persona)

    async def set_talk(self, channel: ChannelRef, talk: bool | None) -> None:
        """Answer everything said in the channel, or not; ``None`` leaves it to the parent."""
        await self._set(channel, talk=talk)

    async def set_persona(self, channel: ChannelRef, persona: str | None) -> None:
        """Give the channel a system prompt of its own; ``None`` leaves it to the parent."""
        await self._set(channel, persona=persona)

    def forget_all(self) -> None:
        """Read everything anew: rows were deleted."""
        self._changes += 1
        self._own.clear()
        self.guilds.forget_all()

    async def _set(self, channel: ChannelRef, **values: bool | str | None) -> None:
        async with self._database.writing() as session:
            await make_known(session, channel)
            await session.execute(update(Channel).where(Channel.id == channel.id).values(**values))
        self._changes += 1
        self._own.pop(channel.id, None)

    async def _of(self, channel_id: int) -> _Own:
        if (known := self._own.get(channel_id)) is not None:
            self._own.move_to_end(channel_id)
            return known
        changes = self._changes
        async with self._database.reading() as session:
            row = await session.execute(
                select(Channel.talk, Channel.persona).where(Channel.id == channel_id)
            )
            own = next((_Own(talk, persona) for talk, persona in row), _Own())
        # Read before somebody's change and kept after it, it would be wrong for good.
        if changes == self._changes:
            self._own[channel_id] = own
            if len(self._own) > self._cached:
                self._own.popitem(last=False)
        return own

"""What the admins of servers have decided: how the bot behaves there, and who may use it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.database import Database
from bot.storage.engine import insert_into
from bot.storage.guild_schema import AccessRule, GuildChoices, Subject
from bot.storage.schema import Guild

CACHED_GUILDS = 10_000
"""How many servers' choices are kept in memory; some 500 bytes each, long lists aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What holds in a server; ``None`` is left to whoever runs the bot."""

    persona: str | None = None
    temperature: float | None = None
    reply_tokens: int | None = None
    games: bool = True
    documents: bool = True
    ranks_model_questions: bool = False
    retention_days: int | None = None
    rules: Mapping[tuple[Subject, int], bool] = field(default_factory=dict)
    """Who and where: whether it is allowed."""

    def ids(self, subject: Subject, *, allowed: bool) -> list[int]:
        """What is allowed, or not, of one kind; lowest id first."""
        return sorted(
            subject_id
            for (kind, subject_id), is_allowed in self.rules.items()
            if kind is subject and is_allowed is allowed
        )


_CHANGEABLE = frozenset(item.name for item in fields(Choices)) - {"rules"}


class Guilds:
    """Choices per server, read for every message and written almost never.

    They are kept in memory. Discord sends what happens in a server to one process alone, so no
    other changes them meanwhile.
    """

    def __init__(self, database: Database, *, cached: int = CACHED_GUILDS) -> None:
        self._database = database
        self._cached = cached
        self._known: OrderedDict[int, Choices] = OrderedDict()
        self._changes = 0

    async def choices(self, guild_id: int | None) -> Choices:
        """What holds in a server; a direct message (``None``) has nothing of its own."""
        if guild_id is None:
            return Choices()
        if (known := self._known.get(guild_id)) is not None:
            self._known.move_to_end(guild_id)
            return known
        changes = self._changes
        async with self._database.reading() as session:
            found = await _read(session, guild_id)
        # Read before somebody's change and kept after it, it would be wrong for good.
        if changes == self._changes:
            self._known[guild_id] = found
            if len(self._known) > self._cached:
                self._known.popitem(last=False)
        return found

    async def change(self, guild_id: int, **values: str | float | bool | None) -> None:
        """Set fields of :class:`Choices` by name; ``None`` leaves one to whoever runs the bot."""
        if unknown := set(values) - _CHANGEABLE:
            raise TypeError(f"not a choice: {', '.join(sorted(unknown))}")
        async with self._database.writing() as session:
            await _make_known(session, guild_id)
            await session.execute(
                insert_into(session, GuildChoices)
                .values(guild_id=guild_id, **values)
                .on_conflict_do_update(index_elements=["guild_id"], set_=values)
            )
        self._changed(guild_id)

    async def set_rules(
        self, guild_id: int, subject: Subject, subject_ids: Iterable[int], *, allowed: bool
    ) -> None:
        """Let exactly these be allowed, or not allowed. What was the other way stays so, except
        for those that are named here."""
        named = set(subject_ids)
        async with self._database.writing() as session:
            await _make_known(session, guild_id)
            await session.execute(
                delete(AccessRule).where(
                    AccessRule.guild_id == guild_id,
                    AccessRule.subject == subject,
                    (AccessRule.is_allowed == allowed) | AccessRule.subject_id.in_(named),
                )
            )
            if named:
                await session.execute(
                    insert(AccessRule),
                    [
                        {
                            "guild_id": guild_id,
                            "subject": subject,
                            "subject_id": subject_id,
                            "is_allowed": allowed,
                        }
                        for subject_id in named
                    ],
                )
        self._changed(guild_id)

    async def retention(self) -> dict[int, int]:
        """Days by server, of those that have chosen."""
        query = select(GuildChoices.guild_id, GuildChoices.retention_days).where(
            GuildChoices.retention_days.is_not(None)
        )
        async with self._database.reading() as session:
            return {guild_id: days for guild_id, days in await session.execute(query) if days}

    def forget_all(self) -> None:
        """Read everything anew: rows were deleted."""
        self._changes += 1
        self._known.clear()

    def _changed(self, guild_id: int) -> None:
        self._changes += 1
        self._known.pop(guild_id, None)


async def _read(session: AsyncSession, guild_id: int) -> Choices:
    row = await session.get(GuildChoices, guild_id)
    chosen = {
        name: value
        for name in _CHANGEABLE
        if row is not None and (value := getattr(row, name)) is not None
    }
    rules = await session.execute(
        select(AccessRule.subject, AccessRule.subject_id, AccessRule.is_allowed).where(
            AccessRule.guild_id == guild_id
        )
    )
    return Choices(**chosen, rules={(kind, subject): allowed for kind, subject, allowed in rules})


async def _make_known(session: AsyncSession, guild_id: int) -> None:
    await session.execute(
        insert_into(session, Guild)
        .values(id=guild_id, first_seen_at=datetime.now(UTC))
        .on_conflict_do_nothing()
    )

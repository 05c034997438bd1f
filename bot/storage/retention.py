"""What is removed by its age, and with servers that the bot has left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute

from bot.storage.database import Database
from bot.storage.document_schema import Document
from bot.storage.game_schema import Award, Game, GameState, ServedQuestion
from bot.storage.privacy import delete_document
from bot.storage.schema import Channel, Guild, Turn

AT_ONCE = 100
"""Rows that one transaction deletes: nobody waits longer for it than some milliseconds."""


LOOKED_UP = 2000
"""Rows that are looked for at a time."""


@dataclass(frozen=True, slots=True)
class Removed:
    """How much was."""

    turns: int
    documents: int


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes in small transactions. One that breaks off is taken up by the next."""

    database: Database

    async def remove_older(self, than: datetime, *, guild_id: int | None = None) -> Removed:
        """Remove conversations, documents and games from before a moment; ``guild_id``: of one
        server only.

        Points are kept, and with them the games that they were won in, without who started them.
        """
        turns = await self._delete_turns((Turn.created_at < than) & _in(Turn.channel_id, guild_id))
        documents = await self._delete_documents(
            (Document.added_at < than) & _in(Document.channel_id, guild_id)
        )
        played = (
            (Game.started_at < than)
            & (Game.state != GameState.RUNNING)
            & _in(Game.channel_id, guild_id)
        )
        async with self.database.writing() as session:
            await session.execute(
                delete(ServedQuestion).where(
                    ServedQuestion.at < than, _in(ServedQuestion.channel_id, guild_id)
                )
            )
            await session.execute(
                delete(Game).where(played, Game.id.not_in(select(Award.game_id))),
                execution_options={"synchronize_session": False},
            )
            await session.execute(
                update(Game)
                .where(played, or_(Game.started_by.is_not(None), Game.message_id.is_not(None)))
                .values(started_by=None, message_id=None),
                execution_options={"synchronize_session": False},
            )
        return Removed(turns, documents)

    # -- servers that were left --------------------------------------------------------------

    async def guilds(self) -> dict[int, datetime | None]:
        """Every server that anything is known of, and when it was left."""
        async with self.database.reading() as session:
            rows = await session.execute(select(Guild.id, Guild.left_at))
            return dict(rows.all())

    async def mark_left(self, guild_ids: Collection[int]) -> None:
        """The bot is no member any more. Where it is known already, the earlier moment stands."""
        async with self.database.writing() as session:
            await session.execute(
                update(Guild)
                .where(Guild.id.in_(guild_ids), Guild.left_at.is_(None))
                .values(left_at=datetime.now(UTC))
            )

    async def mark_joined(self, guild_ids: Collection[int]) -> None:
        """The bot is a member (again)."""
        async with self.database.writing() as session:
            await session.execute(update(Guild).where(Guild.id.in_(guild_ids)).values(left_at=None))

    async def remove_left(self, before: datetime) -> list[int]:
        """Remove everything of the servers that were left before a moment, and return their
        ids."""
        async with self.database.reading() as session:
            gone = list(await session.scalars(select(Guild.id).where(Guild.left_at < before)))
        for guild_id in gone:
            await self._delete_turns(_in(Turn.channel_id, guild_id))
            await self._delete_documents(_in(Document.channel_id, guild_id))
            async with self.database.writing() as session:
                # Only if it has not been joined again meanwhile; the rest goes with it.
                await session.execute(
                    delete(Guild).where(Guild.id == guild_id, Guild.left_at.is_not(None))
                )
        return gone

    async def _delete_turns(self, condition: ColumnElement[bool]) -> int:
        count = 0
        while True:
            # Looking for them may take long, and is not to hold up those who write.
            async with self.database.reading() as session:
                found = list(
                    await session.scalars(select(Turn.id).where(condition).limit(LOOKED_UP))
                )
            for start in range(0, len(found), AT_ONCE):
                async with self.database.writing() as session:
                    await session.execute(
                        delete(Turn).where(Turn.id.in_(found[start : start + AT_ONCE])),
                        execution_options={"synchronize_session": False},
                    )
            count += len(found)
            if len(found) < LOOKED_UP:
                return count

    async def _delete_documents(self, condition: ColumnElement[bool]) -> int:
        async with self.database.reading() as session:
            found = list(await session.scalars(select(Document.id).where(condition)))
        for document_id in found:
            await delete_document(self.database, document_id)
        return len(found)


def _in(channel_id: InstrumentedAttribute[int], guild_id: int | None) -> ColumnElement[bool]:
    if guild_id is None:
        return true()
    return channel_id.in_(select(Channel.id).where(Channel.guild_id == guild_id))

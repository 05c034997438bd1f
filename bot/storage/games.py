"""Which games run, and who got what in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import AirocordError
from bot.language import phrase
from bot.shards import ALL_SHARDS, Shards
from bot.storage.channels import ChannelRef, in_channel_of, make_known
from bot.storage.database import Database
from bot.storage.engine import insert_into
from bot.storage.game_schema import Award, DailyResult, Game, GameState
from bot.storage.schema import Channel

FEWEST_RANKED = 2
"""Players of a game whose points count: nobody climbs a scoreboard alone."""


@dataclass(frozen=True, slots=True)
class RunningGame:
    """A game as the database knows it."""

    id: int
    channel_id: int
    guild_id: int | None
    kind: str
    message_id: int | None


class GameRuns(AirocordError):
    """A game runs in the channel already."""

    def __init__(self, running: RunningGame | None) -> None:
        super().__init__(phrase("A game runs in this channel already."))
        self.running = running
        """``None``: it ended a moment ago."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a round brought to a person."""

    points: int
    correct: int = 0
    """Right answers, or words."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of a scoreboard."""

    person_id: int
    points: int
    correct: int
    games: int


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row."""

    now: int
    """Up to today, or to yesterday where today was not played yet."""
    longest: int


@dataclass(frozen=True, slots=True)
class Games:
    """Games of all channels. Each change is whole or not at all."""

    database: Database

    async def start(
        self, channel: ChannelRef, kind: str, *, started_by: int, may_rank: bool = True
    ) -> int:
        """Note that a game begins, and return its id.

        Raises:
            GameRuns: there is one in the channel.
        """
        try:
            async with self.database.writing() as session:
                await make_known(session, channel)
                game = Game(
                    channel_id=channel.id,
                    kind=kind,
                    started_by=started_by,
                    message_id=None,
                    state=GameState.RUNNING,
                    may_rank=may_rank,
                    players=0,
                    started_at=datetime.now(UTC),
                    ended_at=None,
                )
                session.add(game)
                await session.flush()
                return game.id
        except IntegrityError as error:
            raise GameRuns(await self.running(channel.id)) from error

    async def set_message(self, game_id: int, message_id: int) -> None:
        """The game stands in this message now."""
        async with self.database.writing() as session:
            await session.execute(
                update(Game).where(Game.id == game_id).values(message_id=message_id)
            )

    async def running(self, channel_id: int) -> RunningGame | None:
        """The game that runs in a channel."""
        async with self.database.reading() as session:
            found = await _running(session, Game.channel_id == channel_id)
        return found[0] if found else None

    async def close_round(self, game_id: int, number: int, gains: Mapping[int, Gain]) -> None:
        """Keep what a round has brought so far: told again, what was told last counts."""
        now = datetime.now(UTC)
        async with self.database.writing() as session:
            for person_id, gain in gains.items():
                brought = {"points": gain.points, "correct": gain.correct, "at": now}
                await session.execute(
                    insert_into(session, Award)
                    .values(game_id=game_id, round=number, person_id=person_id, **brought)
                    .on_conflict_do_update(
                        index_elements=["game_id", "round", "person_id"], set_=brought
                    )
                )
            players = (
                select(func.count(Award.person_id.distinct()))
                .where(Award.game_id == game_id)
                .scalar_subquery()
            )
            await session.execute(update(Game).where(Game.id == game_id).values(players=players))

    async def end(self, game_id: int) -> None:
        """The game is over."""
        await self._close(game_id, GameState.ENDED)

    async def interrupt(self, game_id: int) -> None:
        """The game is over, for the bot stops, and its channel was told so: the next start has
        nothing to say of it."""
        await self._close(game_id, GameState.INTERRUPTED)

    async def _close(self, game_id: int, state: GameState) -> None:
        async with self.database.writing() as session:
            await session.execute(
                update(Game)
                .where(Game.id == game_id, Game.state == GameState.RUNNING)
                .values(state=state, ended_at=datetime.now(UTC))
            )

    async def close_interrupted(self, shards: Shards = ALL_SHARDS) -> list[RunningGame]:
        """At the start: the games that ran when the process died, or that it could not take leave
        of when it stopped. They are over now; on other shards than this process's they go on."""
        async with self.database.writing() as session:
            found = await _running(session, in_channel_of(shards, Game.channel_id))
            await session.execute(
                update(Game)
                .where(Game.id.in_([game.id for game in found]))
                .values(state=GameState.INTERRUPTED, ended_at=datetime.now(UTC))
            )
        return found

    async def result(self, game_id: int) -> list[Standing]:
        """Everybody's points in one game, best first."""
        async with self.database.reading() as session:
            rows = await session.execute(
                select(
                    Award.person_id,
                    func.sum(Award.points),
                    func.sum(Award.correct),
                )
                .where(Award.game_id == game_id)
                .group_by(Award.person_id)
                .order_by(func.sum(Award.points).desc(), Award.person_id)
            )
            return [Standing(person, points, correct, 1) for person, points, correct in rows]

    async def standings(
        self,
        *,
        guild_id: int | None = None,
        channel_id: int | None = None,
        kinds: tuple[str, ...],
        since: datetime | None = None,
        limit: int = 10,
    ) -> list[Standing]:
        """The best of a server or of one channel, by points of games that count."""
        points = func.sum(Award.points)
        statement = (
            select(
                Award.person_id,
                points,
                func.sum(Award.correct),
                func.count(Award.game_id.distinct()),
            )
            .join(Game, Game.id == Award.game_id)
            .where(Game.kind.in_(kinds), Game.may_rank, Game.players >= FEWEST_RANKED)
            .group_by(Award.person_id)
            .having(points > 0)
            .order_by(points.desc(), Award.person_id)
            .limit(limit)
        )
        if channel_id is not None:
            statement = statement.where(Game.channel_id == channel_id)
        else:
            statement = statement.join(Channel, Channel.id == Game.channel_id).where(
                Channel.guild_id == guild_id
            )
        if since is not None:
            statement = statement.where(Award.at >= since)
        async with self.database.reading() as session:
            rows = await session.execute(statement)
            return [Standing(*row) for row in rows]

    # -- the puzzle of the day ---------------------------------------------------------------

    async def close_daily(self, person_id: int, day: date, points: int) -> bool:
        """Keep what a person got for the day's puzzle; ``False`` where a result stands already."""
        async with self.database.writing() as session:
            added = await session.execute(
                insert_into(session, DailyResult)
                .values(person_id=person_id, day=day, points=points)
                .on_conflict_do_nothing()
                .returning(DailyResult.points)
            )
            return added.first() is not None

    async def daily(self, person_id: int, day: date) -> int | None:
        """What a person got for the puzzle of that day; ``None``: not played."""
        async with self.database.reading() as session:
            return await session.scalar(
                select(DailyResult.points).where(
                    DailyResult.person_id == person_id, DailyResult.day == day
                )
            )

    async def streak(self, person_id: int, today: date) -> Streak:
        """How many days in a row a person has solved the day's puzzle."""
        async with self.database.reading() as session:
            rows = await session.scalars(
                select(DailyResult.day)
                .where(DailyResult.person_id == person_id, DailyResult.points > 0)
                .order_by(DailyResult.day)
            )
            days = list(rows)
        longest = length = 0
        before: date | None = None
        for day in days:
            length = length + 1 if before is not None and day - before == timedelta(1) else 1
            longest = max(longest, length)
            before = day
        is_alive = before is not None and today - before <= timedelta(1)
        return Streak(now=length if is_alive else 0, longest=longest)


async def _running(session: AsyncSession, where: ColumnElement[bool]) -> list[RunningGame]:
    statement = (
        select(Game.id, Game.channel_id, Channel.guild_id, Game.kind, Game.message_id)
        .join(Channel, Channel.id == Game.channel_id)
        .where(Game.state == GameState.RUNNING, where)
        .order_by(Game.id)
    )
    return [RunningGame(*row) for row in await session.execute(statement)]

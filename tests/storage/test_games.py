"""Games and scores as the people of a server know them."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.storage import ChannelRef, Database, Gain, GameRuns, Games, Standing
from bot.storage.game_schema import Award, Game, GameState

HERE, NEXT_DOOR = ChannelRef(11, guild_id=5), ChannelRef(12, guild_id=5)
ELSEWHERE = ChannelRef(21, guild_id=6)
ADA, BO, CY = 1, 2, 3
TRIVIA = ("trivia",)
TODAY = date(2026, 3, 1)


@pytest.fixture
def games(database: Database) -> Games:
    return Games(database)


async def played(
    games: Games, channel: ChannelRef, points: dict[int, int], *, may_rank: bool = True
) -> int:
    """A game of one round that has ended."""
    game = await games.start(channel, "trivia", started_by=ADA, may_rank=may_rank)
    await games.close_round(
        game, 1, {person: Gain(got, int(got > 0)) for person, got in points.items()}
    )
    await games.end(game)
    return game


async def test_there_is_one_game_a_channel(games: Games) -> None:
    first = await games.start(HERE, "trivia", started_by=ADA)
    await games.set_message(first, 900)
    with pytest.raises(GameRuns) as refused:
        await games.start(HERE, "twist", started_by=BO)
    assert refused.value.running is not None
    assert (refused.value.running.id, refused.value.running.message_id) == (first, 900)
    assert await games.start(NEXT_DOOR, "twist", started_by=BO) != first
    await games.end(first)
    assert await games.running(HERE.id) is None
    await games.start(HERE, "twist", started_by=BO)


async def test_of_two_who_start_at_once_one_is_told_of_the_other(games: Games) -> None:
    results = await asyncio.gather(
        *(games.start(HERE, "trivia", started_by=person) for person in (ADA, BO)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["GameRuns", "int"]


async def test_points_add_up_over_rounds_and_games(games: Games) -> None:
    game = await games.start(HERE, "trivia", started_by=ADA)
    await games.close_round(game, 1, {ADA: Gain(100, 1), BO: Gain(80, 1)})
    await games.close_round(game, 2, {BO: Gain(90, 1), CY: Gain(0)})
    assert await games.result(game) == [
        Standing(BO, 170, 2, 1),
        Standing(ADA, 100, 1, 1),
        Standing(CY, 0, 0, 1),
    ]
    await games.end(game)
    await played(games, NEXT_DOOR, {ADA: 100, CY: 50})
    assert await games.standings(guild_id=5, kinds=TRIVIA) == [
        Standing(ADA, 200, 2, 2),
        Standing(BO, 170, 2, 1),
        Standing(CY, 50, 1, 2),
    ]
    assert await games.standings(channel_id=NEXT_DOOR.id, kinds=TRIVIA) == [
        Standing(ADA, 100, 1, 1),
        Standing(CY, 50, 1, 1),
    ]
    assert [line.person_id for line in await games.standings(guild_id=5, kinds=TRIVIA, limit=1)]


async def test_a_round_that_is_told_twice_counts_once(games: Games) -> None:
    game = await games.start(HERE, "trivia", started_by=ADA)
    for _ in range(2):
        await games.close_round(game, 1, {ADA: Gain(100, 1), BO: Gain(0)})
    assert await games.result(game) == [Standing(ADA, 100, 1, 1), Standing(BO, 0, 0, 1)]


async def test_nobody_climbs_the_scoreboard_alone(games: Games) -> None:
    await played(games, HERE, {ADA: 100})
    await played(games, HERE, {ADA: 100, BO: 100}, may_rank=False)
    assert await games.standings(guild_id=5, kinds=TRIVIA) == []
    twice = await games.start(HERE, "trivia", started_by=ADA)
    for number in (1, 2):
        await games.close_round(twice, number, {ADA: Gain(100, 1)})
    await games.end(twice)
    assert await games.standings(guild_id=5, kinds=TRIVIA) == []
    await played(games, HERE, {ADA: 30, BO: 0})
    assert await games.standings(guild_id=5, kinds=TRIVIA) == [Standing(ADA, 30, 1, 1)]


async def test_servers_kinds_and_periods_are_kept_apart(games: Games, database: Database) -> None:
    old = await played(games, HERE, {ADA: 100, BO: 10})
    await played(games, ELSEWHERE, {CY: 70, BO: 5})
    week_ago = datetime.now(UTC) - timedelta(days=7)
    async with database.writing() as session:
        await session.execute(
            update(Award).where(Award.game_id == old).values(at=week_ago - timedelta(1))
        )
    await played(games, HERE, {ADA: 20, BO: 40})
    assert [line.points for line in await games.standings(guild_id=5, kinds=TRIVIA)] == [120, 50]
    recent = await games.standings(guild_id=5, kinds=TRIVIA, since=week_ago)
    assert [(line.person_id, line.points) for line in recent] == [(BO, 40), (ADA, 20)]
    assert await games.standings(guild_id=5, kinds=("twist",)) == []


async def test_a_game_that_the_process_died_in_is_over_and_keeps_its_points(games: Games) -> None:
    running = await games.start(HERE, "trivia", started_by=ADA)
    await games.set_message(running, 900)
    await games.close_round(running, 1, {ADA: Gain(100, 1), BO: Gain(50, 1)})
    await played(games, NEXT_DOOR, {ADA: 1, BO: 1})
    left = await games.close_interrupted()
    assert [(game.id, game.channel_id, game.guild_id, game.message_id) for game in left] == [
        (running, HERE.id, 5, 900)
    ]
    assert await games.close_interrupted() == []
    assert await games.running(HERE.id) is None
    best = await games.standings(channel_id=HERE.id, kinds=TRIVIA)
    assert [line.points for line in best] == [100, 50]
    # What it was late to say changes nothing.
    await games.end(running)
    assert await games.running(HERE.id) is None


async def test_of_a_game_that_took_its_leave_at_the_stop_the_next_start_says_nothing(
    games: Games, database: Database
) -> None:
    stopped = await games.start(HERE, "trivia", started_by=ADA)
    await games.close_round(stopped, 1, {ADA: Gain(100, 1), BO: Gain(50, 1)})
    await games.interrupt(stopped)
    over = await played(games, NEXT_DOOR, {ADA: 1, BO: 1})
    await games.interrupt(over)
    assert await games.close_interrupted() == []
    async with database.reading() as session:
        states = dict((await session.execute(select(Game.id, Game.state))).all())
    assert states == {stopped: GameState.INTERRUPTED, over: GameState.ENDED}
    best = await games.standings(channel_id=HERE.id, kinds=TRIVIA)
    assert [line.points for line in best] == [100, 50]
    await games.start(HERE, "twist", started_by=BO)


async def test_the_first_result_of_a_day_stands(games: Games) -> None:
    assert await games.daily(ADA, TODAY) is None
    assert await games.close_daily(ADA, TODAY, 0)
    assert not await games.close_daily(ADA, TODAY, 100)
    assert await games.daily(ADA, TODAY) == 0
    assert await games.daily(BO, TODAY) is None


@pytest.mark.parametrize(
    ("solved", "now", "longest"),
    [
        ([], 0, 0),
        ([0], 1, 1),
        ([1], 1, 1),
        ([2], 0, 1),
        ([0, 1, 2, 4, 5, 6, 7], 3, 4),
        ([3, 4, 5], 0, 3),
    ],
)
async def test_a_streak_is_days_in_a_row_up_to_today_or_yesterday(
    games: Games, solved: list[int], now: int, longest: int
) -> None:
    for days_ago in solved:
        await games.close_daily(ADA, TODAY - timedelta(days_ago), 50)
    await games.close_daily(BO, TODAY, 50)
    await games.close_daily(ADA, TODAY - timedelta(3), 0)
    streak = await games.streak(ADA, TODAY)
    assert (streak.now, streak.longest) == (now, longest)

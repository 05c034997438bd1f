"""What is older than it is to be kept goes, and what was of a server that was left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.housekeeping import Housekeeping, Membership
from bot.storage import (
    Conversations,
    Database,
    Games,
    Guilds,
    Holdings,
    PersonalData,
    Preferences,
    QuestionBank,
    Retention,
    retention,
)
from bot.storage.game_schema import Game
from tests.support.stored import (
    ALL,
    ANA,
    BEN,
    CHANNEL,
    DIRECT,
    ELSEWHERE,
    GUILD,
    OTHER_GUILD,
    everything,
    fill,
    talk,
)

NOWHERE = Membership(frozenset(), frozenset())


def housekeeping(database: Database, *, days: int = 30, grace_days: int = 7) -> Housekeeping:
    preferences = Preferences(database, Guilds(database))
    return Housekeeping(Retention(database), preferences, days=days, grace_days=grace_days)


def days_from_now(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


async def test_what_is_older_than_it_is_to_be_kept_goes_and_points_stay(
    database: Database, people: PersonalData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "LOOKED_UP", 4)
    await fill(database, ANA, "apricot")
    for _ in range(3):
        await talk(database, BEN, "bramble")
    bank = QuestionBank(database)
    await bank.serve(CHANNEL, "facts:1")
    unplayed = await Games(database).start(CHANNEL, "trivia", started_by=BEN)
    await Games(database).end(unplayed)

    await housekeeping(database).sweep(NOWHERE, days_from_now(29.9))
    assert await people.holdings(ANA) == ALL
    assert await bank.served(CHANNEL.id) == {"facts:1"}

    await housekeeping(database).sweep(NOWHERE, days_from_now(30.1))
    assert await people.holdings(ANA) == Holdings(
        rounds=1, daily_results=1, reports=1, packs_added=1
    )
    assert await people.holdings(BEN) == Holdings()
    assert await bank.served(CHANNEL.id) == set()
    async with database.reading() as session:
        [game] = await session.scalars(select(Game))
    assert (game.started_by, game.message_id) == (None, None)
    [best, *_] = await Games(database).standings(guild_id=GUILD, kinds=("trivia",))
    assert (best.person_id, best.points) == (ANA, 200)


async def test_a_game_that_runs_is_not_too_old(database: Database) -> None:
    games = Games(database)
    game = await games.start(CHANNEL, "trivia", started_by=ANA)
    await housekeeping(database).sweep(NOWHERE, days_from_now(31))
    running = await games.running(CHANNEL.id)
    assert running is not None
    assert running.id == game


async def test_zero_days_keep_everything_and_a_server_may_choose_less(
    database: Database, people: PersonalData
) -> None:
    await talk(database, ANA, "apricot")
    await talk(database, ANA, "apricot", channel=ELSEWHERE)
    await talk(database, ANA, "apricot", channel=DIRECT)
    await housekeeping(database, days=0).sweep(NOWHERE, days_from_now(10_000))
    assert (await people.holdings(ANA)).questions == 3

    await Guilds(database).change(OTHER_GUILD, retention_days=3)
    await Guilds(database).change(GUILD, retention_days=90)
    for days in (0, 30):
        await housekeeping(database, days=days).sweep(NOWHERE, days_from_now(2.9))
    assert (await people.holdings(ANA)).questions == 3
    await housekeeping(database, days=0).sweep(NOWHERE, days_from_now(3.1))
    assert await Conversations(database).window(ELSEWHERE.id) == []
    assert (await people.holdings(ANA)).questions == 2
    # More than whoever runs the bot allows is no choice.
    await housekeeping(database).sweep(NOWHERE, days_from_now(31))
    assert (await people.holdings(ANA)).questions == 0


async def test_a_server_that_was_left_is_forgotten_after_the_grace_and_not_if_it_returns(
    database: Database, people: PersonalData
) -> None:
    await fill(database, ANA, "apricot")
    await talk(database, ANA, "apricot", channel=ELSEWHERE)
    await Guilds(database).change(GUILD, persona="You are the librarian.")
    keeper = housekeeping(database, days=0)
    await keeper.left(GUILD)
    await keeper.sweep(NOWHERE, days_from_now(6.9))
    assert (await people.holdings(ANA)).questions == 2

    await keeper.joined(GUILD)
    await keeper.sweep(NOWHERE, days_from_now(8))
    assert (await people.holdings(ANA)).questions == 2

    await keeper.left(GUILD)
    await keeper.sweep(NOWHERE, days_from_now(7.1))
    left = await everything(database)
    assert str(GUILD) not in left
    assert str(CHANNEL.id) not in left
    assert "librarian" not in left
    assert await people.holdings(ANA) == Holdings(
        questions=1, replies=2, daily_results=1, reports=1
    )


async def test_what_happened_while_nobody_listened_is_caught_up_with(database: Database) -> None:
    for channel in (CHANNEL, ELSEWHERE):
        await talk(database, ANA, "apricot", channel=channel)
    keeper, known = housekeeping(database, days=0), Retention(database)
    await keeper.left(GUILD)
    first = (await known.guilds())[GUILD]
    await keeper.left(GUILD)
    assert (await known.guilds())[GUILD] == first

    await keeper.sweep(Membership(frozenset({GUILD}), frozenset({0})), days_from_now(0))
    marks = await known.guilds()
    assert marks[GUILD] is None
    assert marks[OTHER_GUILD] is not None


def test_a_server_of_another_processes_shard_is_not_taken_for_left() -> None:
    shard = (GUILD >> 22) % 2
    elsewhere = GUILD + (1 << 22)
    membership = Membership(frozenset({GUILD}), frozenset({shard}), shard_count=2)
    assert not membership.has_left(GUILD)
    assert not membership.has_left(elsewhere)
    assert membership.has_left(GUILD + (2 << 22))
    assert not NOWHERE.has_left(GUILD)

"""What a process closes at its start: only what it could have left, never another one's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.housekeeping import Housekeeping, Membership
from bot.shards import Shards
from bot.storage import (
    ChannelRef,
    Conversations,
    Database,
    Games,
    Guilds,
    PersonalData,
    Preferences,
    Retention,
    TurnState,
)
from bot.storage.schema import Turn
from tests.support.stored import ANA, ME, bring

EVEN = ChannelRef(id=10, guild_id=(1_000_000_000_000 << 22) + 5)
ODD = ChannelRef(id=11, guild_id=(1_000_000_000_001 << 22) + 6)
DIRECT = ChannelRef(id=12)
FIRST, SECOND, BOTH = Shards((0,), 2), Shards((1,), 2), Shards((0, 1), 2)

OWN = [(FIRST, {EVEN.id, DIRECT.id}), (SECOND, {ODD.id}), (BOTH, {EVEN.id, ODD.id, DIRECT.id})]


async def ask(database: Database, channel: ChannelRef) -> int:
    """A question whose reply is being written; the reply's turn."""
    history = Conversations(database)
    asked = await history.add_question(
        channel=channel, author_id=ANA, author_name="Ana", content="?", message_id=None
    )
    reply = await history.open_reply(asked, author_id=ME, author_name="Bot")
    assert reply is not None
    return reply


async def pending(database: Database) -> set[int]:
    """The channels in which a reply is being written."""
    async with database.reading() as session:
        rows = select(Turn.channel_id).where(Turn.state == TurnState.PENDING)
        return set(await session.scalars(rows))


async def turns(database: Database) -> int:
    async with database.reading() as session:
        return len((await session.scalars(select(Turn.id))).all())


@pytest.mark.parametrize(("shards", "own"), OWN)
async def test_replies_of_other_processes_go_on(
    database: Database, conversations: Conversations, shards: Shards, own: set[int]
) -> None:
    for channel in (EVEN, ODD, DIRECT):
        await ask(database, channel)
    closed = await conversations.close_interrupted(shards)
    assert {reply.channel_id for reply in closed} == own
    assert await pending(database) == {EVEN.id, ODD.id, DIRECT.id} - own


@pytest.mark.parametrize(("shards", "own"), OWN)
async def test_games_of_other_processes_go_on(
    database: Database, shards: Shards, own: set[int]
) -> None:
    games = Games(database)
    for channel in (EVEN, ODD, DIRECT):
        await games.start(channel, "trivia", started_by=ANA)
    assert {game.channel_id for game in await games.close_interrupted(shards)} == own
    for channel in (EVEN, ODD, DIRECT):
        assert (await games.running(channel.id) is None) == (channel.id in own)


@pytest.mark.parametrize(("shards", "own"), OWN)
async def test_what_another_process_is_about_to_drop_is_left_to_it(
    database: Database, people: PersonalData, shards: Shards, own: set[int]
) -> None:
    await people.opt_out(ANA)
    for channel in (EVEN, ODD, DIRECT):
        await ask(database, channel)
        await bring(database, ANA, f"almond {channel.id}", channel=channel)
    dropped = await people.drop_all_unkept(shards)
    assert {reply.channel_id for reply in dropped} == own
    assert await pending(database) == {EVEN.id, ODD.id, DIRECT.id} - own
    assert (await people.holdings(ANA)).documents == 3 - len(own)


async def test_only_one_process_removes_and_each_notes_what_its_own_servers_do(
    database: Database,
) -> None:
    for channel in (EVEN, ODD):
        await ask(database, channel)
    await Conversations(database).close_interrupted()
    known, preferences = Retention(database), Preferences(database, Guilds(database))
    now = datetime.now(UTC)
    keepers = [
        Housekeeping(known, preferences, days=30, grace_days=7, removes=shards.lead)
        for shards in (SECOND, FIRST)
    ]
    for keeper, shard in zip(keepers, (1, 0), strict=True):
        nowhere = Membership(frozenset(), frozenset({shard}), shard_count=2)
        await keeper.sweep(nowhere, now + timedelta(days=60))
        marks = await known.guilds()
        if shard == 1:
            assert marks[ODD.guild_id or 0] is not None
            assert marks[EVEN.guild_id or 0] is None
            assert await turns(database) == 4
    assert await turns(database) == 0


async def test_processes_that_start_together_on_an_empty_database_migrate_it_once(
    empty_url: str,
) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    upgrades = (database.upgrade() for database in databases)
    done = await asyncio.gather(*upgrades, return_exceptions=True)
    is_up_to_date = await databases[0].is_up_to_date()
    for database in databases:
        await database.close()
    assert done == [None, None, None]
    assert is_up_to_date

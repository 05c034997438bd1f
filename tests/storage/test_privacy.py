"""What is stored of a person can be counted, had and erased, to the last byte of the files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.housekeeping import Housekeeping, Membership
from bot.storage import (
    BankEntry,
    ChannelRef,
    Conversations,
    Database,
    Gain,
    Games,
    Guilds,
    Holdings,
    Library,
    NewDocument,
    PersonalData,
    Preferences,
    QuestionBank,
    Retention,
    Source,
    StoredPassage,
    Subject,
    TurnState,
    retention,
)
from bot.storage import privacy as of_people
from bot.storage.game_schema import Game
from bot.storage.schema import Base

GUILD, OTHER_GUILD = 81384788765712300, 41771983423143900
CHANNEL = ChannelRef(id=381870553235193800, guild_id=GUILD)
ELSEWHERE = ChannelRef(id=381870553235193801, guild_id=OTHER_GUILD)
DIRECT = ChannelRef(id=381870553235193802)
ANA, BEN = 80351110224678912, 53908232506183680
ME = 1
DAY = date(2026, 1, 31)


@pytest.fixture
def people(database: Database) -> PersonalData:
    return PersonalData(database)


async def talk(
    database: Database, person: int, word: str, *, channel: ChannelRef = CHANNEL, message: int = 0
) -> int:
    """A question and two replies to it, of which the second stands; the question's id."""
    history = Conversations(database)
    asked = await history.add_question(
        channel=channel,
        author_id=person,
        author_name=f"{word} name",
        content=f"{word} asks " * 40,
        message_id=message or None,
    )
    for _ in range(2):
        reply = await history.open_reply(asked, author_id=ME, author_name="Bot")
        assert reply is not None
        for length in (10, 40, 70):
            await history.save_progress(reply, f"{word} replied " * length)
        await history.close_reply(
            reply, content=f"{word} replied " * 80, state=TurnState.COMPLETE, tokens=4
        )
        if _ == 0:
            await history.replace(reply)
    return asked


async def bring(database: Database, person: int, word: str, channel: ChannelRef = CHANNEL) -> int:
    """A document; its id."""
    stored = await Library(database).add(
        channel,
        NewDocument(
            name=f"{word}.txt",
            kind="text",
            sha256=word.ljust(64, "0")[:64],
            size=100,
            characters=100,
            pages=None,
            warnings=(f"{word} was cut.",),
            added_by=person,
            message_id=None,
            passages=[
                StoredPassage(
                    position=position,
                    text=f"{word} writes " * 30,
                    page=None,
                    last_page=None,
                    section=word,
                    tokens=9,
                )
                for position in range(5)
            ],
        ),
        most_documents=1000,
        most_characters=10_000_000,
    )
    return stored.id


async def play(database: Database, person: int, channel: ChannelRef = CHANNEL) -> int:
    """A game that the person started and others took part in; its id."""
    games = Games(database)
    game = await games.start(channel, "trivia", started_by=person)
    await games.close_round(game, 1, {person: Gain(200, 1), 7: Gain(100, 1)})
    await games.end(game)
    return game


async def fill(database: Database, person: int, word: str) -> None:
    """Something of every kind."""
    asked = await talk(database, person, word)
    document = await bring(database, person, word)
    library = Library(database)
    await library.asked_about(asked, [document])
    await library.cite(asked + 2, [Source(number=1, document_id=document, first=0, last=1)])
    await play(database, person)
    await Games(database).close_daily(person, DAY, 90)
    bank = QuestionBank(database)
    await bank.report("facts:1", person, origin="facts")
    entry = BankEntry(
        id="",
        origin="pack",
        category="Rivers",
        difficulty="easy",
        text="Which river runs through Vienna?",
        answer="Danube",
    )
    await bank.add_pack(
        GUILD, title=f"of {person % 10}", credit="", added_by=person, entries=[entry], most_packs=9
    )


async def everything(database: Database) -> str:
    """All rows of all tables."""
    async with database.reading() as session:
        rows = [
            f"{table.name} {tuple(row)}"
            for table in Base.metadata.sorted_tables
            for row in await session.execute(select(table))
        ]
        return "\n".join(rows)


ALL = Holdings(
    questions=1,
    replies=2,
    documents=1,
    rounds=1,
    daily_results=1,
    reports=1,
    games_started=1,
    packs_added=1,
)


async def test_what_is_stored_is_counted_by_kind_and_person(
    database: Database, people: PersonalData
) -> None:
    await fill(database, ANA, "apricot")
    await fill(database, BEN, "bramble")
    await talk(database, BEN, "bramble")
    assert await people.holdings(ANA) == ALL
    assert await people.holdings(BEN) == replace(ALL, questions=2, replies=4)
    assert await people.holdings(3) == Holdings()


async def test_the_export_holds_everything_of_a_person_and_nothing_of_others(
    database: Database, people: PersonalData
) -> None:
    await fill(database, ANA, "apricot")
    await fill(database, BEN, "bramble")
    found = json.loads(json.dumps(await people.export(ANA)))

    [question] = found["questions"]
    assert question["text"] == "apricot asks " * 40
    assert question["as"] == "apricot name"
    assert [reply["state"] for reply in question["replies"]] == ["replaced", "complete"]
    assert question["replies"][1]["text"] == "apricot replied " * 80
    [document] = found["documents"]
    assert (document["name"], document["kind"], document["bytes"]) == ("apricot.txt", "text", 100)
    assert [passage["text"] for passage in document["passages"]] == ["apricot writes " * 30] * 5
    [won] = found["rounds"]
    assert (won["kind"], won["points"], won["correct"]) == ("trivia", 200, 1)
    assert found["daily_results"] == [{"day": "2026-01-31", "points": 90}]
    assert [report["question_id"] for report in found["reports"]] == ["facts:1"]
    assert [game["kind"] for game in found["games_started"]] == ["trivia"]
    assert [pack["title"] for pack in found["packs_added"]] == ["of 2"]
    assert found["opted_out_since"] is None
    assert "bramble" not in json.dumps(found)
    assert str(BEN) not in json.dumps(found)

    without = json.dumps(await people.export(ANA, with_texts=False))
    assert "apricot.txt" in without
    assert "apricot writes" not in without


async def test_after_erasing_no_table_names_the_person_and_what_others_have_is_untouched(
    database: Database, people: PersonalData
) -> None:
    await fill(database, ANA, "apricot")
    await fill(database, BEN, "bramble")
    before = await people.export(BEN)
    assert str(ANA) in await everything(database)

    assert await people.erase(ANA) == ALL

    left = await everything(database)
    assert str(ANA) not in left
    assert "apricot" not in left
    after = await people.export(BEN)
    assert {**after, "exported_at": ""} == {**before, "exported_at": ""}
    assert await people.holdings(ANA) == Holdings()
    assert len(await QuestionBank(database).packs(GUILD)) == 2
    assert [line.points for line in await Games(database).result(1)] == [100]


async def test_many_questions_and_long_documents_are_erased_bit_by_bit(
    database: Database, people: PersonalData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_people, "_AT_ONCE", 2)
    for _ in range(5):
        await talk(database, ANA, "apricot")
    await bring(database, ANA, "apricot")
    erased = await people.erase(ANA)
    assert (erased.questions, erased.replies, erased.documents) == (5, 10, 1)
    assert "apricot" not in await everything(database)


async def test_what_the_bot_was_told_of_a_direct_message_goes_with_its_person(
    database: Database, people: PersonalData
) -> None:
    preferences = Preferences(database, Guilds(database))
    await preferences.set_persona(DIRECT, "You are apricot's friend.")
    await preferences.set_persona(CHANNEL, "You are everybody's friend.")
    await talk(database, ANA, "apricot", channel=DIRECT)
    await talk(database, ANA, "apricot")
    await people.erase(ANA)
    left = await everything(database)
    assert "apricot" not in left
    assert "everybody's friend" in left

    silent = ChannelRef(id=DIRECT.id + 1)
    await preferences.set_persona(silent, "You are apricot's friend.")
    await people.erase(ANA, direct_channel=CHANNEL.id)
    assert "everybody's friend" in await everything(database)
    await people.erase(ANA, direct_channel=silent.id)
    assert "apricot" not in await everything(database)


# -- the bytes -------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    """As SQLite writes the id of a row of more than 56 bits (sqlite.org/fileformat2.html)."""
    high = number >> 8
    sevens = [high >> shift & 0x7F | 0x80 for shift in range(49, -1, -7)]
    return bytes([*sevens, number & 0xFF])


def left_in_files(file: Path, needles: Sequence[bytes]) -> list[str]:
    """Which of them are in the database's files, and in which."""
    return [
        f"{needle!r} in {beside.name}"
        for beside in sorted(file.parent.glob(f"{file.name}*"))
        for needle in needles
        if needle in beside.read_bytes()
    ]


async def test_after_erasing_the_files_hold_no_byte_of_the_person(
    migrated: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bot.db"
    file.write_bytes(await asyncio.to_thread(migrated.read_bytes))
    database = Database(f"sqlite+aiosqlite:///{file}")
    needles = [b"apricot", ANA.to_bytes(8, "big"), varint(ANA), str(ANA).encode()]
    try:
        people = PersonalData(database)
        # Between those of others, so that pages are shared, split and joined.
        for number in range(24):
            await talk(database, ANA if number % 3 == 0 else number, "apricot"[: number % 3 or 7])
        await fill(database, ANA, "apricot")
        await people.opt_out(ANA)
        assert await database.empty_log()
        found = left_in_files(file, needles)
        for needle in needles[:3]:
            assert any(repr(needle) in line for line in found), f"the scan cannot find {needle!r}"

        await people.opt_in(ANA)
        await people.erase(ANA)
        assert left_in_files(file, needles) != []
        assert await database.empty_log()
        assert left_in_files(file, needles) == []
        assert left_in_files(file, [b"a asks", b"ap asks"]) != []
    finally:
        await database.close()


async def test_a_log_that_somebody_reads_is_not_said_to_be_empty(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.engine.LOG_TIMEOUT_S", 0.01)
    file = tmp_path / "bot.db"
    file.write_bytes(await asyncio.to_thread(migrated.read_bytes))
    database = Database(f"sqlite+aiosqlite:///{file}")
    try:
        await talk(database, ANA, "apricot")
        async with database.reading() as session:
            await session.execute(text("SELECT count(*) FROM turns"))
            await talk(database, ANA, "apricot")
            assert not await database.empty_log()
        assert await database.empty_log()
    finally:
        await database.close()


# -- those who want nothing kept ---------------------------------------------------------------


async def test_that_somebody_has_opted_out_is_all_that_erasing_leaves_of_them(
    database: Database, people: PersonalData
) -> None:
    await fill(database, ANA, "apricot")
    await people.opt_out(ANA)
    await people.opt_out(ANA)
    await people.erase(ANA)
    [line] = [line for line in (await everything(database)).splitlines() if str(ANA) in line]
    assert line.startswith("opt_outs")
    assert await people.has_opted_out(ANA)
    assert not await people.has_opted_out(BEN)
    await people.opt_in(ANA)
    assert not await people.has_opted_out(ANA)
    assert str(ANA) not in await everything(database)


async def test_a_question_that_is_not_kept_takes_along_what_was_brought_for_it(
    database: Database, people: PersonalData
) -> None:
    library = Library(database)
    older = await bring(database, ANA, "apricot")
    others = await bring(database, BEN, "bramble")
    await people.opt_out(ANA)
    newer = await bring(database, ANA, "almond")
    asked = await talk(database, ANA, "apricot")
    await library.asked_about(asked, [older, others, newer])
    await people.drop_unkept(asked)
    assert [one.id for one in await library.documents(CHANNEL.id)] == [older, others]
    assert (await people.holdings(ANA)).questions == 0
    assert (await people.holdings(ANA)).replies == 0


async def test_an_edit_does_not_write_down_what_is_not_kept(database: Database) -> None:
    history = Conversations(database)
    asked = await history.add_question(
        channel=CHANNEL, author_id=ANA, author_name="", content="", message_id=77
    )
    assert await history.edit_message(77, "apricots") is None
    turn = await history.turn(asked)
    assert turn is not None
    assert turn.content == ""


async def test_a_start_removes_what_a_dead_process_had_of_those_who_opted_out(
    database: Database, people: PersonalData
) -> None:
    history = Conversations(database)
    await talk(database, ANA, "apricot")
    await people.opt_out(ANA)
    await bring(database, ANA, "almond")
    for person in (ANA, BEN):
        asked = await history.add_question(
            channel=CHANNEL, author_id=person, author_name="", content="", message_id=None
        )
        assert await history.open_reply(asked, author_id=ME, author_name="Bot")
    await people.drop_all_unkept()
    assert (await people.holdings(ANA)).questions == 1
    assert (await people.holdings(ANA)).documents == 0
    assert len(await history.close_interrupted()) == 1


# -- age, and servers that were left -----------------------------------------------------------

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


async def test_a_rule_of_admins_is_shown_to_whom_it_is_about_and_not_theirs_to_delete(
    database: Database, people: PersonalData
) -> None:
    await Guilds(database).set_rules(GUILD, Subject.PERSON, [ANA], allowed=False)
    await Guilds(database).set_rules(GUILD, Subject.ROLE, [BEN], allowed=False)
    assert await people.holdings(ANA) == Holdings(rules=1)
    assert await people.holdings(BEN) == Holdings()
    exported = await people.export(ANA)
    assert exported["rules_of_admins"] == [{"guild_id": GUILD, "is_allowed": False}]
    assert await people.erase(ANA) == Holdings()
    assert await people.holdings(ANA) == Holdings(rules=1)

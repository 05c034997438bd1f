"""What is stored about a person can be counted, had and erased, to the last byte of the files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.storage import (
    ChannelRef,
    Conversations,
    Database,
    Games,
    Guilds,
    Holdings,
    Library,
    PersonalData,
    Preferences,
    QuestionBank,
    Subject,
)
from bot.storage import privacy as of_people
from tests.support.stored import (
    ALL,
    ANA,
    BEN,
    CHANNEL,
    DIRECT,
    GUILD,
    ME,
    bring,
    everything,
    fill,
    talk,
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
        reply = await history.open_reply(asked, author_id=ME, author_name="Bot")
        assert reply is not None
        await history.add_message(reply, 500 + person, 0)
    [interrupted] = await people.drop_all_unkept()
    assert (interrupted.message_ids, interrupted.is_kept) == ((500 + ANA,), False)
    assert (await people.holdings(ANA)).questions == 1
    assert (await people.holdings(ANA)).documents == 0
    assert len(await history.close_interrupted()) == 1


# -- age, and servers that were left -----------------------------------------------------------


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

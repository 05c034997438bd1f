"""People who have left something in every table."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from bot.storage import (
    BankEntry,
    ChannelRef,
    Conversations,
    Database,
    Gain,
    Games,
    Holdings,
    Library,
    NewDocument,
    QuestionBank,
    Source,
    StoredPassage,
    TurnState,
)
from bot.storage.schema import Base

GUILD, OTHER_GUILD = 81384788765712300, 41771983423143900
CHANNEL = ChannelRef(id=381870553235193800, guild_id=GUILD)
ELSEWHERE = ChannelRef(id=381870553235193801, guild_id=OTHER_GUILD)
DIRECT = ChannelRef(id=381870553235193802)
ANA, BEN = 80351110224678912, 53908232506183680
ME = 1
DAY = date(2026, 1, 31)

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

"""What a channel is asked next: nothing twice before it has had all that can be asked so."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.games.questions import Difficulty, Origin, Question
from bot.games.trivia_settings import Mode, playable
from bot.play.question_source import Asked, Drawn, QuestionSource, entry_of
from bot.storage import ChannelRef, Database, QuestionBank
from tests.support.migrated import put_database

HERE = ChannelRef(11, guild_id=5)


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[QuestionBank]:
    database = Database(f"sqlite+aiosqlite:///{put_database(tmp_path)}")
    yield QuestionBank(database)
    await database.close()


@pytest.fixture
def source(bank: QuestionBank) -> QuestionSource:
    return QuestionSource(bank, random.Random(1))


def question(number: int, *, typed: bool = True, credit: str = "") -> Question:
    asked = "What is" if typed else "Which of these is"
    return Question(
        id=f"opentdb:{number}",
        category="Towns",
        difficulty=Difficulty.EASY,
        text=f"{asked} town {number}?",
        answer=f"Town {number}",
        origin=Origin.PACK if credit else Origin.OPENTDB,
        distractors=("Berlin", "Vienna", "Bern"),
    )


async def game(
    source: QuestionSource, bank: QuestionBank, mode: Mode, *, rounds: int, category: str = "Towns"
) -> list[str]:
    """Draw for a game, and ask all of it."""
    asked = Asked(channel=HERE, category=category, difficulty=None, rounds=rounds, mode=mode)
    drawn = await source.draw(asked)
    assert all(playable(one, mode) for one in drawn.questions)
    await note(bank, drawn)
    return [one.id for one in drawn.questions]


async def note(bank: QuestionBank, drawn: Drawn) -> None:
    """As the table does when it asks."""
    if drawn.had_all:
        await bank.empty_bag(HERE.id, drawn.had_all)
    for one in drawn.questions:
        await bank.serve(HERE, one.id)


async def test_games_answered_by_writing_do_not_run_out_of_questions(
    source: QuestionSource, bank: QuestionBank
) -> None:
    await bank.add([entry_of(question(n, typed=n % 5 == 0)) for n in range(1, 61)])
    had = [await game(source, bank, Mode.TYPED, rounds=5) for _ in range(7)]
    assert {len(each) for each in had} == {5}
    first_twelve = [one for each in had for one in each][:12]
    assert sorted(first_twelve) == sorted(f"opentdb:{n}" for n in range(5, 61, 5))


async def test_nothing_comes_twice_before_all_has_come(
    source: QuestionSource, bank: QuestionBank
) -> None:
    await bank.add([entry_of(question(n)) for n in range(1, 31)])
    for _ in range(3):
        round_of_all = [await game(source, bank, Mode.CHOICES, rounds=10) for _ in range(3)]
        assert len({one for each in round_of_all for one in each}) == 30


async def test_every_fact_that_can_be_typed_is_asked_once_in_turn(
    source: QuestionSource, bank: QuestionBank
) -> None:
    had: list[str] = []
    while len(set(had)) == len(had):
        drawn = await game(source, bank, Mode.TYPED, rounds=50, category="Countries")
        assert len(drawn) == 50
        had += drawn
    again = await game(source, bank, Mode.TYPED, rounds=50, category="Countries")
    assert set(again) <= set(had)


async def test_a_channel_has_had_a_question_only_once_it_is_asked(
    source: QuestionSource, bank: QuestionBank
) -> None:
    await bank.add([entry_of(question(n)) for n in range(1, 5)])
    await game(source, bank, Mode.CHOICES, rounds=4)
    asked = Asked(channel=HERE, category="Towns", difficulty=None, rounds=2, mode=Mode.CHOICES)
    drawn = await source.draw(asked)
    assert len(drawn.questions) == 2
    assert len(await bank.served(HERE.id)) == 4


async def test_whoever_wrote_a_pack_is_named_where_it_is_played_and_formats_nothing(
    source: QuestionSource, bank: QuestionBank
) -> None:
    for title, credit in (("*Mine*", "[Ann](https://a.example), CC BY 4.0"), ("No credit", "")):
        await bank.add_pack(
            5,
            title=title,
            credit=credit,
            added_by=1,
            entries=[entry_of(question(1, credit=title))],
            most_packs=9,
        )
    asked = Asked(channel=HERE, category="Towns", difficulty=None, rounds=2, mode=Mode.CHOICES)
    drawn = await source.draw(asked)
    assert drawn.credits == ["\\*Mine\\*: \\[Ann](https:\u200b//a.example), CC BY 4.0"]
    assert "No credit" in await source.credits(5)
    assert drawn.credits[0] in await source.credits(5)

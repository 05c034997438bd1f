"""Questions of packs, of the model and of imports, as a channel meets them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.storage import BankEntry, ChannelRef, Database, PackRefused, QuestionBank, Wanted

HERE, ELSEWHERE = ChannelRef(11, guild_id=5), ChannelRef(21, guild_id=6)
ADA, BO, CY = 1, 2, 3


@pytest.fixture
def bank(database: Database) -> QuestionBank:
    return QuestionBank(database)


def entry(number: int, *, category: str = "Rivers", origin: str = "opentdb") -> BankEntry:
    return BankEntry(
        id=f"{origin}:{number}",
        origin=origin,
        category=category,
        difficulty="easy" if number % 2 else "hard",
        text=f"Question {number}?",
        answer=f"Answer {number}",
        aliases=("Donau", 'with "quotes"'),
        distractors=("a", "b", "c") if number < 5 else (),
        explanation="So it is.",
        written_by="a model" if origin == "model" else None,
    )


async def listed(bank: QuestionBank, **wanted: object) -> set[str]:
    found = await bank.listed(replace(Wanted(), **wanted))  # type: ignore[arg-type]
    return {one.id for one in found}


async def add_pack(
    bank: QuestionBank, guild_id: int = 5, title: str = "Vienna", most: int = 3
) -> int:
    pack = await bank.add_pack(
        guild_id,
        title=title,
        credit="Ada, CC0",
        added_by=ADA,
        entries=[entry(number, origin="pack") for number in (1, 2)],
        most_packs=most,
    )
    return pack.id


async def test_a_question_comes_back_as_it_went_in(bank: QuestionBank) -> None:
    assert await bank.add([entry(1), entry(2)]) == 2
    assert await bank.add([entry(2), entry(3)]) == 1
    ids = ["opentdb:3", "opentdb:9", "opentdb:1", "opentdb:2"]
    assert await bank.get(ids) == [entry(3), entry(1), entry(2)]


async def test_a_great_many_are_added_together(bank: QuestionBank) -> None:
    assert await bank.add([entry(number) for number in range(1203)]) == 1203


async def test_what_is_wanted_is_listed(bank: QuestionBank) -> None:
    await bank.add([entry(1), entry(2), entry(3, category="Films"), entry(6)])
    await bank.add([entry(1, origin="model")])
    assert await listed(bank, category="Films") == {"opentdb:3"}
    assert await listed(bank, origins=("model",)) == {"model:1"}
    assert await listed(bank, difficulty="hard") == {"opentdb:2", "opentdb:6"}
    assert {one.origin for one in await bank.listed(Wanted())} == {"opentdb", "model"}


async def test_a_channels_bag_can_be_emptied(bank: QuestionBank) -> None:
    await bank.serve(HERE, "opentdb:1")
    await bank.serve(HERE, "opentdb:1")
    await bank.serve(HERE, "facts:capital:FR")
    await bank.serve(ELSEWHERE, "opentdb:1")
    assert await bank.served(HERE.id) == {"opentdb:1", "facts:capital:FR"}
    await bank.empty_bag(HERE.id, ["facts:capital:FR"] + [f"facts:{n}" for n in range(1000)])
    assert await bank.served(HERE.id) == {"opentdb:1"}
    assert await bank.served(ELSEWHERE.id) == {"opentdb:1"}


async def test_a_pack_is_its_servers_alone(bank: QuestionBank) -> None:
    pack = await add_pack(bank)
    await add_pack(bank, guild_id=6)
    [shown] = await bank.packs(5)
    assert (shown.id, shown.title, shown.credit, shown.questions) == (
        pack,
        "Vienna",
        "Ada, CC0",
        2,
    )
    assert await listed(bank, guild_id=5) == {f"pack:{pack}:1", f"pack:{pack}:2"}
    assert await listed(bank) == set()
    assert [(one.category, one.origin, one.count) for one in await bank.categories(5)] == [
        ("Rivers", "pack", 2)
    ]
    assert await bank.categories(7) == []
    assert await bank.credits([f"pack:{pack}:2", "opentdb:1"]) == [("Vienna", "Ada, CC0")]
    assert not await bank.remove_pack(6, pack)
    assert await bank.remove_pack(5, pack)
    assert await listed(bank, guild_id=5) == set()
    assert len(await listed(bank, guild_id=6)) == 2


async def test_a_pack_that_is_refused_leaves_nothing(bank: QuestionBank) -> None:
    await add_pack(bank)
    with pytest.raises(PackRefused, match='has a pack "Vienna" already'):
        await add_pack(bank)
    with pytest.raises(PackRefused, match="has 1 packs, and 1 is the most"):
        await add_pack(bank, title="Another", most=1)
    assert [pack.title for pack in await bank.packs(5)] == ["Vienna"]
    assert len(await listed(bank, guild_id=5)) == 2


async def test_two_reports_retire_a_models_question_and_no_other(bank: QuestionBank) -> None:
    await bank.add([entry(1, origin="model"), entry(1)])
    assert not await bank.report("model:1", ADA, origin="model")
    assert not await bank.report("model:1", ADA, origin="model")
    assert "model:1" in await listed(bank)
    assert await bank.report("model:1", BO, origin="model")
    assert await listed(bank) == {"opentdb:1"}
    assert [one.origin for one in await bank.categories(None)] == ["opentdb"]
    for person in (ADA, BO, CY):
        assert not await bank.report("opentdb:1", person, origin="opentdb")
    assert await listed(bank) == {"opentdb:1"}
    assert await bank.reported() == {"model:1", "opentdb:1"}
    # It is remembered, so that the model does not write it again.
    assert await bank.texts("model") == ["Question 1?"]


async def test_a_newer_clue_takes_an_older_ones_place(bank: QuestionBank) -> None:
    await bank.add_clue("listen", "What you do to hear.", written_by="m")
    await bank.add_clue("listen", "What ears are for.", written_by="m")
    await bank.add_clue("night", "When owls are awake.", written_by="m")
    assert await bank.clues(["listen", "silent"]) == {"listen": "What ears are for."}
    assert await bank.clue_count() == 2

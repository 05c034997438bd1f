"""Games of anagrams over the wire, as two people play them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.games.lexicon import KNOWN, Lexicon
from bot.games.solver import Query, solve
from sandbox.people import Person
from sandbox.types import Json
from tests.support.reader import answer_to, buttons, told
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LETTERS = re.compile(r"# `([A-Z ]+)`")


class Stage:
    def __init__(self, wire: Wire) -> None:
        self.ada, self.bo = wire.ada, wire.bo
        self.channel_id = wire.channel_id
        self.reader = wire.reader()

    async def command(self, person: Person, path: str, **options: str | int) -> str:
        return await told(person, person.use_command(self.channel_id, path, options))

    async def guess(self, person: Person, message: Json, word: str) -> str:
        """By the button and its dialog."""
        pressed = person.press(self.channel_id, int(message["id"]), buttons(message)["Guess"])
        opened = await pressed.answered()
        return await told(person, person.submit(opened, {"word": word}))

    async def puzzle(self, number: int = 1) -> tuple[Json, str]:
        shown = await self.reader.reads(f"puzzle {number}")
        found = _LETTERS.search(str(shown["content"]))
        assert found is not None
        return shown, found[1].replace(" ", "").lower()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(wire: Wire) -> AsyncIterator[Stage]:
    made = Stage(wire)
    with made.reader:
        yield made


async def test_two_find_words_in_the_same_letters(stage: Stage) -> None:
    await stage.command(stage.bo, "anagram play", mode="twist", seconds=10)
    shown, letters = await stage.puzzle()
    lexicon = Lexicon.load()
    words = [
        word
        for word in solve(Query(letters), lexicon).found
        if 3 <= len(word) <= 4 and lexicon.levels[word] <= KNOWN
    ]
    first, second, third, *_ = words
    assert await stage.guess(stage.ada, shown, first) == (
        f"**{first}** is right! +{20 if len(first) == 4 else 10} points."
    )
    assert await stage.guess(stage.bo, shown, first) == "Somebody has found that one."
    assert "is right!" in await stage.guess(stage.bo, shown, second.upper())
    assert await stage.guess(stage.bo, shown, "zzz") == "That needs letters that are not there."
    stage.ada.send(stage.channel_id, third)
    await stage.reader.reads(f"{third} (<@{stage.ada.id}>)")
    refused = await stage.command(stage.ada, "anagram solve", letters=letters)
    assert refused == "These are the letters of the game that runs here. Nice try!"
    result = await stage.reader.reads("You found 3 words; I know ")
    assert "Not found: " in str(result["content"])
    over = await stage.reader.reads("That was the end of the game.")
    assert f"<@{stage.ada.id}>: " in str(over["content"])
    assert "2 right" in str(over["content"])
    scores = await stage.command(stage.bo, "anagram scores")
    assert f"🥇1. <@{stage.ada.id}>: " in scores
    assert first in await stage.command(stage.ada, "anagram solve", letters=letters)


async def test_a_scramble_takes_any_word_of_its_letters_and_ends_with_the_game(
    stage: Stage,
) -> None:
    await stage.command(stage.bo, "anagram play", mode="classic", rounds=1, seconds=30)
    shown, letters = await stage.puzzle()
    answers = Lexicon.load().anagrams(letters)
    assert letters not in answers
    assert await stage.command(stage.ada, "anagram hint") == (
        "Here is a hint, for everybody. It costs a quarter of the points."
    )
    await stage.reader.reads("Hint: `")
    assert "is right!" in await stage.guess(stage.ada, shown, answers[-1])
    await stage.reader.reads("One person got it. The answer: **")
    await stage.reader.reads("That was the end of the game.")
    assert await stage.command(stage.bo, "anagram stop") == (
        "No game of anagrams runs in this channel."
    )


async def test_the_puzzle_of_the_day_is_everyones_and_solved_once(stage: Stage) -> None:
    opened = await answer_to(stage.bo, stage.bo.use_command(stage.channel_id, "anagram daily"))
    found = _LETTERS.search(str(opened["content"]))
    assert found is not None
    assert found[1] in await stage.command(stage.ada, "anagram daily")
    letters = found[1].replace(" ", "").lower()
    answer = Lexicon.load().anagrams(letters)[0]
    assert await stage.guess(stage.bo, opened, "wrong") == (
        "Use all the letters that are given, and no others."
    )
    assert await stage.guess(stage.bo, opened, answer) == (
        f"**{answer}** is right! Your streak: 1 day in a row; your longest: 1."
    )
    again = await stage.command(stage.bo, "anagram daily")
    assert "You have solved it." in again
    assert "Try as often as you like." in await stage.command(stage.ada, "anagram daily")


async def test_letters_are_solved_and_compared(stage: Stage) -> None:
    assert "**6**: enlist, inlets, listen, silent, tinsel" in await stage.command(
        stage.bo, "anagram solve", letters="silent"
    )
    assert "dirty room" in await stage.command(
        stage.bo, "anagram solve", letters="dormitory", words=2
    )
    assert await stage.command(stage.bo, "anagram solve", letters="???????") == (
        "At most 3 letters can be ?."
    )
    assert await stage.command(stage.bo, "anagram check", a="Dormitory", b="Dirty room!") == (
        "Yes: **Dormitory** and **Dirty room!** have the same letters."
    )
    assert await stage.command(stage.bo, "anagram check", a="listen", b="lesson") == (
        "No: only **listen** has I T, and only **lesson** has O S."
    )
    for first, second in (("кот", "дом"), ("123", "456")):
        assert await stage.command(stage.bo, "anagram check", a=first, b=second) == (
            "Neither has a letter from a to z, so there is nothing to compare."
        )

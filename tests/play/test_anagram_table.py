"""Anagrams at a table: what the channel shows, and what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from bot.games.anagrams import AnagramGame, AnagramSettings
from bot.games.puzzles import Kind, Puzzle
from bot.games.questions import Difficulty
from bot.play.anagram_table import AnagramTable
from bot.play.board import Board
from bot.replies.pacing import Pacer
from bot.storage import Gain, Games
from tests.support.stage import ScriptedDiscord, now, play
from tests.support.tables import ADA, BO, Ledger


def anagrams(
    puzzles: Sequence[Puzzle], clues: dict[str, str] | None = None
) -> tuple[ScriptedDiscord, Ledger, AnagramTable, asyncio.Task[None]]:
    discord, ledger = ScriptedDiscord(), Ledger()
    settings = AnagramSettings(starter=ADA, seconds=40)
    table = AnagramTable(
        8,
        puzzles[0].kind,
        AnagramGame(settings, puzzles, now(), clues),
        board=Board(discord, Pacer()),
        games=cast(Games, ledger),
        can_write=True,
    )
    return discord, ledger, table, asyncio.create_task(table.play())


async def shows(discord: ScriptedDiscord, text: str) -> None:
    while text not in discord.text:
        changed = asyncio.Event()
        discord.watch = changed.set
        async with asyncio.timeout(120):
            await changed.wait()


def scramble() -> Puzzle:
    return Puzzle(
        Kind.CLASSIC,
        Difficulty.EASY,
        "nitlse",
        frozenset({"listen", "silent", "tinsel"}),
        ("listen", "silent", "tinsel"),
    )


def test_a_scramble_with_its_clue_and_any_word_of_its_letters() -> None:
    async def scene() -> None:
        clues = {"listen": "what you do to hear."}
        discord, ledger, table, playing = anagrams([scramble()], clues)
        await shows(discord, "# `N I T L S E`")
        assert discord.last.buttons == ["Guess", "Hint", "Skip", "Stop"]
        await shows(discord, "Hint: what you do to hear.")
        assert table.guess(BO, "nitlse") is not None
        table.guess(BO, "SILENT")
        await shows(discord, "One person got it. The answer: **listen** (also: silent, tinsel).")
        await playing
        assert discord.last.text.startswith("That was the end of the game.")
        assert ledger.rounds[0][1][BO].correct == 1

    play(scene())


def test_a_twist_counts_every_word_once_and_shows_what_was_missed() -> None:
    async def scene() -> None:
        discord, ledger, table, playing = anagrams([twist()])
        await shows(discord, "0 of 5 words found.")
        assert discord.last.buttons == ["Guess", "Skip", "Stop"]
        for person, word in ((BO, "tin"), (ADA, "tin"), (ADA, "nest"), (BO, "listen")):
            table.guess(person, word)
        await shows(discord, f"tin (<@{BO}>), nest (<@{ADA}>), listen (<@{BO}>)")
        await shows(discord, "Left: 1 word of 4, 1 word of 6.")
        await shows(discord, "You found 3 words; I know 5.")
        assert "Not found: silent, line." in discord.text
        await playing
        [(_, gains)] = ledger.rounds
        assert gains == {BO: Gain(10 + 70 + 50, 2), ADA: Gain(20, 1)}

    play(scene())


def twist() -> Puzzle:
    words = ("listen", "silent", "tin", "nest", "line")
    return Puzzle(Kind.TWIST, Difficulty.EASY, "nitlse", frozenset(words), words)


def test_the_words_of_a_twist_are_kept_as_they_are_found() -> None:
    async def scene() -> None:
        discord, ledger, table, playing = anagrams([twist()])
        await shows(discord, "0 of 5 words found.")
        for person, word in ((BO, "tin"), (ADA, "nest"), (BO, "line")):
            table.guess(person, word)
        await shows(discord, "3 of 5 words found.")
        assert ledger.rounds == [(1, {BO: Gain(10 + 20, 2), ADA: Gain(20, 1)})]
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)

    play(scene())


def test_words_that_were_right_a_moment_before_a_stop_count() -> None:
    async def scene() -> None:
        discord, ledger, table, playing = anagrams([twist()])
        await shows(discord, "0 of 5 words found.")
        table.guess(BO, "tin")
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await table.close()
        assert ledger.rounds == [(1, {BO: Gain(10, 1)})]
        assert f"<@{BO}>: 10 points" in discord.last.text

    play(scene())


def test_who_is_forgotten_in_the_middle_of_a_twist_is_in_nothing_that_is_kept_after() -> None:
    async def scene() -> None:
        discord, ledger, table, playing = anagrams([twist()])
        await shows(discord, "0 of 5 words found.")
        for person, word in ((BO, "tin"), (ADA, "nest")):
            table.guess(person, word)
        await shows(discord, "2 of 5 words found.")
        assert table.has(BO)
        await table.forget(BO)
        assert not table.has(BO)
        ledger.rounds.clear()
        table.guess(ADA, "tin")  # free again
        await playing
        assert ledger.rounds == [(1, {ADA: Gain(10 + 20, 2)})]
        assert f"<@{BO}>" not in discord.last.text

    play(scene())


def test_nobody_reads_along_where_there_is_one_try() -> None:
    async def scene() -> None:
        word = "listeners"
        puzzle = Puzzle(Kind.CONUNDRUM, Difficulty.EASY, word[::-1], frozenset({word}), (word,))
        discord, _, table, playing = anagrams([puzzle])
        assert not table.reads_along
        await shows(discord, "You have one try.")
        assert "or write in the channel" not in discord.text
        table.stop()
        await playing

    play(scene())

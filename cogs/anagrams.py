"""Anagrams: games, the puzzle of the day, and a solver."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.games.puzzles import Kind
from bot.games.questions import Difficulty
from bot.games.solver import Query, Solutions, compare, read_query, solve
from bot.incoming import ref_of
from bot.language import changed, phrase, spoken
from bot.patience import in_time
from bot.play.anagram_buttons import BUTTONS
from bot.play.anagrams import KINDS
from bot.play.scores import When, Where, show_scores
from bot.play.words import harmless
from bot.replies.languages import language_of_person
from bot.replies.pages import small_print
from bot.replies.splitting import MESSAGE_LIMIT
from bot.replies.telling import respond

SECONDS = {Kind.CLASSIC: 45, Kind.TWIST: 90, Kind.CONUNDRUM: 45}
ROUNDS = {Kind.CLASSIC: 5, Kind.TWIST: 1, Kind.CONUNDRUM: 3}

Interaction = discord.Interaction[AirocordClient]


class Anagrams(commands.Cog):
    anagram = app_commands.Group(name="anagram", description="Games of letters and words.")

    def __init__(self, client: AirocordClient) -> None:
        self.client = client
        self.service = client.play.anagrams

    async def cog_load(self) -> None:
        self.client.add_dynamic_items(*BUTTONS)

    async def cog_unload(self) -> None:
        self.client.remove_dynamic_items(*BUTTONS)

    @anagram.command(description="Begin a game in this channel.")
    @app_commands.describe(
        mode="classic: unscramble. twist: find many words. conundrum: nine letters, one try",
        difficulty="How long and how rare the words are",
        rounds="How many puzzles",
        seconds="Time for each puzzle",
    )
    async def play(
        self,
        interaction: Interaction,
        mode: Literal["classic", "twist", "conundrum"] = "classic",
        difficulty: Literal["easy", "medium", "hard"] = "easy",
        rounds: app_commands.Range[int, 1, 20] | None = None,
        seconds: app_commands.Range[int, 10, 300] | None = None,
    ) -> None:
        kind = Kind(mode)
        await self.service.start(
            interaction,
            kind=kind,
            difficulty=Difficulty(difficulty),
            rounds=rounds or ROUNDS[kind],
            seconds=seconds or SECONDS[kind],
        )

    @anagram.command(description="Show a hint, for everybody.")
    async def hint(self, interaction: Interaction) -> None:
        await self.service.tables.here(interaction, "hint")

    @anagram.command(description="Vote to skip the puzzle.")
    async def skip(self, interaction: Interaction) -> None:
        await self.service.tables.here(interaction, "skip")

    @anagram.command(description="End the game: for its starter and moderators.")
    async def stop(self, interaction: Interaction) -> None:
        await self.service.tables.here(interaction, "stop")

    @anagram.command(description="Who has the most points.")
    @app_commands.describe(where="In this channel, or in the whole server", when="Since when")
    async def scores(
        self, interaction: Interaction, where: Where = "server", when: When = "all"
    ) -> None:
        await show_scores(
            interaction,
            self.service.host.games,
            title=phrase("Anagrams"),
            none_yet=phrase(
                "There are no points yet. Games with two or more players count: `/anagram play`."
            ),
            kinds=KINDS,
            where=where,
            when=when,
        )

    @anagram.command(description="The puzzle of the day: the same for everyone.")
    async def daily(self, interaction: Interaction) -> None:
        await self.client.play.daily.show(interaction)

    @anagram.command(description="Find words that can be made of letters.")
    @app_commands.describe(
        letters="The letters; ? stands for any one",
        words="How many words to make of them; several use all the letters",
        pattern="What the word looks like, such as l??t?n",
    )
    async def solve(
        self,
        interaction: Interaction,
        letters: app_commands.Range[str, 2, 40],
        words: app_commands.Range[int, 1, 3] = 1,
        pattern: app_commands.Range[str, 1, 20] = "",
    ) -> None:
        query = read_query(letters, words, pattern)
        if self.service.is_in_play(ref_of(interaction.channel).id, letters):
            await respond(
                interaction,
                phrase("These are the letters of the game that runs here. Nice try!"),
            )
            return
        found = await in_time(interaction, self._solve(query), ephemeral=True)
        language = language_of_person(interaction)
        await respond(interaction, _shown(letters, found, language, is_several=words > 1))

    async def _solve(self, query: Query) -> Solutions:
        return await asyncio.to_thread(solve, query, await self.client.play.words.lexicon())

    @anagram.command(description="See whether two texts are anagrams of each other.")
    @app_commands.describe(a="One text", b="The other text")
    async def check(
        self,
        interaction: Interaction,
        a: app_commands.Range[str, 1, 200],
        b: app_commands.Range[str, 1, 200],
    ) -> None:
        result = compare(a, b)
        first, second = harmless(a), harmless(b)
        if result.is_anagram:
            sentence = phrase(
                "Yes: **{first}** and **{second}** have the same letters.",
                first=first,
                second=second,
            )
        elif not result.has_letters:
            sentence = phrase("Neither has a letter from a to z, so there is nothing to compare.")
        elif not result.only_first and not result.only_second:
            sentence = phrase("They are the same letters in the same order, so that is no anagram.")
        elif result.only_first and result.only_second:
            sentence = phrase(
                "No: only **{first}** has {first_letters}, and only **{second}** has "
                "{second_letters}.",
                first=first,
                first_letters=" ".join(result.only_first.upper()),
                second=second,
                second_letters=" ".join(result.only_second.upper()),
            )
        else:
            letters = result.only_first or result.only_second
            sentence = phrase(
                "No: only **{text}** has {letters}.",
                text=first if result.only_first else second,
                letters=" ".join(letters.upper()),
            )
        await respond(interaction, changed(sentence, lambda said: said[:MESSAGE_LIMIT]))


def _shown(letters: str, found: Solutions, language: str, *, is_several: bool) -> str:
    """The result in one message."""
    if not found.found:
        return phrase(
            "I know nothing that can be made of **{letters}**.", letters=harmless(letters)
        )
    if is_several:
        lines = [", ".join(found.found)]
    else:
        lines = [
            f"**{length}**: {', '.join(words)}" for length, words in groupby(found.found, key=len)
        ]
    cut = spoken(small_print(phrase("There is more; these are the first.")), language)
    note = "" if found.is_complete else cut
    text = "\n".join(lines)
    room = MESSAGE_LIMIT - len(note) - 2
    if len(text) > room:
        note = cut
        text = text[: MESSAGE_LIMIT - len(note) - 2].rsplit(",", 1)[0]
    return f"{text}\n{note}".rstrip()


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Anagrams(client))

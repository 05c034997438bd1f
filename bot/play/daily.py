"""The puzzle of the day: the same for everyone, alone and unseen by others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, cast

import discord

from bot.games.letters import LONGEST, plain_letters
from bot.games.puzzles import Puzzle
from bot.language import Sentence, joined, phrase, plural
from bot.patience import in_time
from bot.play import anagram_words
from bot.play.anagram_buttons import DailyButton
from bot.play.words_known import KnownWords
from bot.replies.pages import small_print
from bot.replies.telling import open_dialog, respond
from bot.sentences import sentence_for
from bot.storage import Games

if TYPE_CHECKING:
    from bot.client import AirocordClient

POINTS = 100

_OVER = phrase("That day is over. `/anagram daily` shows today's puzzle.")

_MONTHS = (
    phrase("January"),
    phrase("February"),
    phrase("March"),
    phrase("April"),
    phrase("May"),
    phrase("June"),
    phrase("July"),
    phrase("August"),
    phrase("September"),
    phrase("October"),
    phrase("November"),
    phrase("December"),
)


def utc_today() -> date:
    """Days change at midnight UTC, for everyone at once."""
    return datetime.now(UTC).date()


class DailyGuess(discord.ui.Modal):
    def __init__(self, day: str) -> None:
        super().__init__(title=phrase("The puzzle of the day"), timeout=900.0)
        self.word: discord.ui.TextInput[DailyGuess] = discord.ui.TextInput(
            max_length=LONGEST + 5, custom_id="word"
        )
        self.add_item(discord.ui.Label(text=phrase("Your word"), component=self.word))
        self._day = day

    async def on_submit(self, interaction: discord.Interaction) -> None:
        client = cast("AirocordClient", interaction.client)
        await client.play.daily.guess(interaction, self._day, self.word.value)

    async def on_error(
        self,
        interaction: discord.Interaction,
        error: Exception,
        item: discord.ui.Item[discord.ui.View] | None = None,
        /,
    ) -> None:
        await respond(interaction, sentence_for(error))


@dataclass(frozen=True, slots=True)
class Daily:
    words: KnownWords
    games: Games
    today: Callable[[], date] = utc_today

    async def show(self, interaction: discord.Interaction) -> None:
        """``/anagram daily``."""
        day = self.today()
        puzzle = await in_time(interaction, self._puzzle(day), ephemeral=True)
        # English writes "03 June", others "3. Juni": both are there for the translations.
        heading = phrase(
            "**The puzzle of {two_digits} {month} {year}**",
            two_digits=f"{day:%d}",
            day=day.day,
            month=_MONTHS[day.month - 1],
            year=day.year,
        )
        lines: list[str] = [heading, f"# {anagram_words.spaced(puzzle.letters)}"]
        view: discord.ui.View | None = None
        if await self.games.daily(interaction.user.id, day) is None:
            lines.append(phrase("Find the word of all nine letters. Try as often as you like."))
            view = discord.ui.View(timeout=None).add_item(DailyButton(day.isoformat()))
        else:
            lines.append(phrase("You have solved it. The next one comes at midnight UTC."))
        lines.append(small_print(await self._streak(interaction.user.id, day)))
        await respond(interaction, joined(lines), view)

    async def open(self, interaction: discord.Interaction, day: str) -> None:
        """Guess was pressed."""
        if day != self.today().isoformat():
            await respond(interaction, _OVER)
        elif await self.games.daily(interaction.user.id, self.today()) is not None:
            await respond(interaction, phrase("You have solved it already."))
        else:
            dialog = DailyGuess(day)
            await open_dialog(interaction, dialog)

    async def guess(self, interaction: discord.Interaction, day: str, word: str) -> None:
        """A word came by the dialog."""
        today = self.today()
        if day != today.isoformat():
            await respond(interaction, _OVER)
            return
        puzzle = await in_time(interaction, self._puzzle(today), ephemeral=True)
        given = plain_letters(word)
        if sorted(given) != sorted(puzzle.letters):
            await respond(interaction, phrase("Use all the letters that are given, and no others."))
        elif given not in puzzle.words:
            await respond(interaction, phrase("That is not in my list of words. Try again."))
        else:
            await self.games.close_daily(interaction.user.id, today, POINTS)
            streak = await self._streak(interaction.user.id, today)
            right = phrase("**{word}** is right!", word=given)
            await respond(interaction, joined([right, streak], " "))

    async def _puzzle(self, day: date) -> Puzzle:
        puzzles = await self.words.puzzles()
        return await asyncio.to_thread(puzzles.daily, day)

    async def _streak(self, person: int, day: date) -> Sentence:
        streak = await self.games.streak(person, day)
        if not streak.longest:
            return phrase("Solve it on days in a row for a streak.")
        return plural(
            "Your streak: {count} day in a row; your longest: {longest}.",
            "Your streak: {count} days in a row; your longest: {longest}.",
            streak.now,
            longest=streak.longest,
        )

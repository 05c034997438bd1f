"""What people do in games of anagrams: start one, guess, ask for a hint, vote."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import discord

from bot.games.anagram_effects import ClueShown, Found, Missed
from bot.games.anagrams import AnagramGame, AnagramSettings
from bot.games.effects import Refused, SkipVoted
from bot.games.letters import plain_letters
from bot.games.puzzles import Kind, Puzzle
from bot.games.questions import Difficulty
from bot.incoming import ref_of
from bot.language import Sentence, joined, phrase, plural
from bot.patience import in_time
from bot.play import anagram_words
from bot.play.anagram_buttons import Guess
from bot.play.anagram_table import AnagramTable, Answer
from bot.play.board import Board
from bot.play.host import GameHost
from bot.play.table_commands import (
    HINT_COMES,
    TableCommands,
    must_be_free,
    open_table,
    vote_counted,
)
from bot.play.words import DIFFICULTIES
from bot.play.words_known import KnownWords
from bot.replies.languages import language_of_place
from bot.replies.outlets import ChannelOutlet
from bot.replies.pacing import Pacers
from bot.replies.telling import announce, open_dialog, respond
from bot.storage import QuestionBank

KINDS = tuple(kind.value for kind in Kind)

_GONE = phrase("That game is over. `/anagram play` begins a new one.")
_NONE_HERE = phrase("No game of anagrams runs in this channel.")


@dataclass(frozen=True, slots=True)
class Anagrams:
    """One for the whole bot."""

    host: GameHost
    bank: QuestionBank
    words: KnownWords
    pacers: Pacers

    @property
    def tables(self) -> TableCommands[AnagramTable, Answer]:
        """The games that are played."""
        return TableCommands(self.host, AnagramTable, _told, _GONE, _NONE_HERE)

    async def start(
        self,
        interaction: discord.Interaction,
        *,
        kind: Kind,
        difficulty: Difficulty,
        rounds: int,
        seconds: int,
    ) -> None:
        """Begin a game in the interaction's channel, and say so there.

        Raises:
            GameRuns: there is one; the sentence says where.
        """
        channel = ref_of(interaction.channel)
        await must_be_free(self.host, interaction, channel)
        drawn = await in_time(interaction, self._draw(kind, difficulty, rounds), ephemeral=False)
        settings = AnagramSettings(starter=interaction.user.id, seconds=float(seconds))
        clues = await self.bank.clues([puzzle.answer for puzzle in drawn])
        loop = asyncio.get_running_loop()
        game = AnagramGame(settings, drawn, loop.time(), clues)
        # Before the game opens, so that it stands above the first puzzle.
        await announce(
            interaction,
            phrase(
                "**Anagrams** ({kind}, {difficulty}): {puzzles}, {seconds} seconds each.",
                kind=anagram_words.KINDS[kind],
                difficulty=DIFFICULTIES[difficulty],
                puzzles=plural("{count} puzzle", "{count} puzzles", rounds),
                seconds=seconds,
            ),
        )
        outlet = ChannelOutlet(
            interaction.channel,  # type: ignore[arg-type]
            language=language_of_place(interaction),
        )

        def make(game_id: int) -> AnagramTable:
            return AnagramTable(
                game_id,
                kind,
                game,
                board=Board(outlet, self.pacers.for_channel(channel.id)),
                games=self.host.games,
                can_write=interaction.client.intents.message_content,
            )

        await open_table(self.host, interaction, kind, make, may_rank=True)

    async def _draw(self, kind: Kind, difficulty: Difficulty, rounds: int) -> list[Puzzle]:
        puzzles = await self.words.puzzles()
        dice = random.Random()  # noqa: S311 - a game
        drawn: list[Puzzle] = []
        for _ in range(rounds):
            taken = {puzzle.answer for puzzle in drawn}
            # A twist searches the whole list: too long for the event loop.
            drawn.append(await asyncio.to_thread(puzzles.draw, kind, difficulty, dice, taken))
        return drawn

    async def ask(self, interaction: discord.Interaction, game_id: int) -> None:
        """Open the dialog for a guess."""
        table = self.tables.of(game_id)
        if table is None:
            await respond(interaction, _GONE)
        elif table.game.puzzle is None:
            await respond(interaction, phrase("The next puzzle is about to come."))
        else:
            dialog = Guess(game_id, table.game.puzzle.letters)
            await open_dialog(interaction, dialog)

    async def guess(self, interaction: discord.Interaction, game_id: int, word: str) -> None:
        """A word came by the dialog; only the person learns how good it is."""
        table = self.tables.of(game_id)
        if table is None:
            await respond(interaction, _GONE)
            return
        await respond(interaction, _told(table.guess(interaction.user.id, word)))

    def hears(self, message: discord.Message) -> bool:
        """Whether a message is a guess in a game here; it is graded then."""
        table = self.tables.at(message.channel.id)
        if table is None or not table.reads_along:
            return False
        if message.author.bot or not message.content:
            return False
        return table.guess(message.author.id, message.content) is not None

    def is_in_play(self, channel_id: int, letters: str) -> bool:
        """Whether these are the letters of the puzzle that is open in a channel."""
        table = self.tables.at(channel_id)
        if table is None or table.game.puzzle is None:
            return False
        return sorted(plain_letters(letters)) == sorted(table.game.puzzle.letters)


def _right(found: Found) -> Sentence:
    if not found.points:
        return phrase("**{word}** is right!", word=found.word)
    return phrase("**{word}** is right! +{points} points.", word=found.word, points=found.points)


def _told(answer: Answer | None) -> str:
    """What the person behind an event is told."""
    if isinstance(answer, Found):
        return _right(answer)
    if isinstance(answer, Missed):
        miss = anagram_words.MISSES[answer.reason]
        return joined([miss, phrase("That was your try.")], " ") if answer.is_last else miss
    if isinstance(answer, ClueShown):
        return HINT_COMES
    if isinstance(answer, SkipVoted):
        return vote_counted(answer)
    if isinstance(answer, Refused):
        return anagram_words.REFUSALS.get(answer.reason, phrase("That does not work here."))
    return phrase("Please give one word.")

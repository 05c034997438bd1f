"""What people do in games of anagrams: start one, guess, ask for a hint, vote."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import discord

from bot.errors import AirocordError
from bot.games.anagram_effects import ClueShown, Found, Missed
from bot.games.anagrams import AnagramGame, AnagramSettings
from bot.games.letters import plain_letters
from bot.games.lexicon import Lexicon
from bot.games.puzzles import Kind, Puzzle
from bot.games.questions import Difficulty
from bot.games.trivia_effects import Refused, SkipVoted
from bot.incoming import ref_of
from bot.patience import announce, in_time
from bot.play import anagram_words
from bot.play.anagram_buttons import Guess
from bot.play.anagram_table import AnagramTable, Answer
from bot.play.board import Board
from bot.play.host import GameHost
from bot.play.trivia import NotYourGame, where_it_runs
from bot.play.words import counted
from bot.play.words_known import KnownWords
from bot.replies.outlets import ChannelOutlet
from bot.replies.pacing import Pacers
from bot.sentences import respond
from bot.storage import GameRuns, QuestionBank

KINDS = tuple(kind.value for kind in Kind)

_GONE = "That game is over. `/anagram play` begins a new one."
_NONE_HERE = "No game of anagrams runs in this channel."


@dataclass(frozen=True, slots=True)
class Anagrams:
    """One for the whole bot."""

    host: GameHost
    bank: QuestionBank
    words: KnownWords
    pacers: Pacers

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
        if (running := await self.host.games.running(channel.id)) is not None:
            raise where_it_runs(GameRuns(running), interaction)
        lexicon, drawn = await in_time(
            interaction, self._draw(kind, difficulty, rounds), ephemeral=False
        )
        settings = AnagramSettings(starter=interaction.user.id, seconds=float(seconds))
        clues = await self.bank.clues([puzzle.answer for puzzle in drawn])
        loop = asyncio.get_running_loop()
        game = AnagramGame(settings, drawn, lexicon, loop.time(), clues)
        # Before the game opens, so that it stands above the first puzzle.
        await announce(
            interaction,
            f"**Anagrams** ({kind}, {difficulty}): {counted(rounds, 'puzzle')}, "
            f"{seconds} seconds each.",
        )
        outlet = ChannelOutlet(interaction.channel)  # type: ignore[arg-type]

        def make(game_id: int) -> AnagramTable:
            return AnagramTable(
                game_id,
                kind,
                game,
                board=Board(outlet, self.pacers.for_channel(channel.id)),
                games=self.host.games,
                can_write=interaction.client.intents.message_content,
            )

        try:
            await self.host.open(
                channel, kind, started_by=interaction.user.id, may_rank=True, make=make
            )
        except AirocordError as error:
            await interaction.delete_original_response()
            if isinstance(error, GameRuns):
                raise where_it_runs(error, interaction) from error
            raise

    async def _draw(
        self, kind: Kind, difficulty: Difficulty, rounds: int
    ) -> tuple[Lexicon, list[Puzzle]]:
        puzzles = await self.words.puzzles()
        dice = random.Random()  # noqa: S311 - a game
        drawn: list[Puzzle] = []
        for _ in range(rounds):
            taken = {puzzle.answer for puzzle in drawn}
            # A twist searches the whole list: too long for the event loop.
            drawn.append(await asyncio.to_thread(puzzles.draw, kind, difficulty, dice, taken))
        return puzzles.lexicon, drawn

    async def control(self, interaction: discord.Interaction, game_id: int, what: str) -> None:
        """A button of a game was pressed."""
        table = self._table(game_id)
        if table is None:
            await respond(interaction, _GONE)
        elif what == "guess":
            puzzle = table.game.puzzle
            if puzzle is None:
                await respond(interaction, "The next puzzle is about to come.")
            else:
                await interaction.response.send_modal(Guess(game_id, puzzle.letters))
        elif what == "stop":
            await self._stop(interaction, table)
        else:
            answer = table.hint() if what == "hint" else table.skip(interaction.user.id)
            await respond(interaction, told(answer))

    async def guess(self, interaction: discord.Interaction, game_id: int, word: str) -> None:
        """A word came by the dialog; only the person learns how good it is."""
        table = self._table(game_id)
        if table is None:
            await respond(interaction, _GONE)
            return
        await respond(interaction, told(table.guess(interaction.user.id, word)))

    def hears(self, message: discord.Message) -> bool:
        """Whether a message is a guess in a game here; it is graded then."""
        table = self.host.at(message.channel.id)
        if not isinstance(table, AnagramTable) or not table.reads_along:
            return False
        if message.author.bot or not message.content:
            return False
        return table.guess(message.author.id, message.content) is not None

    async def stop_here(self, interaction: discord.Interaction) -> None:
        """``/anagram stop``."""
        table = self._here(interaction)
        if table is None:
            await respond(interaction, _NONE_HERE)
        else:
            await self._stop(interaction, table)

    async def hint_here(self, interaction: discord.Interaction) -> None:
        """``/anagram hint``."""
        table = self._here(interaction)
        await respond(interaction, _NONE_HERE if table is None else told(table.hint()))

    async def skip_here(self, interaction: discord.Interaction) -> None:
        """``/anagram skip``."""
        table = self._here(interaction)
        person = interaction.user.id
        await respond(interaction, _NONE_HERE if table is None else told(table.skip(person)))

    def is_in_play(self, channel_id: int, letters: str) -> bool:
        """Whether these are the letters of the puzzle that is open in a channel."""
        table = self.host.at(channel_id)
        if not isinstance(table, AnagramTable) or table.game.puzzle is None:
            return False
        return sorted(plain_letters(letters)) == sorted(table.game.puzzle.letters)

    async def _stop(self, interaction: discord.Interaction, table: AnagramTable) -> None:
        is_moderator = interaction.guild_id is not None and interaction.permissions.manage_messages
        if interaction.user.id != table.starter and not is_moderator:
            raise NotYourGame(
                "Only the person who started the game, or a moderator, can stop it. "
                "Vote with Skip instead."
            )
        table.stop()
        await respond(interaction, "The game stops.")

    def _here(self, interaction: discord.Interaction) -> AnagramTable | None:
        table = self.host.at(ref_of(interaction.channel).id)
        return table if isinstance(table, AnagramTable) and not table.game.is_over else None

    def _table(self, game_id: int) -> AnagramTable | None:
        table = self.host.of(game_id)
        return table if isinstance(table, AnagramTable) else None


def told(answer: Answer | None) -> str:
    """What the person behind an event is told."""
    if isinstance(answer, Found):
        points = f" +{answer.points} points." if answer.points else ""
        return f"**{answer.word}** is right!{points}"
    if isinstance(answer, Missed):
        last = " That was your try." if answer.is_last else ""
        return anagram_words.MISSES[answer.reason] + last
    if isinstance(answer, ClueShown):
        return "Here is a hint, for everybody. It costs a quarter of the points."
    if isinstance(answer, SkipVoted):
        return f"Your vote to skip is counted: {answer.votes} of {answer.needed}."
    if isinstance(answer, Refused):
        return anagram_words.REFUSALS.get(answer.reason, "That does not work here.")
    return "Please give one word."

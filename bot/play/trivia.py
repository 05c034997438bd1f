"""What people do in games of trivia: start one, answer, ask for a hint, vote, report."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass

import discord

from bot.errors import AirocordError
from bot.games.effects import Refused, SkipVoted
from bot.games.questions import Difficulty, Origin
from bot.games.trivia import TriviaGame
from bot.games.trivia_effects import HintShown, LockedIn, Right
from bot.games.trivia_settings import Mode, TriviaSettings
from bot.incoming import ref_of
from bot.language import Sentence, joined, phrase
from bot.patience import in_time
from bot.play import trivia_words
from bot.play.board import Board
from bot.play.explaining import Explainer
from bot.play.host import GameHost
from bot.play.question_source import Asked, QuestionSource
from bot.play.table_commands import (
    HINT_COMES,
    TableCommands,
    must_be_free,
    open_table,
    vote_counted,
)
from bot.play.trivia_table import KIND, Answer, TriviaTable
from bot.play.words import DIFFICULTIES, harmless, questions_counted
from bot.replies.languages import language_of_place
from bot.replies.outlets import ChannelOutlet
from bot.replies.pacing import Pacers
from bot.replies.telling import announce, respond
from bot.storage import Guilds, QuestionBank

log = logging.getLogger(__name__)

_GONE = phrase(
    "That game is over. `/trivia start` begins a new one; `/trivia scores` shows what is kept."
)
_NONE_HERE = phrase("No game of trivia runs in this channel.")


class NoQuestions(AirocordError):
    """Nothing can be asked that fits what was chosen."""


@dataclass(frozen=True, slots=True)
class Trivia:
    """One for the whole bot."""

    host: GameHost
    bank: QuestionBank
    guilds: Guilds
    source: QuestionSource
    pacers: Pacers
    explainer: Explainer

    @property
    def tables(self) -> TableCommands[TriviaTable, Answer]:
        """The games that are played."""
        return TableCommands(self.host, TriviaTable, _told, _GONE, _NONE_HERE)

    async def start(
        self,
        interaction: discord.Interaction,
        *,
        category: str | None,
        difficulty: Difficulty | None,
        rounds: int,
        seconds: int,
        mode: Mode,
    ) -> None:
        """Begin a game in the interaction's channel, and say so there.

        Raises:
            GameRuns: there is one; the sentence says where.
            NoQuestions: nothing fits.
        """
        channel = ref_of(interaction.channel)
        await must_be_free(self.host, interaction, channel)
        asked = Asked(
            channel=channel, category=category, difficulty=difficulty, rounds=rounds, mode=mode
        )
        drawn = await in_time(interaction, self.source.draw(asked), ephemeral=False)
        settings = TriviaSettings(
            starter=interaction.user.id, mode=mode, rounds=rounds, seconds=float(seconds)
        )
        loop = asyncio.get_running_loop()
        try:
            game = TriviaGame(settings, drawn.questions, random.Random(), loop.time())  # noqa: S311
        except ValueError as error:
            raise NoQuestions(
                phrase(
                    "I have no questions that fit this. `/trivia categories` shows what there is; "
                    "choose another, or leave category and difficulty open."
                )
            ) from error
        # Before the game opens, so that it stands above the first question.
        await announce(interaction, _announcement(game, category, difficulty))
        choices = await self.guilds.choices(channel.guild_id)
        outlet = ChannelOutlet(
            interaction.channel,  # type: ignore[arg-type]
            language=language_of_place(interaction),
        )

        def make(game_id: int) -> TriviaTable:
            return TriviaTable(
                game_id,
                game,
                channel=channel,
                board=Board(outlet, self.pacers.for_channel(channel.id)),
                games=self.host.games,
                bank=self.bank,
                explainer=self.explainer,
                owed=drawn.credits,
                had_all=drawn.had_all,
            )

        may_rank = choices.ranks_model_questions or not drawn.has_model_questions
        await open_table(self.host, interaction, KIND, make, may_rank=may_rank)

    async def press(
        self, interaction: discord.Interaction, game_id: int, number: int, place: int
    ) -> None:
        """An option was chosen; only the person learns which."""
        table = self.tables.of(game_id)
        if table is None:
            await respond(interaction, _GONE)
            return
        answer = table.press(interaction.user.id, number, place)
        if isinstance(answer, LockedIn):
            option = table.option(place) if table.game.question is not None else ""
            await respond(interaction, _locked_in(trivia_words.LETTERS[place], option))
            return
        await respond(interaction, _told(answer))

    def hears(self, message: discord.Message) -> bool:
        """Whether a message belongs to a game that is answered by writing; it is graded then."""
        table = self.tables.at(message.channel.id)
        if table is None or table.game.settings.mode is not Mode.TYPED:
            return False
        if message.author.bot or not message.content:
            return False
        table.guess(message.author.id, message.content)
        return True

    async def report(self, interaction: discord.Interaction, question_id: str) -> None:
        """Somebody says that a question is wrong."""
        origin = Origin.MODEL if question_id.startswith(f"{Origin.MODEL}:") else Origin.FACTS
        retired = await self.bank.report(question_id, interaction.user.id, origin=origin)
        log.info("question %s was reported%s", question_id, " and retired" if retired else "")
        await respond(
            interaction,
            phrase("Thank you. It has been reported before, so it will not be asked again.")
            if retired
            else phrase("Thank you, I have noted that this question is wrong."),
        )


def _locked_in(letter: str, option: str) -> Sentence:
    if not option:
        return phrase(
            "Locked in: **{letter}**. The answer comes when the time is over.", letter=letter
        )
    return phrase(
        "Locked in: **{letter}** {option}. The answer comes when the time is over.",
        letter=letter,
        option=harmless(option),
    )


def _told(answer: Answer | None) -> str:
    if isinstance(answer, Refused):
        return trivia_words.REFUSALS[answer.reason]
    if isinstance(answer, SkipVoted):
        return vote_counted(answer)
    if isinstance(answer, HintShown):
        return HINT_COMES
    return phrase("Right!") if isinstance(answer, Right) else phrase("Done.")


def _announcement(
    game: TriviaGame, category: str | None, difficulty: Difficulty | None
) -> Sentence:
    settings = game.settings
    holes: dict[str, object] = {
        "questions": questions_counted(game.total),
        "seconds": round(settings.seconds),
    }
    about = trivia_words.category(category) if category else ""
    level = DIFFICULTIES[difficulty] if difficulty else ""
    if about and level:
        what = phrase(
            "**Trivia** ({difficulty} {category}): {questions}, {seconds} seconds each.",
            difficulty=level,
            category=about,
            **holes,
        )
    elif about or level:
        what = phrase(
            "**Trivia** ({choice}): {questions}, {seconds} seconds each.",
            choice=about or level,
            **holes,
        )
    else:
        what = phrase("**Trivia**: {questions}, {seconds} seconds each.", **holes)
    if settings.mode is Mode.CHOICES:
        how = phrase(
            "Press a button to answer: your first press counts, and everybody who is right scores."
        )
    else:
        how = phrase(
            "Write the answer in the channel: the first who is right scores, and whoever follows "
            "within {seconds} seconds.",
            seconds=round(settings.window),
        )
    return joined([what, how], " ")

"""Word games with the model: lists of words, a choice among four, a blank to fill in."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.games.wordlists import MOST_WORDS, Conditions, read_conditions
from bot.language import Sentence, changed, joined, phrase, plural
from bot.patience import in_time
from bot.play.asking_model import Asker, Opinion
from bot.play.word_games import with_blank
from bot.play.words import bold, harmless
from bot.prompts.wordgames import LETTERS, LONGEST_OPTION
from bot.replies.pages import small_print
from bot.replies.splitting import MESSAGE_LIMIT
from bot.replies.telling import acknowledge, announce, respond

Interaction = discord.Interaction[AirocordClient]
Option = app_commands.Range[str, 1, LONGEST_OPTION]
Letters = app_commands.Range[str, 1, 15]

_MARK = "\\*"
"""Behind a word that the model did not come up with."""


class WordGames(commands.Cog):
    words = app_commands.Group(name="words", description="Word games with me.")

    def __init__(self, client: AirocordClient) -> None:
        self.client = client
        self.service = client.play.word_games

    @words.command(name="list", description="A list of words that are written in a certain way.")
    @app_commands.describe(
        count="How many",
        starts="Their first letters",
        ends="Their last letters",
        contains="Letters that are in them",
        theme="What they are about",
    )
    async def list_words(  # noqa: PLR0917 - each is an option of the command
        self,
        interaction: Interaction,
        count: app_commands.Range[int, 1, MOST_WORDS] = 7,
        starts: Letters = "",
        ends: Letters = "",
        contains: Letters = "",
        theme: app_commands.Range[str, 1, 60] = "",
    ) -> None:
        conditions = read_conditions(starts, ends, contains)
        there_are = await in_time(interaction, self.service.count(conditions), ephemeral=False)
        if not there_are:
            await respond(
                interaction, phrase("I know no words {conditions}.", conditions=conditions)
            )
            return
        await acknowledge(interaction)
        found = await self.service.list_words(count, conditions, theme, _asker(interaction))
        lines: list[str] = [bold(_heading(len(found.words), conditions, theme))]
        lines += [
            f"{number}. {word}{_MARK if word in found.filled else ''}"
            for number, word in enumerate(found.words, 1)
        ]
        if found.filled:
            note = (
                phrase("{mark} from my word list: the model could not be asked.", mark=_MARK)
                if found.is_model_silent
                else phrase("{mark} from my word list: the model did not think of it.", mark=_MARK)
            )
            lines.append(small_print(note))
        if there_are < count:
            note = phrase("There are no more than {count} that I know.", count=there_are)
            lines.append(small_print(note))
        elif len(found.words) < count:
            note = (
                phrase("The model could not be asked for more.")
                if found.is_model_silent
                else phrase("I could not think of more that fit.")
            )
            lines.append(small_print(note))
        await announce(interaction, _in_one_message(lines))

    @words.command(description="Let me choose among four answers.")
    @app_commands.describe(
        question="What is asked",
        a="The first answer",
        b="The second answer",
        c="The third answer",
        d="The fourth answer",
    )
    async def choose(  # noqa: PLR0917 - each is an option of the command
        self,
        interaction: Interaction,
        question: app_commands.Range[str, 1, 500],
        a: Option,
        b: Option,
        c: Option,
        d: Option,
    ) -> None:
        options = [a, b, c, d]
        if len({option.strip().casefold() for option in options}) < len(options):
            await respond(interaction, phrase("Please give four different answers."))
            return
        await acknowledge(interaction)
        opinion = await self.service.choose(question, options, _asker(interaction))
        lines: list[str] = [f"> {harmless(question)}"]
        lines += [
            f"**{letter}** {harmless(option)}"
            for letter, option in zip(LETTERS, options, strict=True)
        ]
        if max(opinion.votes) == 0:
            lines.append(phrase("I could not decide."))
        else:
            best = opinion.best
            choice = f"**[{LETTERS[best]}, {harmless(options[best])}]**"
            lines.append(phrase("I choose {choice}", choice=choice))
            lines.append(small_print(_how_sure(opinion)))
        await announce(interaction, _in_one_message(lines))

    @words.command(name="blank", description="Let me fill in the blank of a sentence.")
    @app_commands.describe(sentence="The sentence, with ___ where something is missing")
    async def fill_blank(
        self, interaction: Interaction, sentence: app_commands.Range[str, 3, 500]
    ) -> None:
        marked = with_blank(sentence)
        await acknowledge(interaction)
        filled = await self.service.fill_blank(marked, _asker(interaction))
        if not filled:
            await announce(
                interaction, phrase("Nothing came to my mind. Please try another sentence.")
            )
            return
        await announce(
            interaction, f"> {harmless(sentence)}\n**{harmless(filled)}**"[:MESSAGE_LIMIT]
        )


def _heading(count: int, conditions: Conditions, theme: str) -> Sentence:
    how, about = str(conditions), harmless(theme)
    if how and about:
        return plural(
            "{count} word about {theme} {conditions}",
            "{count} words about {theme} {conditions}",
            count,
            theme=about,
            conditions=how,
        )
    if how:
        return plural(
            "{count} word {conditions}", "{count} words {conditions}", count, conditions=how
        )
    if about:
        return plural(
            "{count} word about {theme}", "{count} words about {theme}", count, theme=about
        )
    return plural("{count} word", "{count} words", count)


def _how_sure(opinion: Opinion) -> Sentence:
    votes = opinion.votes[opinion.best]
    if opinion.is_unanimous:
        return phrase(
            "Asked with the answers in {asked} orders: {votes} of {asked}, whatever their order, "
            "so I am consistent, which is not the same as right.",
            asked=opinion.asked,
            votes=votes,
        )
    return phrase(
        "Asked with the answers in {asked} orders: {votes} of {asked}, so I am not sure.",
        asked=opinion.asked,
        votes=votes,
    )


def _in_one_message(lines: list[str]) -> Sentence:
    return changed(joined(lines), lambda text: text[:MESSAGE_LIMIT])


def _asker(interaction: discord.Interaction) -> Asker:
    return Asker(interaction.user.id, interaction.guild_id)


async def setup(client: AirocordClient) -> None:
    await client.add_cog(WordGames(client))

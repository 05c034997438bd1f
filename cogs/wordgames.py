"""Word games with the model: lists of words, a choice among four, a blank to fill in."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.games.wordlists import MOST_WORDS, read_conditions
from bot.patience import in_time
from bot.play.asking_model import Asker
from bot.play.word_games import with_blank
from bot.play.words import counted, harmless
from bot.prompts.wordgames import LETTERS, LONGEST_OPTION
from bot.replies.pages import small_print
from bot.replies.splitting import MESSAGE_LIMIT
from bot.sentences import respond

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
            await respond(interaction, f"I know no words {conditions}.")
            return
        if not interaction.response.is_done():
            await interaction.response.defer()
        found = await self.service.list_words(count, conditions, theme, _asker(interaction))
        about = f" about {harmless(theme)}" if theme else ""
        lines = [
            f"**{counted(len(found.words), 'word')}{about} {conditions}**".replace(" **", "**")
        ]
        lines += [
            f"{number}. {word}{_MARK if word in found.filled else ''}"
            for number, word in enumerate(found.words, 1)
        ]
        if found.filled:
            lines.append(small_print(f"{_MARK} from my word list: the model did not think of it."))
        if there_are < count:
            lines.append(small_print(f"There are no more than {there_are} that I know."))
        elif len(found.words) < count:
            lines.append(small_print("I could not think of more that fit."))
        await interaction.followup.send("\n".join(lines)[:MESSAGE_LIMIT])

    @words.command(description="Let me choose among four answers.")
    @app_commands.describe(question="What is asked")
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
            await respond(interaction, "Please give four different answers.")
            return
        await interaction.response.defer()
        opinion = await self.service.choose(question, options, _asker(interaction))
        lines = [f"> {harmless(question)}"]
        lines += [
            f"**{letter}** {harmless(option)}"
            for letter, option in zip(LETTERS, options, strict=True)
        ]
        if max(opinion.votes) == 0:
            lines.append("I could not decide.")
        else:
            best = opinion.best
            lines.append(f"I choose **[{LETTERS[best]}, {harmless(options[best])}]**")
            votes = f"{opinion.votes[best]} of {opinion.asked}"
            sure = (
                "whatever their order, so I am consistent, which is not the same as right"
                if opinion.is_unanimous
                else "so I am not sure"
            )
            lines.append(
                small_print(f"Asked with the answers in {opinion.asked} orders: {votes}, {sure}.")
            )
        await interaction.followup.send("\n".join(lines)[:MESSAGE_LIMIT])

    @words.command(name="blank", description="Let me fill in the blank of a sentence.")
    @app_commands.describe(sentence="The sentence, with ___ where something is missing")
    async def fill_blank(
        self, interaction: Interaction, sentence: app_commands.Range[str, 3, 500]
    ) -> None:
        marked = with_blank(sentence)
        await interaction.response.defer()
        filled = await self.service.fill_blank(marked, _asker(interaction))
        if not filled:
            await interaction.followup.send("Nothing came to my mind. Please try another sentence.")
            return
        await interaction.followup.send(
            f"> {harmless(sentence)}\n**{harmless(filled)}**"[:MESSAGE_LIMIT]
        )


def _asker(interaction: discord.Interaction) -> Asker:
    return Asker(interaction.user.id, interaction.guild_id)


async def setup(client: AirocordClient) -> None:
    await client.add_cog(WordGames(client))

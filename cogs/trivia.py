"""Trivia: games, scores, packs of a server's own, and answers to people's own questions."""

from __future__ import annotations

from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import AirocordClient
from bot.conversation import Question, Speaker
from bot.games.questions import Difficulty
from bot.games.trivia_settings import Mode
from bot.incoming import quoted, ref_of
from bot.language import joined, phrase, plural, spoken
from bot.play import trivia_words
from bot.play.packs import NotAnAdmin
from bot.play.scores import When, Where, show_scores
from bot.play.trivia_buttons import BUTTONS
from bot.play.trivia_table import KIND
from bot.play.words import harmless, person
from bot.replies.interaction_outlet import InteractionOutlet
from bot.replies.languages import language_of_person
from bot.replies.pages import small_print
from bot.replies.telling import acknowledge, respond

QUESTION_LIMIT = 1000
"""Characters of somebody's own trivia question."""

_IN_SERVERS = phrase("Packs belong to servers. Please use this in one.")

Interaction = discord.Interaction[AirocordClient]


class Trivia(commands.Cog):
    trivia = app_commands.Group(name="trivia", description="Games of questions and answers.")
    pack = app_commands.Group(
        name="pack", description="Questions of this server's own.", parent=trivia
    )

    def __init__(self, client: AirocordClient) -> None:
        self.client = client
        self.service = client.play.trivia

    async def cog_load(self) -> None:
        self.client.add_dynamic_items(*BUTTONS)

    async def cog_unload(self) -> None:
        self.client.remove_dynamic_items(*BUTTONS)

    @trivia.command(description="Begin a game in this channel.")
    @app_commands.describe(
        category="What the questions are about; leave it out for a mixture",
        difficulty="Easy questions bring 100 points, medium 200, hard 300",
        rounds="How many questions",
        seconds="Time for each question",
        mode="choices: press a button. typed: write the answer",
    )
    async def start(  # noqa: PLR0917 - each is an option of the command
        self,
        interaction: Interaction,
        category: str | None = None,
        difficulty: Literal["easy", "medium", "hard"] | None = None,
        rounds: app_commands.Range[int, 1, 50] = 10,
        seconds: app_commands.Range[int, 5, 120] = 20,
        mode: Literal["choices", "typed"] = "choices",
    ) -> None:
        if mode == "typed" and not self.client.intents.message_content:
            await respond(
                interaction,
                phrase(
                    "I cannot read messages here: whoever runs this bot has switched the Message "
                    "Content Intent off. Start the game with mode: choices instead."
                ),
            )
            return
        await self.service.start(
            interaction,
            category=category,
            difficulty=Difficulty(difficulty) if difficulty else None,
            rounds=rounds,
            seconds=seconds,
            mode=Mode(mode),
        )

    @start.autocomplete("category")
    async def _categories(
        self, interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        found = await self.service.source.categories(interaction.guild_id)
        language = language_of_person(interaction)
        shown = {name: spoken(trivia_words.CATEGORIES.get(name, name), language) for name in found}
        return [
            app_commands.Choice(name=said[:100], value=name[:100])
            for name, said in shown.items()
            if typed.casefold() in f"{name}\n{said}".casefold()
        ][:25]

    @trivia.command(description="Show a hint, for everybody.")
    async def hint(self, interaction: Interaction) -> None:
        await self.service.tables.here(interaction, "hint")

    @trivia.command(description="Vote to skip the question.")
    async def skip(self, interaction: Interaction) -> None:
        await self.service.tables.here(interaction, "skip")

    @trivia.command(description="End the game: for its starter and moderators.")
    async def stop(self, interaction: Interaction) -> None:
        await self.service.tables.here(interaction, "stop")

    @trivia.command(description="Who has the most points.")
    @app_commands.describe(where="In this channel, or in the whole server", when="Since when")
    async def scores(
        self, interaction: Interaction, where: Where = "server", when: When = "all"
    ) -> None:
        await show_scores(
            interaction,
            self.service.host.games,
            title=phrase("Trivia"),
            none_yet=phrase(
                "There are no points yet. Games with two or more players count: `/trivia start`."
            ),
            kinds=(KIND,),
            where=where,
            when=when,
        )

    @trivia.command(description="What I can ask about.")
    async def categories(self, interaction: Interaction) -> None:
        found = await self.service.source.categories(interaction.guild_id)
        lines = [
            plural(
                "- {category}: {count} question",
                "- {category}: {count} questions",
                count,
                category=trivia_words.category(name),
            )
            for name, count in found.items()
        ]
        text = joined([phrase("I can ask about:"), *lines])
        await respond(interaction, text)

    @trivia.command(description="Where the questions come from.")
    async def about(self, interaction: Interaction) -> None:
        owed = await self.service.source.credits(interaction.guild_id)
        sentence = phrase(
            "Most of my questions are made from data, so their answers are right by construction. "
            "Where a language model wrote one, it says AI-written."
        )
        await respond(
            interaction, joined([sentence, *(joined(["- ", credit], "") for credit in owed)])
        )

    @trivia.command(description="Ask me a trivia question of your own.")
    @app_commands.describe(question="What you want to know")
    async def ask(
        self, interaction: Interaction, question: app_commands.Range[str, 1, QUESTION_LIMIT]
    ) -> None:
        asked = Question(
            channel=ref_of(interaction.channel),
            speaker=Speaker(interaction.user.id, interaction.user.display_name),
            text=question,
        )
        prefix = quoted(discord.utils.escape_markdown(question), QUESTION_LIMIT) + "\n"
        outlet = InteractionOutlet(interaction)
        await self.client.conversation.answer(asked, outlet, self.client.me, prefix=prefix)

    # -- packs ---------------------------------------------------------------------------

    @pack.command(name="add", description="Add questions from a file (YAML or JSON).")
    @app_commands.describe(file="See docs/packs.md of the bot for what goes in it")
    async def add_pack(self, interaction: Interaction, file: discord.Attachment) -> None:
        guild_id = _for_admins(interaction)
        await acknowledge(interaction, ephemeral=True)
        pack = await self.client.play.packs.add(guild_id, file, added_by=interaction.user.id)
        await respond(
            interaction,
            plural(
                "Added **{title}** with {count} question. They are asked in this server only.",
                "Added **{title}** with {count} questions. They are asked in this server only.",
                pack.questions,
                title=harmless(pack.title),
            ),
        )

    @pack.command(name="list", description="Which packs this server has.")
    async def list_packs(self, interaction: Interaction) -> None:
        if interaction.guild_id is None:
            raise NotAnAdmin(_IN_SERVERS)
        found = await self.service.bank.packs(interaction.guild_id)
        if not found:
            await respond(
                interaction, phrase("This server has no packs. `/trivia pack add` brings one.")
            )
            return
        lines: list[str] = []
        for pack in found:
            lines.append(
                plural(
                    "- **{title}**: {count} question, added by {person}",
                    "- **{title}**: {count} questions, added by {person}",
                    pack.questions,
                    title=harmless(pack.title),
                    person=person(pack.added_by),
                )
            )
            if pack.credit:
                lines.append(small_print(harmless(pack.credit)))
        await respond(interaction, joined(lines))

    @pack.command(name="remove", description="Remove a pack of this server.")
    @app_commands.describe(title="Which one")
    async def remove_pack(self, interaction: Interaction, title: str) -> None:
        guild_id = _for_admins(interaction)
        found = await self.service.bank.packs(guild_id)
        chosen = [pack for pack in found if title in (str(pack.id), pack.title)]
        if not chosen or not await self.service.bank.remove_pack(guild_id, chosen[0].id):
            await respond(
                interaction, phrase("This server has no pack **{title}**.", title=harmless(title))
            )
            return
        await respond(
            interaction,
            phrase("Removed **{title}** and its questions.", title=harmless(chosen[0].title)),
        )

    @remove_pack.autocomplete("title")
    async def _titles(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = await self.service.bank.packs(interaction.guild_id or 0)
        return [
            app_commands.Choice(name=pack.title[:100], value=str(pack.id))
            for pack in found
            if typed.casefold() in pack.title.casefold()
        ][:25]


def _for_admins(interaction: discord.Interaction) -> int:
    """The server's id.

    Raises:
        NotAnAdmin: the person may not manage it, or this is no server.
    """
    if interaction.guild_id is None:
        raise NotAnAdmin(_IN_SERVERS)
    if not interaction.permissions.manage_guild:
        raise NotAnAdmin(
            phrase("Only people with the permission Manage Server can change the packs.")
        )
    return interaction.guild_id


async def setup(client: AirocordClient) -> None:
    await client.add_cog(Trivia(client))

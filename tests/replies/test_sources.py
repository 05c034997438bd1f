"""A reply that is concluded with its sources, and the buttons that show them."""

from __future__ import annotations

import discord
import simcord

from bot.generation.engine import FinishReason
from bot.replies.live import Conclusion, End
from bot.replies.sources import LABEL_LIMIT, SourceButton
from tests.support.stage import Stage, passes, play


async def concluded(text: str) -> Conclusion:
    said = text.split("\nSource:", maxsplit=1)[0]
    return Conclusion(said, "Sources: 1 `a.pdf`", lambda: [SourceButton(7, 1, "a.pdf, page 3")])


def test_in_the_end_the_sources_stand_in_small_print_with_a_button_each() -> None:
    async def scene() -> None:
        stage = Stage(conclude=concluded, prefix="> How far?\n")
        stage.writer.writes("Far.\nSource: file: a.pdf")
        await passes(2)
        assert stage.discord.text == "> How far?\nFar.\nSource: file: a.pdf"
        stage.writer.ends()
        outcome = await stage.until_over()
        assert stage.discord.text == "> How far?\nFar.\n-# Sources: 1 `a.pdf`"
        assert stage.discord.last.buttons == ["Regenerate", "1: a.pdf, page 3"]
        assert outcome.text == "Far."

    play(scene())


def test_sources_stand_above_what_is_said_of_the_end() -> None:
    async def scene() -> None:
        stage = Stage(conclude=concluded)
        stage.writer.writes("Far")
        stage.writer.ends(FinishReason.LENGTH)
        await stage.until_over()
        [said, sources, note] = stage.discord.text.split("\n")
        assert (said, sources) == ("Far", "-# Sources: 1 `a.pdf`")
        assert "Continue" in note

    play(scene())


def test_a_reply_that_was_stopped_before_its_first_word_has_no_sources() -> None:
    async def scene() -> None:
        stage = Stage(conclude=concluded)
        stage.writer.runs()
        stage.writer.ticket.cancel()
        outcome = await stage.until_over()
        assert "Sources" not in stage.discord.text
        assert outcome.text == ""

    play(scene())


def test_a_reply_is_whole_when_its_sources_cannot_be_had() -> None:
    async def broken(text: str) -> Conclusion:
        raise RuntimeError("no database")

    async def scene() -> None:
        stage = Stage(conclude=broken)
        stage.writer.writes("Far.")
        stage.writer.ends()
        outcome = await stage.until_over()
        assert stage.discord.text == "Far."
        assert outcome.end is End.COMPLETE

    play(scene())


class Bot(discord.Client):
    """Answers each message with a source's button, and notes what is pressed."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.all())
        self.pressed: list[tuple[int, int]] = []

    async def show_source(
        self, interaction: discord.Interaction, turn_id: int, number: int
    ) -> None:
        self.pressed.append((turn_id, number))
        await interaction.response.send_message("Here.", ephemeral=True)

    async def setup_hook(self) -> None:
        self.add_dynamic_items(SourceButton)

    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot:
            view = discord.ui.View(timeout=None).add_item(SourceButton(7, 3, "a.pdf"))
            await message.channel.send("Text", view=view)


async def test_a_press_finds_its_source_after_a_restart_too() -> None:
    async with simcord.run(Bot()) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        alice = guild.add_member(env.create_user("alice"))
        await alice.send(channel, "Hello?")
        message = channel.last_message
        assert message is not None
        bot = Bot()
        await env.restart_bot(bot)
        await alice.click(message, label="3: a.pdf")
        assert bot.pressed == [(7, 3)]


def test_a_long_name_leaves_the_page_on_the_button() -> None:
    label = SourceButton(7, 1, f"{'long ' * 30}.pdf, page 3").item.label
    assert label is not None
    assert len(label) <= LABEL_LIMIT
    assert label.startswith("1: long")
    assert label.endswith("page 3")

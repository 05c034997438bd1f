"""Stop, Regenerate and Continue do what they say, after a restart too."""

from __future__ import annotations

import discord
import pytest
import simcord

from bot.errors import QueueFull
from bot.replies.controls import DYNAMIC_ITEMS, view_finished, view_running
from bot.replies.live import LiveReply
from bot.replies.outlets import ChannelOutlet
from bot.replies.pacing import Pacer
from bot.sentences import tell_of
from tests.support.stage import Writer, labels


class Actions:
    """Notes what was pressed, and answers."""

    def __init__(self) -> None:
        self.pressed: list[tuple[str, int]] = []
        self.error: Exception | None = None

    async def _note(self, interaction: discord.Interaction, what: str, turn_id: int) -> None:
        self.pressed.append((what, turn_id))
        if self.error is not None:
            raise self.error
        await interaction.response.defer()

    async def stop(self, interaction: discord.Interaction, turn_id: int) -> None:
        await self._note(interaction, "stop", turn_id)

    async def regenerate(self, interaction: discord.Interaction, turn_id: int) -> None:
        await self._note(interaction, "regenerate", turn_id)

    async def resume(self, interaction: discord.Interaction, turn_id: int) -> None:
        await self._note(interaction, "resume", turn_id)

    async def failed(self, interaction: discord.Interaction, error: Exception) -> None:
        await tell_of(interaction, error)


class Bot(discord.Client):
    """Answers each message with the controls of turn 7, or with a whole live reply."""

    def __init__(self, view: str = "running") -> None:
        super().__init__(intents=discord.Intents.all())
        self.reply_actions = Actions()
        self.view = view

    async def setup_hook(self) -> None:
        self.add_dynamic_items(*DYNAMIC_ITEMS)

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot:
            return
        if self.view == "live":
            await self.reply(message)
            return
        view = view_running(7) if self.view == "running" else view_finished(7, can_continue=True)
        await message.channel.send("Text", view=view)

    async def reply(self, message: discord.Message) -> None:
        async def nothing(*_: object) -> None: ...

        writer = Writer()
        writer.writes("Hello, @everyone.")
        writer.ends()
        live = LiveReply(
            writer.ticket,
            ChannelOutlet(message.channel, message),
            Pacer(),
            running=lambda: view_running(7),
            finished=lambda can_continue: view_finished(7, can_continue=can_continue),
            on_shown=nothing,
            on_message=nothing,
            on_removed=nothing,
        )
        await live.run()


async def pressed(bot: Bot, label: str, *, restart: bool = False) -> tuple[Actions, str]:
    """What a press of ``label`` did, and what the person was told."""
    async with simcord.run(bot) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        alice = guild.add_member(env.create_user("alice"))
        await alice.send(channel, "Hello?")
        message = channel.last_message
        assert message is not None
        if restart:
            bot = Bot(bot.view)
            await env.restart_bot(bot)
        result = await alice.click(message, label=label)
        told = result.response.content if result.response is not None else ""
        return bot.reply_actions, told


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(
    ("view", "label", "what"),
    [
        ("running", "Stop", "stop"),
        ("finished", "Regenerate", "regenerate"),
        ("finished", "Continue", "resume"),
        ("live", "Regenerate", "regenerate"),
    ],
)
async def test_a_press_reaches_its_turn_before_and_after_a_restart(
    view: str, label: str, what: str, restart: bool
) -> None:
    actions, _ = await pressed(Bot(view), label, restart=restart)
    assert actions.pressed == [(what, 7)]


async def test_an_error_that_is_meant_for_people_is_told_to_who_pressed() -> None:
    bot = Bot()
    bot.reply_actions.error = QueueFull("Too many people are waiting; try again in a minute.")
    _, told = await pressed(bot, "Stop")
    assert told == "Too many people are waiting; try again in a minute."


async def test_any_other_error_is_told_with_an_id_that_the_log_has_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bot = Bot()
    bot.reply_actions.error = KeyError("a bug")
    _, told = await pressed(bot, "Stop")
    assert "went wrong on our side" in told
    fault_id = told.split("(id ")[1].split(")")[0]
    assert fault_id in caplog.text


async def test_continue_is_offered_only_where_there_is_more_to_say() -> None:
    assert labels(view_finished(7, can_continue=False)) == ["Regenerate"]
    assert sorted(labels(view_finished(7, can_continue=True))) == ["Continue", "Regenerate"]

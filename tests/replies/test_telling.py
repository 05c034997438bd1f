"""What an interaction is told stands where it should, and is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord
import pytest

from bot.errors import QueueFull
from bot.replies.telling import acknowledge, announce, respond, take_back
from bot.sentences import tell_of
from tests.support.ask_bot import world


async def told(
    answer: Callable[[discord.Interaction], Awaitable[None]], **fault: object
) -> list[str]:
    """What answers /ask, in order; ``fault``: what Discord does to the first request of a kind."""
    async with world() as here:
        here.bot.on_ask = answer
        if fault:
            here.env.inject_error(**fault)  # type: ignore[arg-type]
        result = await here.alice.slash(here.channel, "ask")
        first = [result.response] if result.response is not None else []
        return [
            message.content + "".join(embed.description or "" for embed in message.embeds)
            for message in [*first, *result.followups]
        ]


@pytest.mark.parametrize("is_deferred", [True, False])
async def test_why_a_game_does_not_begin_is_told_when_its_announcement_is_gone(
    is_deferred: bool,
) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        if is_deferred:
            await acknowledge(interaction)
        await announce(interaction, "A game begins.")
        await take_back(interaction)
        await tell_of(interaction, QueueFull("There is a game."))

    assert "There is a game." in await told(answer)


@pytest.mark.parametrize("is_deferred", [True, False])
@pytest.mark.parametrize(("words", "messages"), [(10, 1), (700, 1), (1800, 3)])
async def test_a_long_answer_is_whole(words: int, messages: int, is_deferred: bool) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        if is_deferred:
            await acknowledge(interaction, ephemeral=True)
        await respond(interaction, "word " * words)
        await respond(interaction, "That is all.")

    *parts, last = await told(answer)
    assert " ".join(parts) == ("word " * words).strip()
    assert len(parts) == messages
    assert last == "That is all."


async def test_an_answer_comes_though_somebody_deleted_where_it_was_to_stand() -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await acknowledge(interaction)
        await announce(interaction, "Here it is.")

    gone = {"method": "PATCH", "path": "/webhooks/*", "status": 404, "code": 10008}
    assert "Here it is." in await told(answer, **gone)

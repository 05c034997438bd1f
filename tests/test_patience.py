"""A slow answer is announced in time, a quick one is not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import discord
import pytest

from bot.patience import in_time
from bot.replies.telling import announce, respond


class Response:
    """What is sent to Discord for one interaction, in order. The real one needs a connection."""

    type: discord.InteractionResponseType | None = None

    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    def is_done(self) -> bool:
        return bool(self._sent)

    async def defer(self, *, ephemeral: bool, thinking: bool) -> None:
        self.type = discord.InteractionResponseType.deferred_channel_message
        self._sent.append(f"thinking={thinking} ephemeral={ephemeral}")

    async def send_message(self, text: str, **options: object) -> None:
        self._sent.append(text)


class Followup:
    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    async def send(self, text: str, **options: object) -> None:
        self._sent.append(f"then: {text}")


class Interaction:
    """In a direct message."""

    guild_id = None
    locale = discord.Locale.american_english

    def __init__(self) -> None:
        self.extras: dict[str, object] = {}
        self.sent: list[str] = []
        self.response = Response(self.sent)
        self.followup = Followup(self.sent)

    async def original_response(self) -> SimpleNamespace:
        return SimpleNamespace(flags=SimpleNamespace(loading=True))

    async def edit_original_response(self, *, content: str, **options: object) -> None:
        self.sent.append(f"then: {content}")


def made() -> tuple[discord.Interaction, list[str]]:
    interaction = Interaction()
    return interaction, interaction.sent  # type: ignore[return-value]


async def at_once() -> str:
    return "done"


async def test_what_is_ready_at_once_is_the_only_answer() -> None:
    interaction, sent = made()
    await announce(interaction, await in_time(interaction, at_once(), ephemeral=False))
    assert sent == ["done"]


@pytest.mark.parametrize("ephemeral", [True, False])
async def test_who_waits_longer_sees_that_it_is_thought_about(ephemeral: bool) -> None:
    interaction, sent = made()
    ready = asyncio.Event()

    async def work() -> str:
        await ready.wait()
        return "done"

    task = asyncio.create_task(in_time(interaction, work(), ephemeral=ephemeral, patience_s=0))
    while not sent:
        await asyncio.sleep(0)
    ready.set()
    text = await task
    if ephemeral:
        await respond(interaction, text)
    else:
        await announce(interaction, text)
    assert sent == [f"thinking=True ephemeral={ephemeral}", "then: done"]


async def test_a_failure_of_the_work_is_the_callers() -> None:
    interaction, _ = made()

    async def work() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        await in_time(interaction, work(), ephemeral=True)


async def test_work_that_nobody_waits_for_any_more_is_ended() -> None:
    interaction, _ = made()
    ended = False

    async def work() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    task = asyncio.create_task(in_time(interaction, work(), ephemeral=True, patience_s=60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended

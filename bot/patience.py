"""Answers to an interaction that may take longer than Discord waits for them.

Discord fails an interaction that was not acknowledged within 3 seconds.
https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import discord

from bot.language import spoken
from bot.replies.languages import language_of_place, speak

Result = TypeVar("Result")

_PATIENCE_S = 1.0


async def in_time(
    interaction: discord.Interaction,
    work: Coroutine[Any, Any, Result],
    *,
    ephemeral: bool,
    patience_s: float = _PATIENCE_S,
) -> Result:
    """What ``work`` returns; the person sees "thinking…" where it takes longer than a moment.

    The answer goes by :func:`announce` then, or :func:`bot.sentences.respond`, both of which
    know whether the interaction was acknowledged.
    """
    task = asyncio.create_task(work, name="prepare an answer")
    try:
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if not done:
            await interaction.response.defer(ephemeral=ephemeral, thinking=True)
        return await task
    finally:
        # Where the acknowledgement failed, or the bot stops.
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def announce(
    interaction: discord.Interaction, text: str, view: discord.ui.View | None = None
) -> None:
    """Answer an interaction so that the whole channel sees it, in the channel's language."""
    language = language_of_place(interaction)
    text = spoken(text, language)
    speak(view, language)
    buttons = discord.utils.MISSING if view is None else view
    if interaction.response.is_done():
        await interaction.followup.send(text, view=buttons)
    else:
        await interaction.response.send_message(text, view=buttons)

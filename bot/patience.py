"""Answers to an interaction that may take longer than Discord waits for them.

Discord fails an interaction that was not acknowledged within 3 seconds.
https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import discord

from bot.replies.telling import acknowledge

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

    The answer goes by :func:`~bot.replies.telling.announce` then, or
    :func:`~bot.replies.telling.respond`, both of which know whether it was acknowledged.
    """
    task = asyncio.create_task(work, name="prepare an answer")
    try:
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if not done:
            await acknowledge(interaction, ephemeral=ephemeral)
        return await task
    finally:
        # Where the acknowledgement failed, or the bot stops.
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

"""The handlers of events, commands and controls that are running.

discord.py starts each of them as a task, and keeps none: who ends the connection under one leaves a
person with "thinking…", or breaks off what it was about to store.
"""

from __future__ import annotations

import asyncio
import logging

log = logging.getLogger(__name__)

_NAMES = (
    "discord.py: ",
    "CommandTree-invoker",
    "discord-ui-view-dispatch-",
    "discord-ui-dynamic-item-",
    "discord-ui-modal-dispatch-",
)
"""How discord.py 2.7 begins the names of their tasks."""

_BREAKING_OFF_S = 5.0
"""So long one that is broken off may still be at its last transaction."""


async def finished(limit_s: float) -> None:
    """Wait until the handlers that run now have ended. Those that take longer than ``limit_s``
    seconds are broken off, which takes some seconds more at most."""
    running = {task for task in asyncio.all_tasks() if task.get_name().startswith(_NAMES)}
    if not running:
        return
    log.info("handlers that are waited for: %d", len(running))
    _, late = await asyncio.wait(running, timeout=limit_s)
    for task in late:
        log.warning("%s was broken off by the stop", task.get_name())
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=_BREAKING_OFF_S)

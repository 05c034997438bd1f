"""A message of the bot's own that has to come although Discord, or the way there, stumbles."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.replies.faults import OutletError, Transient
from bot.replies.outlets import Outlet

log = logging.getLogger(__name__)

_TRIES = 4
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 20.0
"""Also where Discord asks for more."""

Result = TypeVar("Result")


async def persistently(call: Callable[[], Awaitable[Result]]) -> Result:
    """What ``call`` returns; it is called up to four times.

    Raises:
        OutletError: it is of no use to try again, or was tried often enough.
    """
    pause_s = _FIRST_PAUSE_S
    for _ in range(_TRIES - 1):
        try:
            return await call()
        except Transient as error:
            log.info("Discord did not take a message and is asked again: %s", error)
            await asyncio.sleep(min(max(pause_s, error.retry_after_s), _LONGEST_PAUSE_S))
            pause_s *= 2
    return await call()


async def say(outlet: Outlet, text: str) -> None:
    """Write one message, once, as far as that can be done; nobody waits for more."""
    nonce = secrets.token_hex(12)
    try:
        await persistently(lambda: outlet.send(text, nonce=nonce))
    except OutletError as error:
        log.info("a message could not be written: %s", error)

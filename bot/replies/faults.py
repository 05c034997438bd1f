"""What can go wrong when a message is written, told apart by what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord


class OutletError(Exception):
    """A message could not be written. For whoever writes it, not for a person to read.

    OutletError
      + MessageGone      the message or its channel was deleted
      + NotPermitted     the bot may not write here (any more)
          + TokenExpired     the interaction's token is no longer taken
      + Transient        trying again later may work
      + Rejected         Discord will refuse it however often it is tried
          + FileRefused      because of the file that comes with it
    """

    def __init__(self, text: str, *, code: int = 0) -> None:
        super().__init__(text)
        self.code = code
        """Discord's JSON error code, or 0."""


class MessageGone(OutletError):
    """The message or its channel was deleted."""


class NotPermitted(OutletError):
    """The bot may not write here (any more)."""


class TokenExpired(NotPermitted):
    """The interaction's token is no longer taken."""


class Transient(OutletError):
    """Discord was busy, limited us, or could not be reached."""

    def __init__(self, text: str, *, code: int = 0, retry_after_s: float = 0.0) -> None:
        super().__init__(text, code=code)
        self.retry_after_s = retry_after_s


class Rejected(OutletError):
    """Discord understood it and refused."""


class FileRefused(Rejected):
    """The file is too large for this place."""


# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
REQUEST_TOO_LARGE = 40005
ALREADY_ACKNOWLEDGED = 40060
MISSING_ACCESS = 50001
CANNOT_MESSAGE_USER = 50007
MISSING_PERMISSIONS = 50013
INVALID_WEBHOOK_TOKEN = 50027
INVALID_FORM_BODY = 50035
NO_HISTORY_TO_REPLY = 160002

_EXPIRED = {UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN}
_GONE = {UNKNOWN_CHANNEL, UNKNOWN_MESSAGE}
_FORBIDDEN = {MISSING_ACCESS, CANNOT_MESSAGE_USER, MISSING_PERMISSIONS}


@asynccontextmanager
async def discord_call(limit_s: float) -> AsyncIterator[None]:
    """Bound a call of discord.py to ``limit_s`` seconds and translate what it raises.

    Raises:
        OutletError: one of its kinds, with discord.py's exception as the cause.
    """
    try:
        async with asyncio.timeout(limit_s):
            yield
    except discord.HTTPException as error:
        raise _of_response(error) from error
    except discord.RateLimited as error:
        raise Transient(str(error), retry_after_s=error.retry_after) from error
    # discord.py repeats a request after two kinds of dropped connection and lets all others
    # through; TimeoutError is an OSError.
    except (aiohttp.ClientError, OSError) as error:
        raise Transient(repr(error)) from error


def is_outage(error: BaseException) -> bool:
    """Whether something failed for Discord or the way there did not work, and not for what was
    asked of it."""
    if isinstance(error, discord.HTTPException):
        # Acknowledged already: the first answer was taken, and only its receipt was lost.
        is_repeated = error.code == ALREADY_ACKNOWLEDGED
        return is_repeated or isinstance(_of_response(error), Transient | TokenExpired)
    return isinstance(error, Transient | TokenExpired | discord.RateLimited | aiohttp.ClientError)


def _of_response(error: discord.HTTPException) -> OutletError:
    text, code, status = str(error), error.code, error.status
    if status == 429 or status >= 500:
        return Transient(text, code=code)
    if status == 401 or code in _EXPIRED:
        return TokenExpired(text, code=code)
    if status == 404 or code in _GONE:
        return MessageGone(text, code=code)
    if status == 403 or code in _FORBIDDEN:
        return NotPermitted(text, code=code)
    if status == 413 or code == REQUEST_TOO_LARGE:
        return FileRefused(text, code=code)
    return Rejected(text, code=code)

"""The files that people attach: which of them are documents, and fetching them within limits."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp
import discord

from bot.documents.extracted import quoted
from bot.errors import DocumentError
from bot.incoming import MESSAGE_FILE
from bot.language import phrase
from bot.reading_files import GivenFile

log = logging.getLogger(__name__)

_DOWNLOAD_LIMIT_S = 60.0
_UNREADABLE = ("image/", "audio/", "video/")

Refetch = Callable[[], Awaitable[Sequence[discord.Attachment]]]
"""The same attachments with links that are valid anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """What one question may bring."""

    files: int = 5
    file_bytes: int = 25 << 20
    total_bytes: int = 50 << 20


def documents_in(message: discord.Message) -> list[discord.Attachment]:
    """The attachments of a message that may be read as documents: not pictures and sounds, and
    not the file that Discord makes of a long paste."""
    return [
        attachment
        for attachment in message.attachments
        if attachment.filename != MESSAGE_FILE and not _kind(attachment).startswith(_UNREADABLE)
    ]


def _kind(attachment: discord.Attachment) -> str:
    return attachment.content_type or mimetypes.guess_type(attachment.filename)[0] or ""


def refetching(message: discord.Message) -> Refetch:
    """Fetch the attachments of a message anew: their links expire after a day."""

    async def refetch() -> Sequence[discord.Attachment]:
        return (await message.fetch()).attachments

    return refetch


async def fetch_files(
    attachments: Sequence[discord.Attachment],
    limits: DownloadLimits,
    refetch: Refetch | None = None,
) -> tuple[list[GivenFile], list[str]]:
    """Those attachments that can be had, and a sentence for each other one.

    Raises:
        DocumentError: none can be had, or there are too many.
    """
    if len(attachments) > limits.files:
        raise DocumentError(
            phrase(
                "These are {count} files; I take up to {files} at once. "
                "Send some of them with the next question.",
                count=len(attachments),
                files=limits.files,
            )
        )
    total = sum(attachment.size for attachment in attachments)
    if total > limits.total_bytes:
        raise DocumentError(
            phrase(
                "These files have {size} MB together; I take up to {most} MB at once. "
                "Send fewer of them.",
                size=total >> 20,
                most=limits.total_bytes >> 20,
            )
        )
    results = await asyncio.gather(
        *(_fetch(attachment, limits, refetch) for attachment in attachments),
        return_exceptions=True,
    )
    files: list[GivenFile] = []
    refused: list[str] = []
    for result in results:
        match result:
            case GivenFile():
                files.append(result)
            case DocumentError():
                refused.append(str(result))
            case BaseException():
                raise result
    if refused and not files:
        raise DocumentError("\n".join(refused))
    return files, refused


async def _fetch(
    attachment: discord.Attachment, limits: DownloadLimits, refetch: Refetch | None
) -> GivenFile:
    name = attachment.filename
    if attachment.size > limits.file_bytes:
        raise DocumentError(
            phrase(
                "{name} is larger than the {most} MB that I read. Send a part of it.",
                name=quoted(name),
                most=limits.file_bytes >> 20,
            )
        )
    try:
        async with asyncio.timeout(_DOWNLOAD_LIMIT_S):
            try:
                return GivenFile(name, await attachment.read())
            except (discord.NotFound, discord.Forbidden):
                # Links to attachments are signed and expire.
                fresh = await _anew(attachment.id, refetch)
                if fresh is None:
                    raise
                return GivenFile(name, await fresh.read())
    except (discord.NotFound, discord.Forbidden):
        raise DocumentError(
            phrase(
                "{name} is not there any more: its link has expired or it was deleted. Attach it "
                "again.",
                name=quoted(name),
            )
        ) from None
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("an attachment could not be fetched: %r", error)
        raise DocumentError(
            phrase(
                "{name} could not be fetched from Discord. Try it again in a minute.",
                name=quoted(name),
            )
        ) from error


async def _anew(attachment_id: int, refetch: Refetch | None) -> discord.Attachment | None:
    if refetch is None:
        return None
    found = [attachment for attachment in await refetch() if attachment.id == attachment_id]
    return found[0] if found else None

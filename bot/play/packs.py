"""Packs of questions that the admins of a server upload."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import discord

from bot.attachments import DownloadLimits, fetch_files
from bot.errors import AirocordError
from bot.games import packs
from bot.play.question_source import entry_of
from bot.storage import QuestionBank, StoredPack

MOST_PACKS = 50
"""A server."""


class NotAnAdmin(AirocordError):
    """The person may not change the server's packs."""


@dataclass(frozen=True, slots=True)
class Packs:
    """A server's own questions."""

    bank: QuestionBank

    async def add(self, guild_id: int, file: discord.Attachment, *, added_by: int) -> StoredPack:
        """Read an attached pack and keep it, whole or not at all.

        Raises:
            PackError: it cannot be used; the text names the line and why.
            PackRefused: the server has one of that title, or too many.
            DocumentError: the file cannot be fetched, or is too large.
        """
        limits = DownloadLimits(files=1, file_bytes=packs.LARGEST, total_bytes=packs.LARGEST)
        if file.size > packs.LARGEST:
            raise packs.too_large()
        [given], _ = await fetch_files([file], limits)
        pack = await asyncio.to_thread(packs.read, given.data, given.name)
        return await self.bank.add_pack(
            guild_id,
            title=pack.title,
            credit=pack.credit,
            added_by=added_by,
            entries=[entry_of(question) for question in pack.questions],
            most_packs=MOST_PACKS,
        )

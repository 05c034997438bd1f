"""Discord messages as they come in: whether they are meant for the bot, and what they say."""

from __future__ import annotations

import asyncio
import re
from typing import Protocol

import aiohttp
import discord

from bot.errors import AirocordError
from bot.language import phrase
from bot.storage import ChannelRef

MESSAGE_FILE = "message.txt"
"""The name that Discord's clients give to a paste too long for a message."""

_DOWNLOAD_LIMIT_S = 20.0
_QUOTE_LIMIT = 1000
"""Characters of a message replied to that are quoted; more would crowd out the question."""

_ASKED_LIMIT = 300
"""Characters of a question that are shown above its answer."""


class Unreadable(AirocordError):
    """A message cannot be read; the text says why."""


class _Channel(Protocol):
    @property
    def id(self) -> int: ...


def ref_of(channel: _Channel | None) -> ChannelRef:
    """The ids under which a channel's conversation and settings are kept.

    Raises:
        Unreadable: Discord did not say which channel it is.
    """
    if channel is None:
        raise Unreadable(
            phrase("I cannot tell which channel this is. Please try it in another one.")
        )
    guild = getattr(channel, "guild", None)
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return ChannelRef(channel.id, guild_id=guild.id if guild else None, parent_id=parent)


def is_for_bot(message: discord.Message, me: int, *, talks_here: bool) -> bool:
    """Whether the bot should answer.

    It answers direct messages, mentions of itself or its role, replies to its messages, and
    everything in a channel set to free conversation except what is said to somebody else.
    Other bots are never answered, for two bots would never stop; nor is @everyone.
    """
    if message.author.bot or message.type not in (
        discord.MessageType.default,
        discord.MessageType.reply,
    ):
        return False
    if message.guild is None or _mentions(message, me):
        return True
    replied_to = _replied_to(message)
    if replied_to is not None and replied_to.author.id == me:
        return True
    to_others = bool(message.mentions) or message.mention_everyone or replied_to is not None
    return talks_here and not to_others


def _mentions(message: discord.Message, me: int) -> bool:
    if any(user.id == me for user in message.mentions):
        return True
    own_role = message.guild.self_role if message.guild else None
    return own_role is not None and own_role in message.role_mentions


def _replied_to(message: discord.Message) -> discord.Message | None:
    resolved = message.reference.resolved if message.reference else None
    return resolved if isinstance(resolved, discord.Message) else None


async def read_message(message: discord.Message, me: int, file_limit: int) -> str | None:
    """What a message says, with the mention of the bot taken off; ``None`` if there is no text.

    A paste that Discord turned into ``message.txt`` is part of the text. A message of somebody
    else that it replies to is quoted, for that is what it is about.

    Args:
        file_limit: bytes of the largest ``message.txt`` that is read.

    Raises:
        Unreadable: the file is too large, or cannot be fetched.
    """
    texts = [said_in(message, me)]
    texts += [
        await _read_paste(attachment, file_limit)
        for attachment in message.attachments
        if attachment.filename == MESSAGE_FILE
    ]
    text = "\n\n".join(filter(None, texts))
    if not text:
        return None
    replied_to = _replied_to(message)
    if replied_to is not None and replied_to.author.id != me:
        about = said_in(replied_to, me)
        if about:
            quote = quoted(about, _QUOTE_LIMIT)
            text = f"{replied_to.author.display_name} said:\n{quote}\n\n{text}"
    return text


def said_in(message: discord.Message, me: int) -> str:
    """The text of a message, mentions written as names and those of the bot left out."""
    own_role = message.guild.self_role if message.guild else None
    marks = [rf"<@!?{me}>", *([rf"<@&{own_role.id}>"] if own_role else [])]
    # At both ends only: in the middle of a sentence the name is part of it.
    edge = "|".join(marks)
    content = re.sub(rf"^(?:\s*(?:{edge}))+|(?:(?:{edge})\s*)+$", "", message.content)
    return _clean(message, content).strip()


def _clean(message: discord.Message, content: str) -> str:
    """What discord.py's ``Message.clean_content`` does, for part of the content."""
    names = {f"<@{user.id}>": f"@{user.display_name}" for user in message.mentions}
    names |= {f"<@!{user.id}>": f"@{user.display_name}" for user in message.mentions}
    names |= {f"<@&{role.id}>": f"@{role.name}" for role in message.role_mentions}
    names |= {f"<#{channel.id}>": f"#{channel.name}" for channel in message.channel_mentions}
    return re.sub(r"<(?:@[!&]?|#)\d+>", lambda mark: names.get(mark[0], mark[0]), content)


async def _read_paste(attachment: discord.Attachment, limit: int) -> str:
    if attachment.size > limit:
        raise Unreadable(
            phrase(
                "Your text is too long for me to read ({size} kB; up to {limit} kB is fine). "
                "Please send a shorter part of it.",
                size=attachment.size // 1024,
                limit=limit // 1024,
            )
        )
    try:
        async with asyncio.timeout(_DOWNLOAD_LIMIT_S):
            data = await attachment.read()
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise Unreadable(
            phrase("I could not fetch your text from Discord. Please send it again.")
        ) from error
    return data.decode("utf-8", errors="replace").strip()


def as_asked(text: str) -> str:
    """What somebody asked by a command, to stand above the reply: Discord shows others that the
    command was used, but not with what words. Its Markdown does not reach into the reply."""
    return quoted(discord.utils.escape_markdown(text), _ASKED_LIMIT) + "\n"


def quoted(text: str, limit: int) -> str:
    """Up to ``limit`` characters of a text as a Markdown quotation."""
    shown = text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
    return "\n".join(f"> {line}" for line in shown.splitlines())

"""Replies that a process left unfinished when it died: their messages are found and say so."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from functools import partial

import discord
from discord.abc import Snowflake

from bot.incoming import as_asked
from bot.replies.controls import is_under, view_finished
from bot.replies.faults import OutletError, discord_call
from bot.replies.languages import language_at
from bot.replies.outlets import CALL_LIMIT_S, ChannelOutlet
from bot.replies.pages import (
    INTERRUPTED,
    INTERRUPTED_UNKEPT,
    Controls,
    Page,
    Shape,
    finished_pages,
    small_print,
    without_note,
)
from bot.replies.saying import persistently, say
from bot.replies.splitting import MESSAGE_LIMIT
from bot.storage import Conversations, InterruptedReply

log = logging.getLogger(__name__)

_LOOKED_AT = 25
"""Messages after a question among which a reply of ours is looked for."""


async def mark_interrupted(
    client: discord.Client, history: Conversations, replies: Sequence[InterruptedReply]
) -> None:
    """Say under each reply that a restart cut off that it was, and offer to write it anew.

    The client is logged in.
    """
    me = client.user.id if client.user else 0
    for reply in replies:
        channel = client.get_partial_messageable(reply.channel_id)
        try:
            language = await language_at(client, reply.channel_id)
            if reply.is_kept:
                await _mark(channel, language, history, reply, me)
            else:
                await _mark_unkept(channel, language, reply, me)
        except OutletError as error:
            log.info("reply %d could not be marked as interrupted: %s", reply.turn_id, error)
        except Exception:
            # The others are marked all the same.
            log.exception("reply %d could not be marked as interrupted", reply.turn_id)


async def _mark(
    channel: discord.PartialMessageable,
    language: str,
    history: Conversations,
    reply: InterruptedReply,
    me: int,
) -> None:
    """Write what the history holds of it with the note. The "thinking…" of a command is left to
    Discord, which takes it away."""
    turn = await history.turn(reply.turn_id)
    question = await history.turn(turn.answers) if turn and turn.answers else None
    if question is None and not reply.message_ids:
        return
    asked = next(iter(await history.messages_of(question.id)), None) if question else None
    ids = list(reply.message_ids)
    known = ids[-1] if ids else asked
    stray = await persistently(
        partial(_stray, channel, reply.turn_id, discord.Object(known) if known else None, me)
    )
    if stray is not None and stray not in ids:
        await history.add_message(reply.turn_id, stray, len(ids))
        ids.append(stray)
    begun = max(len(ids) - 1, 0)
    if not ids and question is not None:
        # It was to take the place of another, which still stands there.
        ids = await history.replaced_messages(question.id)
        for part, message_id in enumerate(ids):
            await history.add_message(reply.turn_id, message_id, part)
    above = as_asked(question.content) if question is not None and asked is None else ""
    controls = Controls.CONTINUABLE if reply.content else Controls.FINISHED
    shape = Shape(len(ids) + 1, language=language)
    pages = finished_pages(above + reply.content, INTERRUPTED, shape, controls)
    reference = channel.get_partial_message(asked) if asked and not ids else None
    outlet = ChannelOutlet(channel, reference, language=language)
    can_continue = bool(reply.content)
    if begun:
        shown = await persistently(partial(_text_of, channel, ids[-1]))
        if not _goes_on(pages, len(ids) - 1, shown):
            text = _with_note(shown, INTERRUPTED.spoken(language))
            view = view_finished(reply.turn_id, can_continue=can_continue)
            await persistently(partial(outlet.edit, ids[-1], text, view=view))
            return
    for part in range(begun, len(pages)):
        page = pages[part]
        has_controls = page.controls is not Controls.NONE
        under = view_finished(reply.turn_id, can_continue=can_continue) if has_controls else None
        if part < len(ids):
            edit = partial(outlet.edit, ids[part], page.text, view=under, file=page.file)
            await persistently(edit)
        else:
            nonce = secrets.token_hex(12)
            send = partial(outlet.send, page.text, view=under, file=page.file, nonce=nonce)
            await history.add_message(reply.turn_id, await persistently(send), part)
    for left in ids[len(pages) :]:
        await history.drop_message(left)
        await persistently(partial(outlet.delete, left))


def _goes_on(pages: Sequence[Page], last: int, shown: str) -> bool:
    """Whether a page says what its message shows, and what came after it. That of a reply that was
    continued does not: it was cut where the first half ended."""
    return last < len(pages) and pages[last].text.startswith(without_note(shown).rstrip())


async def _stray(
    channel: discord.PartialMessageable, turn_id: int, after: Snowflake | None, me: int
) -> int | None:
    """A message of it that was sent in the very moment of the crash, and never noted."""
    async with discord_call(CALL_LIMIT_S):
        async for message in channel.history(limit=_LOOKED_AT, after=after):
            if message.author.id == me and is_under(message, turn_id):
                return message.id
    return None


async def _mark_unkept(
    channel: discord.PartialMessageable, language: str, reply: InterruptedReply, me: int
) -> None:
    """Of one that is not kept, only Discord knows what it says."""
    last = reply.message_ids[-1] if reply.message_ids else None
    if last is None:
        after = discord.Object(reply.asked_in) if reply.asked_in else None
        last = await persistently(partial(_stray, channel, reply.turn_id, after, me))
    if last is not None:
        shown = await persistently(partial(_text_of, channel, last))
        text = _with_note(shown, INTERRUPTED_UNKEPT.spoken(language))
        await persistently(partial(ChannelOutlet(channel, language=language).edit, last, text))
    elif reply.asked_in is not None:
        asked = channel.get_partial_message(reply.asked_in)
        outlet = ChannelOutlet(channel, asked, language=language)
        await say(outlet, small_print(INTERRUPTED_UNKEPT))


async def _text_of(channel: discord.PartialMessageable, message_id: int) -> str:
    async with discord_call(CALL_LIMIT_S):
        return (await channel.fetch_message(message_id)).content


def _with_note(shown: str, note: str) -> str:
    note = small_print(note)
    return f"{without_note(shown)[: MESSAGE_LIMIT - len(note) - 1]}\n{note}".lstrip()

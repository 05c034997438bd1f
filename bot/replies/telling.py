"""What an interaction is told, once, although Discord or the way there stumbles.

Discord knows no nonces for interactions. What can be said by a request that is harmless when it is
repeated is said by that one: the first answer, which Discord takes once, and an edit of what the
interaction shows. Only a message that follows up an answer may stand there twice.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto

import discord
from discord.utils import MISSING

from bot.language import spoken
from bot.replies.faults import (
    ALREADY_ACKNOWLEDGED,
    MessageGone,
    OutletError,
    Rejected,
    discord_call,
)
from bot.replies.languages import language_of_person, language_of_place, speak
from bot.replies.outlets import CALL_LIMIT_S, QUICK_LIMIT_S
from bot.replies.saying import persistently
from bot.replies.splitting import MESSAGE_LIMIT, split

log = logging.getLogger(__name__)

EMBED_LIMIT = 4096
"""Characters of an embed's description (Discord, Embed Limits)."""


class _Shown(Enum):
    """What a person sees in answer to what they did."""

    THINKING = auto()
    """"thinking…", where the answer will stand."""
    HEARD = auto()
    """Nothing, but that it was taken; or a dialog, or the message that they pressed, redrawn."""
    ANSWERED = auto()


async def acknowledge(
    interaction: discord.Interaction, *, ephemeral: bool = False, thinking: bool = True
) -> None:
    """Let the person see within Discord's three seconds that they were heard, if they do not yet.

    Args:
        interaction: what they did.
        ephemeral: whether only they see the answer that is to come.
        thinking: whether "thinking…" is shown where the answer will stand. Only who pressed a
            button can do without.

    Raises:
        OutletError: it could not be done; :class:`~bot.replies.faults.TokenExpired` where it is
            too late.
    """

    async def defer() -> None:
        async with discord_call(QUICK_LIMIT_S):
            await interaction.response.defer(ephemeral=ephemeral, thinking=thinking)

    if _shown_of(interaction) is not None:
        return
    await _first(defer)
    _note(interaction, _Shown.THINKING if thinking else _Shown.HEARD)


async def respond(
    interaction: discord.Interaction, sentence: str, view: discord.ui.View | None = None
) -> None:
    """Tell the person behind an interaction something that only they see, in their language, in
    as few messages as it takes; ``view`` is under the first. That it could not be told is
    logged."""
    language = language_of_person(interaction)
    speak(view, language)
    text = spoken(sentence, language)
    try:
        for part in split(text, MESSAGE_LIMIT if _fits(text) else EMBED_LIMIT):
            await tell(interaction, part, view=view, ephemeral=True)
            view = None
    except OutletError as error:
        # The sentence may name a file of theirs.
        log.warning("a person could not be told something: %s", error)


async def announce(
    interaction: discord.Interaction, text: str, view: discord.ui.View | None = None
) -> None:
    """Answer an interaction so that the whole channel sees it, in the channel's language.

    Raises:
        OutletError: it could not be written.
    """
    language = language_of_place(interaction)
    speak(view, language)
    await tell(interaction, spoken(text, language), view=view, ephemeral=False)


async def tell(
    interaction: discord.Interaction,
    text: str,
    *,
    ephemeral: bool,
    view: discord.ui.View | None = None,
    file: Callable[[], discord.File] | None = None,
) -> None:
    """Say ``text``, up to 4,096 characters, as the answer of an interaction or after it. More than
    2,000 stand in an embed: a second message could come twice, or not at all.

    ``ephemeral`` holds unless the interaction was acknowledged, which decides it for the answer.
    ``file`` opens what is attached, anew for each try.

    Raises:
        OutletError: it could not be said.
    """
    buttons = MISSING if view is None else view
    content = text if _fits(text) else None
    embeds = [] if _fits(text) else [discord.Embed(description=text)]

    async def answer() -> None:
        async with discord_call(CALL_LIMIT_S if file else QUICK_LIMIT_S):
            await interaction.response.send_message(
                content,
                embeds=embeds,
                ephemeral=ephemeral,
                view=buttons,
                file=file() if file else MISSING,
            )

    async def edit() -> None:
        async with discord_call(CALL_LIMIT_S):
            await interaction.edit_original_response(
                content=content,
                embeds=embeds,
                view=buttons,
                attachments=[file()] if file else MISSING,
            )

    async def follow_up() -> None:
        async with discord_call(CALL_LIMIT_S):
            await interaction.followup.send(
                content or MISSING,
                embeds=embeds,
                ephemeral=ephemeral,
                view=buttons,
                file=file() if file else MISSING,
            )

    shown = _shown_of(interaction)
    if shown is None:
        is_taken = await _first(answer)
        # Also where what follows fails: Discord has had an answer.
        note_answered(interaction)
        if is_taken:
            return
        # It may be this answer: it is written over then, so that discord.py knows its buttons.
        is_edit = not await _is_of_pressed(interaction)
    else:
        is_edit = shown is _Shown.THINKING
    try:
        await persistently(edit if is_edit else follow_up)
    except MessageGone:
        if not is_edit:
            raise
        await persistently(follow_up)
    note_answered(interaction)


async def _is_of_pressed(interaction: discord.Interaction) -> bool:
    """Whether what an interaction was answered with is the message that was pressed, and must not
    be written over; also where Discord does not say."""
    if interaction.message is None:
        return False
    try:
        async with discord_call(CALL_LIMIT_S):
            answer = await interaction.original_response()
    except OutletError:
        return True
    return answer.id == interaction.message.id


def _fits(text: str) -> bool:
    """Whether a text fits into a message's content. Discord's clients count so."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 <= MESSAGE_LIMIT


async def redraw(
    interaction: discord.Interaction, text: str, view: discord.ui.View | None = None
) -> None:
    """Change the message whose button or menu was used; it keeps no others than those of ``view``.
    As in :func:`tell`, up to 4,096 characters.

    Raises:
        OutletError: it could not be done.
    """
    content = text if _fits(text) else None
    embeds = [] if _fits(text) else [discord.Embed(description=text)]

    async def answer() -> None:
        async with discord_call(QUICK_LIMIT_S):
            await interaction.response.edit_message(content=content, embeds=embeds, view=view)

    async def edit() -> None:
        async with discord_call(CALL_LIMIT_S):
            await interaction.edit_original_response(content=content, embeds=embeds, view=view)

    is_taken = _shown_of(interaction) is None and await _first(answer)
    _note(interaction, _Shown.HEARD)
    if not is_taken:
        await persistently(edit)


async def open_dialog(interaction: discord.Interaction, dialog: discord.ui.Modal) -> None:
    """Show a dialog to the person behind an interaction, in their language.

    Raises:
        OutletError: it could not be shown.
    """
    speak(dialog, language_of_person(interaction))

    async def answer() -> None:
        async with discord_call(QUICK_LIMIT_S):
            await interaction.response.send_modal(dialog)

    # discord.py does so once it is told that the dialog is there, of which the receipt may be lost:
    # what is sent in it finds its way by that.
    interaction._state.store_view(dialog)  # noqa: SLF001
    try:
        await _first(answer)
    except BaseException:
        dialog.stop()
        raise
    _note(interaction, _Shown.HEARD)


async def take_back(interaction: discord.Interaction) -> None:
    """Delete the answer of an interaction, as far as that can be done."""

    async def delete() -> None:
        async with discord_call(CALL_LIMIT_S):
            await interaction.delete_original_response()

    try:
        await persistently(delete)
    except OutletError as error:
        log.info("an answer could not be taken back: %s", error)
    note_answered(interaction)


def note_answered(interaction: discord.Interaction) -> None:
    """The answer of an interaction stands: what is told next comes after it."""
    _note(interaction, _Shown.ANSWERED)


async def is_thinking(interaction: discord.Interaction) -> bool | None:
    """Whether Discord shows "thinking…" where the answer will stand; ``None`` where Discord does
    not say. To be asked once: discord.py remembers what it heard first."""
    try:
        async with discord_call(CALL_LIMIT_S):
            message = await interaction.original_response()
    except OutletError:
        return None
    return message.flags.loading


async def _first(call: Callable[[], Awaitable[None]]) -> bool:
    """Answer an interaction for the first time, so far as is known. ``False`` where Discord says
    that it has had an answer: an earlier try, of which the receipt was lost, or another one."""
    try:
        await persistently(call)
    except Rejected as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        return False
    return True


_KEY = "shown"
"""Of an interaction's extras. discord.py knows only of answers whose receipt it was given."""


def _shown_of(interaction: discord.Interaction) -> _Shown | None:
    noted: _Shown | None = interaction.extras.get(_KEY)
    return _Shown.HEARD if noted is None and interaction.response.is_done() else noted


def _note(interaction: discord.Interaction, shown: _Shown) -> None:
    interaction.extras[_KEY] = shown

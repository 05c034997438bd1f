"""What an interaction is told, once, although Discord or the way there stumbles.

Discord knows no nonces for interactions. What can be said by a request that is harmless when it is
repeated is said by that one: the first answer, which Discord takes once, and an edit of what the
interaction shows. Only a message that follows up an answer may stand there twice.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import discord
from discord import InteractionResponseType
from discord.utils import MISSING

from bot.language import spoken
from bot.replies.faults import ALREADY_ACKNOWLEDGED, OutletError, Rejected, discord_call
from bot.replies.languages import language_of_person, language_of_place, speak
from bot.replies.outlets import CALL_LIMIT_S, QUICK_LIMIT_S
from bot.replies.saying import persistently
from bot.replies.splitting import split

log = logging.getLogger(__name__)


async def acknowledge(
    interaction: discord.Interaction, *, ephemeral: bool = False, thinking: bool = True
) -> None:
    """Let the person see within Discord's three seconds that they were heard, if they do not yet.

    Args:
        interaction: what they did.
        ephemeral: whether only they see the answer that is to come.
        thinking: whether "thinking…" is shown where the answer will stand; of a button, nothing
            is shown otherwise.

    Raises:
        OutletError: it could not be done; :class:`~bot.replies.faults.TokenExpired` where it is
            too late.
    """

    async def defer() -> None:
        async with discord_call(QUICK_LIMIT_S):
            await interaction.response.defer(ephemeral=ephemeral, thinking=thinking)

    if not interaction.response.is_done():
        try:
            await persistently(defer)
        except Rejected as error:
            # By the try before, of which only the receipt was lost.
            if error.code != ALREADY_ACKNOWLEDGED:
                raise


async def respond(
    interaction: discord.Interaction, sentence: str, view: discord.ui.View | None = None
) -> None:
    """Tell the person behind an interaction something that only they see, in their language, in
    as many messages as it takes; ``view`` is under the first. That it could not be told is
    logged."""
    language = language_of_person(interaction)
    speak(view, language)
    try:
        for part in split(spoken(sentence, language)):
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
    """Say ``text``, up to 2,000 characters, as the answer of an interaction or after it.

    ``ephemeral`` holds unless the interaction was acknowledged, which decides it for the answer.
    ``file`` opens what is attached, anew for each try.

    Raises:
        OutletError: it could not be said.
    """
    buttons = MISSING if view is None else view

    async def answer() -> None:
        async with discord_call(QUICK_LIMIT_S):
            await interaction.response.send_message(
                text, ephemeral=ephemeral, view=buttons, file=file() if file else MISSING
            )

    async def edit() -> None:
        async with discord_call(CALL_LIMIT_S):
            await interaction.edit_original_response(
                content=text, view=buttons, attachments=[file()] if file else MISSING
            )

    async def follow_up() -> None:
        async with discord_call(CALL_LIMIT_S):
            await interaction.followup.send(
                text, ephemeral=ephemeral, view=buttons, file=file() if file else MISSING
            )

    async def standing() -> discord.InteractionMessage:
        async with discord_call(CALL_LIMIT_S):
            return await interaction.original_response()

    if not interaction.response.is_done():
        try:
            await persistently(answer)
        except Rejected as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
        else:
            return
        # Discord has had this answer or an acknowledgement, of which only the receipt was lost.
        shown = await persistently(standing)
        is_it = shown.content == text.strip()
        # Also where it is there already: discord.py does not know of its buttons yet.
        await persistently(edit if is_it or shown.flags.loading else follow_up)
        return
    is_deferred = interaction.response.type is InteractionResponseType.deferred_channel_message
    await persistently(edit if is_deferred and await is_thinking(interaction) else follow_up)


async def is_thinking(interaction: discord.Interaction) -> bool | None:
    """Whether Discord shows "thinking…" where the answer will stand; ``None`` where Discord does
    not say."""
    try:
        async with discord_call(CALL_LIMIT_S):
            message = await interaction.original_response()
    except OutletError:
        return None
    return message.flags.loading

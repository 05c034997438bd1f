"""Who may use the bot, where, and for what: the house's decisions first, then the server's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import discord
from discord import app_commands

from bot.errors import AirocordError
from bot.house import House
from bot.incoming import ref_of
from bot.language import phrase
from bot.storage import ChannelRef, Choices, Guilds, Subject

_NAMED_CHANNELS = 10
"""How many of the channels that the bot answers in are named to who asks elsewhere."""


class NotWelcome(AirocordError):
    """Whoever asked may not use the bot, here or for this."""


class Purpose(StrEnum):
    """What a server can switch off."""

    GAMES = "Games"
    DOCUMENTS = "Documents"


OPEN_TO_ALL = frozenset({"about", "admin", "help", "privacy", "settings", "status"})
"""Commands that no rule keeps anybody from: who may do nothing else must be able to find out why,
to have what is stored about them removed, or, as an admin, to change the rule."""

_PURPOSES = {
    "anagram": Purpose.GAMES,
    "trivia": Purpose.GAMES,
    "words": Purpose.GAMES,
    "askdocs": Purpose.DOCUMENTS,
    "docs": Purpose.DOCUMENTS,
    "Ask about these files": Purpose.DOCUMENTS,
}
"""By the name of the command, or of its group."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where."""

    person_id: int
    role_ids: frozenset[int]
    channel: ChannelRef


def asker_of(user: discord.abc.User, channel: ChannelRef) -> Asker:
    """Their roles are known in servers only."""
    roles: Sequence[discord.Role] = user.roles if isinstance(user, discord.Member) else ()
    return Asker(user.id, frozenset(role.id for role in roles), channel)


@dataclass(frozen=True, slots=True)
class Access:
    """One for the whole bot."""

    house: House
    guilds: Guilds

    async def refusal(self, asker: Asker, purpose: Purpose | None = None) -> str:
        """Why ``asker`` may not, in a sentence; empty if they may."""
        guild_id = asker.channel.guild_id
        if refused := self._house_refuses(asker.person_id, guild_id):
            return refused
        choices = await self.guilds.choices(guild_id)
        if purpose is Purpose.GAMES and not choices.games:
            return _switched_off(purpose)
        if purpose is Purpose.DOCUMENTS and not choices.documents:
            return _switched_off(purpose)
        return refusal_by(choices, asker)

    async def check_command(self, interaction: discord.Interaction) -> None:
        """Pass if the person may use the command that they used.

        Raises:
            NotWelcome: they may not; the text says why.
        """
        command = interaction.command
        if command is None or interaction.channel is None:
            return
        root = command
        if isinstance(command, app_commands.Command):
            root = command.root_parent or command  # type: ignore[assignment]
        if root.name not in OPEN_TO_ALL:
            await self.check(interaction, _PURPOSES.get(root.name))

    async def check(self, interaction: discord.Interaction, purpose: Purpose | None = None) -> None:
        """Pass if the person behind an interaction may ask for ``purpose``.

        Raises:
            NotWelcome: they may not; the text says why.
        """
        asker = asker_of(interaction.user, ref_of(interaction.channel))
        if refused := await self.refusal(asker, purpose):
            raise NotWelcome(refused)

    def _house_refuses(self, person_id: int, guild_id: int | None) -> str:
        house = self.house
        if person_id in house.blocked:
            return phrase("Whoever runs me does not let you use me.")
        if guild_id is None:
            no_dms = phrase("I do not talk in direct messages. Please ask me in a server.")
            return "" if house.takes_direct_messages else no_dms
        if guild_id in house.blocked or (house.servers and guild_id not in house.servers):
            return phrase("I am not set up for this server. Whoever runs me can change that.")
        return ""


def refusal_by(choices: Choices, asker: Asker) -> str:
    """Why a server's rules keep somebody out; empty if they do not.

    What is said of a person goes before what is said of their roles; a role that may not, before
    one that may. A thread goes by its own rule, else by its channel's. As soon as any role, or
    any channel, is allowed, others of its kind are not.
    """
    person = choices.rules.get((Subject.PERSON, asker.person_id))
    if person is False:
        return phrase("The admins of this server do not let you use me.")
    if person is None and not _by_roles(choices, asker.role_ids):
        return phrase(
            "Your roles in this server do not let you use me. Its admins can change that."
        )
    return _by_channel(choices, asker.channel)


def _by_roles(choices: Choices, role_ids: frozenset[int]) -> bool:
    if not role_ids.isdisjoint(choices.ids(Subject.ROLE, allowed=False)):
        return False
    allowed = choices.ids(Subject.ROLE, allowed=True)
    return not allowed or not role_ids.isdisjoint(allowed)


def _by_channel(choices: Choices, channel: ChannelRef) -> str:
    for channel_id in (channel.id, channel.parent_id):
        if channel_id is not None:
            rule = choices.rules.get((Subject.CHANNEL, channel_id))
            if rule is not None:
                return (
                    "" if rule else phrase("I do not talk in this channel, by its server's choice.")
                )
    allowed = choices.ids(Subject.CHANNEL, allowed=True)
    if not allowed:
        return ""
    channels = ", ".join(f"<#{channel_id}>" for channel_id in allowed[:_NAMED_CHANNELS])
    if len(allowed) > _NAMED_CHANNELS:
        return phrase(
            "In this server I talk in {channels} and others only. Please ask me there.",
            channels=channels,
        )
    return phrase(
        "In this server I talk in {channels} only. Please ask me there.", channels=channels
    )


def _switched_off(purpose: Purpose) -> str:
    if purpose is Purpose.GAMES:
        return phrase(
            "Games are switched off in this server. Its admins can change that with `/settings`."
        )
    return phrase(
        "Documents are switched off in this server. Its admins can change that with `/settings`."
    )

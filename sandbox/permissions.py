"""Who may do what in a channel, computed as Discord does.

https://discord.com/developers/docs/topics/permissions#permission-overwrites
"""

from __future__ import annotations

from enum import IntFlag

from sandbox.types import ReadOnlyJson


class Permission(IntFlag):
    """Those that the sandbox knows a use for."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


ALL = (1 << 53) - 1
EVERYBODY = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What @everyone may do in a new server, of what is known here."""

THREADS = (10, 11, 12)
"""Channel types: https://discord.com/developers/docs/resources/channel#channel-object."""


def in_guild(guild: ReadOnlyJson, member: ReadOnlyJson) -> int:
    """What a member may do where no channel says otherwise."""
    if guild["owner_id"] == member["user"]["id"]:
        return ALL
    held = {guild["id"], *member["roles"]}
    granted = 0
    for role in guild["roles"]:
        if role["id"] in held:
            granted |= int(role["permissions"])
    return ALL if granted & Permission.ADMINISTRATOR else granted


def in_channel(guild: ReadOnlyJson, member: ReadOnlyJson, channel: ReadOnlyJson) -> int:
    """What a member may do in a channel; of a thread, ``channel`` is its parent."""
    granted = in_guild(guild, member)
    if granted & Permission.ADMINISTRATOR:
        return ALL
    overwrites = {o["id"]: o for o in channel.get("permission_overwrites", [])}
    granted = _over(granted, overwrites.get(guild["id"]))
    deny = allow = 0
    for role in member["roles"]:
        if overwrite := overwrites.get(role):
            deny |= int(overwrite["deny"])
            allow |= int(overwrite["allow"])
    granted = granted & ~deny | allow
    granted = _over(granted, overwrites.get(member["user"]["id"]))
    return granted if granted & Permission.VIEW_CHANNEL else 0


def _over(granted: int, overwrite: ReadOnlyJson | None) -> int:
    if overwrite is None:
        return granted
    return granted & ~int(overwrite["deny"]) | int(overwrite["allow"])

"""The small server that people find when they try the bot."""

from __future__ import annotations

from sandbox.world import World

OWNER, GUEST = "Ada", "Bo"


def furnish(world: World) -> None:
    """Two people, a server of the first one's with two channels, and their direct messages."""
    ada, bo = world.add_user(OWNER), world.add_user(GUEST)
    guild = world.add_guild("Airocord's workshop", ada)
    world.join(guild, bo)
    world.add_channel(guild, "general", "Mention Airocord, or type / to see what it can do")
    world.add_channel(guild, "games", "Room to play")
    world.open_dm(ada)
    world.open_dm(bo)

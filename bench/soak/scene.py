"""Where it takes place: servers with channels and threads, direct messages, and a crowd."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sandbox.permissions import Permission
from sandbox.world import World

_MANAGER = int(Permission.MANAGE_GUILD | Permission.MANAGE_CHANNELS | Permission.MANAGE_MESSAGES)


@dataclass(frozen=True, slots=True)
class Scene:
    people: list[int]
    places: dict[int, list[int]]
    """By person, the channels that they write in."""
    owner: int
    """Owns the bot."""
    channels: int


@dataclass(frozen=True, slots=True)
class Size:
    people: int
    servers: int
    channels_each: int
    threads: int
    direct: int

    @property
    def channels(self) -> int:
        return self.servers * self.channels_each + self.threads + self.direct


FULL = Size(people=200, servers=5, channels_each=6, threads=4, direct=6)
SMALL = Size(people=12, servers=2, channels_each=2, threads=1, direct=2)


def furnish(world: World, size: Size, rng: random.Random) -> Scene:
    """Fill a world. Everybody is in one or two servers, and some write to the bot directly."""
    people = [world.add_user(f"Person {number}") for number in range(size.people)]
    places: dict[int, list[int]] = {person: [] for person in people}
    threads = size.threads
    for number in range(size.servers):
        owner = people[number]
        guild = world.add_guild(f"Server {number}", owner)
        managers = world.add_role(guild, "Managers", _MANAGER)
        share = people[number :: size.servers]
        guests = rng.sample(people, len(share) // 2)
        members = dict.fromkeys([*share, *guests])
        for member in members:
            roles = [managers] if rng.random() < 0.1 else []
            if member != owner:
                world.join(guild, member, roles)
        inside = [world.add_channel(guild, f"room-{room}") for room in range(size.channels_each)]
        if threads:
            threads -= 1
            inside.append(int(world.add_thread(inside[0], owner, "aside")["id"]))
        for member in members:
            places[member] += inside
    for person in rng.sample(people, size.direct):
        places[person].append(world.open_dm(person))
    # The owner of the application is who made the last server.
    return Scene(people, places, people[size.servers - 1], size.channels)

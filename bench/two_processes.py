"""Two processes of the bot, a shard each: what gets lost when one of them, or their model, dies."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path

from bench.table import Report, Table, at_most
from bot.errors import DatabaseError
from sandbox.people import Person
from sandbox.server import Sandbox
from sandbox.types import Json
from sandbox.world import Event, World
from tests.support.bot_process import BotProcess
from tests.support.model_server import ModelServer
from tests.support.postgres import find_programs, running_server
from tests.support.reader import author_of, buttons
from tests.support.shards import add_guild

_SHARDS = 2
_LANES = 8
"""Of each process."""
_WORDS = 12
_PAUSE_S = 0.1
"""Between two words of a reply."""
_AWAY_S = 5.0
"""How long the server of the model is away."""
_LIMIT_S = 120.0
_LOOK_EVERY_S = 0.2
_QUIET_S = 6.0

_QUESTION = re.compile(r"number (\d+)")
_SMALL = re.compile(r"^-# (.*)$", re.MULTILINE)

_NOTES = (
    f"{_SHARDS} processes of `python -m bot run` on the sandbox's Discord, under Discord's rate "
    f"limits, which they share as they share the token; one PostgreSQL database, one server of "
    f"`/v1/completions` with replies of {_WORDS} words in {_WORDS * _PAUSE_S:.1f} s, {_LANES} "
    "lanes each. Every conversation is a person's own, in a channel of its own, and all ask in the "
    "same second. Killed: `kill -9`, or all connections of the server reset. Twice: more than one "
    "reply in the channel. Model: requests that reached it, of which a question may take several "
    "where the server went away before it had begun."
)


class _Fate(StrEnum):
    WHOLE = "whole"
    BROKEN = "broken off, says so"
    TOLD = "not begun, says so"
    TWICE = "twice"
    NOTHING = "nothing"
    UNFINISHED = "stands unfinished"


@dataclass(frozen=True, slots=True)
class _Asked:
    number: int
    shard: int
    person: Person
    channel_id: int
    message_id: int


class _Place:
    """A Discord with a server on each shard, the model's server, and who asks what."""

    def __init__(self, conversations: int) -> None:
        self.people: list[int] = []
        self.channels: list[tuple[int, int]] = []
        """Shard and id."""
        self.sandbox = Sandbox(scene=lambda world: self._furnish(world, conversations))
        self.model = ModelServer(_reply)
        self._numbers = count(1)
        self._changed = asyncio.Event()
        self.changed_at = 0.0
        """When a message was last written or changed, by :func:`time.monotonic`."""
        self.sandbox.world.listeners.append(self._on_event)

    def _furnish(self, world: World, conversations: int) -> None:
        owner = world.add_user("Owner")
        self.people = [world.add_user(f"Person {number}") for number in range(conversations)]
        guilds = [add_guild(world, owner, shard=shard, count=_SHARDS) for shard in range(_SHARDS)]
        for number, person in enumerate(self.people):
            shard = number % _SHARDS
            world.join(guilds[shard], person)
            self.channels.append((shard, world.add_channel(guilds[shard], f"room-{number}")))

    def ask(self, only: Iterable[int] = range(_SHARDS)) -> list[_Asked]:
        """Everybody on these shards asks something."""
        asked: list[_Asked] = []
        mention = f"<@{self.sandbox.world.bot_id}>"
        for person_id, (shard, channel_id) in zip(self.people, self.channels, strict=True):
            if shard in only:
                person = self.sandbox.person(person_id)
                number = next(self._numbers)
                text = f"{mention} tell me of number {number}"
                sent = person.send(channel_id, text)
                asked.append(_Asked(number, shard, person, channel_id, int(str(sent["id"]))))
        return asked

    def replies(self, asked: _Asked) -> list[Json]:
        """What the bot has said to it."""
        return [
            message
            for message in asked.person.messages(asked.channel_id)
            if author_of(message) == self.sandbox.world.bot_id
            and int(str(message["message_reference"]["message_id"])) == asked.message_id
        ]

    def fate(self, asked: _Asked) -> _Fate:
        found = self.replies(asked)
        if not found:
            return _Fate.NOTHING
        if len(found) > 1:
            return _Fate.TWICE
        text = str(found[0]["content"])
        if "Stop" in buttons(found[0]):
            return _Fate.UNFINISHED
        if text.endswith(_end(asked.number)):
            return _Fate.WHOLE
        return _Fate.BROKEN if _begin(asked.number) in text else _Fate.TOLD

    async def until(self, what: Callable[[], bool]) -> bool:
        """Wait until it is so; whether it was in time."""
        try:
            async with asyncio.timeout(_LIMIT_S):
                while not what():
                    self._changed.clear()
                    await self._changed.wait()
                    # To look at all of it takes time, which the bots need.
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return False
        return True

    async def settled(self, asked: Sequence[_Asked]) -> None:
        open_ones = {_Fate.NOTHING, _Fate.UNFINISHED}
        await self.until(lambda: not any(self.fate(one) in open_ones for one in asked))

    async def quiet(self) -> None:
        """Wait until nothing has changed for some seconds."""
        with suppress(TimeoutError):
            while True:
                self._changed.clear()
                await asyncio.wait_for(self._changed.wait(), _QUIET_S)

    def _on_event(self, event: Event) -> None:
        if event.name.startswith("MESSAGE_"):
            self.changed_at = time.monotonic()
            self._changed.set()


def _begin(number: int) -> str:
    return f"About {number}:"


def _end(number: int) -> str:
    return f"and that is {number}."


async def _reply(prompt: str) -> AsyncIterator[str]:
    number = int(_QUESTION.findall(prompt)[-1])
    yield f" {_begin(number)}"
    for word in range(_WORDS):
        await asyncio.sleep(_PAUSE_S)
        yield f" word {word},"
    yield f" {_end(number)}"


@asynccontextmanager
async def _processes(place: _Place, database_url: str) -> AsyncIterator[list[BotProcess]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await place.sandbox.start()
        stack.push_async_callback(place.sandbox.close)
        await place.model.start()
        stack.push_async_callback(place.model.kill)
        bots: list[BotProcess] = []
        for shard in range(_SHARDS):
            own = folder / str(shard)
            own.mkdir()
            bots.append(
                BotProcess(
                    place.sandbox,
                    own,
                    ENGINE="remote",
                    REMOTE_URLS=place.model.url,
                    DATABASE_URL=database_url,
                    SHARD_COUNT=str(_SHARDS),
                    SHARD_IDS=str(shard),
                    LANES=str(_LANES),
                    QUEUE_LIMIT_PER_GUILD="1000",
                    GUILD_A_MINUTE="0",
                    EDIT_INTERVAL_S="1.2",
                )
            )
            stack.push_async_callback(bots[-1].kill)
        await asyncio.gather(*(bot.start() for bot in bots))
        yield bots


class _Sums:
    """The two tables."""

    def __init__(self, place: _Place) -> None:
        self._place = place
        self.fates = Table(
            "two-processes: what became of the questions",
            ("what happened", "whose", "asked", *_Fate, "model", "seconds"),
        )
        self.sentences = Table(
            "two-processes: what people were told instead of a whole reply",
            ("what happened", "sentence", "people"),
        )
        self.undone = 0
        """Questions answered twice or not at all, where their process lived."""

    def add(
        self, what: str, whose: str, asked: Sequence[_Asked], began: float, model: int, *, up: bool
    ) -> None:
        """``up``: whether the process of these people was running."""
        fates = Counter(self._place.fate(one) for one in asked)
        seconds = f"{self._place.changed_at - began:.0f}"
        cells = [str(fates[fate]) for fate in _Fate]
        self.fates.add(what, whose, str(len(asked)), *cells, str(model), seconds)
        if up:
            self.undone += fates[_Fate.TWICE] + fates[_Fate.NOTHING] + fates[_Fate.UNFINISHED]
        told: Counter[str] = Counter()
        for one in asked:
            if self._place.fate(one) in (_Fate.BROKEN, _Fate.TOLD):
                text = str(self._place.replies(one)[0]["content"])
                told[(_SMALL.findall(text) or [text])[-1]] += 1
        for sentence, people in told.most_common():
            self.sentences.add(what, sentence, str(people))


def _of(asked: Sequence[_Asked], shard: int) -> list[_Asked]:
    return [one for one in asked if one.shard == shard]


async def _all_well(place: _Place, sums: _Sums) -> None:
    began, before = time.monotonic(), len(place.model.asked)
    asked = place.ask()
    await place.settled(asked)
    sums.add("nothing", "all", asked, began, len(place.model.asked) - before, up=True)


async def _one_dies(place: _Place, sums: _Sums, bots: Sequence[BotProcess]) -> None:
    began, before = time.monotonic(), len(place.model.asked)
    asked = place.ask()
    victims, others = _of(asked, 1), _of(asked, 0)
    enough = len(victims) // 5
    await place.until(lambda: sum(place.fate(o) is _Fate.WHOLE for o in victims) >= enough)
    await bots[1].kill()
    await place.settled(others)
    model = len(place.model.asked) - before
    sums.add("a process is killed", "the other's", others, began, model, up=True)
    sums.add("a process is killed", "its own", victims, began, model, up=False)

    late = place.ask([1])
    began, before = time.monotonic(), len(place.model.asked)
    await bots[1].start()
    await place.quiet()
    model = len(place.model.asked) - before
    sums.add("it is started again", "its own", victims, began, model, up=False)
    sums.add("asked while it was away", "its own", late, began, model, up=False)
    began, before = time.monotonic(), len(place.model.asked)
    again = place.ask([1])
    await place.settled(again)
    model = len(place.model.asked) - before
    sums.add("asked again", "its own", again, began, model, up=True)


async def _model_dies(place: _Place, sums: _Sums) -> None:
    began, before = time.monotonic(), len(place.model.asked)
    asked = place.ask()
    enough = len(asked) // 5
    await place.until(lambda: sum(place.fate(o) is _Fate.WHOLE for o in asked) >= enough)
    await place.model.kill()
    await asyncio.sleep(_AWAY_S)
    await place.model.start()
    await place.settled(asked)
    model = len(place.model.asked) - before
    sums.add(f"the model is away for {_AWAY_S:.0f} s", "all", asked, began, model, up=True)


async def run(*, smoke: bool = False) -> Report:
    """200 conversations; 20 for a smoke run.

    Raises:
        DatabaseError: PostgreSQL is not installed.
    """
    programs = find_programs()
    if programs is None:
        raise DatabaseError("PostgreSQL is not installed: run `make tools`.")
    place = _Place(20 if smoke else 200)
    sums = _Sums(place)
    with running_server(programs) as database_url:
        async with _processes(place, database_url) as bots:
            await _all_well(place, sums)
            await _model_dies(place, sums)
            await _one_dies(place, sums, bots)
            complaints = sum(len(bot.complaints) for bot in bots)
    return Report(
        [sums.fates, sums.sentences],
        notes=_NOTES,
        targets=[
            at_most("lost or answered twice while their process ran", 0, sums.undone, "questions"),
            at_most("lines of errors in the logs", 0, complaints),
        ],
    )

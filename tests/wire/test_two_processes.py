"""Two processes of the bot, a shard each, on one PostgreSQL database and one server of a model."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.storage import Conversations, Database, Games, TurnState
from sandbox.files import Upload
from sandbox.people import Person
from sandbox.server import Sandbox
from sandbox.world import World
from tests.support.bot_process import BotProcess
from tests.support.judge import Judge
from tests.support.model_server import ModelServer
from tests.support.postgres import find_programs, running_server
from tests.support.reader import Reader, answer_to, buttons, told
from tests.support.shards import add_guild

SHARDS = 2
ROOMS = 3
"""In each server."""
HOLD = "hold"
"""A question with this word is answered by halves."""
RIVERS = Upload(
    "rivers.yaml",
    b"""
title: Rivers
author: Ada
licence: CC0
questions:
  - question: Which river runs through Vienna?
    answer: Danube
    wrong: [Rhine, Elbe, Oder]
    category: Water
    difficulty: easy
""",
)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    if given := os.environ.get("AIROCORD_TEST_POSTGRES"):
        yield given
        return
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: run `make tools`, or apt-get install postgresql")
    with running_server(programs) as url:
        yield url


@dataclass
class Stage:
    """Ada's servers, one on each shard; Bo is in both."""

    folder: Path
    database_url: str
    rooms: list[list[int]] = field(default_factory=list)
    """Channels by shard."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets replies that are held be ended."""

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(scene=self._furnish)
        self.model = ModelServer(self._reply)
        self.database = Database(self.database_url)
        self.bots: list[BotProcess] = []
        self.ada, self.bo = self.sandbox.person("Ada"), self.sandbox.person("Bo")

    def _furnish(self, world: World) -> None:
        ada, bo = world.add_user("Ada"), world.add_user("Bo")
        for shard in range(SHARDS):
            guild = add_guild(world, ada, shard=shard, count=SHARDS)
            world.join(guild, bo)
            self.rooms.append([world.add_channel(guild, f"room-{n}") for n in range(ROOMS)])

    async def _reply(self, prompt: str) -> AsyncIterator[str]:
        asked = prompt.rpartition("USER: ")[2].removesuffix(" ASSISTANT:")
        yield " You asked"
        if HOLD in asked:
            await self.go_on.wait()
        yield f" for {asked.split()[-1]}."

    def process(self, shards: str) -> BotProcess:
        """``shards``: as in ``SHARD_IDS``."""
        folder = self.folder / f"bot-{shards}"
        folder.mkdir()
        return BotProcess(
            self.sandbox,
            folder,
            ENGINE="remote",
            REMOTE_URLS=self.model.url,
            DATABASE_URL=self.database_url,
            SHARD_COUNT=str(SHARDS),
            SHARD_IDS=shards,
            QUEUE_LIMIT_PER_PERSON="10",
            PERSON_A_MINUTE="0",
        )

    def reader(self, channel_id: int) -> Reader:
        return Reader(self.bo, channel_id, self.sandbox.world.bot_id)

    def ask(self, channel_id: int, text: str) -> None:
        self.bo.send(channel_id, f"<@{self.sandbox.world.bot_id}> {text}")

    async def answers(self, channel_id: int, text: str) -> list[str]:
        """Ask for ``text``; all that the bot has said in the channel once it has answered."""
        with self.reader(channel_id) as reader:
            self.ask(channel_id, f"give me {text}")
            await reader.reads(f"You asked for {text}.")
            await reader.offers("Regenerate")
            return reader.texts

    async def last_state(self, channel_id: int) -> TurnState:
        """How the channel's last reply has ended."""
        found = await Conversations(self.database).last_reply(channel_id)
        assert found is not None
        return found.state

    async def plays(self, channel_id: int, winner: Person, loser: Person) -> None:
        """A game of one question, to its end."""
        pack = self.ada.use_command(channel_id, "trivia pack add", files={"file": RIVERS})
        await answer_to(self.ada, pack)
        with self.reader(channel_id) as reader:
            options: dict[str, str | int] = {"category": "Water", "rounds": 1, "seconds": 5}
            await told(winner, winner.use_command(channel_id, "trivia start", options))
            shown = await reader.reads("**Question 1 of")
            labels = buttons(shown)
            right = next(label for label in labels if label.endswith("Danube"))
            wrong = next(label for label in labels if label.endswith("Rhine"))
            for person, label in ((winner, right), (loser, wrong)):
                pressed = person.press(channel_id, int(str(shown["id"])), labels[label])
                assert (await told(person, pressed)).startswith("Locked in")
            await reader.reads("That was the last question.")

    async def winners(self, shard: int) -> list[tuple[int, int]]:
        """Who has points on the server of a shard, with how many right answers."""
        guild = self.sandbox.world.guild_id(self.rooms[shard][0])
        found = await Games(self.database).standings(guild_id=guild, kinds=("trivia",))
        return [(line.person_id, line.correct) for line in found]


@asynccontextmanager
async def opened(made: Stage, judge: Judge, *processes: str) -> AsyncIterator[Stage]:
    """With a process for each list of shards; all start together, on an empty database."""
    judge.watch(made.sandbox)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(made.database.close)
        await made.sandbox.start()
        stack.push_async_callback(made.sandbox.close)
        await made.model.start()
        stack.push_async_callback(made.model.kill)
        made.bots = [made.process(shards) for shards in processes]
        for bot in made.bots:
            stack.push_async_callback(bot.kill)
        await asyncio.gather(*(bot.start() for bot in made.bots))
        yield made
        made.go_on.set()
        for bot in made.bots:
            await bot.stop()
            assert bot.complaints == []
    assert judge.problems() == []


async def test_one_process_serves_all_shards_where_no_other_is_named(
    tmp_path: Path, judge: Judge
) -> None:
    made = Stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    async with opened(made, judge, "") as stage:
        places = [*stage.rooms[0], *stage.rooms[1], stage.bo.open_dm()]
        shown = await asyncio.gather(*(stage.answers(place, f"x{place}") for place in places))
        assert shown == [[f"You asked for x{place}."] for place in places]


@pytest.fixture
async def stage(tmp_path: Path, postgres_url: str, judge: Judge) -> AsyncIterator[Stage]:
    async with opened(Stage(tmp_path, postgres_url), judge, "0", "1") as made:
        yield made


async def test_two_processes_share_the_servers_and_one_dies_without_the_other(
    stage: Stage,
) -> None:
    first, second = stage.rooms
    dm = stage.bo.open_dm()

    # Everybody is answered once, by the process whose shard it is.
    places = [*first, *second, dm]
    shown = await asyncio.gather(*(stage.answers(place, f"x{place}") for place in places))
    assert shown == [[f"You asked for x{place}."] for place in places]
    assert len(stage.model.asked) == len(places)
    for bot, own in zip(stage.bots, ([*first, dm], second), strict=True):
        for place in own:
            await bot.logged(f"in channel {place} ended")
        assert {place for place in places if f"in channel {place} ended" in bot.log} == set(own)
    assert sum("told Discord" in bot.log for bot in stage.bots) == 1

    # Two games at once, with the same people and other winners.
    ada, bo = stage.ada, stage.bo
    await asyncio.gather(stage.plays(first[0], ada, bo), stage.plays(second[0], bo, ada))
    assert await stage.winners(0) == [(ada.id, 1)]
    assert await stage.winners(1) == [(bo.id, 1)]

    # One dies while both write.
    with stage.reader(first[1]) as goes_on, stage.reader(second[1]) as breaks_off:
        for place, reader in ((first[1], goes_on), (second[1], breaks_off)):
            stage.ask(place, f"{HOLD} it")
            await reader.sees(lambda messages: messages[-1]["content"] == "You asked")
        asked = len(stage.model.asked)
        await stage.bots[1].kill()
        stage.ask(second[2], "anybody there")
        assert (await stage.answers(first[2], "more"))[-1] == "You asked for more."
        assert len(stage.model.asked) == asked + 1
        with stage.reader(second[2]) as reader:
            assert len(reader.texts) == 1

        # It comes back: its reply says so, and the other one's is still being written.
        await stage.bots[1].start()
        await breaks_off.reads("I was interrupted by a restart")
        assert breaks_off.texts[-1].startswith("You asked\n")
        assert goes_on.texts[-1] == "You asked"
        stage.go_on.set()
        await goes_on.reads("You asked for it.")
        await goes_on.offers("Regenerate")
    await stage.bots[0].logged(f"in channel {first[1]} ended", times=2)
    assert await stage.last_state(first[1]) is TurnState.COMPLETE
    assert await stage.last_state(second[1]) is TurnState.INTERRUPTED
    assert (await stage.answers(second[2], "again"))[-1] == "You asked for again."

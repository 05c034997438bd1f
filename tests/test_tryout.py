"""``python -m bot try``: what its bot is given, and whom it leaves alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from bot.errors import AirocordError
from bot.settings import Settings
from bot.tryout import try_bot


@dataclass
class Trying:
    """One that runs until it is told to stop, with a bot that only keeps what it was given."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    given: asyncio.Future[Settings] = field(default_factory=asyncio.Future)

    async def run(self, settings: Settings, port: int = 0) -> None:
        async def bot(given: Settings, stop: asyncio.Event, is_ready: asyncio.Event) -> None:
            (given.data_dir / "airocord.db").touch()
            self.given.set_result(given)
            await stop.wait()

        await try_bot(
            bot, settings, self.stop, port=port, tell=lambda address: None, opens_browser=False
        )


def port_of(settings: Settings) -> int:
    return int(settings.discord_api_url.split(":")[2].split("/")[0])


async def test_one_that_finds_its_port_taken_leaves_the_one_that_runs_its_database(
    tmp_path: Path,
) -> None:
    first, second = Trying(), Trying()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first.run(Settings(data_dir=tmp_path)))
        given = await first.given
        with pytest.raises(AirocordError, match="cannot be used"):
            await second.run(Settings(data_dir=tmp_path), port_of(given))
        assert (given.data_dir / "airocord.db").exists()
        first.stop.set()


async def test_two_that_run_at_a_time_share_no_folder(tmp_path: Path) -> None:
    first, second = Trying(), Trying()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first.run(Settings(data_dir=tmp_path)))
        one = await first.given
        tasks.create_task(second.run(Settings(data_dir=tmp_path)))
        other = await second.given
        assert one.data_dir != other.data_dir
        assert (one.data_dir / "airocord.db").exists()
        first.stop.set()
        second.stop.set()


async def test_everything_begins_anew_and_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    first, second = Trying(), Trying()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first.run(Settings(data_dir=tmp_path)))
        given = await first.given
        first.stop.set()
    port = port_of(given)
    assert not given.data_dir.exists()
    # As one leaves it that is killed.
    given.data_dir.mkdir()
    (given.data_dir / "airocord.db-wal").touch()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(second.run(Settings(data_dir=tmp_path), port))
        again = await second.given
        assert [path.name for path in again.data_dir.iterdir()] == ["airocord.db"]
        second.stop.set()


async def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(AirocordError, match=r"cannot be written .* set DATA_DIR"):
        await Trying().run(Settings(data_dir=tmp_path / "data"))


async def test_what_is_set_for_real_people_servers_and_processes_does_not_bind_it(
    tmp_path: Path,
) -> None:
    trying = Trying()
    real = Settings(
        data_dir=tmp_path,
        owner_ids="1",
        only_servers="2",
        blocked_ids="3",
        shard_count=2,
        shard_ids="1",
        metrics_port=9400,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(trying.run(real))
        given = await trying.given
        trying.stop.set()
    assert (given.house.servers, given.house.blocked) == (frozenset(), frozenset())
    assert given.shards == Settings().shards
    assert given.metrics_port == 0


async def test_whoever_owns_the_server_there_runs_the_bot(tmp_path: Path) -> None:
    trying = Trying()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(trying.run(Settings(data_dir=tmp_path)))
        given = await trying.given
        headers = {"Authorization": f"Bot {given.discord_token}"}
        async with (
            aiohttp.ClientSession(given.discord_api_url + "/", headers=headers) as session,
            session.get("applications/@me") as answer,
        ):
            application = await answer.json()
        trying.stop.set()
    assert application["owner"]["username"] == "ada"
    assert given.house.owners == {int(application["owner"]["id"])}

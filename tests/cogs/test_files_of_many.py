"""Files that many people bring at once: a few of them are in memory, and the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import discord
import pytest
import pytest_asyncio

from bot import channel_documents
from bot.channel_documents import TOO_MANY_FILES, WITHDRAWN, ChannelDocuments, FilesWithdrawn
from bot.errors import DocumentError
from bot.storage import ChannelRef
from tests.support.asking_files import TREES
from tests.support.engine_reply import LIMIT_S
from tests.support.world import World

AT_ONCE = 6


@dataclass
class Crowd:
    """People, by number, who each bring one file to a channel of their own."""

    documents: ChannelDocuments
    files: list[discord.Attachment]
    fetched: list[int] = field(default_factory=list)
    """How many files were being fetched, each time that one more was."""
    may_arrive: asyncio.Event = field(default_factory=asyncio.Event)
    _fetching: int = 0

    async def read(self) -> bytes:
        """In the place of Discord: files are held until all of them may arrive."""
        self._fetching += 1
        self.fetched.append(self._fetching)
        await self.may_arrive.wait()
        self._fetching -= 1
        return TREES

    async def bring(self, person: int) -> int:
        """How many documents are kept of it."""
        channel = ChannelRef(person, guild_id=1)
        async with self.documents.brought(channel, self.files, added_by=person) as added:
            return len(added.documents)

    @asynccontextmanager
    async def bringing(self, people: int) -> AsyncIterator[list[asyncio.Task[int]]]:
        """So many people at once, of whom as many as may are being fetched for."""
        tasks = [asyncio.create_task(self.bring(person)) for person in range(people)]
        async with asyncio.timeout(LIMIT_S):
            while len(self.fetched) < min(people, AT_ONCE):
                await asyncio.sleep(0)
            try:
                yield tasks
            finally:
                self.may_arrive.set()
                await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def crowd(world: World, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    sent = await world.bob.send(world.channel, "look", attachments=[("trees.txt", TREES)])
    crowd = Crowd(world.client.documents, sent.attachments)
    monkeypatch.setattr(discord.Attachment, "read", lambda attachment: crowd.read())
    return crowd


async def test_all_are_read_and_only_a_few_at_once(crowd: Crowd) -> None:
    async with crowd.bringing(20) as tasks:
        assert max(crowd.fetched) == AT_ONCE
    assert [task.result() for task in tasks] == [1] * 20
    assert max(crowd.fetched) == AT_ONCE


async def test_of_more_than_can_wait_the_next_is_told_at_once(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_documents, "_WAITING", 2)
    async with crowd.bringing(AT_ONCE + 2) as tasks:
        with pytest.raises(DocumentError, match=TOO_MANY_FILES):
            await crowd.bring(99)
    assert [task.result() for task in tasks] == [1] * (AT_ONCE + 2)


async def test_who_has_waited_long_enough_is_told_and_leaves_no_place_taken(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_documents, "_WAIT_LIMIT_S", 0.01)
    async with crowd.bringing(AT_ONCE):
        with pytest.raises(DocumentError, match=TOO_MANY_FILES):
            await crowd.bring(99)
    assert [await crowd.bring(person) for person in range(AT_ONCE + 1)] == [1] * (AT_ONCE + 1)


async def test_files_that_are_withdrawn_while_they_wait_are_never_fetched(crowd: Crowd) -> None:
    async with crowd.bringing(AT_ONCE + 1) as tasks:
        crowd.documents.withdraw(AT_ONCE)
    with pytest.raises(FilesWithdrawn, match=WITHDRAWN):
        tasks[-1].result()
    assert len(crowd.fetched) == AT_ONCE

"""Somebody who reads a channel of the sandbox, and waits until it shows what a test waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sandbox.interactions import Interaction
from sandbox.people import Person
from sandbox.types import Json
from tests.support.model_on_a_wire import LIMIT_S

LOADING = 1 << 7
"""The flag of a message that Discord shows as "thinking…"."""


class Reader:
    """Reads as ``person`` does: what only others may see is not there."""

    def __init__(self, person: Person, channel_id: int, bot_id: int) -> None:
        self._person = person
        self._channel_id = channel_id
        self._bot_id = bot_id
        self._watch = person.watch()
        self.states: list[str] = []
        """Everything that the bot's messages here have said, one after another, as it was seen."""

    @property
    def messages(self) -> list[Json]:
        """The bot's messages, oldest first."""
        return [
            message
            for message in self._person.messages(self._channel_id)
            if author_of(message) == self._bot_id
        ]

    @property
    def texts(self) -> list[str]:
        return [text_of(message) for message in self.messages]

    async def sees(self, what: Callable[[list[Json]], bool]) -> list[Json]:
        """Wait until the bot's messages are so."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not what(self.messages):
                    await self._next()
        except TimeoutError:
            raise AssertionError(f"in vain; it shows {self.messages}") from None
        return self.messages

    async def reads(self, text: str) -> Json:
        """Wait for a message that contains ``text`` and return it."""
        found = await self.sees(lambda messages: any(text in str(m["content"]) for m in messages))
        return next(message for message in found if text in str(message["content"]))

    async def offers(self, label: str) -> Json:
        """Wait until the last message has a button of this name, and return the message."""
        found = await self.sees(lambda messages: bool(messages) and label in buttons(messages[-1]))
        return found[-1]

    async def _next(self) -> None:
        name, data = await anext(self._watch)
        if name.startswith("MESSAGE_") and "content" in data and author_of(data) == self._bot_id:
            self.states.append(str(data["content"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watch.close()


async def answer_to(person: Person, interaction: Interaction) -> Json:
    """The message that answers an interaction, once it says more than that it is thought about."""
    watch = person.watch()
    try:
        async with asyncio.timeout(LIMIT_S):
            await interaction.answered(LIMIT_S)
            assert interaction.state == "answered"
            while interaction.message is None or interaction.message["flags"] & LOADING:
                await anext(watch)
    finally:
        watch.close()
    return interaction.message


async def told(person: Person, interaction: Interaction) -> str:
    """What answers an interaction, in words."""
    return text_of(await answer_to(person, interaction))


def text_of(message: Json) -> str:
    """What a message says, in an embed too."""
    embeds = message["embeds"]
    assert isinstance(embeds, list)
    return "".join([str(message["content"]), *(str(embed["description"]) for embed in embeds)])


def author_of(message: Json) -> int:
    author = message["author"]
    assert isinstance(author, dict)
    return int(str(author["id"]))


def buttons(message: Json) -> dict[str, str]:
    """Label to custom id of a message's buttons."""
    found: dict[str, str] = {}
    rows = message.get("components")
    assert isinstance(rows, list)
    for row in rows:
        assert isinstance(row, dict)
        items = row["components"]
        assert isinstance(items, list)
        for item in items:
            assert isinstance(item, dict)
            found[str(item.get("label"))] = str(item["custom_id"])
    return found

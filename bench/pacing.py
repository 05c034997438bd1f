"""Fifty channels streaming at once under Discord's rate limits, beside an edit a second.

The sandbox's Discord is asked over HTTP by discord.py, which knows of limits what the answers'
headers tell it. The same replies, written at the same speed and begun at the same moments, are
shown by the bot's live replies and by the loop that most bots have: edit, sleep for a second.
Everything runs on one loop, Discord's side included.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import discord

from bench.table import Report, Table, at_most, percentile, spread
from bot.discord_api import served_from
from bot.generation.engine import Finish, FinishReason, SamplingParams
from bot.generation.ticket import Request, Ticket, TicketState
from bot.prompts import Prompt
from bot.replies.controls import view_finished, view_running
from bot.replies.live import LiveReply
from bot.replies.outlets import ChannelOutlet
from bot.replies.pacing import Pacers
from sandbox.buckets import MESSAGE, MESSAGES
from sandbox.server import Sandbox
from sandbox.traffic import Exchange

if TYPE_CHECKING:
    from sandbox.world import World

_WORDS_A_SECOND = 8.0
_LOOK_EVERY_S = 0.1
_READY_S = 20.0
_WORDS = ("river", "stone", "moon", "bread", "lamp", "window", "cloud", "fox", "garden", "train")


@dataclass(frozen=True, slots=True)
class _Part:
    """One reply, as it is going to be."""

    channel_id: int
    begins_s: float
    words: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """What somebody sees of one reply, and how old that is."""

    written: list[tuple[float, int]] = field(default_factory=list)
    """When the reply became so long, in characters."""
    shown: int = 0
    ended_at: float | None = None
    is_over: bool = False
    """The reply has ended, and all of it is shown."""
    _seen: int = 0

    def age_s(self, now: float) -> float:
        """How long ago the first text was written that is not shown; 0.0 when all is shown."""
        while self._seen < len(self.written) and self.written[self._seen][1] <= self.shown:
            self._seen += 1
        return now - self.written[self._seen][0] if self._seen < len(self.written) else 0.0


_Show = Callable[[Ticket, discord.PartialMessageable], Awaitable[None]]


def _live() -> _Show:
    """As the bot does it."""
    pacers = Pacers()

    async def nothing(*_: object) -> None:
        """No database."""

    async def show(ticket: Ticket, channel: discord.PartialMessageable) -> None:
        live = LiveReply(
            ticket,
            ChannelOutlet(channel),
            pacers.for_channel(channel.id),
            running=lambda: view_running(1),
            finished=lambda can_continue: view_finished(1, can_continue),
            on_shown=nothing,
            on_message=nothing,
            on_removed=nothing,
        )
        await live.run()

    return show


def _every_second() -> _Show:
    async def show(ticket: Ticket, channel: discord.PartialMessageable) -> None:
        while not ticket.text:
            await ticket.changed(ticket.version)
        async with channel.typing():
            message = await channel.send(ticket.text)
            while not ticket.state.ended:
                await asyncio.sleep(1.0)
                await message.edit(content=ticket.text)
            await message.edit(content=ticket.text)

    return show


_COLUMNS = (
    "shown by",
    "edits",
    "429",
    "overall",
    "age p50",
    "age p95",
    "last p50",
    "last, longest",
    "whole",
)
_WAYS = {"live replies": _live, "an edit a second": _every_second}


@dataclass(slots=True)
class _Result:
    """Of one run of one way."""

    edits: int = 0
    refused: int = 0
    """Answers of 429."""
    refused_overall: int = 0
    """Of these, for the limit over all channels."""
    ages_s: list[float] = field(default_factory=list)
    lasts_s: list[float] = field(default_factory=list)
    """From the end of a reply until all of it is shown."""
    whole: int = 0
    """Replies that stand there to their end when all is over."""


class _Watch:
    """Sees what Discord is asked, and looks at all channels ten times a second."""

    def __init__(self, result: _Result, channels: Sequence[int]) -> None:
        self._result = result
        self.readers = {channel_id: _Reader() for channel_id in channels}
        self._now = asyncio.get_running_loop().time

    def on_exchange(self, exchange: Exchange) -> None:
        if exchange.status == 429:
            self._result.refused += 1
            answer = exchange.answer
            self._result.refused_overall += isinstance(answer, dict) and bool(answer["global"])
        elif exchange.route in (MESSAGES, MESSAGE) and isinstance(exchange.body, dict):
            self._result.edits += exchange.method == "PATCH"
            reader = self.readers[int(exchange.path.split("/")[2])]
            reader.shown = len(str(exchange.body.get("content", "")))
            if reader.ended_at is not None and not reader.is_over:
                reader.is_over = reader.age_s(self._now()) == 0.0
                if reader.is_over:
                    self._result.lasts_s.append(self._now() - reader.ended_at)

    async def look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self._result.ages_s += [
                reader.age_s(self._now())
                for reader in self.readers.values()
                if reader.written and not reader.is_over
            ]


async def _write(part: _Part, ticket: Ticket, reader: _Reader) -> None:
    """As the queue and an engine would."""
    now = asyncio.get_running_loop().time
    ticket.state = TicketState.RUNNING
    ticket.touch()
    for word in part.words:
        await asyncio.sleep(1 / _WORDS_A_SECOND)
        ticket.text += f" {word}" if ticket.text else word
        reader.written.append((now(), len(ticket.text)))
        ticket.touch()
    reader.ended_at = now()
    ticket.state = TicketState.DONE
    ticket.finish = Finish(
        reason=FinishReason.STOP, prompt_tokens=1, cached_tokens=0, new_tokens=len(part.words)
    )
    ticket.touch()


async def _reply(part: _Part, show: _Show, client: discord.Client, reader: _Reader) -> str:
    """Returns what it says in the end."""
    await asyncio.sleep(part.begins_s)
    request = Request(prompt=Prompt(["?"]), params=SamplingParams(), person=1)
    ticket = Ticket(request=request)
    channel = client.get_partial_messageable(part.channel_id)
    await asyncio.gather(_write(part, ticket, reader), show(ticket, channel))
    return ticket.text


async def _play(way: Callable[[], _Show], parts: int, words: int, seed: int) -> _Result:
    """One run with a Discord, and a connection to it, of its own."""
    channels: list[int] = []

    def furnish(world: World) -> None:
        guild = world.add_guild("Fifty", world.add_user("Ada"))
        channels.extend(world.add_channel(guild, f"channel-{n}") for n in range(parts))

    sandbox = Sandbox(scene=furnish)
    await sandbox.start()
    try:
        async with _connected(sandbox) as client:
            result = _Result()
            watch = _Watch(result, channels)
            sandbox.traffic.listeners.append(watch.on_exchange)
            looking = asyncio.create_task(watch.look())
            show = way()
            said = await asyncio.gather(
                *(
                    _reply(part, show, client, watch.readers[part.channel_id])
                    for part in _parts(channels, words, seed)
                )
            )
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            result.whole = sum(
                _last_message(sandbox, channel_id) == text
                for channel_id, text in zip(channels, said, strict=True)
            )
            return result
    finally:
        await sandbox.close()


def _parts(channels: Sequence[int], words: int, seed: int) -> list[_Part]:
    """All begin within half of the time that one takes, and are a quarter shorter or longer."""
    dice = random.Random(seed)  # noqa: S311 - the same each time
    return [
        _Part(
            channel_id,
            dice.uniform(0, words / _WORDS_A_SECOND / 2),
            tuple(dice.choices(_WORDS, k=round(words * dice.uniform(0.75, 1.25)))),
        )
        for channel_id in channels
    ]


def _last_message(sandbox: Sandbox, channel_id: int) -> str:
    (message,) = sandbox.world.messages(channel_id, sandbox.world.bot_id)
    return str(message["content"])


@asynccontextmanager
async def _connected(sandbox: Sandbox) -> AsyncIterator[discord.Client]:
    client = discord.Client(intents=discord.Intents.default(), guild_ready_timeout=0.0)
    with served_from(sandbox.api_url):
        running = asyncio.create_task(client.start(sandbox.bot_token))
        try:
            await sandbox.gateway.connected(within_s=_READY_S)
            yield client
        finally:
            await client.close()
            await asyncio.gather(running, return_exceptions=True)


async def run(*, smoke: bool = False) -> Report:
    """50 channels, replies of some 20 seconds, three times each way; 5 channels and a
    second for a smoke run."""
    channels, words, rounds = (5, 8, 1) if smoke else (50, 160, 3)
    results: dict[str, list[_Result]] = {name: [] for name in _WAYS}
    for seed in range(rounds):
        for name, way in _WAYS.items():
            results[name].append(await _play(way, channels, words, seed))
    table = Table(
        f"discord: {channels} channels streaming at once, {rounds} times",
        _COLUMNS,
        note="429: requests that Discord refused; overall: for its limit over all channels. Age: "
        "how long the oldest text that is not shown yet has been there, looked at ten times a "
        "second in each channel. Last: from the end of a reply until all of it is shown. Whole: "
        "replies that stand there to their end. In brackets the least and the most of the runs.",
    )
    for name, runs in results.items():
        table.add(
            name,
            spread([one.edits for one in runs], ",.0f"),
            spread([one.refused for one in runs], ",.0f"),
            spread([one.refused_overall for one in runs], ",.0f"),
            spread([percentile(one.ages_s, 0.5) for one in runs], ".2f") + " s",
            spread([percentile(one.ages_s, 0.95) for one in runs], ".2f") + " s",
            spread([percentile(one.lasts_s, 0.5) for one in runs], ".2f") + " s",
            spread([max(one.lasts_s) for one in runs], ".2f") + " s",
            f"{sum(one.whole for one in runs)} of {channels * rounds}",
        )
    ours = results["live replies"]
    targets = [
        at_most("429 answers to live replies", 0, max(one.refused for one in ours)),
        at_most(
            "replies that are not shown to their end",
            0,
            channels * rounds - sum(one.whole for one in ours),
        ),
    ]
    return Report([table], targets=targets, notes=_NOTES)


_NOTES = """\
The limits are those of the sandbox: 5 edits in 5 seconds in a channel, 50 requests a second over
all; each reply also asks for "typing…". Replies of 8 words a second begin within ten seconds of
each other."""

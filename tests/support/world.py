"""The whole bot on a simulated Discord, with a scripted engine and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import discord
from discord import app_commands
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle
from simcord.env import Env

from bot.access import Access
from bot.attachments import DownloadLimits
from bot.channel_documents import ChannelDocuments
from bot.client import AirocordClient, Operator
from bot.conversation import Conversation
from bot.core import Core
from bot.documents.extracted import Limits
from bot.errors import AirocordError
from bot.generation.engine import Engine, SamplingParams
from bot.generation.figures import QueueLimits
from bot.generation.queue import GenerationQueue
from bot.house import House
from bot.housekeeping import Housekeeping
from bot.panel.words import Bounds
from bot.play.play import build_play
from bot.play.workshop import Stock
from bot.prompting import Prompter
from bot.reading_files import FileReader, ReadFile
from bot.replies.pacing import Pacers
from bot.storage import (
    Conversations,
    Database,
    Guilds,
    Library,
    PersonalData,
    Preferences,
    Retention,
)
from tests.support.engines import ScriptedEngine
from tests.support.migrated import put_database

SYSTEM = "Be kind."


@dataclass(slots=True)
class World:
    env: Env
    client: AirocordClient
    engine: ScriptedEngine
    """The one that answers, unless the world was opened with another."""
    queue: GenerationQueue
    database: Database
    guild: GuildHandle
    channel: ChannelHandle
    alice: MemberActor
    """May manage channels and messages."""
    bob: MemberActor
    """May do what everybody may."""

    @property
    def history(self) -> Conversations:
        return self.client.conversation.history

    def shown(self, channel: ChannelHandle | None = None) -> list[str]:
        """What the bot has said in a channel, oldest first."""
        messages = (channel or self.channel).history()
        return [m.content for m in messages if m.author.id == self.client.me.id]


def build_conversation(
    engine: Engine,
    database: Database,
    *,
    limits: QueueLimits | None = None,
    max_new_tokens: int = 512,
    reads_ahead: bool = False,
) -> tuple[Conversation, GenerationQueue]:
    """As the application puts it together, but edits need not wait for their pace."""
    queue = GenerationQueue(engine, limits)
    prompter = Prompter(engine, "vicuna", SamplingParams(max_new_tokens=max_new_tokens))
    preferences = Preferences(database, Guilds(database))
    conversation = Conversation(
        queue=queue,
        prompter=prompter,
        history=Conversations(database),
        preferences=preferences,
        people=PersonalData(database),
        pacers=Pacers(shortest_s=0.0),
        system_prompt=SYSTEM,
        max_messages=3,
        approach_of=_documents(engine, database, preferences).about_the_same,
        reads_ahead=reads_ahead,
    )
    return conversation, queue


class _RememberingReader(FileReader):
    """Starts no second process for a file that another test has read."""

    known: ClassVar[dict[tuple[str, bytes], ReadFile]] = {}

    async def read(self, name: str, data: bytes) -> ReadFile:
        if (name, data) not in self.known:
            self.known[name, data] = await super().read(name, data)
        return self.known[name, data]


def _documents(engine: Engine, database: Database, preferences: Preferences) -> ChannelDocuments:
    prompter = Prompter(engine, "vicuna", SamplingParams(max_new_tokens=512))
    return ChannelDocuments(
        library=Library(database),
        reader=_RememberingReader(Limits(), prompter.length),
        prompter=prompter,
        preferences=preferences,
        system_prompt=SYSTEM,
        downloads=DownloadLimits(file_bytes=1 << 20),
        max_documents=3,
        max_characters=100_000,
        max_parts=6,
    )


def build_client(
    conversation: Conversation,
    folder: Path,
    *,
    message_content: bool = True,
    house: House = House(),  # noqa: B008 - frozen
) -> AirocordClient:
    engine, database = conversation._queue.engine, conversation.history._database
    prompter = Prompter(engine, "vicuna", SamplingParams(max_new_tokens=512))
    return AirocordClient(
        conversation=conversation,
        play=build_play(
            database,
            conversation._queue,
            prompter,
            conversation.replies.pacers,
            system_prompt=SYSTEM,
            figures_file=folder / "figures.json",
            guilds=conversation.preferences.guilds,
            stock=Stock(low=0, high=0, clues=0),
        ),
        documents=_documents(engine, database, conversation.preferences),
        access=Access(house, conversation.preferences.guilds),
        bounds=Bounds(temperature=0.7, reply_tokens=512, retention_days=30),
        operator=Operator(conversation._queue.reload, conversation._queue.keeper.pause),
        housekeeping=Housekeeping(
            Retention(database), conversation.preferences, days=30, grace_days=7
        ),
        about=Core(engine, "", conversation._queue, prompter).about,
        queue_status=lambda: conversation._queue.status,
        message_content=message_content,
        message_file_limit=1024,
        synced_commands=folder / "commands.sha256",
    )


@asynccontextmanager
async def open_world(
    folder: Path,
    *,
    engine: Engine | None = None,
    limits: QueueLimits | None = None,
    max_new_tokens: int = 512,
    settle_timeout: float = 5.0,
    is_loaded: bool = True,
) -> AsyncIterator[World]:
    """``is_loaded``: the model is there when people come; the bot is online before that.

    Not ``simcord.run``, which a fixture cannot use: it wants one task from start to end.
    """
    scripted = ScriptedEngine()
    engine = engine or scripted
    database = Database(f"sqlite+aiosqlite:///{put_database(folder)}")
    conversation, queue = build_conversation(
        engine, database, limits=limits, max_new_tokens=max_new_tokens
    )
    client = build_client(conversation, folder)
    if is_loaded:
        await queue.load()
    env = Env(client, settle_timeout=settle_timeout)
    await env.start()
    try:
        guild = env.create_guild()
        manage = discord.Permissions(manage_channels=True, manage_messages=True)
        managers = guild.create_role("Managers", permissions=manage)
        yield World(
            env=env,
            client=client,
            engine=scripted,
            queue=queue,
            database=database,
            guild=guild,
            channel=guild.create_text_channel("general"),
            alice=guild.add_member(env.create_user("Alice"), roles=[managers]),
            bob=guild.add_member(env.create_user("Bob")),
        )
        # What people are told in a sentence also passes through discord.py's error handler.
        told = (AirocordError, app_commands.CheckFailure)
        faults = [e for e in env.errors if not isinstance(e.__cause__ or e, told)]
        assert not faults
    finally:
        await env.shutdown()
        await queue.drain(0)
        await database.close()


def mention(world: World) -> str:
    return f"<@{world.client.me.id}>"


async def turns(world: World, channel_id: int | None = None) -> list[tuple[str, str]]:
    """Questions and replies of a channel as the next prompt would hold them."""
    window = await world.history.window(channel_id or world.channel.id)
    return [(e.question.content, e.reply.content) for e in window]

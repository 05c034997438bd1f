"""The discord.py client: loads the cogs, keeps the commands in sync, explains errors."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import Access, NotWelcome, Purpose
from bot.channel_documents import ChannelDocuments
from bot.command_words import CommandWords, translated
from bot.connection import Connection
from bot.conversation import Conversation, Speaker
from bot.errors import AirocordError
from bot.generation.figures import QueueStatus
from bot.housekeeping import Housekeeping, Membership
from bot.interrupted_replies import mark_interrupted
from bot.logs import begin_request
from bot.panel.words import Bounds
from bot.play.interrupted import tell_interrupted
from bot.play.play import Play
from bot.privacy import PrivacyRequests
from bot.replies.controls import DYNAMIC_ITEMS
from bot.replies.telling import respond
from bot.reply_actions import ReplyActions
from bot.sentences import sentence_for, tell_of
from bot.shards import ALL_SHARDS, Shards
from bot.storage import InterruptedReply, RunningGame

log = logging.getLogger(__name__)

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    attach_files=True,
    read_message_history=True,
)
"""What the bot uses in a channel, and what its invitation asks for."""

COGS = (
    "cogs.chat",
    "cogs.askdocs",
    "cogs.trivia",
    "cogs.anagrams",
    "cogs.wordgames",
    "cogs.settings",
    "cogs.admin",
    "cogs.privacy",
    "cogs.status",
)


def may_read_messages(flags: discord.ApplicationFlags) -> bool:
    """Whether the Message Content Intent is switched on for the application."""
    return flags.gateway_message_content or flags.gateway_message_content_limited


class CommandTree(app_commands.CommandTree["AirocordClient"]):
    """Asks of every command whether its person may, and answers one that fails with a sentence,
    or with an id that is in the log."""

    async def interaction_check(self, interaction: discord.Interaction[AirocordClient], /) -> bool:
        if interaction.type is discord.InteractionType.autocomplete:
            return True
        begin_request()
        _log_command(interaction)
        try:
            await interaction.client.access.check_command(interaction)
        except NotWelcome as refused:
            await respond(interaction, str(refused))
            return False
        return True

    async def on_error(
        self,
        interaction: discord.Interaction[AirocordClient],
        error: app_commands.AppCommandError,
    ) -> None:
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await tell_of(interaction, cause)


@dataclass(frozen=True, slots=True)
class Operator:
    """What whoever runs the bot can do to it while it runs."""

    reload: Callable[[], Awaitable[None]]
    """Loads the model anew. Raises :class:`~bot.errors.AirocordError`."""
    pause: Callable[[bool], None]
    """Takes no new questions, or takes them again."""


class AirocordClient(commands.Bot):
    """One connection to Discord. Everything it needs is handed in; it owns nothing but itself."""

    def __init__(
        self,
        *,
        conversation: Conversation,
        documents: ChannelDocuments,
        play: Play,
        access: Access,
        bounds: Bounds,
        operator: Operator,
        housekeeping: Housekeeping,
        about: Callable[[], str],
        queue_status: Callable[[], QueueStatus],
        message_content: bool,
        message_file_limit: int,
        synced_commands: Path,
        shards: Shards = ALL_SHARDS,
        channel_language: str | None = None,
    ) -> None:
        """``bounds``: within which admins choose. ``message_file_limit``: bytes.
        ``synced_commands``: the file that remembers which commands Discord has. ``shards``: of
        more than one, :class:`ShardedClient` connects to those that are this process's.
        ``channel_language``: what is spoken in channels, whatever their server's language is."""
        # It never speaks in voice channels, and so does without what discord.py misses for them.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        intents = discord.Intents.none()
        intents.guilds = intents.messages = True
        intents.message_content = message_content
        super().__init__(
            command_prefix=commands.when_mentioned,
            intents=intents,
            tree_cls=CommandTree,
            help_command=None,
            allowed_mentions=discord.AllowedMentions.none(),
            # Messages are read from the database, not from discord.py's cache.
            max_messages=None,
            shard_count=shards.count if shards.count > 1 else None,
        )
        self.channel_language = channel_language
        self.conversation = conversation
        self.documents = documents
        self.play = play
        self.access = access
        self.bounds = bounds
        self.operator = operator
        self.housekeeping = housekeeping
        self.privacy = PrivacyRequests(conversation.people, conversation, documents, play.host)
        self.about = about
        self.queue_status = queue_status
        self.message_file_limit = message_file_limit
        self.reply_actions = ReplyActions(
            conversation, access, lambda: self.me, documents.are_behind
        )
        self.interrupted: Sequence[InterruptedReply] = ()
        """Replies that a process left unfinished when it died; marked once we are logged in."""
        self.interrupted_games: Sequence[RunningGame] = ()
        """Likewise."""
        self.online = asyncio.Event()
        """Set once Discord has let us in for the first time."""
        self.own_shards = shards
        self._started_at = time.monotonic()
        self._synced_commands = synced_commands
        self._marking: asyncio.Task[None] | None = None
        self._is_connected = False

    @property
    def me(self) -> Speaker:
        assert self.user is not None  # noqa: S101 - asked for only after login
        return Speaker(self.user.id, self.user.display_name)

    @property
    def membership(self) -> Membership:
        """In which servers it is, once it is online."""
        return Membership(
            frozenset(guild.id for guild in self.guilds),
            frozenset(self.own_shards.ids),
            self.shard_count or 1,
        )

    def connection(self) -> Connection:
        """How the connection to Discord stands, for the metrics."""
        return Connection(
            is_ready=self.is_connected and not self.is_closed(),
            latency_s=self.latency,
            servers=len(self.guilds),
            edits=self.conversation.replies.pacers.traffic.total,
            documents=self.documents.taken,
            games=self.play.host.begun,
        )

    @property
    def uptime_s(self) -> float:
        return time.monotonic() - self._started_at

    async def setup_hook(self) -> None:
        await self.tree.set_translator(CommandWords())
        self.add_dynamic_items(*DYNAMIC_ITEMS)
        # It is called again where Discord stumbled over what comes after.
        for cog in COGS:
            if cog not in self.extensions:
                await self.load_extension(cog)
        if self.own_shards.lead:
            await self.sync_commands()
        self._marking = asyncio.create_task(self._mark(), name="mark what was interrupted")

    @property
    def is_connected(self) -> bool:
        """Whether Discord tells of what happens at this moment. discord.py's own ``is_ready``
        stays as it is when the connection is lost."""
        return self._is_connected

    async def on_ready(self) -> None:
        self._is_connected = True
        self.online.set()

    async def on_resumed(self) -> None:
        self._is_connected = True

    async def on_disconnect(self) -> None:
        self._is_connected = False

    async def close(self) -> None:
        if self._marking is not None:
            self._marking.cancel()
            await asyncio.gather(self._marking, return_exceptions=True)
        await super().close()

    async def show_source(
        self, interaction: discord.Interaction, turn_id: int, number: int
    ) -> None:
        """Show a passage that a reply comes from to who may ask about documents."""
        try:
            await self.access.check(interaction, Purpose.DOCUMENTS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
            await respond(interaction, sentence_for(error))
            return
        await self.documents.show_source(interaction, turn_id, number)

    async def on_message(self, message: discord.Message) -> None:
        """Nothing: there are no prefix commands, the cogs listen for themselves."""

    async def _mark(self) -> None:
        await mark_interrupted(self, self.conversation.history, self.interrupted)
        await tell_interrupted(self, self.play.host.games, self.interrupted_games)

    async def sync_commands(self, *, even_if_known: bool = False) -> None:
        """Tell Discord the commands if they, or their translations, changed: it takes 200 new
        ones a day and server."""
        text = json.dumps([self.application_id, await translated(self.tree)], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        try:
            known = await asyncio.to_thread(_read, self._synced_commands)
            if known == digest and not even_if_known:
                return
            # Before Discord is told: what could not be noted would be told at every start.
            await asyncio.to_thread(_write, self._synced_commands, "")
        except OSError as error:
            raise AirocordError(
                f"The folder {self._synced_commands.parent} cannot be written ({error.strerror}). "
                "Give the bot the right to write there, or set DATA_DIR to another one."
            ) from error
        synced = await self.tree.sync()
        await asyncio.to_thread(_write, self._synced_commands, digest)
        log.info("told Discord %d commands", len(synced))


class ShardedClient(AirocordClient, discord.AutoShardedClient):
    """A connection for each of its shards, as :class:`commands.AutoShardedBot` has them."""

    @functools.cached_property
    def _connected_shards(self) -> set[int]:
        return set()

    @property
    def is_connected(self) -> bool:
        return self._connected_shards.issuperset(self.own_shards.ids)

    async def on_shard_ready(self, shard_id: int) -> None:
        self._connected_shards.add(shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        self._connected_shards.add(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self._connected_shards.discard(shard_id)

    async def launch_shards(self) -> None:
        self.shard_ids = list(self.own_shards.ids)
        await super().launch_shards()


def _log_command(interaction: discord.Interaction[AirocordClient]) -> None:
    command = interaction.command
    name = command.qualified_name if command is not None else "an unknown command"
    log.info("%s in channel %s of server %s", name, interaction.channel_id, interaction.guild_id)


def _read(file: Path) -> str:
    return file.read_text("ascii") if file.exists() else ""


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "ascii")

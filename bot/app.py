"""The composition root: settings in, a running application out. Owns every lifetime."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot import handlers
from bot.access import Access
from bot.attachments import DownloadLimits
from bot.channel_documents import ChannelDocuments
from bot.client import AirocordClient, Operator, ShardedClient, may_read_messages
from bot.conversation import Conversation
from bot.core import Core, build_core
from bot.discord_api import served_from
from bot.errors import AirocordError, SettingsError
from bot.generation.figures import QueueStatus
from bot.housekeeping import Housekeeping
from bot.panel.words import Bounds
from bot.play.opentdb_client import OpenTdbClient
from bot.play.play import build_play
from bot.play.workshop import Stock
from bot.reading_files import FileReader
from bot.replies.pacing import Pacers
from bot.settings import Settings
from bot.storage import (
    Conversations,
    Database,
    Guilds,
    Library,
    PersonalData,
    Preferences,
    Retention,
)

log = logging.getLogger(__name__)

_LAST_WORDS_S = 15.0
"""At shutdown, how long replies that were ended may take to show and store their last text."""

_UNREACHABLE = (
    aiohttp.ClientError,
    OSError,
    discord.HTTPException,
    discord.GatewayNotFound,
)
"""What comes of a network, or a Discord, that is not there."""

_LOGIN_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Between tries to log in: a machine that starts may have the bot up before its network, and
Discord stumbles now and then."""

_TOO_MANY_SERVERS = 4011
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway"""

_NO_INTENT = (
    "The application may not read messages. Switch on Message Content Intent on its Bot page at "
    "https://discord.com/developers/applications, or set MESSAGE_CONTENT_INTENT=false in .env."
)

WHERE_FROM = (
    "Make an application at https://discord.com/developers/applications, copy the token from its "
    "Bot page, and put DISCORD_TOKEN=… into .env."
)


def build_client(settings: Settings, core: Core, database: Database) -> AirocordClient:
    """The bot as Discord sees it, not connected yet."""
    guilds = Guilds(database)
    preferences = Preferences(database, guilds)
    documents = ChannelDocuments(
        library=Library(database),
        reader=FileReader(settings.document_limits, core.prompter.length),
        prompter=core.prompter,
        preferences=preferences,
        system_prompt=settings.system_prompt,
        downloads=DownloadLimits(
            files=settings.document_files,
            file_bytes=settings.document_limit_mb << 20,
            total_bytes=settings.document_total_mb << 20,
        ),
        max_documents=settings.channel_documents,
        max_characters=settings.channel_characters,
        max_parts=settings.document_parts,
    )
    pacers = Pacers(shortest_s=settings.edit_interval_s)
    conversation = Conversation(
        queue=core.queue,
        prompter=core.prompter,
        history=Conversations(database),
        preferences=preferences,
        people=PersonalData(database),
        pacers=pacers,
        system_prompt=settings.system_prompt,
        max_messages=settings.reply_max_messages,
        approach_of=documents.about_the_same,
        # What others' servers do with a prompt that is asked for nothing is not known.
        reads_ahead=settings.engine != "remote",
    )
    shards = settings.shards
    client_class = ShardedClient if shards.count > 1 else AirocordClient
    return client_class(
        conversation=conversation,
        documents=documents,
        play=build_play(
            database,
            core.queue,
            core.prompter,
            pacers,
            system_prompt=settings.system_prompt,
            figures_file=settings.figures_file,
            guilds=guilds,
            stock=Stock(
                low=(settings.question_stock + 1) // 2,
                high=settings.question_stock,
                clues=settings.clue_stock,
            ),
        ),
        access=Access(settings.house, guilds),
        bounds=Bounds(
            temperature=settings.temperature,
            reply_tokens=settings.max_new_tokens,
            retention_days=settings.retention_days,
        ),
        operator=Operator(core.reload, core.queue.keeper.pause),
        housekeeping=Housekeeping(
            Retention(database),
            preferences,
            days=settings.retention_days,
            grace_days=settings.left_server_grace_days,
            removes=shards.lead,
        ),
        about=core.about,
        queue_status=lambda: core.queue.status,
        message_content=settings.message_content_intent,
        message_file_limit=settings.message_file_limit_kb * 1024,
        synced_commands=settings.data_dir / "commands.sha256",
        shards=shards,
        channel_language=None
        if settings.channel_language == "server"
        else settings.channel_language,
    )


async def run_bot(
    settings: Settings, stop: asyncio.Event, is_ready: asyncio.Event | None = None
) -> None:
    """Run until ``stop`` is set, then finish what can be finished.

    The model loads while the bot is already online, so that those who ask are told so.
    ``is_ready`` is set once the bot is online and the model is loaded.

    Raises:
        AirocordError: it cannot run, or cannot go on; the text says what to do.
    """
    if not settings.discord_token:
        raise SettingsError(f"DISCORD_TOKEN is not set. {WHERE_FROM}")
    core = build_core(settings)
    log.info("%s", core.choice)
    database = Database(settings.effective_database_url)
    try:
        await database.upgrade()
        client = build_client(settings, core, database)
        # Before anybody can ask: whatever is pending now was left so by a process that died.
        shards = settings.shards
        if not shards.are_all:
            log.info("serving shards %s", shards)
        client.interrupted = [
            *await client.conversation.people.drop_all_unkept(shards),
            *await client.conversation.history.close_interrupted(shards),
        ]
        client.interrupted_games = await client.play.host.games.close_interrupted(shards)
        with served_from(settings.discord_api_url):
            async with _watched(settings, core, client):
                await _run_connected(settings, core, client, stop, is_ready or asyncio.Event())
    finally:
        await database.close()


@asynccontextmanager
async def _watched(settings: Settings, core: Core, client: AirocordClient) -> AsyncGenerator[None]:
    """Tell figures at METRICS_PORT, where one is set.

    Raises:
        AirocordError: the port cannot be had.
    """
    if not settings.metrics_port:
        yield
        return
    # What it needs is not loaded where nobody asks for it.
    from bot.metrics import Metrics, served  # noqa: PLC0415

    def status() -> QueueStatus:
        return core.queue.status

    metrics = Metrics(status, client.connection)
    core.queue.accounts.on_finished = metrics.finished
    core.queue.accounts.on_failed = metrics.failed
    async with served(
        metrics,
        status,
        client.connection,
        host=settings.metrics_host,
        port=settings.metrics_port,
    ):
        yield


async def _run_connected(
    settings: Settings,
    core: Core,
    client: AirocordClient,
    stop: asyncio.Event,
    is_ready: asyncio.Event,
) -> None:
    connection = asyncio.create_task(_connect(client, settings.discord_token), name="discord")
    starting = asyncio.create_task(_start(core, client, is_ready), name="start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    working = asyncio.create_task(_work_ahead(client, is_ready), name="work ahead")
    fetching = asyncio.create_task(_fetch_questions(settings, client), name="fetch questions")
    keeping = asyncio.create_task(_keep_house(client), name="keep house")
    try:
        await _until_over(connection, starting, stopping)
    finally:
        log.info("stopping")
        starting.cancel()
        working.cancel()
        fetching.cancel()
        keeping.cancel()
        await client.play.host.close()
        await core.queue.drain(settings.drain_s)
        await client.conversation.replies.finished(_LAST_WORDS_S)
        await handlers.finished(_LAST_WORDS_S)
        connection.cancel()
        stopping.cancel()
        await asyncio.gather(
            connection, starting, stopping, working, fetching, keeping, return_exceptions=True
        )
        await client.close()


async def _start(core: Core, client: AirocordClient, is_ready: asyncio.Event) -> None:
    await core.load()
    log.info("the model is loaded")
    await client.online.wait()
    log.info("ready on %d servers", len(client.guilds))
    is_ready.set()


async def _work_ahead(client: AirocordClient, is_ready: asyncio.Event) -> None:
    """Let the model make what games need while nobody wants anything of it."""
    if not client.own_shards.lead:
        return
    await is_ready.wait()
    try:
        await client.play.workshop.run()
    except Exception:
        # Games go on without what is made ahead.
        log.exception("nothing is written ahead any more")


async def _fetch_questions(settings: Settings, client: AirocordClient) -> None:
    """Fetch questions from the internet, where whoever runs the bot wants that."""
    if not settings.opentdb_questions or not client.own_shards.lead:
        return
    try:
        await OpenTdbClient(client.play.trivia.bank, settings.opentdb_questions).run()
    except Exception:
        # Games go on with the questions that are here.
        log.exception("no more questions are fetched")


async def _keep_house(client: AirocordClient) -> None:
    """Remove what is older than it is to be kept, once it is known which servers we are in."""
    await client.online.wait()
    await client.housekeeping.run(lambda: client.membership)


async def _until_over(
    connection: asyncio.Task[None], starting: asyncio.Task[None], stopping: asyncio.Task[bool]
) -> None:
    """Wait for the first thing that ends the run; to have started well is not one."""
    waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {connection, starting, stopping}
    while connection in waiting and stopping in waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _log_in(client: AirocordClient, token: str) -> None:
    for pause_s in _LOGIN_PAUSES_S:
        try:
            return await client.login(token)
        except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
            log.warning("Discord cannot be reached (%s); I try again in %.0f s", error, pause_s)
        # Each login opens a session on the connector, which ends with the session.
        await client.http.close()
        client.http.connector = discord.utils.MISSING
        await asyncio.sleep(pause_s)
    return await client.login(token)


async def _stay_connected(client: AirocordClient) -> None:
    """Until the client is closed. discord.py connects anew by itself, but for the first time: it
    asks a connection that it never had where to go on (2.7)."""
    tries = len(_LOGIN_PAUSES_S)
    while True:
        try:
            return await client.connect()
        except AttributeError as error:
            cause = error.__context__
            if client.ws is not None or not isinstance(cause, _UNREACHABLE):
                raise
            if not tries:
                raise cause from None
        # It has waited already.
        tries -= 1
        log.warning("Discord's gateway cannot be reached (%s); I try again", cause)


def _check_intents(client: AirocordClient) -> None:
    """What Discord would say of them costs a session, of which it allows 1,000 a day."""
    application = client.application
    wants_content = client.intents.message_content
    if application is not None and wants_content and not may_read_messages(application.flags):
        raise SettingsError(_NO_INTENT)


async def _connect(client: AirocordClient, token: str) -> None:
    """Stay connected to Discord until the client is closed.

    Raises:
        SettingsError: Discord refuses the token, the intents or the shards.
        AirocordError: Discord cannot be reached.
    """
    try:
        await _log_in(client, token)
        _check_intents(client)
        await _stay_connected(client)
    except discord.LoginFailure as error:
        raise SettingsError(f"Discord does not know this DISCORD_TOKEN. {WHERE_FROM}") from error
    except discord.PrivilegedIntentsRequired as error:
        raise SettingsError(_NO_INTENT) from error
    except discord.ConnectionClosed as error:
        if error.code == _TOO_MANY_SERVERS:
            raise SettingsError(
                "The bot is on more servers than one connection may have. Raise SHARD_COUNT in "
                ".env; python -m bot doctor says what Discord recommends."
            ) from error
        raise SettingsError(
            f"Discord ended the connection for good (code {error.code}). Check on the Bot page of "
            "the application that the token was not reset, then start again."
        ) from error
    except _UNREACHABLE as error:
        raise AirocordError(
            f"Discord cannot be reached ({error}). Check the network and try again."
        ) from error

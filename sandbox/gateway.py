"""The gateway: the bot's websockets, one a shard, their sessions, and what they are told.

https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from sandbox.permissions import Permission
from sandbox.shapes import CONTENT_INTENT, MEMBERS_INTENT, PRESENCE_INTENT, own_user
from sandbox.types import Json, ReadOnlyJson
from sandbox.world import END, Event, World, without_content

log = logging.getLogger(__name__)

HEARTBEAT_MS = 41_250
REPLAYED = 1000
"""Events that a session keeps for a connection that comes back."""
ACK_AFTER_S = 0.1
"""How long a heartbeat waits for its answer. A bot in the same process has it otherwise before it
has noted that it sent one, and takes it for a very late answer to the one before."""
KEPT_SESSIONS = 8
"""Of one shard."""
WAITING = 5000
"""Events that may wait for a slow reader; then the connection ends and the session is resumed."""

_CLOSING_S = 5.0

_DISPATCH, _HEARTBEAT, _IDENTIFY, _PRESENCE, _RESUME = 0, 1, 2, 3, 6
_MEMBERS, _INVALID_SESSION, _HELLO, _ACK = 8, 9, 10, 11

_GUILDS, _CONTENT = 1 << 0, 1 << 15
_PRIVILEGED = {1 << 1: MEMBERS_INTENT, 1 << 8: PRESENCE_INTENT, _CONTENT: CONTENT_INTENT}
"""Intents to the application's flags without which they are refused."""
_BY_PLACE = {
    # In a server, in a direct message.
    "MESSAGE_REACTION": (1 << 10, 1 << 13),
    "MESSAGE": (1 << 9, 1 << 12),
    "TYPING": (1 << 11, 1 << 14),
}


@dataclass(frozen=True, slots=True)
class _Shard:
    """Part of what happens; the whole, for a bot that has only one.

    https://discord.com/developers/docs/events/gateway#sharding
    """

    id: int
    count: int

    def hears_of(self, guild_id: int | None) -> bool:
        """Of what happens in a server, or with ``None`` outside of them."""
        return (0 if guild_id is None else (guild_id >> 22) % self.count) == self.id


@dataclass
class _Session:
    """What the bot has been told; it outlives the connection."""

    id: str
    intents: int
    shard: _Shard
    sequence: int = 0
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    is_resumable: bool = True

    def numbered(self, name: str, data: ReadOnlyJson) -> str:
        self.sequence += 1
        payload = {"op": _DISPATCH, "t": name, "s": self.sequence, "d": data}
        text = json.dumps(payload)
        self.sent.append((self.sequence, text))
        return text

    def since(self, sequence: int) -> list[str] | None:
        """What came after ``sequence``; ``None`` if some of it is forgotten."""
        if not self.is_resumable or sequence > self.sequence:
            return None
        missed = [text for number, text in self.sent if number > sequence]
        return missed if len(missed) == self.sequence - sequence else None


class _Compressor(Protocol):
    def __call__(self, data: bytes, /) -> bytes: ...


class Gateway:
    """All sessions of the bot, and the one connection that each of its shards has."""

    def __init__(self, world: World, token: str) -> None:
        self.url = ""
        self.connections = 0
        """Sessions begun or resumed so far."""
        self.recommended_shards = 1
        self._world = world
        self._token = token
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._live: dict[_Shard, _Connection] = {}
        self._changed = asyncio.Condition()
        world.listeners.append(self._on_event)

    @property
    def is_connected(self) -> bool:
        return bool(self._live)

    async def connected(self, *, after: int = 0, within_s: float = 20.0) -> None:
        """Wait until a session was begun or resumed more often than ``after`` times."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: self.connections > after)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO to its end."""
        socket = web.WebSocketResponse(max_msg_size=4096, heartbeat=None)
        await socket.prepare(request)
        compress = _compressor(request.query.get("compress"))
        connection = _Connection(socket, compress, asyncio.Queue(WAITING))
        writing = asyncio.create_task(connection.write(), name="gateway")
        try:
            connection.put(json.dumps({"op": _HELLO, "d": {"heartbeat_interval": HEARTBEAT_MS}}))
            await self._read(connection)
        finally:
            self._forget(connection)
            connection.acknowledge_no_more()
            if connection.is_ending:
                # What it was closed with is still to be said.
                await asyncio.wait({writing}, timeout=_CLOSING_S)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await socket.close()
        return socket

    def close(self, code: int, resumable: bool) -> None:
        """End the connection of every shard; the sessions may be resumed or not."""
        for connection in self._live.values():
            assert connection.session is not None  # noqa: S101 - it is live because it has one
            connection.session.is_resumable = resumable
            connection.end(code)
        self._live.clear()

    async def _read(self, connection: _Connection) -> None:
        silence_s = HEARTBEAT_MS / 1000 * 1.5
        while True:
            try:
                message = await connection.socket.receive(timeout=silence_s)
            except TimeoutError:
                connection.end(4009)
                return
            if message.type is not WSMsgType.TEXT:
                return
            try:
                payload = json.loads(message.data)
                handled = await self._handle(connection, payload["op"], payload.get("d"))
            except (ValueError, KeyError, TypeError):
                connection.end(4002)
                return
            if not handled:
                return

    async def _handle(self, connection: _Connection, op: int, data: Json) -> bool:
        if op == _HEARTBEAT:
            connection.acknowledge_soon()
        elif op in (_IDENTIFY, _RESUME):
            if connection.session is not None:
                connection.end(4005)
                return False
            begin = self._identify if op == _IDENTIFY else self._resume
            return await begin(connection, data)
        elif connection.session is None:
            connection.end(4003)
            return False
        elif op == _MEMBERS:
            members = self._world.members[int(data["guild_id"])]
            chunk: Json = {
                "guild_id": data["guild_id"],
                "members": list(members.values()),
                "chunk_index": 0,
                "chunk_count": 1,
                "nonce": data.get("nonce"),
            }
            connection.put(connection.session.numbered("GUILD_MEMBERS_CHUNK", chunk))
        elif op != _PRESENCE:
            connection.end(4001)
            return False
        return True

    async def _identify(self, connection: _Connection, data: Json) -> bool:
        if data["token"] != self._token:
            connection.end(4004)
            return False
        world = self._world
        for intent, flag in _PRIVILEGED.items():
            if data["intents"] & intent and not world.application["flags"] & flag:
                connection.end(4014)
                return False
        shard_id, count = data.get("shard", (0, 1))
        shard = _Shard(shard_id, count)
        if not 0 <= shard.id < shard.count:
            connection.end(4010)
            return False
        session = _Session(secrets.token_hex(16), data["intents"], shard)
        self._sessions[session.id] = session
        for old in self._of(shard)[:-KEPT_SESSIONS]:
            del self._sessions[old.id]
        guilds = [guild_id for guild_id in world.guilds if shard.hears_of(guild_id)]
        ready: Json = {
            "v": 10,
            "user": own_user(world.users[world.bot_id]),
            "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(world.bot_id), "flags": world.application["flags"]},
            "session_type": "normal",
            "private_channels": [],
        }
        if "shard" in data:
            ready["shard"] = data["shard"]
        connection.put(session.numbered("READY", ready))
        if session.intents & _GUILDS:
            for guild_id in guilds:
                connection.put(session.numbered("GUILD_CREATE", world.full_guild(guild_id)))
        await self._go_live(connection, session)
        return True

    async def _resume(self, connection: _Connection, data: Json) -> bool:
        if data["token"] != self._token:
            connection.end(4004)
            return False
        session = self._sessions.get(data["session_id"])
        missed = session.since(data["seq"]) if session is not None else None
        if session is None or missed is None:
            connection.put(json.dumps({"op": _INVALID_SESSION, "d": False}))
            return True
        for text in missed:
            connection.put(text)
        connection.put(session.numbered("RESUMED", {}))
        await self._go_live(connection, session)
        return True

    async def _go_live(self, connection: _Connection, session: _Session) -> None:
        if session.shard in self._live:
            self._live[session.shard].end(4000)
        connection.session = session
        self._live[session.shard] = connection
        async with self._changed:
            self.connections += 1
            self._changed.notify_all()

    def _on_event(self, event: Event) -> None:
        if event.only is not None or event.name == END:
            return
        for session in self._sessions.values():
            if not session.shard.hears_of(event.guild_id):
                continue
            connection = self._live.get(session.shard)
            if connection is not None and connection.session is not session:
                connection = None
            is_newest = session is self._of(session.shard)[-1]
            if connection is None and not (session.is_resumable and is_newest):
                continue
            for name, data in self._as_told(event, session.intents):
                text = session.numbered(name, data)
                if connection is not None and not connection.put(text):
                    connection.end(4000)
                    self._forget(connection)

    def _of(self, shard: _Shard) -> list[_Session]:
        """A shard's sessions, oldest first."""
        return [session for session in self._sessions.values() if session.shard == shard]

    def _forget(self, connection: _Connection) -> None:
        """It is not live any more."""
        session = connection.session
        if session is not None and self._live.get(session.shard) is connection:
            del self._live[session.shard]

    def _as_told(self, event: Event, intents: int) -> Iterator[tuple[str, Json]]:
        """The event as a bot with these intents gets it, if it does."""
        if event.name != "INTERACTION_CREATE" and not self._may_know(event, intents):
            return
        yield event.name, self._without_content(event, intents)

    def _may_know(self, event: Event, intents: int) -> bool:
        is_dm = event.guild_id is None
        if event.name in ("CHANNEL_DELETE", "THREAD_DELETE"):
            return bool(is_dm or intents & _GUILDS)
        if event.channel_id is not None:
            permissions = self._world.permissions(self._world.bot_id, event.channel_id)
            if not permissions & Permission.VIEW_CHANNEL:
                return False
        for prefix, (in_guild, in_dm) in _BY_PLACE.items():
            if event.name.startswith(prefix):
                return bool(intents & (in_dm if is_dm else in_guild))
        return is_dm or bool(intents & _GUILDS)

    def _without_content(self, event: Event, intents: int) -> Json:
        """Without the intent, only what was said to the bot can be read by it."""
        if "content" not in event.data or intents & _CONTENT or event.guild_id is None:
            return event.data
        return without_content(event.data, self._world.bot_id)


@dataclass(eq=False)
class _Connection:
    socket: web.WebSocketResponse
    compress: _Compressor | None
    waiting: asyncio.Queue[str | int]
    """Texts to send; a number is the code to close with."""
    session: _Session | None = None
    is_ending: bool = False
    _owed: asyncio.TimerHandle | None = None
    """The answer to the last heartbeat, while it waits."""

    def acknowledge_soon(self) -> None:
        """Answer a heartbeat, and before it one that still waits."""
        if self._owed is not None:
            self._owed.cancel()
            self._acknowledge()
        self._owed = asyncio.get_running_loop().call_later(ACK_AFTER_S, self._acknowledge)

    def acknowledge_no_more(self) -> None:
        if self._owed is not None:
            self._owed.cancel()

    def _acknowledge(self) -> None:
        self._owed = None
        self.put(json.dumps({"op": _ACK}))

    def put(self, text: str) -> bool:
        """Queue a payload; false if the reader is too slow for it."""
        try:
            self.waiting.put_nowait(text)
        except asyncio.QueueFull:
            return False
        return True

    def end(self, code: int) -> None:
        """Close after what is queued; at once if nothing more fits."""
        self.is_ending = True
        if self.waiting.full():
            self.waiting.get_nowait()
        self.waiting.put_nowait(code)

    async def write(self) -> None:
        while True:
            item = await self.waiting.get()
            try:
                if isinstance(item, int):
                    await self.socket.close(code=item)
                    return
                if self.compress is None:
                    await self.socket.send_str(item)
                else:
                    await self.socket.send_bytes(self.compress(item.encode()))
            except (ConnectionError, RuntimeError):
                await self.socket.close(code=WSCloseCode.GOING_AWAY)
                return


def _compressor(kind: str | None) -> _Compressor | None:
    """discord.py asks for zstd where a package for it is installed, else for zlib."""
    if kind == "zlib-stream":
        stream = zlib.compressobj()
        return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    if kind == "zstd-stream":
        return _zstd()
    return None


def _zstd() -> Callable[[bytes], bytes]:
    import zstandard  # noqa: PLC0415 - only discord.py's optional package asks for it

    stream = zstandard.ZstdCompressor().compressobj()
    flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    return lambda data: stream.compress(data) + stream.flush(flush)

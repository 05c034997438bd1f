"""What the browser asks for: the page's files, what a person sees, and what they do.

Everything needs the key of the address once; it is exchanged for a cookie that scripts cannot
read. Texts go to the browser with their markdown rendered, so that the page holds no parser.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import mimetypes
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, web

from sandbox.errors import ApiError, Refused
from sandbox.files import UPLOAD_LIMIT_BYTES, Upload
from sandbox.interactions import Interaction
from sandbox.markdown import Markdown
from sandbox.people import Person, Watch
from sandbox.rules import walk
from sandbox.types import Json

if TYPE_CHECKING:
    from sandbox.server import Sandbox

HISTORY = 50
"""Messages that the page asks for at a time."""
FILES = 10
"""Discord takes as many with one message."""

_TEXT_DISPLAY = 10
_REMEMBERED = 100
"""Interactions whose dialog may still be sent."""
_SUGGESTIONS_S = 4.0
_REQUEST_LIMIT = 256 * 1024

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'; trusted-types page"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Action = Callable[[Person, Json, Mapping[str, list[Upload]]], object]


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """All routes of the page."""
    page = _Page(sandbox)
    return [
        web.get("/", page.index),
        web.get("/page/static/{name}", page.guarded(page.static)),
        web.get("/page/state", page.guarded(page.state)),
        web.get("/page/messages", page.guarded(page.messages)),
        web.get("/page/commands", page.guarded(page.commands)),
        web.get("/page/watch", page.guarded(page.watch)),
        web.post("/page/do/complete", page.guarded(page.complete)),
        web.post("/page/do/{action}", page.guarded(page.act)),
    ]


class _Page:
    def __init__(self, sandbox: Sandbox) -> None:
        folder = Path(__file__).with_name("page")
        self._files = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
        self._sandbox = sandbox
        self._session = secrets.token_urlsafe(24)
        self._markdown = Markdown()
        self._rendering = asyncio.Lock()
        self._opened: OrderedDict[int, Interaction] = OrderedDict()

    # -- who may ask ---------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.Response:
        """The page itself, for whoever has the key or has had it."""
        has_key = _same(request.query.get("key", ""), self._sandbox.page_key)
        if not has_key and not self._is_known(request):
            text = "Open the whole address that was printed at the start: it carries a key."
            return web.Response(status=403, text=text, headers=_HEADERS)
        response = web.Response(
            body=self._files["index.html"], content_type="text/html", charset="utf-8"
        )
        response.headers.update(_HEADERS)
        if has_key:
            name = _cookie(request)
            response.set_cookie(name, self._session, httponly=True, samesite="Strict", path="/")
        return response

    def guarded(self, handler: _Handler) -> _Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self._is_known(request):
                return _refusal(403, "Open the page anew by the address that was printed.")
            try:
                response = await handler(request)
            except (Refused, ApiError) as error:
                return _refusal(409, str(error))
            except (KeyError, ValueError, TypeError):
                return _refusal(400, "The page asked for something that is not there.")
            if not response.prepared:
                response.headers.update(_HEADERS)
            return response

        return checked

    def _is_known(self, request: web.Request) -> bool:
        return _same(request.cookies.get(_cookie(request), ""), self._session)

    def _person(self, request: web.Request) -> Person:
        return self._sandbox.person(int(request.query["as"]))

    # -- what is seen --------------------------------------------------------------------

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return web.Response(body=self._files[name], content_type=kind, charset="utf-8")

    async def state(self, request: web.Request) -> web.Response:
        """Who is here and which channels a person sees; by default the first person."""
        world = self._sandbox.world
        people = [user_id for user_id, user in world.users.items() if not user["bot"]]
        person = self._sandbox.person(int(request.query.get("as", people[0])))
        channels = [{**c, "last_message_id": _last(person, c)} for c in person.channels()]
        return web.json_response(
            {
                "me": str(person.id),
                "bot": str(world.bot_id),
                "people": [{"id": str(p), "standing": self._standing(p)} for p in people],
                "users": list(world.users.values()),
                "guilds": [
                    {
                        "id": guild["id"],
                        "name": guild["name"],
                        "roles": guild["roles"],
                        "members": [str(member) for member in world.members[guild_id]],
                    }
                    for guild_id, guild in world.guilds.items()
                ],
                "channels": channels,
            }
        )

    async def messages(self, request: web.Request) -> web.Response:
        before = request.query.get("before")
        seen = self._person(request).messages(
            int(request.query["channel"]), limit=HISTORY, before=int(before) if before else None
        )
        return web.json_response([await self._shown(message) for message in seen])

    async def commands(self, request: web.Request) -> web.Response:
        person = self._person(request)
        return web.json_response(person.commands(int(request.query["channel"])))

    async def watch(self, request: web.Request) -> web.WebSocketResponse:
        """Everything that happens where a person sees it, as ``{"t": name, "d": data}``."""
        watch = self._person(request).watch()
        socket = web.WebSocketResponse(heartbeat=20.0)
        telling: asyncio.Task[None] | None = None
        try:
            await socket.prepare(request)
            telling = asyncio.create_task(self._tell(watch, socket), name="tell the page")
            async for _ in socket:
                pass
        finally:
            watch.close()
            if telling is not None:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
        return socket

    async def _tell(self, watch: Watch, socket: web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            async for name, data in watch:
                shown = data
                if name in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "INTERACTION_MODAL_CREATE"):
                    shown = await self._shown(data)
                await socket.send_json({"t": name, "d": shown})
            await socket.close()

    async def _shown(self, message: Json) -> Json:
        """A message or a dialog with the HTML of each of its texts beside it."""
        texts = {text for text in _texts(message) if text}
        async with self._rendering:
            html = await asyncio.to_thread(
                lambda: {text: self._markdown.render(text) for text in texts}
            )
        return {**message, "html": html}

    def _standing(self, person_id: int) -> str:
        """How a person stands in the server, in a word."""
        for guild_id, guild in self._sandbox.world.guilds.items():
            if guild["owner_id"] == str(person_id):
                return "Owner"
            member = self._sandbox.world.members[guild_id].get(person_id)
            names = {role["id"]: str(role["name"]) for role in guild["roles"]}
            if member and member["roles"]:
                return names[member["roles"][0]]
        return "Member"

    # -- what is done --------------------------------------------------------------------

    async def act(self, request: web.Request) -> web.Response:
        """One thing that a person does; what comes of it is told by :meth:`watch`."""
        action = self._actions()[request.match_info["action"]]
        person = self._person(request)
        given, files = await _read(request)
        result = action(person, given, files)
        if not isinstance(result, Interaction):
            return web.json_response({})
        self._opened[result.id] = result
        while len(self._opened) > _REMEMBERED:
            self._opened.popitem(last=False)
        return web.json_response({"interaction": str(result.id)})

    async def complete(self, request: web.Request) -> web.Response:
        """Suggestions of the bot for an option that is being typed."""
        given, _ = await _read(request)
        person, channel = self._person(request), int(given["channel"])
        asked = person.complete(channel, given["path"], given["options"], given["focused"])
        with suppress(TimeoutError):
            await asked.answered(_SUGGESTIONS_S)
        data = (asked.response or {}).get("data", {})
        return web.json_response(
            {"choices": data.get("choices", []), "failed": asked.state != "answered"}
        )

    def _actions(self) -> dict[str, Action]:
        return {
            "send": lambda person, given, files: person.send(
                int(given["channel"]),
                given["content"],
                files=files.get("files", []),
                reply_to=int(given["reply_to"]) if given.get("reply_to") else None,
            ),
            "edit": lambda person, given, _: person.edit(*_place(given), given["content"]),
            "delete": lambda person, given, _: person.delete(*_place(given)),
            "react": lambda person, given, _: person.react(*_place(given), given["emoji"]),
            "unreact": lambda person, given, _: person.unreact(*_place(given), given["emoji"]),
            "type": lambda person, given, _: person.type(int(given["channel"])),
            "command": lambda person, given, files: person.use_command(
                int(given["channel"]),
                given["path"],
                given["options"],
                files={name: held[0] for name, held in files.items()},
            ),
            "menu": lambda person, given, _: person.use_menu(
                int(given["channel"]),
                given["name"],
                message_id=int(given["message"]) if given.get("message") else None,
                user_id=int(given["user"]) if given.get("user") else None,
            ),
            "press": lambda person, given, _: person.press(*_place(given), given["custom_id"]),
            "select": lambda person, given, _: person.select(
                *_place(given), given["custom_id"], given["values"]
            ),
            "submit": self._submit,
        }

    def _submit(
        self, person: Person, given: Json, files: Mapping[str, list[Upload]]
    ) -> Interaction:
        opened = self._opened[int(given["interaction"])]
        if opened.person_id != person.id:
            raise Refused("This dialog was opened by somebody else.")
        fields: dict[str, str | Sequence[str] | Sequence[Upload]] = {**given["fields"], **files}
        return person.submit(opened, fields)


def _texts(message: Json) -> Iterator[str]:
    """Everything in a message that may be markdown."""
    yield message.get("content") or ""
    yield (message.get("referenced_message") or {}).get("content") or ""
    for embed in message.get("embeds") or []:
        yield embed.get("title") or ""
        yield embed.get("description") or ""
        for field in embed.get("fields") or []:
            yield field["name"]
            yield field["value"]
    for component in walk(message.get("components") or []):
        if component["type"] == _TEXT_DISPLAY:
            yield component["content"]


def _last(person: Person, channel: Json) -> str | None:
    """The newest message of a channel that this person sees."""
    with suppress(Refused):
        newest = person.messages(int(channel["id"]), limit=1)
        return str(newest[-1]["id"]) if newest else None
    return None


def _place(given: Json) -> tuple[int, int]:
    return int(given["channel"]), int(given["message"])


async def _read(request: web.Request) -> tuple[Json, dict[str, list[Upload]]]:
    """The part ``request`` is JSON; every other part is a file, under the name of its field."""
    given: Json = {}
    files: dict[str, list[Upload]] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise ValueError("a form without nested parts is expected")
        if part.name == "request":
            given = json.loads(await _bytes(part, _REQUEST_LIMIT))
            continue
        if sum(map(len, files.values())) == FILES:
            raise Refused(f"At most {FILES} files fit in one message.")
        data = await _bytes(part, UPLOAD_LIMIT_BYTES)
        kind = part.headers.get("Content-Type")
        kind = None if kind == "application/octet-stream" else kind
        files.setdefault(part.name, []).append(Upload(part.filename or "file", data, kind))
    return given, files


async def _bytes(part: BodyPartReader, limit: int) -> bytes:
    held = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        held += chunk
        if len(held) > limit:
            raise Refused(f"{part.filename or 'This'} is larger than {limit >> 20} MiB.")
    return bytes(held)


def _cookie(request: web.Request) -> str:
    """By port, for browsers share cookies between all ports of a machine."""
    return f"airocord_{request.url.port}"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _refusal(status: int, sentence: str) -> web.Response:
    return web.json_response({"message": sentence}, status=status, headers=_HEADERS)

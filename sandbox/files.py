"""Attachments, kept in memory and served by links that expire.

https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
"""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from aiohttp import web

from sandbox.errors import ApiError
from sandbox.snowflakes import Snowflakes
from sandbox.types import Json

UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024
KEPT_BYTES = 512 * 1024 * 1024
"""All files together; the oldest go."""
LINK_LIFE_S = 24 * 3600.0

_MODIFIED = str.maketrans({" ": "_", "/": "_", "\\": "_", "\n": "_", "\r": "_", "\0": "_"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way to Discord."""

    name: str
    data: bytes
    content_type: str | None = None


class Files:
    """What was uploaded."""

    def __init__(self, ids: Snowflakes, clock: Callable[[], float]) -> None:
        self.base_url = ""
        self._ids = ids
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self._held: OrderedDict[int, Upload] = OrderedDict()
        self._bytes = 0

    def add(self, upload: Upload, channel_id: int, description: str | None = None) -> Json:
        """Keep a file and return its attachment object.

        Raises:
            ApiError: 40005, it is larger than Discord takes.
        """
        if len(upload.data) > UPLOAD_LIMIT_BYTES:
            raise ApiError(40005)
        attachment_id = self._ids.next()
        name = upload.name.translate(_MODIFIED)[-255:]
        if not name.strip("."):
            name = "file"  # a path takes dots alone for folders
        kind = upload.content_type or mimetypes.guess_type(name)[0]
        self._held[attachment_id] = Upload(name, upload.data, kind)
        self._bytes += len(upload.data)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._held.popitem(last=False)[1].data)
        attachment: Json = {
            "id": str(attachment_id),
            "filename": name,
            "size": len(upload.data),
            "url": self._link(f"attachments/{channel_id}/{attachment_id}/{name}"),
        }
        attachment["proxy_url"] = attachment["url"]
        if kind:
            attachment["content_type"] = kind
        if description:
            attachment["description"] = description
        return attachment

    def refreshed(self, url: str) -> str:
        """The same file by a link that is valid anew."""
        path = url.removeprefix(self.base_url).split("?")[0].strip("/")
        return self._link(unquote(path))

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a link: the file, or 404 where it expired or is none of ours."""
        # As it reads: browsers and libraries do not agree on what of it to encode.
        path = request.path.removeprefix("/cdn/")
        until = request.query.get("ex", "")
        signature = request.query.get("hm", "")
        held = self._held.get(int(request.match_info["attachment_id"]))
        is_ours = hmac.compare_digest(signature.encode(), self._signature(path, until).encode())
        if held is None or not is_ours or int(until, 16) < self._clock():
            return web.Response(status=404, text="This content is no longer available.")
        # Whatever it is, a browser saves it or shows it as a picture: it never runs it.
        kind = held.content_type or "application/octet-stream"
        is_picture = kind in ("image/png", "image/jpeg", "image/gif", "image/webp")
        headers = {
            "Content-Type": kind if is_picture else "application/octet-stream",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        if not is_picture:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(held.name)}"
        return web.Response(body=held.data, headers=headers)

    def _link(self, path: str) -> str:
        now = self._clock()
        until = f"{int(now + LINK_LIFE_S):x}"
        query = f"ex={until}&is={int(now):x}&hm={self._signature(path, until)}"
        return f"{self.base_url}/{quote(path)}?{query}&"

    def _signature(self, path: str, until: str) -> str:
        return hmac.new(self._secret, f"{path} {until}".encode(), hashlib.sha256).hexdigest()

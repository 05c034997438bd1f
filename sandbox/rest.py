"""The REST API: what every request goes through before and after it is carried out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from sandbox.buckets import Buckets, Verdict
from sandbox.errors import ApiError
from sandbox.faults import Answer, Denied, Dropped, ExpiredToken, Failed, Faults, Held, RateLimited
from sandbox.files import UPLOAD_LIMIT_BYTES, Upload
from sandbox.traffic import Exchange, Traffic
from sandbox.types import Json

log = logging.getLogger(__name__)

PREFIX = "/api/v10"
BODY_LIMIT_BYTES = 11 * UPLOAD_LIMIT_BYTES

_FILE_FIELD = re.compile(r"files\[(\d+)\]")
_LOCAL, _GLOBAL = "You are being rate limited.", "You are being globally rate limited."


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read."""

    ids: dict[str, str]
    """The parts of the path that vary."""
    query: dict[str, str]
    body: Json
    """An empty one stands for none, and holds nothing."""
    rows: list[Json] = field(default_factory=list)
    """The body, where it is a list."""
    files: dict[int, Upload] = field(default_factory=dict)
    """Uploads by their number."""

    def id(self, name: str) -> int:
        return int(self.ids[name])


Result = Json | list[Json] | None
"""``None`` answers 204."""
Handler = Callable[[Call], Result]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    handler: Handler
    needs_token: bool = True
    """Interactions and their webhooks carry a token of their own in the path."""
    status: int = 200
    """Of an answer that has a body."""


class Api:
    """Carries out requests, under rate limits and faults, and keeps a record of them."""

    def __init__(self, token: str, buckets: Buckets, faults: Faults, traffic: Traffic) -> None:
        self._token = token
        self._buckets = buckets
        self._faults = faults
        self._traffic = traffic

    def add_to(self, app: web.Application, routes: list[Route]) -> None:
        for route in routes:
            path = re.sub(r"\{(\w*id)\}", r"{\1:\\d+}", route.template)
            app.router.add_route(route.method, PREFIX + path, self._handling(route))
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._unknown)

    def _handling(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body: object = None
            files: dict[int, Upload] = {}
            verdict = self._count(route, request)
            status: int = 0
            answer: Result = None
            try:
                try:
                    body, files = await _read(request)
                except ApiError as error:
                    status, answer = error.status, error.body
                    return _response(status, answer, verdict)
                fault = self._faults.hit(route.method, route.template, has_file=bool(files))
                if isinstance(fault, Held):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(fault.until.wait(), fault.at_most_s)
                if isinstance(fault, Dropped) and not fault.after:
                    return _drop(request)
                status, answer = self._outcome(
                    route, request, verdict, fault, body=body, files=files
                )
                if isinstance(fault, Failed) and fault.after:
                    failed = ApiError(fault.code, status=fault.status)
                    status, answer = failed.status, failed.body
                if isinstance(fault, Dropped):
                    status, answer = 0, None
                    return _drop(request)
            finally:
                names = tuple(upload.name for upload in files.values())
                self._record(
                    request, route.template, body=body, files=names, status=status, answer=answer
                )
            return _response(status, answer, verdict)

        return handle

    def _count(self, route: Route, request: web.Request) -> Verdict:
        major = request.match_info.get("channel_id") or request.match_info.get("token") or ""
        return self._buckets.take(
            route.method, route.template, major, is_interaction=not route.needs_token
        )

    def _outcome(
        self,
        route: Route,
        request: web.Request,
        verdict: Verdict,
        fault: Answer | None,
        *,
        body: object,
        files: dict[int, Upload],
    ) -> tuple[int, Result]:
        """The status and the JSON of the answer."""
        if isinstance(fault, RateLimited):
            return _limited(fault.retry_after_s, is_global=fault.is_global)
        if verdict.retry_after_s is not None:
            return _limited(verdict.retry_after_s, is_global=verdict.is_overall)
        try:
            if isinstance(fault, Failed) and not fault.after:
                raise ApiError(fault.code, status=fault.status)
            if isinstance(fault, Denied):
                raise ApiError(50013)
            if isinstance(fault, ExpiredToken):
                raise ApiError(50027)
            is_known = request.headers.get("Authorization") == f"Bot {self._token}"
            if route.needs_token and not is_known:
                raise ApiError(0)
            call = Call(
                dict(request.match_info),
                dict(request.query),
                body if isinstance(body, dict) else {},
                body if isinstance(body, list) else [],
                files,
            )
            result = route.handler(call)
        except ApiError as error:
            return error.status, error.body
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            # A required field is missing or of another kind.
            log.warning("%s %s: %r", route.method, request.path, error)
            return 400, {"message": "Invalid Form Body", "code": 50035, "errors": {}}
        return (204 if result is None else route.status), result

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(PREFIX)
        log.error("NO SUCH ROUTE: %s %s", request.method, path)
        answer: Json = {"message": "404: Not Found", "code": 0}
        self._record(request, "", status=404, answer=answer)
        return _json(answer, 404)

    def _record(
        self,
        request: web.Request,
        route: str,
        *,
        body: object = None,
        files: tuple[str, ...] = (),
        status: int,
        answer: Result,
    ) -> None:
        exchange = Exchange(
            method=request.method,
            path=request.path.removeprefix(PREFIX),
            route=route,
            body=body,
            files=files,
            status=status,
            answer=answer,
        )
        self._traffic.record(exchange)


async def _read(request: web.Request) -> tuple[object, dict[int, Upload]]:
    """The JSON of a request, and the files that came with it.

    Raises:
        ApiError: 50109 it is no JSON, 40005 it is larger than all files together may be.
    """
    if (request.content_length or 0) > BODY_LIMIT_BYTES:
        raise ApiError(40005)
    try:
        if request.content_type == "multipart/form-data":
            return await _read_parts(request)
        text = await request.text()
        return (json.loads(text) if text else None), {}
    except ValueError as error:
        raise ApiError(50109) from error
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(40005) from error


async def _read_parts(request: web.Request) -> tuple[object, dict[int, Upload]]:
    body: object = None
    files: dict[int, Upload] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)  # noqa: S101 - Discord takes no nested parts
        if part.name == "payload_json":
            body = json.loads(await part.text())
        elif match := _FILE_FIELD.fullmatch(part.name or ""):
            data = bytes(await part.read())
            files[int(match[1])] = Upload(part.filename or "file", data)
    return body, files


def _limited(retry_after_s: float, *, is_global: bool) -> tuple[int, Json]:
    message = _GLOBAL if is_global else _LOCAL
    retry = math.ceil(retry_after_s * 1000) / 1000
    return 429, {"message": message, "retry_after": retry, "global": is_global}


def _response(status: int, answer: Result, verdict: Verdict) -> web.Response:
    headers = dict(verdict.headers)
    if isinstance(answer, dict) and status == 429 and "retry_after" in answer:
        # Without it, discord.py takes a 429 for one of Cloudflare's, and does not try again.
        headers["Via"] = "1.1 sandbox"
        headers["Retry-After"] = str(math.ceil(answer["retry_after"]))
        headers["X-RateLimit-Scope"] = "global" if answer["global"] else "user"
        if answer["global"]:
            headers["X-RateLimit-Global"] = "true"
    if status == 204:
        return web.Response(status=204, headers=headers)
    return _json(answer, status, headers)


def _json(answer: Result, status: int, headers: dict[str, str] | None = None) -> web.Response:
    # discord.py compares the type as a whole, and aiohttp would add the charset.
    typed = {**(headers or {}), "Content-Type": "application/json"}
    return web.Response(body=json.dumps(answer).encode(), status=status, headers=typed)


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)

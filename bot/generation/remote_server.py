"""One server somewhere else: what it is asked beside replies, and what it says of itself."""

from __future__ import annotations

import functools
import http.client
import io
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import EngineFailed, EngineUnavailable
from bot.generation.completions import Json
from bot.generation.remote_dialects import Dialect, vllm_dialect
from bot.language import phrase

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAX_ANSWER_BYTES = 64 << 20
"""Token ids of a whole document are some megabytes."""

_PROBE_S = 5.0

_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a server says of the model that it runs."""

    dialect: Dialect
    model: str
    """The name that requests give."""
    context_tokens: int | None
    """``None``: it does not say."""
    chat_template: str | None = None


class RemoteServer:
    """An address and the key for it. Every method blocks and is safe on any thread."""

    def __init__(self, url: str, key: str) -> None:
        """``url``: without ``/v1``, such as ``http://10.0.0.5:8000``.

        Raises:
            EngineUnavailable: it is no such address.
        """
        self.url = url.strip().rstrip("/").removesuffix("/v1")
        self.key = key
        try:
            parts = urlsplit(self.url)
            self._host, self._port = parts.hostname or "", parts.port
            self._host.encode("idna")  # as a name is asked for
        except ValueError:
            parts, self._host, self._port = urlsplit(""), "", None
        self._is_secure, self._path = parts.scheme == "https", parts.path
        if (
            parts.scheme not in ("http", "https")
            or not self._host
            or not (self._host + self._path).isprintable()
            or " " in self.url
            or not self._path.isascii()
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            # The address is not shown: somebody may have put a password into it.
            raise EngineUnavailable(
                "REMOTE_URLS takes addresses such as http://10.0.0.5:8000, with commas between "
                "them and without a name or password; that belongs into REMOTE_KEY."
            )

    @property
    def name(self) -> str:
        """For the log."""
        return self._host if self._port is None else f"{self._host}:{self._port}"

    def call(self, path: str, body: Json = None, *, limit_s: float = 30.0) -> Json:
        """One request outside of generation; POST where there is a body.

        Raises:
            EngineFailed: no answer, or not one in JSON. The text tells nothing of ``body``.
        """
        status, answer = self._ask(path, body, limit_s=limit_s)
        if status != _OK or answer is None:
            raise EngineFailed(f"The language model refused {path} (status {status}).")
        return answer

    def is_healthy(self) -> bool:
        """Whether it takes requests now. llama-server, vLLM and TabbyAPI have ``/health``, which
        says no while a model loads; others are asked for their models. Either answer is waited
        for five seconds, to its last byte."""
        try:
            status, _ = self._ask("/health", limit_s=_PROBE_S)
            if status == _NOT_FOUND:
                status, _ = self._ask("/v1/models", limit_s=_PROBE_S)
        except EngineFailed:
            return False
        return status == _OK

    def describe(self, wanted: str = "") -> Description:
        """Ask what it runs.

        Args:
            wanted: the model's name; empty takes the one that it runs, or names first.

        Raises:
            EngineUnavailable: it refuses the key, has no such model, or is no such server.
            EngineFailed: no answer.
        """
        status, answer = self._ask("/v1/models", limit_s=_PROBE_S)
        if status in (_UNAUTHORIZED, _FORBIDDEN):
            raise EngineUnavailable(
                f"The server {self.name} refuses the bot's key. Please correct REMOTE_KEY."
            )
        cards = [card for card in _list(_get(answer, "data")) if _text(_get(card, "id"))]
        if status != _OK or not cards:
            raise EngineUnavailable(
                f"What answers at {self.name} is no server of a language model, or has no model "
                "loaded: it names none at /v1/models. Please check REMOTE_URLS."
            )
        owner = _text(_get(cards[0], "owned_by"))
        if owner == "tabbyAPI":
            # Its list is of all that it could load.
            cards = [card for card in [self._or_none("/v1/model")] if _text(_get(card, "id"))]
        named = [card for card in cards if not wanted or wanted == _text(_get(card, "id"))]
        if not named:
            raise EngineUnavailable(
                f"The server {self.name} does not run the model that REMOTE_MODEL names. It runs: "
                + (", ".join(_text(_get(card, "id"))[:80] for card in cards[:8]) or "none")
                + "."
            )
        return self._description(owner, named[0])

    def _description(self, owner: str, card: Json) -> Description:
        model = _text(_get(card, "id"))
        if owner == "llamacpp":
            props = self._or_none("/props")
            window = _get(_get(props, "default_generation_settings"), "n_ctx")
            return Description(
                dialect=Dialect.LLAMA,
                model=model,
                context_tokens=_count(window),
                chat_template=_text(_get(props, "chat_template")) or None,
            )
        if owner == "vllm":
            return Description(
                dialect=vllm_dialect(_text(_get(self._or_none("/version"), "version"))),
                model=model,
                context_tokens=_count(_get(card, "max_model_len")),
            )
        if owner == "tabbyAPI":
            window = _get(_get(card, "parameters"), "max_seq_len")
            return Description(dialect=Dialect.TABBY, model=model, context_tokens=_count(window))
        window = _get(card, "max_model_len")
        return Description(dialect=Dialect.PLAIN, model=model, context_tokens=_count(window))

    def _or_none(self, path: str) -> Json:
        status, answer = self._ask(path, limit_s=_PROBE_S)
        return answer if status == _OK else None

    def _ask(self, path: str, body: Json = None, *, limit_s: float) -> tuple[int, Json]:
        """Status and JSON of an answer; ``None`` for what is no JSON. Follows no redirect: the
        key is for this address alone. ``limit_s`` is for connecting, for sending, and from the
        beginning to the last byte of the answer, however slowly it comes."""
        until = time.monotonic() + limit_s
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        # Without a port, the end of an IPv6 address would be taken for one.
        connection = kind(self._host, self._port or kind.default_port, timeout=limit_s)
        connection.response_class = functools.partial(_response, until)  # type: ignore[assignment]
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            data = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", self._path + path, data, headers)
            response = connection.getresponse()
            raw = response.read(_MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException):
            raise EngineFailed(
                phrase(
                    "The server of the language model does not answer. Please try again in a "
                    "minute."
                )
            ) from None
        finally:
            connection.close()
        try:
            answer: Json = json.loads(raw)
        except (ValueError, RecursionError):
            answer = None
        return response.status, answer


class _Until(io.RawIOBase):
    """What comes over a connection up to a moment of :func:`time.monotonic`. The limit of a socket
    is for each of its reads alone."""

    def __init__(self, source: io.RawIOBase, connection: socket.socket, until: float) -> None:
        self._source, self._connection, self._until = source, connection, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


def _response(
    until: float, connection: socket.socket, method: str | None = None
) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(connection, method=method)
    response.fp = io.BufferedReader(_Until(response.fp.detach(), connection, until))
    return response


def _get(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, Mapping) else None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and value > 0 else None

"""Prompts to token ids across the border of a process, for threads that wait for the answer.

A connection of its own: fitting a window asks many times, must not wait behind replies, and must
not need the event loop, which may be waiting for it.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import socket
import socketserver
import threading
from typing import BinaryIO

from bot.errors import AirocordError, EngineFailed
from bot.generation.engine import Engine
from bot.generation.hosted_wire import Encode, Encoded, Fault, WireError, pack, receive
from bot.prompts import Prompt

log = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_CONNECTIONS = 16
"""The bot has one; others on this machine can knock, but not in."""
_KNOCK_S = 5.0


class EncodingServer:
    """The host's side. Owns its threads; they end with the process."""

    def __init__(self, engine: Engine, key: str) -> None:
        self._server = _Server(engine, key)
        threading.Thread(target=self._server.serve_forever, name="encoding", daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, engine: Engine, key: str) -> None:
        super().__init__((_LOOPBACK, 0), _Connection)
        self.engine = engine
        self.key = key.encode()
        self.places = threading.BoundedSemaphore(_CONNECTIONS)

    def verify_request(self, request: object, client_address: object) -> bool:
        return self.places.acquire(blocking=False)


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(_KNOCK_S)
        # The other side may go away at any time.
        with contextlib.suppress(OSError, WireError), self.request.makefile("rb") as questions:
            while isinstance(asked := receive(questions), Encode):
                if not hmac.compare_digest(asked.key.encode(), self.server.key):
                    return
                self.request.settimeout(None)
                self.request.sendall(pack(self._answer(asked.prompt)))

    def finish(self) -> None:
        self.server.places.release()

    def _answer(self, prompt: Prompt) -> Encoded | Fault:
        try:
            return Encoded(tuple(self.server.engine.encode(prompt)))
        except AirocordError as error:
            return Fault(type(error).__name__, str(error))
        except Exception:
            log.exception("a prompt could not be encoded")
            return Fault("EngineFailed", "The language model gave no token ids. Please try again.")


class EncodingClient:
    """The bot's side. Safe to use from any thread; one question is asked at a time."""

    def __init__(self, port: int, key: str, *, limit_s: float) -> None:
        self._port = port
        self._key = key
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._connection: tuple[socket.socket, BinaryIO] | None = None
        self._is_closed = False

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of ``prompt``.

        Raises:
            EngineFailed: there was no answer, or not within the limit.
            AirocordError: what the engine raised.
        """
        asked = pack(Encode(self._key, prompt))
        if not self._lock.acquire(timeout=self._limit_s):
            raise _no_answer()
        try:
            answer = self._ask(asked)
        except (OSError, WireError):
            # An answer that comes too late must not be taken for that to the next question.
            self._drop()
            raise _no_answer() from None
        finally:
            self._lock.release()
        if isinstance(answer, Fault):
            raise answer.error()
        if not isinstance(answer, Encoded):
            raise _no_answer()
        return list(answer.ids)

    def close(self) -> None:
        """Whoever still waits gets :class:`EngineFailed`. Does not block."""
        self._is_closed = True
        if (connection := self._connection) is not None:
            with contextlib.suppress(OSError):
                connection[0].shutdown(socket.SHUT_RDWR)
        if self._lock.acquire(blocking=False):
            self._drop()
            self._lock.release()

    def _ask(self, asked: bytes) -> object:
        if self._connection is None:
            connected = socket.create_connection((_LOOPBACK, self._port), timeout=self._limit_s)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = connected, connected.makefile("rb")
        connection, answers = self._connection
        if self._is_closed:
            raise OSError("closed")
        connection.sendall(asked)
        answer = receive(answers)
        if answer is None:
            raise OSError("the other side has gone")
        return answer

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection[1].close()
            connection[0].close()


def _no_answer() -> EngineFailed:
    return EngineFailed("The language model does not answer. Please try again in a minute.")

"""The bot's side of the process that holds a llama.cpp model.

Why a process of its own: the binding's constructor keeps Python's global lock for the whole time
of loading, so on a thread it would freeze the bot; its destructor can hang; and a fault in native
code ends the process that it is in.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import logging
import secrets
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from bot.errors import EngineFailed, EngineUnavailable, ModelError
from bot.generation.child_process import environment
from bot.generation.completions import Json

log = logging.getLogger(__name__)

INSTALL_HINT = 'llama.cpp is not installed. Run: pip install -e ".[cpu]"'

_CHILD = Path(__file__).with_name("llamacpp_child.py")

_EXIT_S = 5.0

_ILLEGAL_INSTRUCTION = (-4, 0xC000001D)
"""Exit codes of a process that used instructions the processor does not have: POSIX, Windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What the process is started with."""

    model_path: Path
    context_tokens: int
    """Of each lane."""
    lanes: int
    threads: int
    gpu_layers: int
    load_limit_s: float = 900.0


class LlamaServer:
    """One process. Every method blocks: call them off the event loop, except :meth:`kill`."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._unwanted = False
        self._lock = threading.Lock()
        self._host, self._port = "", 0
        self.api_key = secrets.token_urlsafe(32)

    @property
    def base_url(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def pid(self) -> int | None:
        """``None`` before the start."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process and wait until the model is loaded. :meth:`kill` ends the wait.

        Raises:
            EngineUnavailable: xllamacpp is not installed or cannot be imported here.
            ModelError: the model cannot be loaded; the text gives llama.cpp's reason.
        """
        if importlib.util.find_spec("xllamacpp") is None:
            raise EngineUnavailable(INSTALL_HINT)
        with tempfile.TemporaryFile() as errors:
            process = self._spawn(errors)
            # A thread that waits for a pipe cannot be told to stop waiting; the pipe can be closed.
            watchdog = threading.Timer(self._settings.load_limit_s, process.kill)
            watchdog.start()
            try:
                answer = self._handshake(process)
            finally:
                watchdog.cancel()
            if "address" not in answer:
                self.stop()
                errors.seek(0)
                said = errors.read().decode(errors="replace")
                log.debug("llama.cpp's process ended with %s: %s", process.returncode, said)
                raise self._load_error(process.returncode, said)
        address = urlsplit(answer["address"])
        self._host, self._port = address.hostname or "", address.port or 0

    def _spawn(self, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._unwanted:
                raise EngineFailed("The bot is stopping.")
            self._process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
                # -P: the folder of the file must not shadow modules of the standard library.
                [sys.executable, "-P", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Threads that spin while they wait cut the speed to a tenth as soon as
                # anything else runs on the machine.
                env=environment(OMP_WAIT_POLICY="passive"),
            )
            return self._process

    def _handshake(self, process: subprocess.Popen[bytes]) -> dict[str, str]:
        """Tell the process what to load. The key goes by a pipe: arguments are for all to see."""
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        settings = {
            "model_path": str(self._settings.model_path),
            "context_tokens": self._settings.context_tokens,
            "lanes": self._settings.lanes,
            "threads": self._settings.threads,
            "gpu_layers": self._settings.gpu_layers,
            "api_key": self.api_key,
        }
        try:
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or b"{}")
        except (OSError, ValueError):
            return {}  # it died; what it left in its log says why
        return answer if isinstance(answer, dict) else {}

    def _load_error(self, exit_code: int, said: str) -> ModelError | EngineUnavailable:
        name = self._settings.model_path.name
        _, _, reason = said.partition("error loading model:")
        if reason:
            return ModelError(
                f"llama.cpp cannot load {name}: {reason.splitlines()[0].strip()}. "
                "Download it again, or set MODEL_PATH to another file."
            )
        if "ImportError" in said or exit_code in _ILLEGAL_INSTRUCTION:
            return EngineUnavailable(
                "llama.cpp cannot run on this machine: it needs a processor with AVX2 and, on "
                "Linux, the package libgomp1."
            )
        return ModelError(
            f"llama.cpp could not load {name}. Most often memory is short: lower CONTEXT_TOKENS, "
            "LANES or GPU_LAYERS, or take a smaller model."
        )

    def answers(self) -> bool:
        """Whether the process runs and llama.cpp's main loop turns. That loop answers between
        two batches, which a large model on a CPU may take long for: up to a minute is waited."""
        if self._process is None or self._process.poll() is not None:
            return False
        try:
            self.call("/slots", limit_s=60.0)
        except EngineFailed:
            return False
        return True

    def call(self, path: str, body: Json = None, *, limit_s: float = 30.0) -> Json:
        """One request outside of generation; POST where there is a body. Safe on any thread.

        Raises:
            EngineFailed: no answer, or not one in JSON. The text tells nothing of ``body``.
        """
        connection = http.client.HTTPConnection(self._host, self._port, timeout=limit_s)
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            # A kept connection holds one of the server's threads while it is idle.
            "Connection": "close",
        }
        try:
            if body is None:
                connection.request("GET", path, headers=headers)
            else:
                connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer: Json = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            raise EngineFailed("The language model does not answer. Please try again.") from None
        finally:
            connection.close()
        if response.status != 200:
            raise EngineFailed(f"The language model refused {path} (status {response.status}).")
        return answer

    def kill(self) -> None:
        """End the process at once, even while :meth:`start` waits for it. Does not block."""
        with self._lock:
            self._unwanted = True
            if self._process is not None:
                self._process.kill()

    def stop(self) -> None:
        """End the process and wait for its end, some seconds at most."""
        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # It cannot take what was not sent any more, and need not.
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(_EXIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

"""The process that holds a llama.cpp model, on its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.errors import EngineUnavailable, ModelError
from bot.generation.llamacpp_server import LlamaServer, ServerSettings
from tests.support.llama import demo_model


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_the_models_process_does_not_outlive_a_bot_that_is_killed() -> None:
    program = (
        "import sys, threading; from pathlib import Path; "
        "from bot.generation.llamacpp_server import *; "
        "server = LlamaServer(ServerSettings(model_path=Path(sys.argv[1]), context_tokens=64, "
        "lanes=1, threads=1, gpu_layers=0)); server.start(); "
        "print(server.base_url, flush=True); threading.Event().wait()"
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", program, str(demo_model())],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as bot:
        assert bot.stdout is not None
        port = urlsplit(bot.stdout.readline().strip()).port
        assert port is not None
        assert is_listening(port)
        bot.kill()
    deadline = time.monotonic() + 10
    while is_listening(port):
        assert time.monotonic() < deadline, "the model's process lives on"
        time.sleep(0.05)


def server_for(path: Path) -> LlamaServer:
    return LlamaServer(
        ServerSettings(model_path=path, context_tokens=64, lanes=1, threads=1, gpu_layers=0)
    )


@pytest.mark.parametrize(
    ("exit_code", "said", "sentence"),
    [
        (1, "ImportError: libgomp.so.1: cannot open shared object file", "libgomp1"),
        (-4, "", "AVX2"),
    ],
)
def test_a_machine_that_llama_cpp_cannot_run_on_is_told_what_is_missing(
    exit_code: int, said: str, sentence: str
) -> None:
    error = server_for(Path("a.gguf"))._load_error(exit_code, said)
    assert isinstance(error, EngineUnavailable)
    assert sentence in str(error)


def test_a_process_that_is_killed_for_memory_says_what_to_lower() -> None:
    error = server_for(Path("a.gguf"))._load_error(-9, "")
    assert isinstance(error, ModelError)
    assert "lower CONTEXT_TOKENS, LANES or GPU_LAYERS" in str(error)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""The process that holds a llama.cpp model. Started by file name, so it imports nothing of bot.

On its standard input comes one line of JSON with the settings; on its standard output goes one
line of JSON, ``{"address": "http://127.0.0.1:…"}``, or nothing if it fails: then its standard
error says why. It lives until its standard input is closed, so it cannot outlive the bot, however
the bot ends.
"""

import json
import os
import signal
import sys
from typing import Any

import xllamacpp


def main() -> None:
    # Ctrl+C and a service manager's SIGTERM reach the whole process group; running replies
    # may still finish, so only the bot decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    settings = json.loads(sys.stdin.readline())
    # llama.cpp must not write between the lines of the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = serve(settings)
    print(json.dumps({"address": server.listening_address}), file=answer, flush=True)
    # Nobody reads the log from here on; it may grow without end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.dup2(2, 1)
    sys.stdin.read()
    # The server's destructor can wait for ever for its own main loop.
    os._exit(0)


def serve(settings: dict[str, Any]) -> Any:
    """An ``xllamacpp.Server`` (it has no type information) with its model loaded."""
    flash_attention = xllamacpp.llama_flash_attn_type
    params = xllamacpp.CommonParams()
    params.model.path = settings["model_path"]
    # Without an alias the file's path is shown to whoever asks for the model's name.
    params.model_alias = {"airocord"}
    params.api_keys = [settings["api_key"]]
    params.n_parallel = settings["lanes"]
    params.n_ctx = settings["lanes"] * settings["context_tokens"]
    # Each lane has a context window of its own; a shared one is slower without flash attention.
    params.kv_unified = False
    # A batch is not interrupted: with 2048, one long prompt stalls all other replies for 20 s on
    # a CPU; with 256 for a few.
    params.n_batch = params.n_ubatch = 256
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.n_gpu_layers = settings["gpu_layers"]
    # On a CPU it is slower: 27 against 79 tokens/s with 3,000 tokens of context.
    params.flash_attn_type = (
        flash_attention.LLAMA_FLASH_ATTN_TYPE_AUTO
        if settings["gpu_layers"]
        else flash_attention.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    # The settings say what fits; looking for what else would fit loads the model twice.
    params.fit_params = False
    # Conversations whose lane was given to another wait here for their next turn.
    params.cache_ram_mib = 256
    # Replies, and token counts beside them; also cancelled ones that were not noticed yet.
    params.n_threads_http = 2 * settings["lanes"] + 4
    # Whether its main loop still turns is asked there.
    params.endpoint_slots = True
    params.ui = False
    params.verbosity = 1  # errors only: they say why a model cannot be loaded
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()

"""``python -m tests.support.exl2_bot FOLDER paged|unpaged``: ``python -m bot run`` on the real
ExLlamaV2, which runs on this machine's processor."""

from __future__ import annotations

import sys
from pathlib import Path

from bot import core
from bot.__main__ import main
from bot.generation.choose import Choice, EngineOptions
from bot.generation.exllamav2_attention import Attention
from bot.generation.exllamav2_options import LoadOptions
from tests.support.exl2_hosted import hosted_on_cpu

FOLDER, MODE = Path(sys.argv[1]), sys.argv[2]


def choose(options: EngineOptions) -> Choice:
    load_options = LoadOptions(
        folder=FOLDER,
        context_tokens=options.context_tokens,
        lanes=options.lanes,
        cache_type="fp16",
        chunk_tokens=256,
        attention=Attention(MODE == "paged", f"Attention is {MODE}, as the test says."),
    )
    return Choice(hosted_on_cpu(load_options), "The engine is ExLlamaV2 on the processor.")


if __name__ == "__main__":
    setattr(core, "choose_engine", choose)  # noqa: B010 - it is not core's own name
    sys.exit(main(["run"]))

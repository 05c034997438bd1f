"""ExLlamaV2 in a process of its own, on this machine's CPU."""

from __future__ import annotations

import gc

from bot.generation import exllamav2_hosted
from bot.generation.engine import Engine
from bot.generation.exllamav2_options import LoadOptions
from bot.generation.hosted import HostedEngine
from bot.generation.hosted_wire import Options


def hosted_on_cpu(options: LoadOptions) -> HostedEngine:
    """An engine that is not loaded yet; on a card, where there is one."""
    return exllamav2_hosted.hosted_exllamav2(options, factory=f"{__name__}:make")


def make(options: Options) -> Engine:
    """In the process that hosts it: the engine of the bot on the stand-in for a card."""
    # Not at the top: torch must not be in the process that asks for the engine.
    from tests.exllamav2_on_cpu.stand_in import install  # noqa: PLC0415

    install()
    # The library collects garbage at every load, and looks through all of torch for it.
    gc.freeze()
    return exllamav2_hosted.make(options)

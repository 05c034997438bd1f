"""ExLlamaV2 in a process of its own: torch is never in the bot's.

In the bot's own process the event loop stood still for more than a second while weights were
read, for a tenth of one while torch was imported, and for as long as a step while replies were
written: the library's native code keeps Python's global lock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypedDict, cast

from bot.generation.engine import Engine
from bot.generation.exl2_memory import CacheType
from bot.generation.exllamav2 import ExLlamaV2Engine
from bot.generation.exllamav2_attention import Attention
from bot.generation.exllamav2_options import LoadOptions
from bot.generation.hosted import HostedEngine
from bot.generation.hosted_wire import Options

FACTORY = f"{__name__}:make"


class _Sent(TypedDict):
    """:class:`LoadOptions` in JSON."""

    folder: str
    context_tokens: int | None
    lanes: int
    cache_type: CacheType
    chunk_tokens: int
    gpu_split: list[float]
    lora: str | None
    draft: str | None
    attention: tuple[bool, str] | None


def hosted_exllamav2(options: LoadOptions, *, factory: str = FACTORY) -> HostedEngine:
    """``factory`` is called with ``options`` in the other process, as :func:`make` reads them."""
    attention, draft = options.attention, options.draft
    sent = _Sent(
        folder=str(options.folder),
        context_tokens=options.context_tokens,
        lanes=options.lanes,
        cache_type=options.cache_type,
        chunk_tokens=options.chunk_tokens,
        gpu_split=list(options.gpu_split),
        lora=None if options.lora is None else str(options.lora),
        # A folder may have any name, "ngram" too; its whole path is not that.
        draft=str(draft.absolute()) if isinstance(draft, Path) else draft,
        attention=None if attention is None else (attention.paged, attention.reason),
    )
    return HostedEngine(
        name=ExLlamaV2Engine.name,
        factory=factory,
        options=cast("Options", sent),
        lanes=options.lanes,
    )


def make(options: Options) -> Engine:
    """The engine itself, in the process that hosts it."""
    sent = cast("_Sent", options)
    draft: Path | Literal["ngram"] | None = "ngram" if sent["draft"] == "ngram" else None
    if sent["draft"] is not None and draft is None:
        draft = Path(sent["draft"])
    return ExLlamaV2Engine(
        LoadOptions(
            folder=Path(sent["folder"]),
            context_tokens=sent["context_tokens"],
            lanes=sent["lanes"],
            cache_type=sent["cache_type"],
            chunk_tokens=sent["chunk_tokens"],
            gpu_split=tuple(sent["gpu_split"]),
            lora=None if sent["lora"] is None else Path(sent["lora"]),
            draft=draft,
            attention=None if sent["attention"] is None else Attention(*sent["attention"]),
        )
    )

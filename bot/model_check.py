"""``python -m bot model check``: whether a model's folder is whole, and what it takes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.generation.exl2_folder import ModelFolder, check_folder
from bot.generation.exl2_memory import CARD_GIB, CacheType, MemoryEstimate, estimate
from bot.generation.exllamav2_options import DEFAULT_CONTEXT_TOKENS

_GIB = 1 << 30


def check_model(
    path: Path,
    *,
    context_tokens: int,
    cache: CacheType,
    lanes: int,
    draft: Path | None = None,
    as_json: bool = False,
) -> int:
    """Print what a folder holds and what it takes on a card; return the exit status.

    ``context_tokens``: 0 for what the bot would take of its own accord.

    Raises:
        ModelError: ExLlamaV2 could not load the folder.
    """
    folder = check_folder(path)
    need = estimate(
        folder,
        context_tokens=context_tokens or min(folder.context_tokens, DEFAULT_CONTEXT_TOKENS),
        cache=cache,
        lanes=lanes,
        draft=check_folder(draft, named_by="--draft") if draft else None,
    )
    if as_json:
        print(json.dumps(_as_json(folder, need)))  # noqa: T201 - what a program reads
    else:
        _print(folder, need, cache, lanes)
    return 0


def _as_json(folder: ModelFolder, need: MemoryEstimate) -> dict[str, object]:
    fits = {f"{card}": need.fits(card) for card in CARD_GIB}
    return {"model": asdict(folder), "bytes": {**asdict(need), "total": need.total}, "fits": fits}


def _print(folder: ModelFolder, need: MemoryEstimate, cache: CacheType, lanes: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{escape(folder.name)}: {folder.architecture}, {folder.quantisation}, trained with a "
        f"window of {folder.context_tokens:,} tokens. ExLlamaV2 can load it."
    )
    table = Table(title="Memory on the card, estimated", title_justify="left")
    table.add_column("")
    table.add_column("GiB", justify="right")
    windows = f"{lanes} windows, " if lanes > 1 else ""
    rows = [
        ("weights", need.weights),
        (f"cache, {cache} ({windows}{need.cache_tokens:,} tokens)", need.cache),
        ("overhead", need.overhead),
        *([("draft model", need.draft)] if need.draft else []),
    ]
    for label, size in rows:
        table.add_row(label, f"{size / _GIB:.2f}")
    table.add_section()
    table.add_row("in all", f"{need.total / _GIB:.2f}", style="bold")
    console.print(table)
    fitting = [card for card in CARD_GIB if need.fits(card)]
    console.print(
        f"It fits cards of {fitting[0]} GB and more, if nothing else uses them."
        if fitting
        else f"It does not fit a card of {CARD_GIB[-1]} GB. Take fewer bits, a shorter context, a "
        "smaller cache type, or several cards."
    )
    if fitting and fitting[0] * _GIB - need.total < _GIB:
        console.print(
            f"It is close for {fitting[0]} GB: a card that also shows a desktop has less."
        )

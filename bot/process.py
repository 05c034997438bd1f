"""What the system says of this process, and is told."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path


def resident_bytes() -> int | None:
    """Memory that the process has in use; ``None`` where the system does not say it in a file."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


_M_ARENA_MAX = -8
"""glibc's malloc.h."""

_ARENAS = 2


def keep_memory_together() -> None:
    """Have threads share what they free.

    glibc gives each thread a pool of memory of its own, which keeps what it had at its largest.
    The bot's threads take turns at work of a moment each, so in half an hour their pools are as
    large as a third of the bot. To be called before there are threads; elsewhere it does nothing.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)

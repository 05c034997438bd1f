"""What every process that holds a model is given, and how it ends with the bot."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys

_SECRET = re.compile(r"(TOKEN|SECRET|PASSWORD|KEY|CREDENTIALS|DATABASE_URL)$", re.IGNORECASE)

_PR_SET_PDEATHSIG = 1
"""From ``linux/prctl.h``."""


def environment(**more: str) -> dict[str, str]:
    """The bot's environment without its secrets, and ``more``. What libraries read of it (paths,
    cards, threads) differs from machine to machine, so it is not left out as a whole."""
    kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    return kept | more


def outlive_signals_but_not_the_bot() -> None:
    """For the beginning of the process. Ctrl+C and a service manager's SIGTERM reach the whole
    group, and running replies may still finish: only the bot decides when this process ends.

    Linux ends it with the bot even while native code keeps Python from noticing. The bot has to
    start it from a thread that lives as long as itself, for it is that thread which is watched.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

"""The garbage collector, kept away from what is never garbage."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def lasting() -> Generator[None]:
    """What is made inside, by imports above all, stays as long as the process.

    The bot's modules are some 100,000 objects. Looking through them takes 80 ms, which is what
    each full collection would hold up the event loop for; and it would be done a dozen times
    while they are made.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

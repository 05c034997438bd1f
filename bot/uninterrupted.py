"""Work that is not broken off half way when whoever waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """What ``work`` returns. A cancellation takes effect when it has ended: a transaction that is
    broken off can keep the database locked until its connection is let go of."""
    task = asyncio.create_task(work, name="work to the end")
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        # What it raised instead is not asked for any more.
        _ = task.cancelled() or task.exception()
        raise cancelled
    return task.result()

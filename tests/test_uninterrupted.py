"""Work that goes on to its end."""

from __future__ import annotations

import asyncio

import pytest

from bot.uninterrupted import to_the_end


async def test_it_hands_on_what_comes_out() -> None:
    async def works() -> int:
        return 7

    async def fails() -> int:
        raise LookupError

    assert await to_the_end(works()) == 7
    with pytest.raises(LookupError):
        await to_the_end(fails())


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_however_often_leaves_when_it_is_done(fails: bool) -> None:
    go_on = asyncio.Event()
    is_done = False

    async def work() -> None:
        nonlocal is_done
        await go_on.wait()
        is_done = True
        if fails:
            raise LookupError

    task = asyncio.create_task(to_the_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_done

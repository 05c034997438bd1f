"""At a stop, what is being answered is waited for."""

from __future__ import annotations

import asyncio

import pytest

from bot import handlers


async def test_one_that_takes_too_long_is_broken_off_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stuck = asyncio.create_task(asyncio.Event().wait(), name="CommandTree-invoker")
    await handlers.finished(0.01)
    assert stuck.cancelled()
    assert "CommandTree-invoker was broken off by the stop" in caplog.text


async def test_nothing_else_is_waited_for_or_broken_off() -> None:
    other = asyncio.create_task(asyncio.Event().wait(), name="keep house")
    await handlers.finished(60)
    assert not other.done()
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)

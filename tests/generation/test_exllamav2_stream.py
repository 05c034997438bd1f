"""The way of a reply from the engine's thread to whoever reads it."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import EngineFailed
from bot.generation.engine import Finish, FinishReason, Piece
from bot.generation.exllamav2_stream import Outbox, Stream

FINISH = Finish(reason=FinishReason.STOP, prompt_tokens=1, cached_tokens=0, new_tokens=2)


async def test_however_much_was_written_the_loop_is_woken_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    outbox, streams = Outbox(loop), [Stream(), Stream()]
    woken = 0
    wake = loop.call_soon_threadsafe

    def counted(*args: object, **named: object) -> object:
        nonlocal woken
        woken += 1
        return wake(*args, **named)  # type: ignore[arg-type]

    def write() -> None:
        for _ in range(100):
            for stream in streams:
                outbox.put(stream, "a")
        for stream in streams:
            outbox.put(stream, "", FINISH)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    # The loop is held up meanwhile, as by a slow cog.
    write()
    assert woken == 1
    monkeypatch.undo()
    for stream in streams:
        assert await stream.next() == Piece("a" * 100)
        assert await stream.next() == FINISH


async def test_a_reader_waits_for_the_next_piece() -> None:
    stream = Stream()
    waiting = asyncio.create_task(stream.next())
    await asyncio.sleep(0)
    stream.put("now", None)
    assert await waiting == Piece("now")


async def test_what_was_written_before_a_fault_is_read_before_it() -> None:
    stream = Stream()
    stream.put("so far", None)
    stream.put("", EngineFailed("It broke."))
    stream.put("too late", FINISH)
    assert await stream.next() == Piece("so far")
    with pytest.raises(EngineFailed, match="It broke"):
        await stream.next()


async def test_a_loop_that_has_ended_does_not_harm_the_thread() -> None:
    ended = asyncio.new_event_loop()
    ended.close()
    Outbox(ended).put(Stream(), "nobody reads this")

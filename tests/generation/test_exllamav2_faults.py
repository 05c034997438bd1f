"""What the library does when things go wrong, and that nobody here is hurt by it.

Every fault is injected into the real library, in both modes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bot.errors import EngineFailed, PromptTooLong
from bot.generation.engine import Piece, SamplingParams
from bot.generation.exllamav2 import ExLlamaV2Engine
from bot.generation.figures import Health
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request
from bot.prompts import Prompt
from tests.support.engine_reply import GREEDY, LIMIT_S, reply
from tests.support.exl2_engine import (
    LONG,
    begun,
    encode,
    engine_on,
    failing,
    loaded,
    stand_in,
)
from tests.support.exl2_models import random_model

# One loaded model for each mode, so one event loop too.
pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_MEMORY = RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
BROKEN = RuntimeError("an illegal memory access was encountered")
STORY = "Once upon a time there was a little girl. " * 20
BRIEF = SamplingParams(max_new_tokens=4, temperature=0.0, repetition_penalty=1.0)


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[True, False], ids=["paged", "unpaged"]
)
async def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[ExLlamaV2Engine]:
    """Never ends a reply by itself."""
    stand_in()
    folder = random_model(tmp_path_factory.mktemp("models") / "endless", eos=323)
    async with loaded(engine_on(folder, paged=request.param, context_tokens=1500)) as ready:
        yield ready


@pytest.fixture
def generators(engine: ExLlamaV2Engine, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The library's generators, from the next one on."""
    made: list[Any] = []
    assert engine._loaded is not None
    new_generator = engine._loaded.new_generator

    def recorded() -> Any:
        made.append(new_generator())
        return made[-1]

    monkeypatch.setattr(engine._loaded, "new_generator", recorded)
    return made


async def assert_nothing_is_left(engine: ExLlamaV2Engine, generator: Any) -> None:
    """Another reply has its turn at once, and the library holds no other job."""
    await reply(engine, await encode(engine, "Hi"), BRIEF)
    assert generator.num_remaining_jobs() == 0
    assert not generator.referenced_pages


@contextmanager
def held_in(function: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The engine's thread stops within ``function``: it says that it is there, and waits."""
    there, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        there.set()
        assert go_on.wait(LIMIT_S)

    extension = stand_in()
    extension.before[function] = hold
    try:
        yield there, go_on
    finally:
        go_on.set()
        del extension.before[function]


# -- exceptions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "sentence"), [(NO_MEMORY, "ran out of memory"), (BROKEN, "stumbled over this reply")]
)
@pytest.mark.parametrize("stage", ["prefill", "decode"])
async def test_a_fault_ends_the_replies_under_way_and_after_a_recovery_all_is_well(
    engine: ExLlamaV2Engine, stage: str, error: Exception, sentence: str
) -> None:
    ids = await encode(engine, STORY)
    expected, _ = await reply(engine, ids, GREEDY)
    if stage == "prefill":
        fresh = await encode(engine, "Another. " + STORY)
        with failing("rope_", error), pytest.raises(EngineFailed, match=sentence):
            await reply(engine, fresh)
    else:
        tasks = [await begun(engine, ids) for _ in range(engine.lanes)]
        with failing("rope_", error):
            ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), LIMIT_S)
        for end in ended:
            assert isinstance(end, EngineFailed)
            assert sentence in str(end)
    await engine.recover()
    text, finish = await reply(engine, ids, GREEDY)
    assert text == expected
    assert finish.cached_tokens == 0
    assert (await reply(engine, ids, GREEDY))[1].cached_tokens > 0


async def test_pages_that_were_half_written_at_a_fault_are_never_read(
    engine: ExLlamaV2Engine,
) -> None:
    """The library counts a token as kept before it has computed it."""
    params = replace(GREEDY, max_new_tokens=60)
    ids = await encode(engine, "Hello")
    expected, _ = await reply(engine, ids, params)
    with failing("rope_", BROKEN, after=40), pytest.raises(EngineFailed):
        await reply(engine, ids, params)
    await engine.recover()
    assert (await reply(engine, ids, params))[0] == expected


async def test_until_the_recovery_requests_fail_at_once_and_none_hangs(
    engine: ExLlamaV2Engine,
) -> None:
    ids = await encode(engine, "Hi")
    with failing("rope_", BROKEN), pytest.raises(EngineFailed):
        await reply(engine, ids)
    with pytest.raises(EngineFailed, match="being started again"):
        await reply(engine, ids)
    await engine.recover()
    await reply(engine, ids)


async def test_a_recovery_that_a_new_generator_does_not_bring_loads_anew(
    engine: ExLlamaV2Engine,
) -> None:
    ids = await encode(engine, "Hi")
    expected, _ = await reply(engine, ids)
    before = engine._loaded
    # The first step of the new generator fails, what comes after does not.
    calls = 0

    def fail_once() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise BROKEN

    stand_in().before["rope_"] = fail_once
    try:
        await engine.recover()
    finally:
        del stand_in().before["rope_"]
    assert engine._loaded is not before
    assert (await reply(engine, ids))[0] == expected


async def test_the_queue_goes_on_after_a_fault(engine: ExLlamaV2Engine) -> None:
    queue = GenerationQueue(engine)
    queue.keeper.health = Health.READY
    request = Request(prompt=Prompt(["Hello"]), params=GREEDY, person=1)
    expected = queue.submit(request)
    await asyncio.wait_for(expected.result(), LIMIT_S)
    with failing("rope_", BROKEN):
        broken = queue.submit(request)
        with pytest.raises(EngineFailed):
            await asyncio.wait_for(broken.result(), LIMIT_S)
    async with asyncio.timeout(LIMIT_S):
        while queue.status.health is Health.RECOVERING:
            await asyncio.sleep(0.01)
    again = queue.submit(request)
    await asyncio.wait_for(again.result(), LIMIT_S)
    assert again.text == expected.text
    await queue.idle()


# -- refusals --------------------------------------------------------------------------------


async def test_a_request_that_the_library_refuses_fails_alone(
    engine: ExLlamaV2Engine, generators: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.recover()
    ids = await encode(engine, "Hi")
    other = await begun(engine, ids, SamplingParams(max_new_tokens=40, temperature=0.0))

    def refuse(job: object) -> None:
        raise AssertionError("Job requires 9 pages (only 8 available)")

    with monkeypatch.context() as patch:
        patch.setattr(generators[-1], "enqueue", refuse)
        with pytest.raises(EngineFailed):
            await reply(engine, ids)
    _, finish = await asyncio.wait_for(other, LIMIT_S)
    assert finish.new_tokens == 40
    await assert_nothing_is_left(engine, generators[-1])


async def test_a_request_longer_than_the_window_never_reaches_the_library(
    engine: ExLlamaV2Engine, generators: list[Any]
) -> None:
    """The cache has room for it: the library looks at nothing else."""
    await engine.recover()
    with pytest.raises(PromptTooLong):
        await reply(engine, [100] * 1501)
    await assert_nothing_is_left(engine, generators[-1])


# -- cancelling ------------------------------------------------------------------------------


async def test_a_reply_that_is_cancelled_while_it_waits_is_never_begun(
    engine: ExLlamaV2Engine, generators: list[Any]
) -> None:
    await engine.recover()
    ids = await encode(engine, "Hi")
    params = SamplingParams(max_new_tokens=40, temperature=0.0)
    running = [await begun(engine, ids, params)]
    running += [asyncio.create_task(reply(engine, ids, params)) for _ in range(engine.lanes - 1)]
    waiting = asyncio.create_task(reply(engine, ids))
    await asyncio.sleep(0)
    waiting.cancel()
    ended = await asyncio.wait_for(asyncio.gather(*running), LIMIT_S)
    assert [finish.new_tokens for _, finish in ended] == [40] * engine.lanes
    assert waiting.cancelled()
    await assert_nothing_is_left(engine, generators[-1])


async def test_a_reply_that_is_cancelled_while_its_prompt_is_read_is_let_go(
    engine: ExLlamaV2Engine, generators: list[Any]
) -> None:
    await engine.recover()
    ids = await encode(engine, "Read this. " + STORY * 3)
    with held_in("rope_") as (there, go_on):
        task = asyncio.create_task(reply(engine, ids, LONG))
        assert await asyncio.to_thread(there.wait, LIMIT_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        go_on.set()
    await assert_nothing_is_left(engine, generators[-1])
    # What was read of it is used, what was not read is not.
    expected, _ = await reply(engine, ids, replace(GREEDY, seed=1))
    assert (await reply(engine, ids, GREEDY))[0] == expected


async def test_a_reader_who_leaves_ends_the_reply(
    engine: ExLlamaV2Engine, generators: list[Any]
) -> None:
    await engine.recover()
    drawn = stand_in().calls["sample_basic"]
    stream = engine.generate(await encode(engine, "Hi"), LONG)
    for _ in range(3):
        assert isinstance(await anext(stream), Piece)
    await stream.aclose()
    await assert_nothing_is_left(engine, generators[-1])
    assert stand_in().calls["sample_basic"] - drawn < LONG.max_new_tokens // 2


async def test_cancelling_after_the_end_does_nothing(
    engine: ExLlamaV2Engine, generators: list[Any]
) -> None:
    await engine.recover()
    stream = engine.generate(await encode(engine, "Hi"), BRIEF)
    events = [event async for event in stream]
    await stream.aclose()
    assert not isinstance(events[-1], Piece)
    await assert_nothing_is_left(engine, generators[-1])


async def test_of_replies_side_by_side_only_the_cancelled_one_ends(
    engine: ExLlamaV2Engine,
) -> None:
    if engine.lanes == 1:
        pytest.skip("without pages there is one reply at a time")
    ids = await encode(engine, "Hi")
    params = SamplingParams(max_new_tokens=40, temperature=0.0, repetition_penalty=1.0)
    expected, _ = await reply(engine, ids, params)
    stays, goes = await begun(engine, ids, params), await begun(engine, ids)
    goes.cancel()
    text, finish = await asyncio.wait_for(stays, LIMIT_S)
    assert (text, finish.new_tokens) == (expected, 40)

"""Whatever becomes of the process that hosts an engine, the bot goes on; and it never stays."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import EngineFailed, EngineUnavailable, ModelError
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request
from bot.prompts import Prompt
from tests.support.hosted_engines import LANES, LIMITS, hosted
from tests.support.hosting import (
    LIMIT_S,
    PARAMS,
    encode,
    exists,
    loaded,
    pid_of,
    reply,
    report,
    running,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")


# -- loading ---------------------------------------------------------------------------------


async def test_progress_is_told_while_the_model_is_loaded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shares: list[float] = []
    engine = hosted()
    with caplog.at_level(logging.INFO):
        await engine.load(shares.append)
        await engine.close()
    assert shares == [0.0, 0.25, 0.5, 0.75, 1.0]
    [record] = [one for one in caplog.records if one.name == "bot.scripted"]
    assert record.levelno == logging.INFO
    assert record.getMessage() == "loading\nin two lines"


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"on_load": "refuse"}, ModelError, r"^The folder has no model\.…$"),
        ({"on_load": "die"}, ModelError, "memory is short: lower CONTEXT_TOKENS"),
        ({"import": True}, ModelError, "could not be loaded; the log says why"),
        ({"on_load": "stand still"}, ModelError, "has made no progress"),
    ],
    ids=str,
)
async def test_a_model_that_cannot_be_loaded_says_why_and_leaves_nothing_behind(
    options: dict[str, object], kind: type[Exception], sentence: str
) -> None:
    silence_s = 0.5 if options == {"on_load": "stand still"} else LIMIT_S
    engine = hosted(replace(LIMITS, load_silence_s=silence_s), **options)
    before = set(children())
    with pytest.raises(kind, match=sentence):
        await engine.load(lambda share: None)
    assert engine.pid is None
    assert set(children()) == before
    await engine.close()


async def test_a_crash_is_explained_and_what_was_said_last_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(EngineUnavailable, match=r"\(SIGSEGV\); the log says more"):
        await hosted(on_load="crash").load(lambda share: None)
    assert "std::bad_alloc" in caplog.text
    assert "Fatal Python error: Segmentation fault" in caplog.text


async def test_a_load_that_nobody_waits_for_any_more_ends() -> None:
    engine = hosted(on_load="hang")
    begun = asyncio.Event()

    def on_progress(share: float) -> None:
        if share > 0.5:
            begun.set()

    task = asyncio.create_task(engine.load(on_progress))
    async with asyncio.timeout(LIMIT_S):
        await begun.wait()
        pid = pid_of(engine)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not exists(pid)


async def test_a_load_that_is_closed_ends_with_a_sentence() -> None:
    engine = hosted(on_load="hang")
    task = asyncio.create_task(engine.load(lambda share: None))
    async with asyncio.timeout(LIMIT_S):
        while engine.pid is None:
            await asyncio.sleep(0.01)
        await engine.close()
        with pytest.raises(EngineFailed, match="is not running"):
            await task


async def test_a_process_that_is_closed_while_it_is_started_does_not_stay() -> None:
    engine = hosted()
    before = set(children())
    task = asyncio.create_task(engine.load(lambda share: None))
    async with asyncio.timeout(LIMIT_S):
        await asyncio.sleep(0)
        assert engine.pid is None
        await engine.close()
        with pytest.raises(EngineFailed, match="is not running"):
            await task
        assert set(children()) == before
        await engine.load(lambda share: None)
        assert (await reply(engine, "say well"))[0] == "well"
        await engine.close()


# -- faults ----------------------------------------------------------------------------------


async def test_recovering_asks_the_engine_and_signals_do_not_end_it() -> None:
    async with loaded() as engine:
        pid = pid_of(engine)
        for number in (signal.SIGINT, signal.SIGTERM):
            # As the whole group gets them: replies may still finish.
            os.kill(pid, number)
        await engine.recover()
        assert await report(engine, "recoveries") == 1
        assert pid_of(engine) == pid


async def test_a_process_that_is_killed_ends_its_replies_and_the_queue_goes_on() -> None:
    engine = hosted()
    queue = GenerationQueue(engine)
    await queue.load()
    first = pid_of(engine)
    asked = ["endless", "endless", "die", "say I am back."]
    tickets = [
        queue.submit(Request(prompt=Prompt([text]), params=PARAMS, person=n))
        for n, text in enumerate(asked[:3])
    ]
    async with asyncio.timeout(LIMIT_S):
        for ticket in tickets:
            with pytest.raises(EngineFailed, match=r"being restarted\. Please ask again"):
                await ticket.result()
        last = queue.submit(Request(prompt=Prompt([asked[3]]), params=PARAMS, person=9))
        await last.result()
    assert tickets[2].text == "Once upon "
    assert last.text == "I am back."
    assert queue.status.counters.failed == 3
    assert pid_of(engine) != first
    assert not exists(first)
    await queue.drain(0)


async def test_an_engine_that_does_not_recover_is_started_anew() -> None:
    async with loaded(replace(LIMITS, recover_s=0.3)) as engine:
        stuck = pid_of(engine)
        with pytest.raises(EngineFailed, match="The card hangs"):
            await reply(engine, "stick")
        await engine.recover()
        assert pid_of(engine) != stuck
        assert not exists(stuck)
        assert (await reply(engine, "say well"))[0] == "well"


async def test_a_process_that_stands_still_is_started_anew() -> None:
    async with loaded(replace(LIMITS, recover_s=0.3)) as engine:
        stopped = pid_of(engine)
        stream = engine.generate(await encode(engine, "stand-still"), PARAMS)
        await anext(stream)
        await engine.recover()
        assert not exists(stopped)
        with pytest.raises(EngineFailed, match="being restarted"):
            await anext(stream)
        assert (await reply(engine, "say well"))[0] == "well"


# -- ends ------------------------------------------------------------------------------------


async def test_closing_ends_what_is_being_written_and_leaves_no_process() -> None:
    async with loaded() as engine:
        pid = pid_of(engine)
        tasks = [asyncio.create_task(reply(engine, "endless")) for _ in range(LANES)]
        async with asyncio.timeout(LIMIT_S):
            while await running(engine) != LANES:
                await asyncio.sleep(0.01)
            await engine.close()
        for task in tasks:
            with pytest.raises(EngineFailed, match="is not running"):
                await task
        assert not exists(pid)
        with pytest.raises(EngineFailed, match="is not running"):
            await encode(engine, "a")
        with pytest.raises(EngineFailed, match="is not running"):
            await anext(engine.generate([97], PARAMS))
        await engine.load(lambda share: None)
        assert (await reply(engine, "say again"))[0] == "again"


async def test_closing_does_not_wait_for_a_process_that_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.generation.hosted_process._EXIT_S", 0.2)
    async with loaded() as engine:
        pid = pid_of(engine)
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(LIMIT_S):
            await engine.close()
        assert not exists(pid)


@pytest.mark.parametrize("standing_still", [False, True], ids=["writing", "in native code"])
async def test_the_process_does_not_outlive_a_bot_that_is_killed(standing_still: bool) -> None:
    if standing_still and not sys.platform.startswith("linux"):
        pytest.skip("only Linux ends a process that cannot notice")
    program = (
        "import asyncio, sys; from bot.generation.engine import SamplingParams; "
        "from tests.support.hosted_engines import hosted\n"
        "async def main():\n"
        "    engine = hosted(); await engine.load(lambda share: None)\n"
        "    reply = engine.generate([*map(ord, sys.argv[1])], SamplingParams())\n"
        "    await anext(reply)\n"
        "    print(engine.pid, flush=True); await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, "stand-still" if standing_still else "endless"),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    async with asyncio.timeout(LIMIT_S):
        assert bot.stdout is not None
        pid = int(await bot.stdout.readline())
        assert lives(pid)
        bot.kill()
        await bot.wait()
        while lives(pid):
            await asyncio.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether there is such a process, of whomever; one that waits to be asked after is none."""
    told = Path(f"/proc/{pid}/stat")
    try:
        return exists(pid) and not (told.exists() and ") Z " in told.read_text())
    except OSError:
        return False


def children() -> list[int]:
    """The processes of this one, where the system tells them."""
    found = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in found.read_text().split()] if found.exists() else []

"""Lines of the log can be read by people and by programs, and say to which request they belong."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request
from bot.logs import begin_request, request_id, set_up_logging
from bot.prompts import Prompt
from tests.support.engines import Script, ScriptedEngine

log = logging.getLogger("airocord.test")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What is logged as JSON."""
    written, root = StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers.clear()
    monkeypatch.setattr(sys, "stderr", written)
    try:
        set_up_logging("INFO", "json")
        yield written
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def read(lines: StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_an_event_is_one_line_whatever_is_in_it(lines: StringIO) -> None:
    log.info("two\nlines and “%s”", 'a "quoted" name')
    try:
        raise ValueError("a\nb")
    except ValueError:
        log.exception("it broke")
    first, second = read(lines)
    assert first["message"] == 'two\nlines and “a "quoted" name”'
    assert (first["level"], first["logger"]) == ("INFO", "airocord.test")
    assert "request" not in first
    assert second["traceback"].endswith("ValueError: a\nb")


async def test_what_two_requests_do_at_once_is_told_apart(lines: StringIO) -> None:
    both = asyncio.Barrier(2)

    async def step(name: str) -> None:
        await both.wait()
        log.info("step of %s", name)

    async def handle(name: str) -> str:
        request = begin_request()
        await both.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(step(name))
        assert request_id() == request
        return request

    ids = await asyncio.gather(handle("one"), handle("other"))
    told = {line["message"]: line["request"] for line in read(lines)}
    assert told == {"step of one": ids[0], "step of other": ids[1]}
    assert ids[0] != ids[1]


async def test_what_the_queue_does_for_a_request_belongs_to_it(lines: StringIO) -> None:
    queue = GenerationQueue(ScriptedEngine(default=Script(("a",), error=RuntimeError("broken"))))
    await queue.load()

    async def ask() -> str:
        request = begin_request()
        ticket = queue.submit(
            Request(prompt=Prompt(["hi"]), params=SamplingParams(), person=1, id=request_id())
        )
        with pytest.raises(Exception, match=f"id {request}"):
            await ticket.result()
        return request

    # In a task of its own, as every message and command is handled.
    request = await asyncio.create_task(ask())
    await queue.drain(0)
    broken = [line for line in read(lines) if line["level"] == "ERROR"]
    assert broken
    assert {line.get("request") for line in broken} == {request}


def test_people_read_the_request_in_brackets() -> None:
    program = (
        "import logging; from bot.logs import *; set_up_logging('INFO', 'text'); "
        "logging.getLogger('x').info('before'); id = begin_request(); "
        "logging.getLogger('x').info('after'); print(id)"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    before, after = done.stderr.splitlines()
    assert before.endswith("INFO    x: before")
    assert after.endswith(f"INFO    x: [{done.stdout.strip()}] after")

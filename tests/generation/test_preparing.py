"""What is done for a request before it is put in line, and what is counted against whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.background import Background
from bot.errors import (
    EngineLoading,
    EnginePaused,
    EngineSick,
    ModelError,
    PromptFailed,
    QueueFull,
    ShuttingDown,
)
from bot.generation.engine import SamplingParams
from bot.generation.figures import Health, QueueLimits
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, Request, Ticket, TicketState
from bot.prompts import Prompt
from tests.support.engines import Script, ScriptedEngine, SlowEngine
from tests.support.queues import held, let_go, open_queue, settle


def ask(
    prepare: Callable[[Ticket], Awaitable[None]] | None = None,
    *,
    person: int = 1,
    guild: int | None = 5,
    priority: Priority = Priority.INTERACTIVE,
) -> Request:
    return Request(
        prompt=Prompt(["hi"]),
        prepare=prepare,
        params=SamplingParams(),
        person=person,
        guild=guild,
        priority=priority,
    )


class Work:
    """Something to be prepared, which a test lets end."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.may_end = asyncio.Event()
        self.was_cancelled = False

    async def __call__(self, ticket: Ticket) -> None:
        ticket.tell("Reading.")
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        if self.error is not None:
            raise self.error


async def told(ticket: Ticket) -> None:
    while not ticket.progress:
        await ticket.changed(ticket.version)


async def test_a_request_is_in_line_when_it_is_prepared_and_says_how_far_it_is() -> None:
    engine = ScriptedEngine()
    async with open_queue(engine) as queue:
        work = Work()
        ticket = queue.submit(ask(work))
        await told(ticket)
        assert (ticket.progress, ticket.position) == ("Reading.", None)
        # It holds nobody up.
        await queue.submit(ask(person=2)).result()
        work.may_end.set()
        await ticket.result()
        assert ticket.progress == ""
        assert len(engine.prompts) == 2


async def test_what_is_prepared_may_ask_in_the_background_while_it_is_all_the_person_has() -> None:
    engine = ScriptedEngine(default=Script(("Noted.",)))
    async with open_queue(engine, QueueLimits(per_person=1, per_guild=1)) as queue:
        notes: list[str] = []

        async def prepare(_: Ticket) -> None:
            part = queue.submit(ask(priority=Priority.BACKGROUND))
            await part.result()
            notes.append(part.text)

        ticket = queue.submit(ask(prepare))
        with pytest.raises(QueueFull, match="already have 1"):
            queue.submit(ask())
        with pytest.raises(QueueFull, match="this server"):
            queue.submit(ask(person=2))
        await ticket.result()
        assert notes == ["Noted."]
        await queue.submit(ask()).result()


class Parts(Work):
    """Two parts, each written by the model; between them a test may do something."""

    def __init__(self, queue: GenerationQueue) -> None:
        super().__init__()
        self.queue = queue
        self.notes: list[str] = []

    async def __call__(self, ticket: Ticket) -> None:
        background = Background(self.queue, 1, 5, lambda _: None, part_of=ticket)
        self.notes.append(await background.write(Prompt(["part"]), SamplingParams()))
        await super().__call__(ticket)
        self.notes.append(await background.write(Prompt(["part"]), SamplingParams()))


@pytest.mark.parametrize("what", ["a pause", "a full line", "a reload"])
async def test_what_was_let_in_goes_on_to_its_end_whatever_keeps_others_out(what: str) -> None:
    person = held()
    engine = SlowEngine(reply={"part": Script(("Noted.",)), "hi": person}.__getitem__)
    async with open_queue(engine, QueueLimits(total=3)) as queue:
        parts = Parts(queue)
        ticket = queue.submit(ask(parts))
        await told(ticket)
        engine.may_load.clear()
        reload = asyncio.create_task(queue.reload() if what == "a reload" else asyncio.sleep(0))
        await asyncio.sleep(0)
        queue.keeper.pause(what == "a pause")
        for other in range(3 if what == "a full line" else 0):
            queue.submit(ask(person=10 + other))
        with pytest.raises((EngineLoading, EnginePaused, QueueFull)):
            queue.submit(ask(person=20))
        parts.may_end.set()
        await settle()
        engine.may_load.set()
        let_go(person, 4)
        await ticket.result()
        await reload
        assert parts.notes == ["Noted."] * 2


async def test_a_part_that_is_being_written_is_written_anew_by_the_model_that_is_loaded() -> None:
    script = held("Noted.")
    engine = ScriptedEngine(default=script)
    async with open_queue(engine) as queue:
        parts = Parts(queue)
        parts.may_end.set()
        ticket = queue.submit(ask(parts))
        while not engine.running:
            await asyncio.sleep(0)
        await queue.reload()
        let_go(script, 3)
        await ticket.result()
        assert parts.notes == ["Noted."] * 2
        assert engine.prompts == ["part", "part", "part", "hi"]


async def test_a_part_is_refused_where_the_engine_is_given_up() -> None:
    async with open_queue(ScriptedEngine()) as queue:
        work = Work()
        ticket = queue.submit(ask(work))
        queue.keeper.health = Health.SICK
        part = replace(ask(priority=Priority.BACKGROUND), part_of=ticket)
        with pytest.raises(EngineSick):
            queue.submit(part)


async def test_all_that_are_prepared_count_towards_the_length_of_the_line() -> None:
    async with open_queue(ScriptedEngine(), QueueLimits(total=2)) as queue:
        work = Work()
        queue.submit(ask(work, person=1))
        queue.submit(ask(work, person=2))
        with pytest.raises(QueueFull, match="Too many people"):
            queue.submit(ask(person=3))


async def test_to_cancel_a_request_ends_what_is_done_for_it() -> None:
    engine = ScriptedEngine()
    async with open_queue(engine) as queue:
        work = Work()
        ticket = queue.submit(ask(work))
        await told(ticket)
        ticket.cancel()
        assert ticket.state is TicketState.CANCELLED
        await queue.idle()
        assert work.was_cancelled
        assert engine.prompts == []


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (EngineSick("It keeps failing."), EngineSick, "It keeps failing"),
        (ModelError("Set PROMPT_TEMPLATE."), PromptFailed, r"Set PROMPT_TEMPLATE\."),
        (ValueError("?"), PromptFailed, "Something went wrong on our side"),
        (asyncio.CancelledError(), PromptFailed, "Something went wrong on our side"),
    ],
)
async def test_a_request_that_cannot_be_prepared_fails_with_a_sentence(
    error: BaseException, kind: type[Exception], sentence: str
) -> None:
    engine = ScriptedEngine()
    async with open_queue(engine) as queue:
        work = Work(error)
        ticket = queue.submit(ask(work))
        work.may_end.set()
        with pytest.raises(kind, match=sentence):
            await ticket.result()
        await queue.idle()
        assert ticket.state is TicketState.FAILED
        assert engine.prompts == []


async def test_a_queue_that_closes_ends_what_is_being_prepared() -> None:
    async with open_queue(ScriptedEngine()) as queue:
        work = Work()
        ticket = queue.submit(ask(work))
        await told(ticket)
        await queue.drain(0)
        with pytest.raises(ShuttingDown):
            await ticket.result()
        assert work.was_cancelled


async def test_what_is_prepared_while_the_engine_is_given_up_ends_as_what_waits_does() -> None:
    engine = ScriptedEngine(recover_error=RuntimeError("no device"))
    async with open_queue(engine) as queue:
        work = Work()
        ticket = queue.submit(ask(work))
        await told(ticket)
        engine.default = Script((), error=RuntimeError("gone"))
        queue.submit(ask(person=2))
        with pytest.raises(EngineSick):
            await ticket.result()
        await queue.idle()
        assert work.was_cancelled


async def test_nobody_is_idle_while_something_is_prepared() -> None:
    async with open_queue(ScriptedEngine()) as queue:
        work = Work()
        queue.submit(ask(work))
        await queue.submit(ask(person=2)).result()
        waiting = asyncio.create_task(queue.idle())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not waiting.done()
        work.may_end.set()
        await waiting

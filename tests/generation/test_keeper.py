"""An engine's health: breakdowns, pauses and reloads as those see them who wait in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from bot.errors import (
    AirocordError,
    EngineFailed,
    EngineLoading,
    EnginePaused,
    EngineSick,
    EngineUnavailable,
    GenerationError,
    ModelError,
    PromptFailed,
    PromptTooLong,
    RunTimedOut,
    ShuttingDown,
)
from bot.generation.constraint import Constraint, JsonSchema, Matches, OneOf, StartsWith
from bot.generation.engine import Finish, Piece, SamplingParams
from bot.generation.figures import Health, QueueLimits
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, TicketState
from bot.prompts import Control, Prompt
from tests.support.engines import Script, ScriptedEngine, SlowEngine
from tests.support.queues import (
    ask,
    health_of,
    held,
    open_queue,
    settle,
    until,
)


async def test_an_engine_that_falls_silent_is_rebuilt() -> None:
    engine = ScriptedEngine(default=held())
    async with open_queue(engine, QueueLimits(stall_s=0.5)) as queue:
        ticket = queue.submit(ask())
        with pytest.raises(RunTimedOut, match="silent"):
            await ticket.result()
        await settle()
        assert engine.recoveries == 1
        engine.default = Script()
        await queue.submit(ask()).result()


async def test_after_an_exception_in_the_engine_the_queue_goes_on() -> None:
    engine = ScriptedEngine()
    engine.scripts.append(Script(("Half",), error=RuntimeError("CUDA out of memory")))
    async with open_queue(engine) as queue:
        broken, waiting = queue.submit(ask(1)), queue.submit(ask(2))
        with pytest.raises(EngineFailed, match=broken.id) as caught:
            await broken.result()
        assert "CUDA" not in str(caught.value)
        assert broken.text == "Half"
        await waiting.result()
        assert engine.recoveries == 1


@pytest.mark.parametrize("kind", [EngineUnavailable, ModelError, PromptTooLong])
async def test_what_cannot_be_asked_of_an_engine_ends_alone_with_its_own_sentence(
    kind: type[AirocordError],
) -> None:
    endless = Script(("on ",), endless=True)
    refusal = Script((), error=kind("Run: pip install this."))
    engine = ScriptedEngine(lanes=2, reply={"hi": endless, "odd": refusal}.__getitem__)
    async with open_queue(engine) as queue:
        running = queue.submit(ask(1))
        for person in range(2, 6):
            with pytest.raises(GenerationError, match=r"Run: pip install this\."):
                await queue.submit(ask(person, "odd")).result()
            assert queue.status.health is Health.READY
        assert running.state is TicketState.RUNNING
        assert engine.recoveries == 0
        assert queue.status.counters.failed == 4


class PickyEngine(ScriptedEngine):
    """Has no control tokens."""

    def encode(self, prompt: Prompt) -> list[int]:
        if any(isinstance(part, Control) for part in prompt):
            raise ModelError("The model has no such token. Set PROMPT_TEMPLATE=model.")
        return super().encode(prompt)


async def test_a_template_that_does_not_suit_the_model_is_told_and_breaks_nothing() -> None:
    async with open_queue(PickyEngine()) as queue:

        async def build() -> Prompt:
            return Prompt([Control("<|im_start|>"), "hi"])

        for _ in range(4):
            with pytest.raises(PromptFailed, match="Set PROMPT_TEMPLATE=model"):
                await queue.submit(ask(1, build)).result()
            assert queue.status.health is Health.READY
        await queue.submit(ask()).result()


@pytest.mark.parametrize(
    "constraint",
    [OneOf(()), StartsWith("\0"), Matches("^a$"), JsonSchema("{"), JsonSchema("[" * 100_000)],
    ids=lambda constraint: repr(constraint)[:30],
)
async def test_a_form_that_no_reply_can_be_held_to_fails_alone_with_an_id(
    constraint: Constraint,
) -> None:
    engine = ScriptedEngine()
    async with open_queue(engine) as queue:
        request = ask()
        request = replace(request, params=replace(request.params, constraint=constraint))
        ticket = queue.submit(request)
        with pytest.raises(PromptFailed, match=ticket.id):
            await ticket.result()
        assert engine.prompts == []
        assert queue.status.health is Health.READY


async def test_an_engine_that_ends_without_saying_so_counts_as_failed() -> None:
    engine = ScriptedEngine(default=Script(("Half",), error=StopAsyncIteration()))
    async with open_queue(engine) as queue:
        with pytest.raises(EngineFailed):
            await queue.submit(ask()).result()


async def test_three_breakdowns_in_a_row_make_the_engine_sick_and_everybody_is_told() -> None:
    engine = ScriptedEngine(default=Script((), error=RuntimeError("broken")))
    async with open_queue(engine) as queue:
        for _ in range(2):
            with pytest.raises(EngineFailed):
                await queue.submit(ask()).result()
            await settle()
        assert health_of(queue) is Health.READY
        last, waiting = queue.submit(ask(1)), queue.submit(ask(2))
        with pytest.raises(EngineFailed):
            await last.result()
        with pytest.raises(EngineSick):
            await waiting.result()
        assert health_of(queue) is Health.SICK
        with pytest.raises(EngineSick):
            queue.submit(ask())


async def test_one_breakdown_counts_once_however_many_lanes_it_takes_down() -> None:
    steps = asyncio.Semaphore(0)
    engine = ScriptedEngine(lanes=4, default=Script(("x",), RuntimeError("boom"), steps=steps))
    async with open_queue(engine) as queue:
        tickets = [queue.submit(ask(person)) for person in range(4)]
        while engine.running < 4:
            await asyncio.sleep(0)
        for failed in range(1, 5):
            steps.release()
            while sum(t.state is TicketState.FAILED for t in tickets) < failed:
                await asyncio.sleep(0)
            await settle()  # the next lane fails after the engine was already rebuilt
        assert [t.state for t in tickets] == [TicketState.FAILED] * 4
        assert queue.status.health is Health.READY
        assert engine.recoveries == 1


async def test_an_engine_that_cannot_be_rebuilt_is_sick() -> None:
    engine = ScriptedEngine(
        default=Script((), error=RuntimeError("x")), recover_error=RuntimeError("no device")
    )
    async with open_queue(engine) as queue:
        with pytest.raises(EngineFailed):
            await queue.submit(ask()).result()
        await settle()
        assert queue.status.health is Health.SICK


class SlowToStop(ScriptedEngine):
    """Lets go of a reply only when it may."""

    may_stop: asyncio.Event

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        try:
            async for event in super().generate(prompt_ids, params):
                yield event
        finally:
            await self.may_stop.wait()


async def test_what_is_put_back_while_the_engine_is_given_up_does_not_wait_for_it() -> None:
    engine = SlowToStop(default=Script(("on ",), endless=True))
    engine.may_stop = asyncio.Event()
    async with open_queue(engine) as queue:
        work = queue.submit(ask(1, priority=Priority.BACKGROUND))
        await until(work, lambda ticket: bool(ticket.text))
        queue.submit(ask(2))
        await settle()
        engine.recover_error = RuntimeError("no device")
        queue.keeper.failed(queue.keeper.epoch)
        await becomes(queue, Health.SICK)
        engine.may_stop.set()
        with pytest.raises(EngineSick):
            await work.result()


async def test_until_the_model_is_loaded_people_are_told_how_far_it_is() -> None:
    queue = GenerationQueue(ScriptedEngine(load_error=ModelError("No such file.")))
    with pytest.raises(EngineLoading, match="0%"):
        queue.submit(ask())
    with pytest.raises(ModelError):
        await queue.load()
    with pytest.raises(EngineLoading, match="50%"):
        queue.submit(ask())
    await queue.drain(0)


async def test_a_paused_bot_takes_nothing_new_and_finishes_what_it_took() -> None:
    script = held()
    engine = ScriptedEngine(default=script)
    async with open_queue(engine) as queue:
        running, waiting = queue.submit(ask(1)), queue.submit(ask(2))
        queue.keeper.pause(True)
        with pytest.raises(EnginePaused, match="paused"):
            queue.submit(ask(3))
        assert queue.status.is_paused
        engine.default = Script()
        assert script.steps is not None
        for _ in script.pieces:
            script.steps.release()
        await running.result()
        await waiting.result()
        queue.keeper.pause(False)
        await queue.submit(ask(3)).result()


async def test_a_reload_ends_what_runs_and_goes_on_with_what_waits() -> None:
    engine = ScriptedEngine(default=held())
    async with open_queue(engine) as queue:
        running, waiting = queue.submit(ask(1)), queue.submit(ask(2))
        await settle()
        engine.default = Script()
        await queue.reload()
        assert engine.closed
        with pytest.raises(EngineFailed, match="being loaded anew"):
            await running.result()
        await waiting.result()
        assert queue.status.health is Health.READY


async def test_while_it_is_loaded_anew_nothing_is_taken() -> None:
    engine = ScriptedEngine(default=held())
    async with open_queue(engine) as queue:
        running = queue.submit(ask())
        await until(running, lambda ticket: ticket.state is TicketState.RUNNING)
        reload = asyncio.create_task(queue.reload())
        await asyncio.sleep(0)
        with pytest.raises(EngineLoading):
            queue.submit(ask())
        with pytest.raises(EngineLoading):
            await queue.reload()
        await reload
        engine.default = Script()
        await queue.submit(ask()).result()


@pytest.mark.parametrize("held_up", ["closing", "loading"])
async def test_a_bot_that_stops_while_it_loads_a_model_anew_leaves_none_loaded(
    held_up: str,
) -> None:
    engine = SlowEngine()
    async with open_queue(engine) as queue:
        gate = engine.may_close if held_up == "closing" else engine.may_load
        gate.clear()
        reload = asyncio.create_task(queue.reload())
        await settle()
        draining = asyncio.create_task(queue.drain(0))
        await settle()
        gate.set()
        await draining
        with pytest.raises(ShuttingDown):
            await reload
        assert not engine.loaded
        with pytest.raises(ShuttingDown):
            await queue.load()
        assert not engine.loaded


async def test_a_load_that_is_cancelled_is_cancelled_at_the_engine() -> None:
    engine = SlowEngine()
    engine.may_load.clear()
    queue = GenerationQueue(engine)
    loading = asyncio.create_task(queue.load())
    await settle()
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    engine.may_load.set()
    await queue.drain(0)
    assert not engine.loaded


async def test_a_model_that_cannot_be_loaded_anew_is_told_and_can_be_tried_again() -> None:
    engine = ScriptedEngine(default=held())
    async with open_queue(engine) as queue:
        queue.submit(ask(1))
        waiting = queue.submit(ask(2))
        await settle()
        engine.load_error = ModelError("There is no config.json in it.")
        with pytest.raises(ModelError, match=r"config\.json"):
            await queue.reload()
        with pytest.raises(EngineSick):
            await waiting.result()
        with pytest.raises(EngineSick):
            queue.submit(ask(3))
        engine.load_error, engine.default = None, Script()
        await queue.reload()
        await queue.submit(ask(3)).result()


async def becomes(queue: GenerationQueue, health: Health) -> None:
    while queue.status.health is not health:
        await asyncio.sleep(0)


async def test_an_engine_that_was_given_up_is_tried_again_after_a_while() -> None:
    engine = ScriptedEngine(default=Script((), error=RuntimeError("gone")))
    engine.recover_error = RuntimeError("gone")
    async with open_queue(engine, QueueLimits(sick_retry_s=0.01)) as queue:
        with pytest.raises(EngineFailed):
            await queue.submit(ask()).result()
        while engine.recoveries < 3:
            await asyncio.sleep(0)
        await becomes(queue, Health.SICK)
        engine.recover_error, engine.default = None, Script()
        await becomes(queue, Health.READY)
        await queue.submit(ask()).result()


async def test_an_engine_that_fails_again_at_its_first_try_is_given_up_at_once() -> None:
    engine = ScriptedEngine(default=Script((), error=RuntimeError("gone")))
    engine.recover_error = RuntimeError("gone")
    async with open_queue(engine, QueueLimits(sick_retry_s=0.01)) as queue:
        with pytest.raises(EngineFailed):
            await queue.submit(ask()).result()
        await becomes(queue, Health.SICK)
        engine.recover_error = None
        await becomes(queue, Health.READY)
        queue.keeper._retry_s = 3600.0
        with pytest.raises(EngineFailed):
            await queue.submit(ask()).result()
        await becomes(queue, Health.SICK)
        with pytest.raises(EngineSick):
            queue.submit(ask())

"""The queue as those see it who wait in it, on a scripted engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from bot.errors import (
    Cancelled,
    EngineFailed,
    PromptFailed,
    QueueFull,
    RunTimedOut,
    ShuttingDown,
    StartTimedOut,
    TooFrequent,
)
from bot.generation.engine import Finish, FinishReason, Piece, SamplingParams
from bot.generation.figures import Health, QueueLimits
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, Request, TicketState
from bot.prompts import Prompt
from tests.support.engines import Script, ScriptedEngine
from tests.support.queues import (
    ask,
    held,
    let_go,
    open_queue,
    settle,
    until,
)


async def test_a_reply_grows_piece_by_piece_and_ends_with_its_costs() -> None:
    script = held(" Hel", "lo.")
    engine = ScriptedEngine(default=script)
    async with open_queue(engine) as queue:
        ticket = queue.submit(ask())
        let_go(script)
        await until(ticket, lambda t: t.text == "Hel")
        assert ticket.state is TicketState.RUNNING
        let_go(script)
        finish = await ticket.result()
        assert ticket.text == "Hello."
        assert (ticket.state, finish.reason) == (TicketState.DONE, FinishReason.STOP)
        assert (finish.new_tokens, finish.prompt_tokens) == (2, 2)
        assert queue.accounts.counters.new_tokens == 2
        assert queue.status.tokens_per_s is not None


async def test_no_more_replies_run_than_there_are_lanes() -> None:
    script = held()
    engine = ScriptedEngine(lanes=2, default=script)
    async with open_queue(engine) as queue:
        tickets = [queue.submit(ask(person)) for person in range(10)]
        while engine.running < 2:
            await asyncio.sleep(0)
        let_go(script, 10)
        for ticket in tickets:
            await ticket.result()
    assert engine.most_running == 2


async def test_fifty_people_at_once_are_all_answered_once_in_fair_order() -> None:
    """Half of all questions come from one person; the others still get every second lane."""
    engine = ScriptedEngine(lanes=1)
    async with open_queue(engine, QueueLimits(per_person=50)) as queue:
        crowd = [*([1] * 49), *range(2, 51)]
        tickets = [queue.submit(ask(person, f"{person}")) for person in crowd]
        assert [t.position for t in tickets[:3]] == [None, 1, 2]
        for ticket in tickets:
            await ticket.result()
    assert sorted(engine.prompts) == sorted(map(str, crowd))
    # Person 1 held the only lane when the others came, and was served once more than they
    # only after each of them had been served once.
    assert engine.prompts.index("1", 1) >= 49


async def test_positions_are_shown_true_and_count_down() -> None:
    script = held()
    engine = ScriptedEngine(default=script)
    async with open_queue(engine) as queue:
        first, second, third = (queue.submit(ask(person)) for person in (1, 2, 3))
        assert (first.position, second.position, third.position) == (None, 1, 2)
        assert third.estimate_s is None
        let_go(script)
        await until(third, lambda t: t.position == 1)
        assert third.estimate_s == pytest.approx(2.0)
        assert second.state is TicketState.RUNNING


async def test_a_conversation_prompt_is_built_when_its_turn_comes() -> None:
    built: list[str] = []

    async def build() -> Prompt:
        built.append("now")
        return Prompt(["late"])

    script = held()
    engine = ScriptedEngine(default=script)
    async with open_queue(engine) as queue:
        queue.submit(ask(1))
        ticket = queue.submit(ask(2, build))
        await settle()
        assert not built
        let_go(script, 2)
        await ticket.result()
        assert engine.prompts == ["hi", "late"]


async def test_a_prompt_that_cannot_be_built_fails_alone_with_an_id() -> None:
    async def build() -> Prompt:
        raise ZeroDivisionError

    engine = ScriptedEngine()
    async with open_queue(engine) as queue:
        ticket = queue.submit(ask(1, build))
        with pytest.raises(PromptFailed, match=ticket.id):
            await ticket.result()
        assert queue.status.health is Health.READY
        await queue.submit(ask()).result()


async def cancelled_by_nobody() -> None:
    """Waits for something that is cancelled."""
    other = asyncio.get_running_loop().create_future()
    other.cancel()
    await other


async def test_a_prompt_that_waits_for_what_is_cancelled_fails_with_an_id() -> None:
    built = 0

    async def build() -> Prompt:
        nonlocal built
        built += 1
        await cancelled_by_nobody()
        return Prompt(["hi"])

    async with open_queue(ScriptedEngine()) as queue:
        ticket = queue.submit(ask(1, build))
        with pytest.raises(PromptFailed, match=ticket.id):
            await ticket.result()
        assert built == 1
        assert queue.status.health is Health.READY


class ForgetfulEngine(ScriptedEngine):
    """Cancels what its own reply waits for."""

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        async for event in super().generate(prompt_ids, params):
            yield event
            await cancelled_by_nobody()


async def test_an_engine_that_cancels_itself_fails_and_is_not_asked_for_ever() -> None:
    engine = ForgetfulEngine()
    async with open_queue(engine) as queue:
        ticket = queue.submit(ask())
        with pytest.raises(EngineFailed, match=ticket.id):
            await ticket.result()
        await queue.idle()
        assert ticket.text == "Hello"
        assert engine.prompts == ["hi"]


@pytest.mark.parametrize("stage", ["waiting", "before the first step", "preparing", "streaming"])
async def test_stop_ends_a_reply_at_once_in_whatever_state_it_is(stage: str) -> None:
    never = asyncio.Event()

    async def build() -> Prompt:
        await never.wait()
        return Prompt([])

    script = Script(endless=True)
    engine = ScriptedEngine(default=script)
    async with open_queue(engine) as queue:
        if stage == "waiting":
            running = queue.submit(ask(9))
        ticket = queue.submit(ask(1, build if stage == "preparing" else "hi"))
        if stage == "streaming":
            await until(ticket, lambda t: bool(t.text))
        elif stage == "preparing":
            await settle()
        ticket.cancel()
        assert ticket.state is TicketState.CANCELLED
        assert ticket.position is None
        with pytest.raises(Cancelled):
            await ticket.result()
        text = ticket.text
        if stage == "waiting":
            running.cancel()
        await queue.idle()
        assert ticket.text == text
        assert engine.running == 0
        engine.default = Script()
        await queue.submit(ask()).result()


async def test_stop_after_the_end_changes_nothing() -> None:
    async with open_queue(ScriptedEngine()) as queue:
        ticket = queue.submit(ask())
        await ticket.result()
        ticket.cancel()
        assert ticket.state is TicketState.DONE
        assert queue.accounts.counters.cancelled == 0


@pytest.mark.parametrize(
    ("limits", "requests", "sentence"),
    [
        (QueueLimits(per_person=2), [ask(1), ask(1)], "You already have 2 questions"),
        (QueueLimits(per_guild=2), [ask(2, guild=7), ask(3, guild=7)], "from this server"),
        (QueueLimits(total=1), [ask(2), ask(3)], "Too many people are waiting"),
    ],
)
async def test_a_full_queue_says_so_at_once_and_keeps_nothing(
    limits: QueueLimits, requests: list[Request], sentence: str
) -> None:
    engine = ScriptedEngine(default=Script(endless=True))
    async with open_queue(engine, limits) as queue:
        tickets = [queue.submit(request) for request in requests]
        with pytest.raises(QueueFull, match=sentence):
            queue.submit(ask(1, guild=7))
        assert queue.accounts.counters.refused == 1
        with pytest.raises(QueueFull, match=sentence):
            queue.ensure_open_for(1, 7)
        for ticket in tickets:
            ticket.cancel()
        queue.submit(ask(1, guild=7)).cancel()


async def test_background_work_waits_for_persons_and_gives_its_lane_up() -> None:
    background, person = Script(("a", "b"), endless=True), held("for a person")
    engine = ScriptedEngine()
    engine.reply = lambda prompt: person if prompt == "person" else background
    async with open_queue(engine) as queue:
        work = queue.submit(ask(0, "work", priority=Priority.BACKGROUND))
        await until(work, lambda t: len(t.text) > 3)
        ticket = queue.submit(ask(1, "person"))
        await until(work, lambda t: t.state is TicketState.WAITING)
        assert work.text == ""
        let_go(person)
        await ticket.result()
        await until(work, lambda t: t.state is TicketState.RUNNING and bool(t.text))
        assert engine.prompts == ["work", "person", "work"]
        assert queue.accounts.counters.put_back == 1
        work.cancel()


async def test_a_request_that_waits_too_long_is_told_so() -> None:
    engine = ScriptedEngine(default=Script(endless=True))
    async with open_queue(engine, QueueLimits(start_s=0.01)) as queue:
        queue.submit(ask(1))
        ticket = queue.submit(ask(2))
        with pytest.raises(StartTimedOut):
            await ticket.result()


async def test_a_reply_that_runs_too_long_ends_and_keeps_its_text() -> None:
    engine = ScriptedEngine(default=Script(endless=True))
    async with open_queue(engine, QueueLimits(run_s=0.3)) as queue:
        ticket = queue.submit(ask())
        with pytest.raises(RunTimedOut, match="too long"):
            await ticket.result()
        assert ticket.text
        assert engine.recoveries == 0


async def test_a_stop_string_never_shows_however_its_pieces_arrive() -> None:
    shown: list[str] = []
    engine = ScriptedEngine(default=Script((" Fine", ".", " US", "ER", ": and", " you?")))
    async with open_queue(engine) as queue:
        ticket = queue.submit(ask(stop=("USER:", " USER:")))
        version = -1
        while not ticket.state.ended:
            version = await ticket.changed(version)
            shown.append(ticket.text)
        assert (await ticket.result()).reason is FinishReason.STOP
        assert ticket.text == "Fine."
        assert all("Fine.".startswith(text) for text in shown)
        assert engine.running == 0


async def test_at_shutdown_running_replies_finish_and_waiting_people_are_told() -> None:
    script = held("the end")
    engine = ScriptedEngine(default=script)
    queue = GenerationQueue(engine)
    await queue.load()
    running, waiting = queue.submit(ask(1)), queue.submit(ask(2))
    await settle()
    draining = asyncio.create_task(queue.drain(grace_s=10))
    with pytest.raises(ShuttingDown):
        await waiting.result()
    with pytest.raises(ShuttingDown):
        queue.submit(ask(3))
    let_go(script)
    await running.result()
    await draining
    assert running.text == "the end"
    assert engine.closed


async def test_at_shutdown_a_reply_that_needs_longer_than_the_grace_is_ended() -> None:
    engine = ScriptedEngine(default=Script(endless=True))
    queue = GenerationQueue(engine)
    await queue.load()
    ticket = queue.submit(ask())
    await until(ticket, lambda t: bool(t.text))
    await queue.drain(grace_s=0)
    with pytest.raises(ShuttingDown):
        await ticket.result()
    assert engine.running == 0


async def test_who_asks_too_often_is_told_when_to_ask_again() -> None:
    async with open_queue(ScriptedEngine(), QueueLimits(person_a_minute=2)) as queue:
        for _ in range(2):
            await queue.submit(ask(1)).result()
        with pytest.raises(TooFrequent, match=r"asked a lot lately.*again in (29|30) seconds"):
            queue.submit(ask(1))
        await queue.submit(ask(2)).result()
        await queue.submit(ask(1, priority=Priority.BACKGROUND)).result()
        assert queue.accounts.counters.refused == 1


async def test_a_server_that_asks_too_often_is_told_so() -> None:
    async with open_queue(ScriptedEngine(), QueueLimits(guild_a_day=1)) as queue:
        await queue.submit(ask(1, guild=5)).result()
        with pytest.raises(TooFrequent, match=r"This server has asked .* in 24 hours"):
            queue.submit(ask(2, guild=5))
        await queue.submit(ask(1, guild=6)).result()


async def test_who_only_asks_whether_they_may_takes_nothing_for_it() -> None:
    limits = QueueLimits(per_person=1, person_a_minute=1)
    async with open_queue(ScriptedEngine(), limits) as queue:
        for _ in range(3):
            queue.ensure_open_for(1, 5)
        await queue.submit(ask(1, guild=5)).result()
        with pytest.raises(TooFrequent):
            queue.ensure_open_for(1, 5)
        queue.ensure_open_for(2, 5)


async def test_a_question_that_is_refused_does_not_count_towards_the_rate() -> None:
    engine = ScriptedEngine(default=held())
    limits = QueueLimits(per_person=1, person_a_minute=2)
    async with open_queue(engine, limits) as queue:
        first = queue.submit(ask(1))
        for _ in range(5):
            with pytest.raises(QueueFull):
                queue.submit(ask(1))
        first.cancel()
        await queue.idle()
        queue.submit(ask(1)).cancel()

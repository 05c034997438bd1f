"""An engine in a process of its own: what it says there is heard here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.errors import EngineFailed, ModelError, PromptTooLong
from bot.generation.constraint import Constraint, JsonSchema, Matches, OneOf, StartsWith
from bot.generation.engine import Finish, FinishReason, Piece, SamplingParams
from bot.generation.hosted import HostedEngine
from bot.generation.hosted_encoding import EncodingClient
from bot.prompts import BOS, Prompt
from tests.support.hosted_engines import LANES, LIMITS, MODEL
from tests.support.hosting import (
    LIMIT_S,
    PARAMS,
    encode,
    loaded,
    reply,
    report,
    running,
    until_nothing_runs,
)

# One process for most of the tests, so one event loop too.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncGenerator[HostedEngine]:
    async with loaded() as ready:
        yield ready


# -- what crosses the border -----------------------------------------------------------------


async def test_a_reply_streams_and_says_at_the_end_what_it_cost(engine: HostedEngine) -> None:
    events = [
        event async for event in engine.generate(await encode(engine, "say Hello there."), PARAMS)
    ]
    assert "".join(event.text for event in events if isinstance(event, Piece)) == "Hello there."
    assert events[-1] == Finish(
        reason=FinishReason.STOP,
        prompt_tokens=len("say Hello there."),
        cached_tokens=0,
        new_tokens=2,
        prefill_s=0.5,
        generation_s=1.5,
    )


async def test_the_model_is_described_as_it_is_there(engine: HostedEngine) -> None:
    assert engine.model == MODEL
    assert engine.lanes == LANES


@pytest.mark.parametrize(
    "text",
    ["Grüße, \N{UNICORN FACE} \u202e\u0000\ufffd", "a lone \ud83e half", 'q" \\ \n\r\u2028', "@"],
)
async def test_every_character_crosses_the_border_both_ways(
    engine: HostedEngine, text: str
) -> None:
    assert (await reply(engine, f"say {text}!"))[0] == f"{text}!"


async def test_a_prompt_of_hundreds_of_thousands_of_tokens_crosses_the_border(
    engine: HostedEngine,
) -> None:
    text = "0123456789" * 20_000
    said, finish = await reply(engine, f"say {text}")
    assert said == text
    assert finish.prompt_tokens == 200_004


@pytest.mark.parametrize(
    "constraint",
    [OneOf(("red", "blue")), StartsWith("["), Matches(r"\d+"), JsonSchema('{"@": "Start"}'), None],
    ids=lambda one: type(one).__name__,
)
async def test_a_request_arrives_as_it_was_made(
    engine: HostedEngine, constraint: Constraint | None
) -> None:
    asked = SamplingParams(temperature=0.25, seed=7, stop=("\n", "USER:"), constraint=constraint)
    assert await report(engine, "params", asked) == repr(asked)


async def test_four_replies_are_written_at_once_and_none_gets_anothers_words(
    engine: HostedEngine,
) -> None:
    asked = [f"say reply number {n}, and nothing else" for n in range(LANES)]
    endless = [engine.generate(await encode(engine, "endless"), PARAMS) for _ in range(LANES)]
    for stream in endless:
        await anext(stream)
    assert await running(engine) == LANES
    said = await asyncio.gather(*(reply(engine, one) for one in asked))
    assert [f"say {text}" for text, _ in said] == asked
    for stream in endless:
        await stream.aclose()
    await until_nothing_runs(engine)


async def test_pieces_wait_joined_for_a_reader_who_is_slow(engine: HostedEngine) -> None:
    stream = engine.generate(await encode(engine, "many 3000"), PARAMS)
    first = await anext(stream)
    assert isinstance(first, Piece)
    await until_nothing_runs(engine)
    rest = [event async for event in stream]
    assert len(rest) == 2
    assert isinstance(rest[0], Piece)
    assert (first.text + rest[0].text).split() == [str(n) for n in range(3000)]
    assert isinstance(rest[1], Finish)
    assert rest[1].reason is FinishReason.LENGTH


async def test_errors_for_people_arrive_as_they_were_raised(engine: HostedEngine) -> None:
    with pytest.raises(PromptTooLong, match=r"^This is too long by far\.$"):
        await reply(engine, "long")
    with pytest.raises(ModelError, match=r"^The model has no control token <x>\.$"):
        await encode(engine, "untemplated")


async def traceback_of(engine: HostedEngine, prompt: str, caplog: pytest.LogCaptureFixture) -> str:
    """What the log has of the fault that ``prompt`` makes, once it is there."""
    with pytest.raises(EngineFailed, match="stumbled over this reply"):
        await reply(engine, prompt)
    async with asyncio.timeout(LIMIT_S):
        while "CUDA error 700" not in caplog.text:
            await asyncio.sleep(0.01)
    [record] = [one for one in caplog.records if "CUDA error 700" in one.getMessage()]
    assert record.levelno == logging.ERROR
    assert "Traceback" in record.getMessage()
    return record.getMessage()


async def test_a_fault_of_the_engines_is_a_sentence_here_and_a_traceback_in_the_log(
    engine: HostedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    await traceback_of(engine, "fault CUDA error 700", caplog)
    assert (await reply(engine, "say well"))[0] == "well"


async def test_the_log_has_the_beginning_and_the_end_of_a_traceback_however_long_it_is(
    engine: HostedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    logged = await traceback_of(engine, f"fault {chr(0x1F984) * 40_000} CUDA error 700", caplog)
    assert len(logged) < 6000


async def test_nothing_of_what_is_secret_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("DISCORD_TOKEN", "DATABASE_URL", "REMOTE_API_KEY", "PGPASSWORD")
    for name in secrets:
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    async with loaded() as engine:
        found = await report(engine, "environment")
    assert isinstance(found, list)
    names = set(found)
    assert not names & set(secrets)
    assert {"PATH", "CUDA_VISIBLE_DEVICES"} <= names


# -- token ids -------------------------------------------------------------------------------


async def test_many_threads_encode_at_once_and_each_gets_its_own_answer(
    engine: HostedEngine,
) -> None:
    texts = [f"text {n}" * n for n in range(40)]
    found = await asyncio.gather(*(encode(engine, text) for text in texts))
    assert ["".join(map(chr, ids)) for ids in found] == texts


async def test_encoding_does_not_need_the_event_loop(engine: HostedEngine) -> None:
    # On the loop, which so cannot do anything else meanwhile.
    assert engine.encode(Prompt([BOS, "Hi"])) == [*map(ord, "<s>Hi")]


async def test_an_answer_that_comes_too_late_is_not_the_next_ones() -> None:
    async with loaded(replace(LIMITS, encode_s=0.3)) as engine:
        assert await encode(engine, "a") == [97]
        with pytest.raises(EngineFailed, match="does not answer"):
            await encode(engine, "slow")
        assert await encode(engine, "b") == [98]


async def test_who_does_not_know_the_key_is_told_nothing(engine: HostedEngine) -> None:
    assert engine._encoder is not None
    stranger = EncodingClient(engine._encoder._port, "guessed", limit_s=LIMIT_S)
    with pytest.raises(EngineFailed):
        await asyncio.to_thread(stranger.encode, Prompt(["a"]))
    assert await encode(engine, "a") == [97]


# -- cancelling ------------------------------------------------------------------------------


async def test_a_reply_that_is_closed_frees_its_lane(engine: HostedEngine) -> None:
    stream = engine.generate(await encode(engine, "endless"), PARAMS)
    await anext(stream)
    await stream.aclose()
    await until_nothing_runs(engine)
    assert not engine._streams


async def test_a_reader_who_leaves_while_waiting_frees_the_lane(engine: HostedEngine) -> None:
    task = asyncio.create_task(reply(engine, "endless"))
    async with asyncio.timeout(LIMIT_S):
        while not await running(engine):
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_nothing_runs(engine)

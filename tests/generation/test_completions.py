"""The client of ``/v1/completions``, against a scripted server on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from bot.errors import EngineFailed, GenerationError, PromptTooLong
from bot.generation.completions import Completion, CompletionsClient, Timeouts

Handler = Callable[[web.Request, web.StreamResponse], Awaitable[None]]

SECRET = "what the person wrote"


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    *,
    first_token_s: float = 5.0,
    between_tokens_s: float = 5.0,
    api_key: str | None = "key",
) -> AsyncIterator[CompletionsClient]:
    app = web.Application()
    app.router.add_post("/v1/completions", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = CompletionsClient(
        f"http://127.0.0.1:{runner.addresses[0][1]}/",
        model="house",
        api_key=api_key,
        timeouts=Timeouts(first_token_s=first_token_s, between_tokens_s=between_tokens_s),
    )
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()


def events(*chunks: bytes, end: bytes = b"data: [DONE]\n\n") -> Handler:
    async def write(request: web.Request, response: web.StreamResponse) -> None:
        for chunk in (*chunks, end):
            await response.write(chunk)

    return write


def streams(write: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await write(request, response)
        return response

    return handler


def text(value: str) -> bytes:
    choice = {"text": value, "index": 0, "finish_reason": None}
    return b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


def finish(reason: str = "stop") -> bytes:
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 5},
    }
    body = {"choices": [{"text": "", "finish_reason": reason}], "usage": usage}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def refusal(status: int, body: object) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return handler


async def reply(client: CompletionsClient) -> tuple[list[str], Completion]:
    pieces: list[str] = []
    async for event in client.stream([1, 2, 3], {"max_tokens": 9}):
        if isinstance(event, Completion):
            return pieces, event
        pieces.append(event)
    raise AssertionError("no completion at the end")


async def test_text_comes_piece_by_piece_and_then_what_it_cost() -> None:
    async with serving(streams(events(text("Hel"), text("lo"), finish("length")))) as client:
        pieces, end = await reply(client)
    assert pieces == ["Hel", "lo"]
    assert end.finish_reason == "length"
    assert (end.prompt_tokens, end.cached_tokens, end.new_tokens) == (7, 5, 2)
    assert end.prefill_s >= 0
    assert end.generation_s >= 0


async def test_the_server_gets_token_ids_options_model_and_key() -> None:
    seen: dict[str, object] = {}

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.update(await request.json(), key=request.headers.get("Authorization"))
        return await streams(events(finish()))(request)

    async with serving(handler) as client:
        await reply(client)
    assert seen == {
        "prompt": [1, 2, 3],
        "max_tokens": 9,
        "model": "house",
        "stream": True,
        "stream_options": {"include_usage": True},
        "key": "Bearer key",
    }


async def test_a_server_without_key_gets_none() -> None:
    headers: list[str | None] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        headers.append(request.headers.get("Authorization"))
        return await streams(events(finish()))(request)

    async with serving(handler, api_key=None) as client:
        await reply(client)
    assert headers == [None]


async def test_a_character_may_be_cut_anywhere_on_its_way() -> None:
    async def one_byte_at_a_time(request: web.Request, response: web.StreamResponse) -> None:
        for byte in text("🦄é") + finish() + b"data: [DONE]\n\n":
            await response.write(bytes([byte]))

    async with serving(streams(one_byte_at_a_time)) as client:
        pieces, _ = await reply(client)
    assert pieces == ["🦄é"]


async def test_usage_in_an_event_of_its_own_is_found_and_none_is_no_fault() -> None:
    last = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\n'
    stop = b'data: {"choices": [{"text": "", "finish_reason": "stop"}]}\n\n'
    async with serving(streams(events(text("a"), stop, last))) as client:
        _, end = await reply(client)
    assert (end.prompt_tokens, end.cached_tokens, end.new_tokens) == (3, None, 1)
    async with serving(streams(events(text("a"), stop))) as client:
        _, end = await reply(client)
    assert (end.prompt_tokens, end.cached_tokens, end.new_tokens) == (None, None, None)


async def test_a_server_that_ends_without_done_has_ended_if_it_said_why() -> None:
    async with serving(streams(events(text("a"), finish(), end=b""))) as client:
        pieces, _ = await reply(client)
    assert pieces == ["a"]


@pytest.mark.parametrize(
    "last",
    [b"", b"data: [DONE]\n\n", b"data: {broken\n\n", b"data: 5\n\n", b"data: \xff\n\n"],
    ids=["closed", "no reason", "no json", "no object", "no utf-8"],
)
async def test_a_stream_that_breaks_off_is_a_failure_and_not_a_short_reply(last: bytes) -> None:
    async with serving(streams(events(text("a"), end=last))) as client:
        with pytest.raises(EngineFailed, match="try again"):
            await reply(client)


async def test_a_connection_that_is_cut_is_a_failure() -> None:
    async def cut(request: web.Request, response: web.StreamResponse) -> None:
        await response.write(text("a"))
        assert request.transport is not None
        request.transport.abort()

    async with serving(streams(cut)) as client:
        with pytest.raises(EngineFailed, match="try again"):
            await reply(client)


async def test_nobody_there_is_a_failure() -> None:
    async with serving(refusal(200, {})) as client:
        pass
    client = CompletionsClient("http://127.0.0.1:9", model="house")
    with pytest.raises(EngineFailed, match="try again"):
        await reply(client)
    await client.close()


@pytest.mark.parametrize("streamed", [False, True])
async def test_too_long_a_prompt_is_told_from_other_errors(streamed: bool) -> None:
    error = {"error": {"code": 400, "type": "exceed_context_size_error", "message": SECRET}}
    event = b"data: " + json.dumps(error).encode() + b"\n\n"
    handler = streams(events(event)) if streamed else refusal(400, error)
    async with serving(handler) as client:
        with pytest.raises(PromptTooLong, match="shorten"):
            await reply(client)


async def test_a_wrong_key_is_said_so() -> None:
    error = {"error": {"type": "authentication_error", "message": "Invalid API Key"}}
    async with serving(refusal(401, error)) as client:
        with pytest.raises(EngineFailed, match="API key"):
            await reply(client)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"type": "server_error", "message": SECRET}},
        {"error": {"type": SECRET, "message": SECRET}},
        {"error": SECRET},
        {"detail": [{"input": SECRET}]},
        SECRET,
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_an_error_never_repeats_what_the_server_says_of_the_prompt(
    body: object, streamed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    event = b"data: " + json.dumps(body).encode() + b"\n\n"
    handler = streams(events(event)) if streamed else refusal(500, body)
    async with serving(handler) as client:
        with pytest.raises(GenerationError) as caught:
            await reply(client)
    assert SECRET not in str(caught.value)
    assert SECRET not in caplog.text


async def test_silence_before_the_first_token_has_a_limit_that_comments_do_not_move() -> None:
    async def comments(request: web.Request, response: web.StreamResponse) -> None:
        while True:
            await response.write(b": ping\n\n")
            await asyncio.sleep(0.01)

    async with serving(streams(comments), first_token_s=0.1) as client:
        with pytest.raises(EngineFailed, match="in time"):
            await reply(client)


async def test_silence_between_tokens_has_a_limit() -> None:
    async def stalls(request: web.Request, response: web.StreamResponse) -> None:
        await response.write(text("a"))
        await asyncio.Event().wait()

    async with serving(streams(stalls), between_tokens_s=0.1) as client:
        with pytest.raises(EngineFailed, match="in time"):
            await reply(client)


async def test_a_server_that_does_not_even_answer_has_a_limit() -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(silent, first_token_s=0.1) as client:
        with pytest.raises(EngineFailed, match="in time"):
            await reply(client)


def watched() -> tuple[Handler, asyncio.Event, asyncio.Event]:
    """A server that writes one text and then notices when nobody listens any more."""
    wrote, left = asyncio.Event(), asyncio.Event()

    async def write(request: web.Request, response: web.StreamResponse) -> None:
        await response.write(text("a"))
        wrote.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    return write, wrote, left


async def test_closing_the_stream_closes_the_connection() -> None:
    write, _, left = watched()
    async with serving(streams(write)) as client:
        async with aclosing(client.stream([1], {})) as stream:
            assert await anext(stream) == "a"
        async with asyncio.timeout(5):
            await left.wait()


async def test_cancelling_the_one_who_waits_closes_the_connection() -> None:
    write, wrote, left = watched()
    async with serving(streams(write)) as client:
        waiting = asyncio.create_task(reply(client))
        await wrote.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        async with asyncio.timeout(5):
            await left.wait()


@pytest.mark.parametrize("begun", [False, True])
async def test_closing_the_client_ends_streams_under_way_with_a_sentence(begun: bool) -> None:
    write, wrote, _ = watched()

    async def silent(request: web.Request) -> web.StreamResponse:
        wrote.set()
        await asyncio.Event().wait()
        raise AssertionError

    read = asyncio.Event()

    async def read_all(client: CompletionsClient) -> None:
        async for _ in client.stream([1], {}):
            read.set()

    async with serving(streams(write) if begun else silent) as client:
        waiting = asyncio.create_task(read_all(client))
        async with asyncio.timeout(5):
            await (read if begun else wrote).wait()
        await client.close()
        with pytest.raises(EngineFailed, match="try again"):
            async with asyncio.timeout(5):
                await waiting

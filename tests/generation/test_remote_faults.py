"""The remote engine on servers that misbehave: scripted ones on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Sequence

import pytest
from aiohttp import web

from bot.errors import (
    EngineFailed,
    EngineUnavailable,
    ModelError,
    PromptTooLong,
    StartTimedOut,
)
from bot.generation.constraint import OneOf
from bot.generation.engine import Finish, FinishReason, SamplingParams
from bot.generation.figures import Health
from bot.generation.queue import GenerationQueue
from bot.generation.remote import RemoteEngine, RemoteOptions
from bot.generation.remote_server import RemoteServer
from bot.generation.remote_tokens import TextEncoder, estimate
from bot.generation.ticket import Request
from bot.prompts import BOS, EOS, Prompt
from tests.support.scripted_server import (
    ASKED,
    KEY,
    SECRET,
    Answer,
    Scripted,
    breaks_off,
    hangs,
    piece,
    refuses,
    remote,
    reply,
    says,
)


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_a_busy_server_is_asked_again_before_the_first_token(status: int) -> None:
    server = Scripted([refuses(status), refuses(status)])
    async with remote(server) as engine:
        text, end = await reply(engine)
    assert (text, len(server.seen)) == (" Fine.", 3)
    assert isinstance(end, Finish)
    assert end.reason is FinishReason.STOP


async def test_one_that_stays_busy_is_given_up_with_a_sentence() -> None:
    server = Scripted([refuses(503)] * 9)
    async with remote(server) as engine:
        text, end = await reply(engine)
    assert (text, len(server.seen)) == ("", 3)
    # Not a fault of the engine: many of those would close the queue.
    assert isinstance(end, StartTimedOut)
    assert str(end) == "The server of the language model is busy. Please try again in a minute."


async def test_where_one_is_busy_another_is_asked() -> None:
    busy, free = Scripted([refuses(429)]), Scripted()
    async with remote(busy, free) as engine:
        text, _ = await reply(engine)
    assert (text, len(busy.seen), len(free.seen)) == (" Fine.", 1, 1)


@pytest.mark.parametrize("status", [400, 500])
async def test_what_is_refused_for_good_is_not_asked_again(status: int) -> None:
    server = Scripted([refuses(status, {"error": {"message": SECRET, "type": "x"}})])
    async with remote(server) as engine:
        _, end = await reply(engine)
    assert isinstance(end, EngineFailed)
    assert len(server.seen) == 1
    assert SECRET not in str(end)


@pytest.mark.parametrize(
    "message",
    ["This model's maximum context length is 512 tokens.", "x is greater than max_seq_len"],
)
async def test_a_prompt_that_the_server_finds_too_long_is_the_persons_to_mend(message: str) -> None:
    server = Scripted([refuses(400, {"error": {"message": message, "type": "BadRequestError"}})])
    async with remote(server) as engine:
        _, end = await reply(engine)
    assert isinstance(end, PromptTooLong)


@pytest.mark.parametrize(
    "broken",
    [
        breaks_off,
        says(piece(" Half a"), b"data: {not json\n\n"),
        says(piece(" Half a"), b"data: [1, 2]\n\n"),
        says(piece(" Half a"), b'data: {"error": {"message": "cuda"}}\n\n'),
        says(piece(" Half a")),
        says(piece(" Half a"), piece("", "abort"), b"data: [DONE]\n\n"),
    ],
    ids=["closed", "garbage", "no object", "an error", "no end", "an end of another kind"],
)
async def test_a_reply_that_breaks_off_is_not_begun_anew(broken: Answer) -> None:
    bad, good = Scripted([broken]), Scripted()
    async with remote(bad, good) as engine:
        text, end = await reply(engine)
        assert text == " Half a"
        assert isinstance(end, EngineFailed)
        assert not good.seen
        # The next one is the other's, until somebody has asked the first how it is.
        assert (await reply(engine))[0] == " Fine."
        assert (len(bad.seen), len(good.seen)) == (1, 1)
        await engine.recover()
        assert (await reply(engine))[0] == " Fine."
        assert (len(bad.seen), len(good.seen)) == (2, 1)


async def test_garbage_instead_of_a_reply_is_an_error_with_a_sentence() -> None:
    async with remote(Scripted([says(b"<html>Welcome to nginx</html>")])) as engine:
        text, end = await reply(engine)
    assert text == ""
    assert isinstance(end, EngineFailed)
    assert "try again" in str(end)


async def test_a_server_that_hangs_is_not_waited_for_without_end() -> None:
    async with remote(Scripted([hangs]), first_token_s=0.1) as engine:
        _, end = await reply(engine)
    assert isinstance(end, EngineFailed)
    assert "in time" in str(end)


async def test_a_server_that_went_away_is_found_when_it_is_back() -> None:
    server = Scripted()
    async with remote(server) as engine:
        await server.close()
        _, end = await reply(engine)
        assert isinstance(end, EngineFailed)
        assert "again in a minute" in str(end)
        recovering = asyncio.create_task(engine.recover())
        # It waits for as long as nobody answers, and while the model is loaded there.
        server.health = 503
        server.asked.clear()
        await server.open()
        await asyncio.wait_for(server.asked.wait(), 10)
        assert not recovering.done()
        server.health = 200
        await asyncio.wait_for(recovering, 10)
        assert (await reply(engine))[0] == " Fine."


async def test_a_server_that_came_back_with_another_model_stays_out() -> None:
    one, other = Scripted(), Scripted()
    async with remote(one, other) as engine:
        await one.close()
        assert (await reply(engine))[0] == " Fine."
        one.model = "another"
        await one.open()
        await engine.recover()
        await asyncio.gather(reply(engine), reply(engine))
        assert not one.seen
        one.model, one.card = "house", {"max_model_len": 256}
        await engine.recover()
        await asyncio.gather(reply(engine), reply(engine))
        assert not one.seen
        one.card = {"max_model_len": 512}
        await engine.recover()
        await asyncio.gather(reply(engine), reply(engine))
        assert one.seen


@pytest.mark.parametrize("was_well", [False, True], ids=["never accepted", "no longer accepted"])
async def test_a_server_with_another_model_is_asked_for_no_tokens(was_well: bool) -> None:
    one = Scripted(owner="vllm", others={"/tokenize": {"count": 5}})
    other = Scripted(owner="vllm", others={"/tokenize": {"count": 77}})
    other.health = 200 if was_well else 503
    async with remote(one, other) as engine:
        if was_well:
            await other.close()
            await engine.recover()
            await other.open()
        other.model, other.health = "another", 200
        await engine.recover()
        text = Prompt(["What is it?"])
        del one.others["/tokenize"]
        with pytest.raises(EngineFailed, match="refused /tokenize"):
            await asyncio.to_thread(engine.encode, text)
        one.others["/tokenize"] = {"count": 5}
        assert len(await asyncio.to_thread(engine.encode, text)) == 5


async def test_a_server_that_is_left_out_still_counts_where_no_other_can() -> None:
    server = Scripted([breaks_off], owner="vllm", others={"/tokenize": {"count": 5}})
    async with remote(server) as engine:
        await reply(engine)
        assert len(await asyncio.to_thread(engine.encode, Prompt(["What is it?"]))) == 5


async def test_a_server_that_is_back_is_noticed_without_being_needed() -> None:
    one, other = Scripted([breaks_off]), Scripted()
    async with remote(one, other, probe_every_s=0.01) as engine:
        await reply(engine)
        async with asyncio.timeout(10):
            while len(one.seen) < 2:
                assert (await reply(engine))[0] == " Fine."


async def test_a_server_that_has_written_its_reply_is_free_again() -> None:
    one, other = Scripted(), Scripted()
    async with remote(one, other) as engine:
        for _ in range(3):
            await reply(engine)
    assert (len(one.seen), len(other.seen)) == (3, 0)


async def test_a_reply_is_asked_for_no_longer_than_the_window_has_room() -> None:
    server = Scripted()
    async with remote(server) as engine:
        ids = await asyncio.to_thread(engine.encode, ASKED)
        await reply(engine, SamplingParams(max_new_tokens=5000))
    assert server.seen[0]["max_tokens"] == 512 - len(ids)


async def test_a_prompt_is_put_together_away_from_the_event_loop() -> None:
    async with remote(Scripted()) as engine:
        seen: list[int] = []

        class Watched(TextEncoder):
            def payload(self, prompt_ids: Sequence[int]) -> str:
                seen.append(threading.get_ident())
                return super().payload(prompt_ids)

        engine._encoder = Watched(None, estimate)
        assert (await reply(engine))[0] == " Fine."
    assert len(seen) == 1
    assert threading.get_ident() not in seen


async def test_closing_ends_what_runs() -> None:
    async def begins(request: web.Request) -> web.StreamResponse:
        await says(piece(" Half a"))(request)
        return await hangs(request)

    async with remote(Scripted([begins])) as engine:
        running = asyncio.create_task(reply(engine))
        while not engine._pool or not engine._pool._places[0].client._open:  # type: ignore[union-attr]
            await asyncio.sleep(0)
        await engine.close()
        _, end = await running
        assert isinstance(end, EngineFailed)
        _, end = await reply(engine)
        assert "not running" in str(end)


async def test_the_key_goes_to_the_named_address_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    thief = Scripted()
    await thief.open()
    try:
        for status in (302, 307, 308):
            away = {"Location": f"{thief.url}/v1/completions"}
            server = Scripted([refuses(status, headers=away)])
            async with remote(server) as engine:
                _, end = await reply(engine)
            assert isinstance(end, EngineFailed)
            assert server.keys == {f"Bearer {KEY}"}
            assert KEY not in str(end) + repr(end)
        assert not thief.seen
        assert not thief.keys
    finally:
        await thief.close()
    assert KEY not in caplog.text
    assert SECRET not in caplog.text


async def test_no_server_at_load_says_where_it_was_looked_for() -> None:
    server = Scripted()
    await server.open()
    await server.close()
    engine = RemoteEngine(RemoteOptions(urls=(server.url,), load_wait_s=0.1))
    with pytest.raises(EngineUnavailable, match=rf"127\.0\.0\.1:{server.port}.* REMOTE_URLS"):
        await engine.load(lambda share: None)
    await engine.close()


async def test_what_is_no_server_of_a_model_is_said() -> None:
    answers: list[object] = ["<html>", {"data": []}, {"data": 7}, {"data": [{"id": 3}]}, None]
    for answer in answers:
        with pytest.raises(EngineUnavailable, match="no server of a language model"):
            async with remote(Scripted(others={"/v1/models": answer})):
                pass


async def test_a_model_that_is_not_there_is_said_with_those_that_are() -> None:
    server = Scripted()
    await server.open()
    engine = RemoteEngine(RemoteOptions(urls=(server.url,), model="palace"))
    try:
        with pytest.raises(EngineUnavailable, match=r"REMOTE_MODEL names\. It runs: house"):
            await engine.load(lambda share: None)
    finally:
        await engine.close()
        await server.close()


async def test_a_server_that_hides_its_window_needs_the_setting() -> None:
    with pytest.raises(ModelError, match="Set CONTEXT_TOKENS"):
        async with remote(Scripted(card={})):
            pass
    async with remote(Scripted(card={}), context_tokens=300) as engine:
        assert engine.model.context_tokens == 300


@pytest.mark.parametrize(
    "url",
    [
        *("10.0.0.5:8000", "ftp://a", "http://", "http://me:pw@a", "http://a?key=pw", "http://a:b"),
        *("http://a b", "http://a..b", "http://a/\u00fc", "http://a/b c", "http://a/\x00"),
    ],
)
def test_an_address_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(EngineUnavailable, match="REMOTE_URLS takes addresses") as caught:
        RemoteEngine(RemoteOptions(urls=(url,)))
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://[::1]", "http://[fe80::abcd]", "https://[fe80::1]/v1"])
def test_a_server_at_an_address_without_a_port_is_away_and_no_fault(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def refused(address: tuple[str, int], *rest: object) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refused)
    assert not RemoteServer(url, KEY).is_healthy()
    host, port = url.partition("[")[2].partition("]")[0], 443 if "https" in url else 80
    assert asked == [(host, port)]


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"])
async def test_an_answer_that_trickles_in_is_not_waited_for_to_its_end(begun: bytes) -> None:
    rest = b"7".rjust(200) if begun else b"HTTP/1.1 200 OK\r\nX: ".ljust(200, b"x")
    gone = asyncio.Event()

    async def trickles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(begun)
            for byte in rest:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(trickles, "127.0.0.1", 0) as listener:
        server = RemoteServer(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", KEY)
        with pytest.raises(EngineFailed, match="does not answer"):
            await asyncio.to_thread(server.call, "/health", limit_s=0.3)
        await gone.wait()


async def test_a_server_of_unknown_kind_gets_text_and_what_openai_names() -> None:
    server = Scripted()
    async with remote(server) as engine:
        await reply(engine, SamplingParams(max_new_tokens=9, seed=3, stop=("USER:", "")))
        _, end = await reply(engine, SamplingParams(constraint=OneOf(("a", "b"))))
    assert server.seen == [
        {
            "model": "house",
            "prompt": f"USER: {SECRET} ASSISTANT:",
            "max_tokens": 9,
            "temperature": 0.7,
            "top_p": 0.9,
            "stop": ["USER:"],
            "seed": 3,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]
    assert "not known to hold" in str(end)
    assert not isinstance(end, EngineFailed)


async def test_a_server_that_takes_four_stop_strings_is_good_for_questions_with_more() -> None:
    async def takes_four(request: web.Request) -> web.StreamResponse:
        if len((await request.json())["stop"]) > 4:
            return await refuses(400, {"error": {"message": "'stop': at most 4"}})(request)
        written = [piece(" Fine."), piece(" EN"), piece("D of"), piece(" it", "length")]
        return await says(*written)(request)

    server = Scripted([takes_four] * 3)
    async with remote(server) as engine:
        queue = GenerationQueue(engine)
        await queue.load()
        params = SamplingParams(stop=("USER:", " USER:", "A", "B", "C", "END"))
        for _ in range(3):
            ticket = queue.submit(Request(prompt=ASKED, params=params, person=1))
            await ticket.result()
            assert ticket.text.strip() == "Fine."
        assert queue.status.health is Health.READY
        await queue.drain(0)
    assert [one["stop"] for one in server.seen] == [["USER:", " USER:", "A", "B"]] * 3


async def test_vllm_and_tabbyapi_are_known_by_what_they_say() -> None:
    vllm = Scripted(
        owner="vllm", others={"/version": {"version": "0.10.2"}, "/tokenize": {"count": 77}}
    )
    async with remote(vllm) as engine:
        ids = await asyncio.to_thread(engine.encode, Prompt([BOS, "What is it?", EOS]))
        assert len(ids) == 1 + 77 + 1
        await reply(engine, SamplingParams(constraint=OneOf(("a", "b")), top_k=0))
        assert vllm.seen[0]["guided_regex"] == " ?(a|b)"
        assert vllm.seen[0]["top_k"] == -1
    card = {"id": "house", "parameters": {"max_seq_len": 200}}
    tabby = Scripted(
        owner="tabbyAPI",
        model="some folder",
        others={"/v1/model": card, "/v1/token/encode": {"length": 5}},
    )
    async with remote(tabby) as engine:
        assert (engine.model.name, engine.model.context_tokens) == ("house", 200)
        ids = await asyncio.to_thread(engine.encode, Prompt([BOS, "What is it?", EOS]))
        assert len(ids) == 1 + 5 + 1
        await reply(engine, SamplingParams(constraint=OneOf(("a", "b"))))
        assert (tabby.seen[0]["model"], tabby.seen[0]["regex_pattern"]) == ("house", " ?(a|b)")

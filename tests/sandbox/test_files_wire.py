"""Files: uploads, what stays of them, and links that end."""

from __future__ import annotations

import aiohttp
import pytest
import yarl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox import files as module
from sandbox.errors import Refused
from sandbox.files import UPLOAD_LIMIT_BYTES, Upload
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api, Clock


async def fetched(url: str | yarl.URL) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.read()


async def test_files_come_with_a_message_and_can_be_fetched(api: Api, place: Place) -> None:
    described = [{"id": 1, "filename": "b.png", "description": "A picture"}]
    body = {"content": "Two files", "attachments": described}
    sent = await api("POST", place.messages, body, files={"a.txt": b"text", "b.png": b"\x89PNG"})
    first, second = sent.body["attachments"]
    assert (first["filename"], first["size"]) == ("a.txt", 4)
    assert first["content_type"].startswith("text/plain")
    assert (second["filename"], second["description"]) == ("b.png", "A picture")
    assert await fetched(first["url"]) == (200, b"text")
    assert await fetched(second["url"]) == (200, b"\x89PNG")


async def test_an_edit_keeps_removes_and_adds_files(api: Api, place: Place) -> None:
    sent = await api("POST", place.messages, {}, files={"a.txt": b"a", "b.txt": b"b"})
    path = f"{place.messages}/{sent.body['id']}"
    names = [[a["filename"] for a in sent.body["attachments"]]]
    keep = [{"id": sent.body["attachments"][1]["id"]}, {"id": 0, "filename": "c.txt"}]
    for body, files in (
        ({"content": "text"}, None),
        ({"attachments": keep}, {"c.txt": b"c"}),
        ({}, {"d.txt": b"d"}),
        ({"attachments": []}, None),
    ):
        answer = await api("PATCH", path, body, files=files)
        assert answer.status == 200, answer.body
        names.append([a["filename"] for a in answer.body["attachments"]])
    assert names == [
        ["a.txt", "b.txt"],
        ["a.txt", "b.txt"],
        ["b.txt", "c.txt"],
        ["b.txt", "c.txt", "d.txt"],
        [],
    ]


async def test_the_last_file_of_an_empty_message_cannot_be_taken(api: Api, place: Place) -> None:
    sent = await api("POST", place.messages, {}, files={"a.txt": b"a"})
    path = f"{place.messages}/{sent.body['id']}"
    assert (await api("PATCH", path, {"attachments": []})).refusal == (400, 50006)


async def test_a_file_over_the_limit_is_refused_whoever_sends_it(api: Api, place: Place) -> None:
    large = b"x" * (UPLOAD_LIMIT_BYTES + 1)
    answer = await api("POST", place.messages, {"content": "x"}, files={"a.bin": large})
    assert answer.refusal == (413, 40005)
    assert place.bo.messages(place.channel_id) == []
    with pytest.raises(Refused, match="too large"):
        place.bo.send(place.channel_id, files=[Upload("a.bin", large)])
    answer = await api("POST", place.messages, {}, files={"a.bin": large[1:]})
    assert answer.status == 200


async def test_eleven_files_are_one_too_many(api: Api, place: Place) -> None:
    files = {f"{number}.txt": b"x" for number in range(11)}
    assert (await api("POST", place.messages, {}, files=files)).refusal == (400, 50035)


async def test_a_link_ends_and_can_be_renewed(api: Api, place: Place, clock: Clock) -> None:
    sent = place.bo.send(place.channel_id, files=[Upload("a.txt", b"text")])
    url = yarl.URL(sent["attachments"][0]["url"])
    assert {"ex", "is", "hm"} <= set(url.query)
    clock.now += module.LINK_LIFE_S + 1
    assert (await fetched(url))[0] == 404
    answer = await api("POST", "/attachments/refresh-urls", {"attachment_urls": [str(url)]})
    [renewed] = answer.body["refreshed_urls"]
    assert renewed["original"] == str(url)
    assert await fetched(renewed["refreshed"]) == (200, b"text")


@pytest.mark.parametrize("change", ["hm", "ex", "missing", "another file"])
async def test_a_link_that_was_tampered_with_leads_nowhere(place: Place, change: str) -> None:
    files = [Upload("a.txt", b"text"), Upload("b.txt", b"other")]
    sent = place.bo.send(place.channel_id, files=files)
    url, other = (yarl.URL(attachment["url"]) for attachment in sent["attachments"])
    tampered = {
        "hm": url.update_query(hm="é" * 64),
        "ex": url.update_query(ex="ffffffff"),
        "missing": url.with_query(None),
        "another file": other.with_query(url.query_string),
    }[change]
    assert (await fetched(tampered))[0] == 404


async def test_a_file_is_never_run_by_a_browser(place: Place) -> None:
    files = [Upload("a.html", b"<script>", "text/html"), Upload("a.svg", b"<svg/>")]
    sent = place.bo.send(place.channel_id, files=files)
    for attachment in sent["attachments"]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(attachment["url"]) as answer,
        ):
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment;")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


@given(name=st.text(min_size=1, max_size=40))
@example(name="it's {1} of 2 (50%) + more! #3?.txt")
@example(name="..")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_a_file_is_called_its_link_leads_to_it(
    sandbox: Sandbox, place: Place, name: str
) -> None:
    name = name.encode("utf-8", "ignore").decode()
    sent = place.bo.send(place.channel_id, files=[Upload(name, b"text")])
    assert await fetched(sent["attachments"][0]["url"]) == (200, b"text")


async def test_the_oldest_files_go_when_all_together_are_too_large(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 10)
    files = [Upload(f"{number}.txt", b"12345") for number in range(3)]
    sent = place.bo.send(place.channel_id, files=files)
    statuses = [(await fetched(attachment["url"]))[0] for attachment in sent["attachments"]]
    assert statuses == [404, 200, 200]

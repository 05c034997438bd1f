"""The page's own door: who is let in, what a person gets to see, and what they may do."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import sandbox.page
from sandbox.files import UPLOAD_LIMIT_BYTES
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place

LIMIT_S = 10.0
PAGES = Path(sandbox.page.__file__).with_name("page")


class Browser:
    """Asks what the page's scripts ask."""

    def __init__(self, made: Sandbox, session: aiohttp.ClientSession) -> None:
        self.base = made.page_url.split("/?")[0]
        self.session = session

    async def get(self, path: str, **parameters: int) -> tuple[int, Any]:
        async with self.session.get(f"{self.base}{path}", params=parameters) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())

    async def do(
        self,
        person: int,
        action: str,
        request: Mapping[str, object],
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> tuple[int, Any]:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("request", json.dumps(request), content_type="text/plain")
        for field, (name, data) in (files or {}).items():
            form.add_field(field, BytesIO(data), filename=name)
        url = f"{self.base}/page/do/{action}?as={person}"
        async with self.session.post(url, data=form) as answer:
            return answer.status, await answer.json()

    @asynccontextmanager
    async def watch(self, person: int) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.session.ws_connect(f"{self.base}/page/watch?as={person}") as socket:
            yield socket


async def heard(socket: aiohttp.ClientWebSocketResponse, name: str) -> Any:
    """The next event of this name."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            event = await socket.receive_json()
            if event["t"] == name:
                return event["d"]


@pytest.fixture
async def stranger(sandbox: Sandbox) -> AsyncIterator[Browser]:
    """Has not opened the address with the key."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(sandbox, session)


@pytest.fixture
async def browser(stranger: Browser, sandbox: Sandbox) -> Browser:
    async with stranger.session.get(sandbox.page_url) as answer:
        assert answer.status == 200
    return stranger


@pytest.mark.parametrize(
    "path",
    ["/", "/?key=", "/?key=wrong", "/?key=%C3%A9", "/page/static/main.js", "/page/state",
     "/page/messages?channel=1&as=1", "/page/commands?channel=1&as=1", "/page/watch?as=1"],
)  # fmt: skip
async def test_nothing_is_given_to_who_has_not_the_key(stranger: Browser, path: str) -> None:
    assert (await stranger.get(path))[0] == 403


async def test_nothing_is_done_for_who_has_not_the_key(stranger: Browser, place: Place) -> None:
    request = {"channel": str(place.channel_id), "content": "hi"}
    assert (await stranger.do(place.ada.id, "send", request))[0] == 403
    assert place.ada.messages(place.channel_id) == []


async def test_the_key_is_exchanged_for_a_cookie_that_scripts_cannot_read(
    stranger: Browser, sandbox: Sandbox
) -> None:
    async with stranger.session.get(sandbox.page_url) as answer:
        cookie = next(iter(SimpleCookie(answer.headers["Set-Cookie"]).values()))
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert sandbox.page_key not in cookie.value
    assert (await stranger.get("/"))[0] == 200
    assert (await stranger.get("/page/state"))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_site_gets_nothing_even_with_the_cookie(
    browser: Browser, headers: dict[str, str]
) -> None:
    for path in ("/", "/page/state", "/page/watch"):
        async with browser.session.get(f"{browser.base}{path}", headers=headers) as answer:
            assert answer.status == 403


async def test_every_answer_forbids_scripts_from_elsewhere(browser: Browser) -> None:
    for path in ("/", "/page/static/main.js", "/page/static/theme.css", "/page/state"):
        async with browser.session.get(f"{browser.base}{path}") as answer:
            assert answer.status == 200
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'; script-src 'self';" in policy
            assert "unsafe" not in policy
            assert "require-trusted-types-for 'script'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", sorted(file.name for file in PAGES.iterdir()))
def test_the_page_loads_nothing_from_elsewhere_and_has_no_script_inside(name: str) -> None:
    text = (PAGES / name).read_text(encoding="utf-8")
    for address in re.findall(r"(?:https?|wss?)://[\w$]+[^\s\"'`)]*", text):
        assert address.startswith(("http://www.w3.org/", "ws://$")), address
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\son\w+\s*=\s*[\"']", text)
    assert text.count("innerHTML") == (1 if name == "text.js" else 0)
    assert not re.search(r"\beval\(|outerHTML|insertAdjacentHTML|document\.write", text)


def test_every_module_is_fetched_at_once_and_every_style_is_used() -> None:
    index = (PAGES / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'"/page/static/([\w.]+)"', index))
    assert named == {file.name for file in PAGES.iterdir()} - {"index.html"}


async def test_files_beside_the_page_are_not_served(browser: Browser) -> None:
    for name in ("../page.py", "..%2Fpage.py", "%2e%2e/server.py", "page.py"):
        assert (await browser.get(f"/page/static/{name}"))[0] in (400, 404)


async def test_a_person_sees_their_channels_and_how_they_stand(
    browser: Browser, place: Place, sandbox: Sandbox
) -> None:
    secret = sandbox.world.add_channel(place.guild_id, "secret")
    sandbox.world.allow(secret, place.guild_id, deny=Permission.VIEW_CHANNEL)
    _, ada = await browser.get("/page/state", **{"as": place.ada.id})
    _, bo = await browser.get("/page/state", **{"as": place.bo.id})
    assert str(secret) in {channel["id"] for channel in ada["channels"]}
    assert str(secret) not in {channel["id"] for channel in bo["channels"]}
    assert [person["standing"] for person in ada["people"]] == ["Owner", "Member"]
    assert (await browser.get("/page/messages", channel=secret, **{"as": place.bo.id}))[0] == 409


async def test_nobody_can_look_as_the_bot(browser: Browser, place: Place) -> None:
    assert (await browser.get("/page/state", **{"as": place.bot_id}))[0] == 400


async def test_texts_come_rendered_and_never_as_html_of_their_own(
    browser: Browser, place: Place
) -> None:
    async with browser.watch(place.bo.id) as socket:
        place.ada.send(place.channel_id, "**a** <script>alert(1)</script>")
        told = await heard(socket, "MESSAGE_CREATE")
    html = told["html"][told["content"]]
    assert html.strip() == "<p><strong>a</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    channel = {"channel": place.channel_id, "as": place.bo.id}
    assert (await browser.get("/page/messages", **channel))[1][0]["html"] == told["html"]


async def test_every_text_of_a_message_is_rendered(
    browser: Browser, place: Place, sandbox: Sandbox
) -> None:
    embed = {"title": "*t*", "description": "*d*", "fields": [{"name": "*n*", "value": "*v*"}]}
    text = {"type": 17, "components": [{"type": 10, "content": "*c*"}]}
    quoted = place.ada.send(place.channel_id, "*q*")
    world = sandbox.world
    world.post(
        place.channel_id,
        place.bot_id,
        "",
        embeds=[embed],
        components=[text],
        referenced_message=quoted,
    )
    _, seen = await browser.get("/page/messages", channel=place.channel_id, **{"as": place.ada.id})
    assert seen[-1]["html"].keys() == {"*t*", "*d*", "*n*", "*v*", "*c*", "*q*"}


async def test_what_only_ada_may_see_is_told_to_ada_alone(
    browser: Browser, place: Place, sandbox: Sandbox
) -> None:
    async with browser.watch(place.ada.id) as hers, browser.watch(place.bo.id) as his:
        sandbox.world.post(place.channel_id, place.bot_id, "psst", flags=64, only=place.ada.id)
        sandbox.world.post(place.channel_id, place.bot_id, "all of you")
        assert (await heard(hers, "MESSAGE_CREATE"))["content"] == "psst"
        assert (await heard(his, "MESSAGE_CREATE"))["content"] == "all of you"


async def test_a_message_is_sent_with_its_files_as_a_reply(browser: Browser, place: Place) -> None:
    first = place.bo.send(place.channel_id, "which?")
    request = {"channel": str(place.channel_id), "content": "this", "reply_to": first["id"]}
    answer = await browser.do(place.ada.id, "send", request, {"files": ("a b.txt", b"text")})
    assert answer == (200, {})
    sent = place.bo.messages(place.channel_id)[-1]
    assert sent["referenced_message"]["content"] == "which?"
    assert [(a["filename"], a["size"]) for a in sent["attachments"]] == [("a_b.txt", 4)]


async def test_a_message_is_edited_reacted_to_and_deleted(browser: Browser, place: Place) -> None:
    sent = place.ada.send(place.channel_id, "a")
    request = {"channel": str(place.channel_id), "message": sent["id"]}
    await browser.do(place.ada.id, "edit", {**request, "content": "b"})
    await browser.do(place.bo.id, "react", {**request, "emoji": "👍"})
    (seen,) = place.bo.messages(place.channel_id)
    assert seen["content"] == "b"
    assert seen["reactions"][0]["count"] == 1
    await browser.do(place.bo.id, "unreact", {**request, "emoji": "👍"})
    await browser.do(place.ada.id, "delete", request)
    assert place.bo.messages(place.channel_id) == []


@pytest.mark.parametrize(
    ("action", "request_", "sentence"),
    [
        ("send", {"content": " "}, "An empty message cannot be sent."),
        ("command", {"path": "nothing", "options": {}}, "There is no command nothing here."),
        ("menu", {"name": "Nothing", "message": "1"}, "There is no command Nothing here."),
        ("press", {"message": "1", "custom_id": "x"}, "This message is not there any more."),
    ],
)
async def test_what_discord_would_refuse_is_said_in_a_sentence(
    browser: Browser, place: Place, action: str, request_: dict[str, object], sentence: str
) -> None:
    request = {"channel": str(place.channel_id), **request_}
    answer = await browser.do(place.ada.id, action, request)
    assert answer == (409, {"message": sentence})


async def test_a_file_beyond_the_limit_is_refused(browser: Browser, place: Place) -> None:
    request = {"channel": str(place.channel_id), "content": ""}
    data = bytes(UPLOAD_LIMIT_BYTES + 1)
    answer = await browser.do(place.ada.id, "send", request, {"files": ("big.bin", data)})
    assert answer == (409, {"message": "big.bin is larger than 10 MiB."})
    assert place.ada.messages(place.channel_id) == []


@pytest.mark.parametrize(
    ("action", "request_"),
    [("send", {}), ("nothing", {}), ("submit", {"interaction": "1", "fields": {}}), ("edit", [])],
)
async def test_nonsense_is_refused(
    browser: Browser, place: Place, action: str, request_: dict[str, object]
) -> None:
    assert (await browser.do(place.ada.id, action, request_))[0] == 400

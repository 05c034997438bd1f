"""Who is let in, and what the bot is told about itself."""

from __future__ import annotations

import logging

import aiohttp
import discord
import pytest

from bot.discord_api import served_from
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import Api, new_client


@pytest.mark.parametrize(
    "path", ["/users/@me", "/applications/@me", "/oauth2/applications/@me", "/users/@me/guilds"]
)
async def test_the_token_opens_what_is_the_bots_own(api: Api, path: str) -> None:
    assert (await api("GET", path)).status == 200
    api.token = "another.token"
    assert (await api("GET", path)).refusal == (401, 0)
    api.token = None
    assert (await api("GET", path)).refusal == (401, 0)


async def test_discord_py_logs_in_and_reads_its_application(sandbox: Sandbox) -> None:
    with served_from(sandbox.api_url):
        async with new_client() as client:
            await client.login(sandbox.bot_token)
            assert client.user is not None
            assert client.user.name == "Airocord"
            info = await client.application_info()
    assert info.owner.global_name == "Ada"
    assert info.flags.gateway_message_content_limited


async def test_discord_py_says_that_a_wrong_token_is_wrong(sandbox: Sandbox) -> None:
    with served_from(sandbox.api_url):
        async with new_client() as client:
            with pytest.raises(discord.LoginFailure):
                await client.login("another.token")


async def test_the_gateway_is_said_with_how_often_it_may_be_asked(
    api: Api, sandbox: Sandbox
) -> None:
    answer = await api("GET", "/gateway/bot")
    assert answer.body["url"] == sandbox.gateway.url
    assert answer.body["shards"] == 1
    assert answer.body["session_start_limit"]["remaining"] > 0
    api.token = None
    assert (await api("GET", "/gateway")).body == {"url": sandbox.gateway.url}


async def test_an_answer_is_exactly_json(api: Api) -> None:
    """discord.py compares the whole header; with a charset it would read text."""
    assert (await api("GET", "/users/@me")).headers["Content-Type"] == "application/json"
    assert (await api("GET", "/nowhere")).headers["Content-Type"] == "application/json"


async def test_an_unknown_route_is_refused_and_said_loudly(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert (await api("GET", "/guilds/1/soundboard-sounds")).refusal == (404, 0)
    assert "NO SUCH ROUTE: GET /guilds/1/soundboard-sounds" in caplog.text


async def test_a_method_that_a_route_does_not_take_is_unknown_too(api: Api) -> None:
    assert (await api("PUT", "/users/@me")).status == 404


async def test_what_is_not_json_is_refused(sandbox: Sandbox, place: Place) -> None:
    headers = {"Authorization": f"Bot {sandbox.bot_token}", "Content-Type": "application/json"}
    url = sandbox.api_url + place.messages
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, data="{") as answer,
    ):
        assert answer.status == 400
        assert (await answer.json())["code"] == 50109


@pytest.mark.parametrize("body", [[], {"content": 7}, {"embeds": "x"}, {"components": [{}]}])
async def test_a_body_of_another_shape_is_refused(api: Api, place: Place, body: object) -> None:
    assert (await api("POST", place.messages, body)).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "localhost"},
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/api/v10/users/@me", "/gateway", "/cdn/attachments/1/2/x"])
async def test_another_site_reaches_nothing(
    sandbox: Sandbox, path: str, headers: dict[str, str]
) -> None:
    root = sandbox.api_url.removesuffix("/api/v10")
    headers = {"Authorization": f"Bot {sandbox.bot_token}", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.get(root + path, headers=headers) as answer,
    ):
        assert answer.status == 403


async def test_it_listens_on_the_loopback_interface_only(sandbox: Sandbox) -> None:
    assert sandbox.api_url.startswith("http://127.0.0.1:")
    [address] = sandbox.addresses
    assert address[0] == "127.0.0.1"


async def test_a_port_that_is_taken_is_refused(sandbox: Sandbox) -> None:
    second = Sandbox()
    with pytest.raises(OSError, match="address already in use"):
        await second.start(sandbox.addresses[0][1])
    await second.close()


async def test_every_run_has_its_own_keys(sandbox: Sandbox) -> None:
    other = Sandbox()
    assert other.bot_token != sandbox.bot_token
    assert other.page_key != sandbox.page_key


async def test_the_bots_servers_and_their_members_can_be_asked_for(api: Api, place: Place) -> None:
    [listed] = (await api("GET", "/users/@me/guilds")).body
    guild = f"/guilds/{place.guild_id}"
    assert listed["id"] == (await api("GET", guild)).body["id"]
    assert (await api("GET", f"{guild}/members/{place.bo.id}")).body["user"]["global_name"] == "Bo"
    assert (await api("GET", f"/users/{place.bo.id}")).body["username"] == "bo"
    assert (await api("GET", "/guilds/1")).refusal == (404, 10004)
    assert (await api("GET", f"{guild}/members/1")).refusal == (404, 10007)
    assert (await api("GET", "/users/1")).refusal == (404, 10013)


async def test_whoever_watches_is_let_go_when_the_sandbox_closes() -> None:
    made = Sandbox()
    await made.start()
    watch = made.person("Ada").watch()
    await made.close()
    assert [event async for event in watch] == []

"""Messages go where they should, notify nobody, and outlive the interaction's token."""

from __future__ import annotations

from typing import cast

import aiohttp
import discord
import pytest

from bot.replies.faults import (
    MessageGone,
    NotPermitted,
    OutletError,
    Rejected,
    TokenExpired,
    Transient,
    discord_call,
)
from bot.replies.interaction_outlet import InteractionOutlet
from bot.replies.outlets import TextFile
from bot.replies.rewriting import RewritingOutlet
from tests.support.ask_bot import world
from tests.support.stage import passes, play

# -- channels ---------------------------------------------------------------------------------


async def test_an_answer_is_a_reply_to_the_message_and_notifies_nobody() -> None:
    async with world() as here:
        outlet = await here.say()
        message_id = await outlet.send(f"@everyone {here.alice.mention}, look")
        reply = here.channel.last_message
        assert reply is not None
        assert reply.id == message_id
        assert reply.reference is not None
        assert here.env.http_requests[-1].json is not None
        assert here.env.http_requests[-1].json["allowed_mentions"] == {
            "parse": [],
            "replied_user": False,
        }
        await outlet.edit(message_id, "@everyone again")
        assert here.env.http_requests[-1].json["allowed_mentions"] == {"parse": []}
        await outlet.send("More.")
        assert here.channel.last_message is not None
        assert here.channel.last_message.reference is None


async def test_a_file_is_attached_and_taken_away_with_the_next_edit() -> None:
    async with world() as here:
        outlet = await here.say()
        message_id = await outlet.send("See below.", file=TextFile("reply.md", "long"))
        assert here.channel.last_message is not None
        assert [file.filename for file in here.channel.last_message.attachments] == ["reply.md"]
        await outlet.edit(message_id, "Never mind.")
        assert here.channel.last_message.attachments == []


async def test_a_question_that_is_gone_is_answered_without_reference() -> None:
    async with world() as here:
        outlet = await here.say()
        question = here.channel.last_message
        assert question is not None
        await here.alice.delete(question)
        await outlet.send("Here I am.")
        assert here.texts == ["Here I am."]
        sent = here.env.http_requests[-1].json
        assert sent is not None
        assert sent["message_reference"]["fail_if_not_exists"] is False


@pytest.mark.parametrize("code", [50035, 160002])
async def test_where_no_reply_is_allowed_the_answer_comes_without_reference(code: int) -> None:
    async with world() as here:
        outlet = await here.say()
        here.env.inject_error("POST", "/channels/*/messages", status=400, code=code)
        await outlet.send("Here I am.")
        assert here.texts == ["Here I am."]


async def test_a_deleted_message_and_a_closed_channel_are_told_apart() -> None:
    async with world() as here:
        outlet = await here.say()
        message_id = await outlet.send("One")
        here.env.inject_error("PATCH", "/channels/*", status=403, code=50001)
        with pytest.raises(NotPermitted):
            await outlet.edit(message_id, "Two")
        await outlet.delete(message_id)
        with pytest.raises(MessageGone):
            await outlet.edit(message_id, "Three")


# -- interactions -----------------------------------------------------------------------------


async def test_the_first_message_is_the_commands_response_and_later_ones_follow_it() -> None:
    async with world() as here:
        outlet = await here.ask()
        first = await outlet.send("One")
        second = await outlet.send("Two")
        await outlet.edit(first, "one")
        await outlet.edit(second, "two")
        assert here.texts == ["one", "two"]
        assert set(here.paths("PATCH")) == {"webhooks"}
        assert outlet.deadline_s is None


async def test_after_fourteen_minutes_the_reply_goes_on_as_a_message_of_the_channel() -> None:
    async with world() as here:
        outlet = await here.ask()
        first = await outlet.send("One")
        await here.env.advance_time(13 * 60)
        await outlet.edit(first, "One two")
        assert here.paths("PATCH") == ["webhooks", "webhooks"]
        await here.env.advance_time(61)
        await outlet.edit(first, "One two three")
        await outlet.send("Four")
        assert here.texts == ["One two three", "Four"]
        assert here.paths("PATCH") == ["webhooks", "webhooks", "channels"]
        assert here.paths("POST")[-1] == "channels"


@pytest.mark.parametrize(("status", "code"), [(401, 50027), (404, 10015), (401, 0)])
async def test_a_token_that_discord_no_longer_takes_is_left_at_once(status: int, code: int) -> None:
    async with world() as here:
        outlet = await here.ask()
        first = await outlet.send("One")
        here.env.inject_error("PATCH", "/webhooks/*", status=status, code=code)
        await outlet.edit(first, "Two")
        await outlet.edit(first, "Three")
        assert here.texts == ["Three"]
        assert here.paths("PATCH") == ["webhooks", "webhooks", "channels", "channels"]


async def test_thinking_is_taken_away_however_late_the_first_word_comes() -> None:
    async with world() as here:
        outlet = await here.ask()
        await here.env.advance_time(14.5 * 60)
        await outlet.send("At last.")
        assert here.texts == ["At last."]


async def test_an_interaction_that_expired_before_it_was_acknowledged_is_answered_too() -> None:
    async with world() as here:

        async def answer(interaction: discord.Interaction) -> None:
            outlet = InteractionOutlet(interaction)
            await outlet.acknowledge()
            await outlet.send("Sorry, here it is.")

        here.bot.on_ask = answer
        here.env.inject_error("POST", "/interactions/*", status=404, code=10062)
        await here.alice.slash(here.channel, "ask")
        assert here.texts == ["Sorry, here it is."]


async def test_acknowledging_twice_does_no_harm() -> None:
    async with world() as here:
        outlet = await here.ask()
        await outlet.acknowledge()
        await outlet.send("One")
        assert here.texts == ["One"]


async def test_without_the_bot_in_the_server_long_waits_are_refused_and_nothing_hands_over() -> (
    None
):
    async with world() as here:
        outlets: list[InteractionOutlet] = []

        async def answer(interaction: discord.Interaction) -> None:
            # What Discord sends for an app that a person installed for themselves.
            interaction._integration_owners = {1: interaction.user.id}
            outlets.append(InteractionOutlet(interaction))
            await outlets[0].acknowledge()

        here.bot.on_ask = answer
        await here.alice.slash(here.channel, "ask")
        outlet = outlets[0]
        assert outlet.max_messages == 5
        assert outlet.deadline_s == pytest.approx(14 * 60, abs=5)
        # Another interaction's message, such as one of a reply that is to be written anew.
        with pytest.raises(NotPermitted):
            await outlet.edit(12345, "Anew")
        first = await RewritingOutlet(outlet, [12345]).send("One")
        assert here.texts == ["One"]
        here.env.inject_error("PATCH", "/webhooks/*", status=401, code=50027)
        with pytest.raises(TokenExpired):
            await outlet.edit(first, "Two")
        assert "channels" not in here.paths("PATCH")


async def test_messages_of_a_command_can_be_deleted() -> None:
    async with world() as here:
        outlet = await here.ask()
        first, second = await outlet.send("One"), await outlet.send("Two")
        await outlet.delete(second)
        assert here.texts == ["One"]
        await outlet.delete(first)
        assert here.texts == []


# -- faults -----------------------------------------------------------------------------------


class _Response:
    """What discord.py's exceptions read of an aiohttp response."""

    reason = "because"

    def __init__(self, status: int) -> None:
        self.status = status


def _http(status: int, code: int = 0) -> discord.HTTPException:
    return discord.HTTPException(
        cast(aiohttp.ClientResponse, _Response(status)), {"code": code, "message": "no"}
    )


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (_http(429), Transient),
        (_http(429, 30046), Transient),
        (_http(500), Transient),
        (_http(503), Transient),
        (discord.RateLimited(7.0), Transient),
        (aiohttp.ServerDisconnectedError(), Transient),
        (ConnectionResetError(), Transient),
        (TimeoutError(), Transient),
        (_http(404, 10008), MessageGone),
        (_http(404, 10003), MessageGone),
        (_http(403, 50013), NotPermitted),
        (_http(403, 50001), NotPermitted),
        (_http(400, 50007), NotPermitted),
        (_http(401, 50027), TokenExpired),
        (_http(404, 10015), TokenExpired),
        (_http(404, 10062), TokenExpired),
        (_http(400, 50035), Rejected),
    ],
)
async def test_what_goes_wrong_is_told_apart_by_what_to_do(
    raised: Exception, kind: type[OutletError]
) -> None:
    async def call() -> None:
        async with discord_call(1.0):
            raise raised

    with pytest.raises(OutletError) as caught:
        await call()
    assert type(caught.value) is kind
    assert caught.value.__cause__ is raised
    if isinstance(raised, discord.RateLimited) and isinstance(caught.value, Transient):
        assert caught.value.retry_after_s == 7.0


def test_a_call_that_hangs_is_given_up_and_may_be_tried_again() -> None:
    async def scene() -> None:
        async with discord_call(30.0):
            await passes(3600)

    with pytest.raises(Transient):
        play(scene())

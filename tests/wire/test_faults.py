"""What people see, and what the history holds, when something between the bot and Discord breaks.

The bot runs as a process of its own, discord.py's own retries and waits included.
"""

from __future__ import annotations

import pytest

from bot.storage import TurnState
from sandbox.faults import Denied, Dropped, ExpiredToken, Failed, Fault, RateLimited
from tests.support.reader import LOADING, buttons
from tests.support.routes import CALLBACK, EDIT, FOLLOW_UP, LOST, ORIGINAL, SEND
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def is_whole(wire: Wire, question: str, reply: str) -> None:
    """The reply has ended, the channel shows it once, and the history holds the exchange."""
    [exchange] = await wire.exchanges()
    assert (exchange.question.content, exchange.question.state) == (question, TurnState.COMPLETE)
    assert (exchange.reply.content, exchange.reply.state) == (reply, TurnState.COMPLETE)
    with wire.reader() as reader:
        await reader.offers("Regenerate")
        assert reader.texts == [reply]


async def test_when_edits_are_limited_the_text_comes_later_but_whole(wire: Wire) -> None:
    limited = wire.sandbox.faults.add(
        Fault(method="PATCH", route=EDIT, answer=RateLimited(retry_after_s=0.3), times=3)
    )
    wire.ask("count")
    reply = await wire.model.asked()
    with wire.reader() as reader:
        await reply.say("One,")
        await reader.reads("One,")
        await reply.say(" two,", " three.")
        await reply.end()
        await is_whole(wire, "count", "One, two, three.")
    assert limited.hits == 3


async def test_when_the_first_answer_fails_it_is_given_again_and_once(wire: Wire) -> None:
    wire.sandbox.faults.add(Fault(method="POST", route=SEND, answer=Failed(500), times=1))
    wire.ask("hello")
    reply = await wire.model.asked()
    await reply.say("Hello there.")
    await reply.end()
    await is_whole(wire, "hello", "Hello there.")


@pytest.mark.parametrize("answer", [Failed(500), RateLimited(0.5, is_global=True)])
@pytest.mark.parametrize("route", [CALLBACK, ORIGINAL], ids=["acknowledgement", "first words"])
async def test_a_command_is_answered_although_discord_stumbles(
    wire: Wire, route: str, answer: Failed | RateLimited
) -> None:
    fault = wire.sandbox.faults.add(Fault(route=route, answer=answer))
    asked = wire.bo.use_command(wire.channel_id, "chat", {"message": "hello"})
    reply = await wire.model.asked()
    await reply.say("Hello there.")
    await reply.end()
    with wire.reader() as reader:
        await reader.offers("Regenerate")
        assert reader.texts == ["> hello\nHello there."]
        assert not int(str(reader.messages[0]["flags"])) & LOADING
    assert (asked.state, fault.hits) == ("answered", 1)
    [exchange] = await wire.exchanges()
    assert exchange.reply.content == "Hello there."


@LOST
@pytest.mark.parametrize("route", [SEND, EDIT], ids=["first message", "last edit"])
async def test_a_dropped_connection_loses_nothing_and_says_nothing_twice(
    wire: Wire, route: str, is_handled: bool
) -> None:
    method = "POST" if route == SEND else "PATCH"
    fault = Fault(method=method, route=route, answer=Dropped(after=is_handled), times=1)
    if route == SEND:
        wire.sandbox.faults.add(fault)
    wire.ask("colours")
    reply = await wire.model.asked()
    await reply.say("Red")
    if route == EDIT:
        with wire.reader() as reader:
            await reader.reads("Red")
        wire.sandbox.faults.add(fault)
    await reply.say(" and blue.")
    await reply.end()
    await is_whole(wire, "colours", "Red and blue.")


@LOST
async def test_what_is_said_in_place_of_a_reply_comes_once_although_the_connection_drops(
    wire: Wire, is_handled: bool
) -> None:
    fault = wire.sandbox.faults.add(
        Fault(method="POST", route=SEND, answer=Dropped(after=is_handled), times=2)
    )
    wire.ask("")
    wire.ask("hello")
    reply = await wire.model.asked()
    await reply.say("Hello there.")
    await reply.end()
    with wire.reader() as reader:
        await reader.reads("I can read text")
        await reader.offers("Regenerate")
        assert sorted(text[:10] for text in reader.texts) == ["Hello ther", "I can read"]
    assert fault.hits == 2


@pytest.mark.parametrize("resumable", [True, False], ids=["resumed", "begun anew"])
async def test_when_the_gateway_drops_a_reply_goes_on_and_the_next_question_is_answered(
    wire: Wire, resumable: bool
) -> None:
    wire.ask("long story")
    reply = await wire.model.asked()
    with wire.reader() as reader:
        await reply.say("Once upon")
        await reader.reads("Once upon")
        before = wire.sandbox.gateway.connections
        wire.sandbox.faults.close_gateway(4000, resumable=resumable)
        await reply.say(" a time.")
        await reply.end()
        await is_whole(wire, "long story", "Once upon a time.")
        await wire.sandbox.gateway.connected(after=before)
        wire.ask("and then?")
        second = await wire.model.asked()
        await second.say("The end.")
        await second.end()
        await reader.reads("The end.")
    assert wire.model.is_idle


async def test_what_is_written_while_the_gateway_is_away_is_answered_once_it_resumes(
    wire: Wire,
) -> None:
    with wire.reader() as reader:
        wire.sandbox.faults.close_gateway(4000, resumable=True)
        wire.ask("are you there?")
        reply = await wire.model.asked()
        await reply.say("Yes.")
        await reply.end()
        await reader.reads("Yes.")
    assert wire.model.is_idle
    assert len(await wire.exchanges()) == 1


async def test_when_the_token_expires_in_the_queue_the_answer_comes_all_the_same(
    wire: Wire,
) -> None:
    wire.ask("first", wire.ada)
    wire.ask("second", wire.ada)
    held = [await wire.model.asked(), await wire.model.asked()]
    asked = wire.bo.use_command(wire.channel_id, "chat", {"message": "third"})
    with wire.reader() as reader:
        await reader.reads("You are next")
        wire.sandbox.faults.expire_tokens()
        for reply in held:
            await reply.say("Done.")
            await reply.end()
        third = await wire.model.asked()
        await third.say("At last.")
        await third.end()
        answer = await reader.reads("At last.")
        await reader.offers("Regenerate")
        assert not any(int(str(m.get("flags", 0))) & LOADING for m in reader.messages)
        assert not any("You are next" in text for text in reader.texts)
    assert asked.state == "answered"
    assert "third" in str(answer["content"])


@LOST
async def test_a_first_message_that_was_never_confirmed_is_found_when_the_token_has_expired(
    wire: Wire, is_handled: bool
) -> None:
    wire.ask("first", wire.ada)
    wire.ask("second", wire.ada)
    held = [await wire.model.asked(), await wire.model.asked()]
    lost = wire.sandbox.faults.add(
        Fault(method="PATCH", route=ORIGINAL, answer=Dropped(after=is_handled))
    )
    wire.sandbox.faults.add(Fault(method="PATCH", route=ORIGINAL, answer=ExpiredToken()))
    before = wire.bot.log.count("an update was lost")
    wire.bo.use_command(wire.channel_id, "chat", {"message": "third"})
    await wire.bot.logged("an update was lost", times=before + 1)
    with wire.reader() as reader:
        for reply in held:
            await reply.say("Done.")
            await reply.end()
        third = await wire.model.asked()
        await third.say("At last.")
        await third.end()
        await reader.reads("At last.")
        await reader.sees(lambda messages: all("Stop" not in buttons(m) for m in messages))
        assert sorted(reader.texts) == ["> third\nAt last.", "Done.", "Done."]
    assert lost.hits == 1


async def test_a_reply_that_is_deleted_stays_deleted(wire: Wire) -> None:
    wire.ask("secret")
    reply = await wire.model.asked()
    with wire.reader() as reader:
        await reply.say("It is")
        shown = await reader.reads("It is")
        wire.ada.delete(wire.channel_id, int(str(shown["id"])))
        await reply.given_up()
        await reader.sees(lambda messages: not messages)
    assert await wire.exchanges() == []


@LOST
async def test_the_second_message_of_a_commands_reply_is_written_once_although_the_connection_drops(
    wire: Wire, is_handled: bool
) -> None:
    lost = wire.sandbox.faults.add(
        Fault(
            method="POST",
            route=FOLLOW_UP,
            answer=Dropped(after=is_handled),
        )
    )
    wire.bo.use_command(wire.channel_id, "chat", {"message": "everything"})
    reply = await wire.model.asked()
    await reply.say("All work and no play makes Jack a dull boy. " * 60)
    await reply.end()
    with wire.reader() as reader:
        await reader.offers("Regenerate")
        assert len(reader.messages) == 2
    [exchange] = await wire.exchanges()
    async with wire.bot.history() as history:
        shown = [int(str(message["id"])) for message in reader.messages]
        assert await history.messages_of(exchange.reply.id) == shown
    assert lost.hits == 1


@LOST
async def test_what_a_shorter_reply_leaves_of_the_old_one_goes_although_the_connection_drops(
    wire: Wire, is_handled: bool
) -> None:
    wire.ask("everything")
    reply = await wire.model.asked()
    await reply.say("All work and no play makes Jack a dull boy. " * 60)
    await reply.end()
    with wire.reader() as reader:
        shown = await reader.offers("Regenerate")
        assert len(reader.messages) == 2
        # aiohttp itself tries a deletion again where the connection was used before.
        lost = Fault(method="DELETE", route=EDIT, answer=Dropped(after=is_handled), times=2)
        wire.sandbox.faults.add(lost)
        wire.bo.press(wire.channel_id, int(str(shown["id"])), buttons(shown)["Regenerate"])
        anew = await wire.model.asked()
        await anew.say("All work.")
        await anew.end()
        await reader.sees(lambda messages: [m["content"] for m in messages] == ["All work."])
    assert lost.hits


async def test_when_it_may_not_write_any_more_the_reply_ends_and_is_remembered(wire: Wire) -> None:
    wire.ask("poem")
    reply = await wire.model.asked()
    with wire.reader() as reader:
        await reply.say("Roses are")
        await reader.reads("Roses are")
        wire.sandbox.faults.add(
            Fault(route="/channels/{channel_id}/*", answer=Denied(), times=None)
        )
        await reply.say(" red")
        await reply.given_up()
        wire.sandbox.faults.clear()
        assert reader.texts == ["Roses are"]
    [exchange] = await wire.exchanges()
    assert exchange.reply.state is TurnState.STOPPED
    assert exchange.reply.content.startswith("Roses are")


async def test_when_a_file_is_refused_the_rest_is_said_to_be_missing(wire: Wire) -> None:
    wire.sandbox.faults.add(
        Fault(route="*", answer=Failed(413, code=40005), has_file=True, times=None)
    )
    wire.ask("everything")
    reply = await wire.model.asked()
    long = "All work and no play makes Jack a dull boy. " * 300
    await reply.say(long)
    await reply.end()
    with wire.reader() as reader:
        await reader.offers("Regenerate")
        wire.sandbox.faults.clear()
        assert "I cannot attach it as a file" in reader.texts[-1]
    [exchange] = await wire.exchanges()
    assert exchange.reply.content == long

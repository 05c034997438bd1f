"""Whole stories over the wire, under Discord's rate limits, with the bot as a process."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bot.storage import TurnState
from sandbox.people import Person
from tests.support.reader import buttons
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_reply_is_seen_growing_and_stops_when_told(wire: Wire) -> None:
    wire.ask("count")
    reply = await wire.model.asked()
    with wire.reader() as reader:
        for words in ("One,", " two,", " three,"):
            await reply.say(words)
            shown = await reader.reads(words)
        pressed = wire.bo.press(wire.channel_id, int(shown["id"]), buttons(shown)["Stop"])
        await reply.given_up()
        await reader.offers("Continue")
        assert (await pressed.answered()).state == "answered"
        assert reader.states[-1] == "One, two, three,\n-# Stopped."
        grown = list(dict.fromkeys(reader.states))
    assert len(grown) >= 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown))
    [exchange] = await wire.exchanges()
    assert exchange.reply.content == "One, two, three,"
    assert exchange.reply.state is TurnState.STOPPED


async def test_regenerate_and_continue_write_on_in_the_conversation(wire: Wire) -> None:
    wire.ask("story")
    first = await wire.model.asked()
    await first.say("Once")
    await first.end(at_length=True)
    with wire.reader() as reader:
        await reader.offers("Continue")
        [shown] = reader.messages
        wire.bo.press(wire.channel_id, int(shown["id"]), buttons(shown)["Continue"])
        more = await wire.model.asked()
        assert more.prompt.endswith("ASSISTANT: Once")
        await more.say(" upon a time.")
        await more.end()
        await reader.reads("upon a time.")
        await reader.sees(lambda messages: messages[0]["content"] == "Once")
        await reader.offers("Regenerate")
        last = reader.messages[-1]
        wire.bo.press(wire.channel_id, int(last["id"]), buttons(last)["Regenerate"])
        anew = await wire.model.asked()
        assert anew.prompt.endswith("story ASSISTANT:")
        await anew.say("A new one.")
        await anew.end()
        await reader.sees(lambda messages: [m["content"] for m in messages] == ["A new one."])
    [exchange] = await wire.exchanges(ended=3)
    assert exchange.reply.content == "A new one."


async def test_a_command_is_acknowledged_at_once_and_answered(wire: Wire) -> None:
    asked = wire.bo.use_command(wire.channel_id, "chat", {"message": "What is **bold**?"})
    reply = await wire.model.asked()
    assert (await asked.answered(3.0)).state == "answered"
    await reply.say("Heavy letters.")
    await reply.end()
    with wire.reader() as reader:
        shown = await reader.reads("Heavy letters.")
    assert str(shown["content"]).startswith("> What is \\*\\*bold\\*\\*?\n")


async def test_what_only_one_person_is_told_the_others_do_not_see(wire: Wire) -> None:
    told = await wire.bo.use_command(wire.channel_id, "about").answered()
    assert told.message is not None
    assert wire.bo.messages(wire.channel_id)[-1]["id"] == told.message["id"]
    assert wire.ada.messages(wire.channel_id) == []


async def test_in_a_direct_message_no_mention_is_needed(wire: Wire) -> None:
    dm = wire.bo.open_dm()
    wire.bo.send(dm, "psst")
    reply = await wire.model.asked()
    assert reply.prompt.endswith("USER: psst ASSISTANT:")
    await reply.say("Yes?")
    await reply.end()
    wire.channel_id = dm
    with wire.reader() as reader:
        await reader.reads("Yes?")


async def test_a_thread_has_a_conversation_of_its_own(wire: Wire) -> None:
    wire.ask("in the channel")
    first = await wire.model.asked()
    await first.say("Fine.")
    await first.end()
    thread = wire.sandbox.world.add_thread(wire.channel_id, wire.bo.id, "aside")
    wire.channel_id = int(thread["id"])
    wire.ask("in the thread")
    second = await wire.model.asked()
    assert "in the channel" not in second.prompt
    await second.say("Also fine.")
    await second.end()
    with wire.reader() as reader:
        await reader.reads("Also fine.")


async def test_three_replies_in_one_channel_are_all_whole_and_never_limited(wire: Wire) -> None:
    guests = [newcomer(wire, f"Guest {number}") for number in range(3)]
    limited = count_limited(wire)
    for guest in guests:
        wire.ask("go", guest)

    async def write(number: int) -> None:
        reply = await wire.model.asked()
        for word in range(30):
            await reply.say(f"{number}.{word} ")
            await asyncio.sleep(0)
        await reply.end()

    await asyncio.gather(*(write(number) for number in range(3)))
    with wire.reader() as reader:
        await reader.sees(
            lambda messages: (
                len(messages) == 3 and all("Regenerate" in buttons(m) for m in messages)
            )
        )
        whole = {" ".join(f"{number}.{word}" for word in range(30)) for number in range(3)}
        assert set(reader.texts) == whole
    assert count_limited(wire) == limited


async def test_twenty_people_at_once_are_each_answered_once(wire: Wire) -> None:
    world = wire.sandbox.world
    guild_id = world.guild_id(wire.channel_id)
    assert guild_id is not None
    people = [newcomer(wire, f"Person {number}") for number in range(20)]
    places = [world.add_channel(guild_id, f"room-{number}") for number in range(20)]
    for number, (person, place) in enumerate(zip(people, places, strict=True)):
        person.send(place, f"<@{world.bot_id}> I am number {number}.")

    async def serve() -> None:
        reply = await wire.model.asked()
        number = reply.prompt.rsplit("I am number ")[-1].split(".")[0]
        await reply.say(f"Hello, number {number}.")
        await reply.end()

    for _ in range(10):
        # Two lanes: the others wait their turn.
        await asyncio.gather(serve(), serve())
    for number, place in enumerate(places):
        wire.channel_id = place
        with wire.reader() as reader:
            await reader.offers("Regenerate")
            assert reader.texts == [f"Hello, number {number}."]
    assert wire.model.is_idle


def newcomer(wire: Wire, name: str) -> Person:
    world = wire.sandbox.world
    person_id = world.add_user(name)
    world.join(next(iter(world.guilds)), person_id)
    return wire.sandbox.person(person_id)


def count_limited(wire: Wire) -> int:
    return sum(exchange.status == 429 for exchange in wire.sandbox.traffic.exchanges)

"""What commands and buttons are told when a connection drops: once, and what is so.

The bot runs as a process of its own, discord.py's own retries and waits included.
"""

from __future__ import annotations

import asyncio

import pytest

from bot.replies.faults import ALREADY_ACKNOWLEDGED
from sandbox.faults import Dropped, Failed, Fault
from sandbox.files import Upload
from tests.support.judge import Judge
from tests.support.model_on_a_wire import LIMIT_S
from tests.support.reader import LOADING, answer_to, buttons, told
from tests.support.routes import CALLBACK, FOLLOW_UP, LOST, ORIGINAL
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")


def lose(wire: Wire, route: str, *, is_handled: bool) -> Fault:
    """Drop the next request, or what Discord answers to it once it has carried it out."""
    method = "PATCH" if route == ORIGINAL else "POST"
    fault = Fault(method=method, route=route, answer=Dropped(after=is_handled))
    return wire.sandbox.faults.add(fault)


async def edited(wire: Wire, before: int) -> None:
    """Wait until the bot has edited an answer once more than ``before``: it does so where it was
    not told that Discord took the answer, some time after that stands there."""
    async with asyncio.timeout(LIMIT_S):
        while len(wire.sandbox.traffic.of("PATCH", ORIGINAL)) <= before:
            await asyncio.sleep(0.01)


def only_acknowledged_again(judge: Judge) -> bool:
    """Whoever is not told that Discord took an acknowledgement has to try it once more."""
    return all(str(ALREADY_ACKNOWLEDGED) in problem for problem in judge.problems())


@pytest.mark.parametrize(
    "answer",
    # At the last, discord.py itself asks again, and is told that it had an answer.
    [Dropped(), Dropped(after=True), Failed(502, after=True)],
    ids=["request lost", "response lost", "called failed"],
)
async def test_a_command_is_answered_once_although_it_is_not_known(
    wire: Wire, judge: Judge, answer: Dropped | Failed
) -> None:
    fault = wire.sandbox.faults.add(Fault(method="POST", route=CALLBACK, answer=answer))
    edits = len(wire.sandbox.traffic.of("PATCH", ORIGINAL))
    assert "`/chat`" in await told(wire.bo, wire.bo.use_command(wire.channel_id, "help"))
    if answer.after:
        await edited(wire, edits)
    with wire.reader() as reader:
        await told(wire.bo, wire.bo.use_command(wire.channel_id, "persona show"))
        assert sum("`/chat`" in text for text in reader.texts) == 1
    assert fault.hits == 1
    assert only_acknowledged_again(judge)


async def test_a_press_that_cannot_be_acknowledged_is_not_written_over_what_was_pressed(
    wire: Wire, judge: Judge
) -> None:
    wire.ask("hello")
    await wire.model.replies("Hello there.")
    with wire.reader() as reader:
        shown = await reader.offers("Regenerate")
        wire.sandbox.faults.add(Fault(method="POST", route=CALLBACK, answer=Dropped(after=True)))
        wire.sandbox.faults.add(Fault(method="POST", route=CALLBACK, answer=Dropped(), times=3))
        wire.bo.press(wire.channel_id, int(str(shown["id"])), buttons(shown)["Regenerate"])
        anew = await wire.model.asked()
        await anew.given_up()
        await reader.reads("Discord did not take my answer just now. Please try again.")
        assert "Hello there." in reader.texts
    assert only_acknowledged_again(judge)


@LOST
async def test_a_question_is_answered_although_the_receipt_of_its_acknowledgement_is_lost(
    wire: Wire, judge: Judge, is_handled: bool
) -> None:
    lost = lose(wire, CALLBACK, is_handled=is_handled)
    wire.bo.use_command(wire.channel_id, "chat", {"message": "hello"})
    await wire.model.replies("Hello there.")
    with wire.reader() as reader:
        await reader.offers("Regenerate")
        assert reader.texts == ["> hello\nHello there."]
        assert not int(str(reader.messages[0]["flags"])) & LOADING
    assert lost.hits == 1
    assert only_acknowledged_again(judge)


async def test_an_answer_of_which_the_receipt_is_lost_is_given_once_although_discord_stumbles_on(
    wire: Wire, judge: Judge
) -> None:
    lose(wire, CALLBACK, is_handled=True)
    stumbles = wire.sandbox.faults.add(Fault(method="PATCH", route=ORIGINAL, answer=Failed(503)))
    edits = len(wire.sandbox.traffic.of("PATCH", ORIGINAL))
    nothing = "I keep no documents for this channel."
    assert await told(wire.bo, wire.bo.use_command(wire.channel_id, "docs list")) == nothing
    await edited(wire, edits + 1)
    with wire.reader() as reader:
        await told(wire.bo, wire.bo.use_command(wire.channel_id, "persona show"))
        assert reader.texts.count(nothing) == 1
    assert stumbles.hits == 1
    assert only_acknowledged_again(judge)


@LOST
async def test_what_takes_long_is_answered_although_its_acknowledgement_is_lost(
    wire: Wire, judge: Judge, is_handled: bool
) -> None:
    lose(wire, CALLBACK, is_handled=is_handled)
    asked = wire.bo.use_command(wire.channel_id, "words blank", {"sentence": "An ___ a day."})
    await wire.model.replies("apple")
    assert "**apple**" in await told(wire.bo, asked)
    assert only_acknowledged_again(judge)


@LOST
async def test_why_a_command_failed_is_told_once_although_the_connection_drops(
    wire: Wire, is_handled: bool
) -> None:
    lost = lose(wire, ORIGINAL, is_handled=is_handled)
    bad = Upload("bad.pdf", b"%PDF-1.7\nbroken")
    wire.bo.use_command(wire.channel_id, "askdocs", {"question": "What?"}, files={"file1": bad})
    with wire.reader() as reader:
        await reader.reads("`bad.pdf`")
        assert not any(int(str(message["flags"])) & LOADING for message in reader.messages)
        assert sum("`bad.pdf`" in text for text in reader.texts) == 1
    assert lost.hits == 1


async def test_a_file_of_which_only_the_receipt_is_lost_is_there_once_and_without_complaint(
    wire: Wire,
) -> None:
    lost = lose(wire, ORIGINAL, is_handled=True)
    with wire.reader() as reader:
        wire.bo.use_command(wire.channel_id, "privacy export")
        await reader.sees(lambda messages: any(message["attachments"] for message in messages))
        for _ in range(3):
            await told(wire.bo, wire.bo.use_command(wire.channel_id, "about"))
        assert lost.hits == 1
        assert sum(bool(message["attachments"]) for message in reader.messages) == 1
        assert not any("Discord did not take" in text for text in reader.texts)


@LOST
async def test_a_button_does_what_it_says_although_its_acknowledgement_is_lost(
    wire: Wire, judge: Judge, is_handled: bool
) -> None:
    wire.ask("hello")
    await wire.model.replies("Hello there.")
    with wire.reader() as reader:
        shown = await reader.offers("Regenerate")
        lost = lose(wire, CALLBACK, is_handled=is_handled)
        wire.bo.press(wire.channel_id, int(str(shown["id"])), buttons(shown)["Regenerate"])
        await wire.model.replies("Good day.")
        await reader.sees(lambda messages: [m["content"] for m in messages] == ["Good day."])
    assert lost.hits == 1
    assert only_acknowledged_again(judge)


@pytest.mark.parametrize("way", ["button", "menu"])
async def test_why_a_reply_is_not_written_anew_is_told_once_although_the_connection_drops(
    wire: Wire, judge: Judge, way: str
) -> None:
    wire.ask("hello")
    await wire.model.replies("Hello there.")
    with wire.reader() as reader:
        shown = await reader.offers("Regenerate")
        message_id, button = int(str(shown["id"])), buttons(shown)["Regenerate"]
        first = wire.bo.press(wire.channel_id, message_id, button)
        anew = await wire.model.asked()
        await first.answered()
        for route in (CALLBACK, FOLLOW_UP):
            lose(wire, route, is_handled=True)
        if way == "button":
            wire.bo.press(wire.channel_id, message_id, button)
        else:
            wire.bo.use_menu(wire.channel_id, "Regenerate", message_id=message_id)
        await reader.reads("is being written")
        await anew.say("Good day.")
        await anew.end()
        await reader.reads("Good day.")
        await told(wire.bo, wire.bo.use_command(wire.channel_id, "persona show"))
        assert sum("is being written" in text for text in reader.texts) == 1
        assert not any("I am writing this reply anew" in text for text in reader.texts)
    assert only_acknowledged_again(judge)


@LOST
@pytest.mark.parametrize("route", [CALLBACK, ORIGINAL], ids=["first", "last"])
async def test_all_is_deleted_and_said_to_be_although_the_connection_drops(
    wire: Wire, judge: Judge, route: str, is_handled: bool
) -> None:
    wire.ask("apricots?")
    await wire.model.replies("They are orange.")
    await wire.exchanges()
    asked = await answer_to(wire.bo, wire.bo.use_command(wire.channel_id, "privacy delete"))
    lost = lose(wire, route, is_handled=is_handled)
    with wire.reader() as reader:
        wire.bo.press(wire.channel_id, int(asked["id"]), buttons(asked)["Delete everything"])
        await reader.reads("I have deleted what was stored about you:")
        said = await told(wire.bo, wire.bo.use_command(wire.channel_id, "privacy show"))
        assert said == "I have nothing stored about you."
        assert not any("Discord did not take" in text for text in reader.texts)
        assert not any("I am deleting" in text for text in reader.texts)
    assert lost.hits == 1
    assert only_acknowledged_again(judge)


@LOST
async def test_a_reset_is_undone_and_said_to_be_although_the_connection_drops(
    wire: Wire, judge: Judge, is_handled: bool
) -> None:
    wire.ask("hello")
    await wire.model.replies("Hello there.")
    await wire.exchanges()
    asked = await answer_to(wire.bo, wire.bo.use_command(wire.channel_id, "reset"))
    assert await wire.exchanges() == []
    lost = lose(wire, CALLBACK, is_handled=is_handled)
    with wire.reader() as reader:
        wire.bo.press(wire.channel_id, int(asked["id"]), buttons(asked)["Undo"])
        await reader.reads("I remember this conversation again.")
        await told(wire.bo, wire.bo.use_command(wire.channel_id, "persona show"))
        assert not any("Discord did not take" in text for text in reader.texts)
    assert len(await wire.exchanges()) == 1
    assert lost.hits == 1
    assert only_acknowledged_again(judge)


@LOST
async def test_a_dialog_opens_and_what_is_sent_in_it_is_answered_although_the_connection_drops(
    wire: Wire, judge: Judge, is_handled: bool
) -> None:
    oaks = Upload("oaks.txt", b"An oak lives for a thousand years.")
    sent = wire.ada.send(wire.channel_id, "Read this.", files=[oaks])
    lost = lose(wire, CALLBACK, is_handled=is_handled)
    opened = await wire.bo.use_menu(
        wire.channel_id, "Ask about these files", message_id=int(str(sent["id"]))
    ).answered()
    assert opened.response is not None
    [row] = opened.response["data"]["components"]
    async with asyncio.timeout(LIMIT_S):
        # The bot asks again at its leisure; nobody is quicker than that with a question.
        while is_handled and not judge.problems():
            await asyncio.sleep(0.01)
    wire.bo.submit(opened, {row["component"]["custom_id"]: "How old is an oak?"})
    await wire.model.replies("A thousand years.")
    with wire.reader() as reader:
        await reader.offers("Regenerate")
        assert [text.splitlines()[0] for text in reader.texts] == ["> How old is an oak?"]
    assert lost.hits == 1
    assert only_acknowledged_again(judge)

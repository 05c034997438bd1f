"""Files over the wire: attached, fetched by their links, read in a process of their own."""

from __future__ import annotations

import asyncio
import re

import pytest

from sandbox.files import Upload
from tests.support.files import docx, paragraph, pdf
from tests.support.model_on_a_wire import Asked
from tests.support.reader import buttons
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOON = Upload("moon.pdf", pdf(["The moon is far away.", "Twelve people walked there."]))
OAKS = Upload("oaks.docx", docx(paragraph("Age", heading=1) + paragraph("An oak grows old.")))
BOOK = Upload(
    "book.txt",
    "\n\n".join(
        f"In chapter {number} the ship number {number} sails to a harbour that has {number} lamps."
        for number in range(90)
    ).encode(),
)
_PART = re.compile(r"part (\d+) of (\d+) of a longer text")


async def test_files_are_asked_about_and_their_sources_shown_and_removed(wire: Wire) -> None:
    asked = wire.bo.use_command(
        wire.channel_id,
        "askdocs",
        {"question": "How many people walked there?"},
        files={"file1": MOON, "file2": OAKS},
    )
    assert (await asked.answered(3.0)).state == "answered"
    reply = await wire.model.asked()
    assert "file: moon.pdf" in reply.prompt
    assert "file: oaks.docx\nsection: Age\n" in reply.prompt
    await reply.say("Twelve people walked there.\n", "Source: file: moon.pdf")
    await reply.end()
    with wire.reader() as reader:
        shown = await reader.reads("-# Sources: 1 `moon.pdf`")
        label = next(label for label in buttons(shown) if label.startswith("1: moon.pdf"))
        pressed = await wire.bo.press(
            wire.channel_id, int(shown["id"]), buttons(shown)[label]
        ).answered()
    assert pressed.message is not None
    assert "> Twelve people walked there." in str(pressed.message["content"])
    listed = await wire.bo.use_command(wire.channel_id, "docs list").answered()
    assert listed.message is not None
    assert "2. `oaks.docx`" in str(listed.message["content"])
    cleared = await wire.bo.use_command(wire.channel_id, "docs clear").answered()
    assert cleared.message is not None
    assert cleared.message["content"] == "Removed `moon.pdf`, `oaks.docx`."


async def test_the_menu_of_a_message_opens_a_dialog_that_asks(wire: Wire) -> None:
    sent = wire.ada.send(wire.channel_id, "Read this.", files=[OAKS])
    opened = await wire.bo.use_menu(
        wire.channel_id, "Ask about these files", message_id=int(str(sent["id"]))
    ).answered()
    assert opened.response is not None
    [row] = opened.response["data"]["components"]
    field = row["component"]
    wire.bo.submit(opened, {field["custom_id"]: "What grows old?"})
    reply = await wire.model.asked()
    assert "BEGININSTRUCTION\nWhat grows old?\n" in reply.prompt
    await reply.say("An oak grows old.")
    await reply.end()
    with wire.reader() as reader:
        await reader.reads("-# Sources: 1 `oaks.docx`, Age")


async def test_a_broken_file_is_named_and_the_bot_goes_on(wire: Wire) -> None:
    bad = Upload("bad.pdf", b"%PDF-1.7\nbroken")
    wire.bo.use_command(wire.channel_id, "askdocs", {"question": "What?"}, files={"file1": bad})
    with wire.reader() as reader:
        await reader.reads("`bad.pdf`")
    wire.ask("Are you there?")
    reply = await wire.model.asked()
    await reply.say("Yes.")
    await reply.end()
    with wire.reader() as reader:
        await reader.reads("Yes.")


def part(asked: Asked) -> tuple[int, int]:
    """Which part of how many a prompt is about."""
    found = _PART.search(asked.prompt)
    assert found is not None, asked.prompt
    return int(found[1]), int(found[2])


async def test_a_summary_reads_part_after_part_says_so_and_is_written_from_the_notes(
    wire: Wire,
) -> None:
    wire.bo.use_command(
        wire.channel_id, "askdocs", {"question": "Summarise this."}, files={"file1": BOOK}
    )
    with wire.reader() as reader:
        first, second = await wire.model.asked(), await wire.model.asked()
        count = part(first)[1]
        assert {part(first)[0], part(second)[0]} == {1, 2}
        assert count > 4
        shown = await reader.reads("Reading `book.txt`: part 2 of")
        assert shown["content"] == f"Reading `book.txt`: part 2 of {count}."
        assert list(buttons(shown)) == ["Stop"]
        prompts = []
        waiting = [first, second]
        while waiting:
            asked = waiting.pop(0)
            prompts.append(asked.prompt)
            await asked.say(f"Part {part(asked)[0]} has ships.")
            await asked.end()
            if len(prompts) + len(waiting) < count:
                waiting.append(await wire.model.asked())
        reply = await wire.model.asked()
        assert re.findall(r"Part (\d+) has ships", reply.prompt) == [
            str(number) for number in range(1, count + 1)
        ]
        await reply.say("Ships sail to ")
        await reader.reads("Ships sail to")
        await reply.say("harbours. The ship number 80 sails to a harbour that has 80 lamps.")
        await reply.end()
        await reader.reads("-# Sources: 1 `book.txt`")
    for number in range(90):
        assert sum(f"ship number {number} sails" in prompt for prompt in prompts) == 1
    [exchange] = await wire.exchanges()
    assert exchange.question.content == "Summarise this."
    assert exchange.reply.content.startswith("Ships sail to harbours.")


async def test_a_summary_that_is_stopped_leaves_nothing_for_the_model_to_do(wire: Wire) -> None:
    wire.bo.use_command(
        wire.channel_id, "askdocs", {"question": "Summarise this."}, files={"file1": BOOK}
    )
    with wire.reader() as reader:
        first, second = await wire.model.asked(), await wire.model.asked()
        shown = await reader.offers("Stop")
        wire.bo.press(wire.channel_id, int(shown["id"]), buttons(shown)["Stop"])
        async with asyncio.TaskGroup() as group:
            group.create_task(first.given_up())
            group.create_task(second.given_up())
        await reader.reads("Stopped.")
        wire.ask("Are you there?")
        reply = await wire.model.asked()
        assert "Are you there?" in reply.prompt
        await reply.say("Yes.")
        await reply.end()
        await reader.reads("Yes.")
    assert wire.model.is_idle


async def test_a_summary_whose_question_is_deleted_is_given_up(wire: Wire) -> None:
    sent = wire.bo.send(
        wire.channel_id, f"<@{wire.sandbox.world.bot_id}> Summarise this.", files=[BOOK]
    )
    first, second = await wire.model.asked(), await wire.model.asked()
    with wire.reader() as reader:
        await reader.reads("Reading `book.txt`")
        wire.bo.delete(wire.channel_id, int(str(sent["id"])))
        await first.given_up()
        await second.given_up()
        await reader.sees(lambda messages: not messages)
    assert wire.model.is_idle


async def test_a_part_that_fails_fails_the_summary_with_a_sentence(wire: Wire) -> None:
    wire.bo.use_command(
        wire.channel_id, "askdocs", {"question": "Summarise this."}, files={"file1": BOOK}
    )
    first, second = await wire.model.asked(), await wire.model.asked()
    with wire.reader() as reader:
        await first.fail()
        await second.given_up()
        shown = await reader.offers("Regenerate")
        assert "The model broke." in str(shown["content"])
    assert wire.model.is_idle

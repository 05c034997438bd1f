"""Files over the wire: attached, fetched by their links, read in a process of their own."""

from __future__ import annotations

import pytest

from sandbox.files import Upload
from tests.support.files import docx, paragraph, pdf
from tests.support.reader import buttons
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOON = Upload("moon.pdf", pdf(["The moon is far away.", "Twelve people walked there."]))
OAKS = Upload("oaks.docx", docx(paragraph("Age", heading=1) + paragraph("An oak grows old.")))


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
    [field] = row["components"]
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

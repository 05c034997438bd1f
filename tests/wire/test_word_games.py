"""The card's word games over the wire."""

from __future__ import annotations

import pytest

from tests.support.reader import told
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_list_is_checked_asked_for_again_and_filled(wire: Wire) -> None:
    asked = wire.bo.use_command(wire.channel_id, "words list", {"count": 5, "starts": "en"})
    first = await wire.model.asked()
    assert first.prompt.endswith("Give me a list of 5 words that start with EN ASSISTANT:")
    await first.say("1. Enduring\n2. Banana\n3. Enqwerty\n4. Engine\n5. enduring")
    await first.end()
    second = await wire.model.asked()
    assert "a list of 3 words that start with EN, other than enduring, engine" in second.prompt
    await second.say("1. Enormous\n")
    await second.end()
    third = await wire.model.asked()
    await third.say("I cannot.")
    await third.end()
    with wire.reader() as reader:
        shown = await reader.reads("**5 words that start with EN**")
    lines = str(shown["content"]).splitlines()
    assert lines[1:4] == ["1. enduring", "2. engine", "3. enormous"]
    assert lines[4].startswith("4. en")
    assert lines[4].endswith("\\*")
    assert "the model did not think of it" in lines[6]
    assert (await asked.answered()).state == "answered"


async def test_it_says_so_before_asking_when_there_are_no_such_words(wire: Wire) -> None:
    asked = wire.bo.use_command(wire.channel_id, "words list", {"starts": "qqz"})
    assert await told(wire.bo, asked) == "I know no words that start with QQZ."
    refused = wire.bo.use_command(wire.channel_id, "words list", {"starts": "e5"})
    assert await told(wire.bo, refused) == "For starts, please give 1 to 15 letters from A to Z."


async def test_it_chooses_in_every_order_and_shows_how_sure_that_is(wire: Wire) -> None:
    options = {"question": "Which is icy?", "a": "Mercury", "b": "Venus", "c": "Pluto", "d": "Mars"}
    wire.bo.use_command(wire.channel_id, "words choose", options)
    for turn in range(4):
        asked = await wire.model.asked()
        names = ["Mercury", "Venus", "Pluto", "Mars"]
        turned = names[turn:] + names[:turn]
        listed = "\n".join(f"{letter}) {name}" for letter, name in zip("ABCD", turned, strict=True))
        assert f"Which is icy?\n{listed} ASSISTANT:" in asked.prompt
        wanted = "Pluto" if turn < 3 else "Mars"
        await asked.say(f"[{'ABCD'[turned.index(wanted)]}, {wanted}]")
        await asked.end()
    with wire.reader() as reader:
        shown = await reader.reads("I choose **[C, Pluto]**")
    assert "in 4 orders: 3 of 4, so I am not sure." in str(shown["content"])


async def test_it_fills_in_a_blank(wire: Wire) -> None:
    wire.bo.use_command(wire.channel_id, "words blank", {"sentence": "An ___ a day."})
    asked = await wire.model.asked()
    assert asked.prompt.endswith("Answer with it alone.\nAn ___ a day. ASSISTANT:")
    await asked.say("An apple a day.")
    await asked.end()
    with wire.reader() as reader:
        await reader.reads("**apple**")
    refused = wire.bo.use_command(wire.channel_id, "words blank", {"sentence": "No gap here."})
    assert await told(wire.bo, refused) == (
        "Please mark one blank in the sentence, with ___ for example."
    )

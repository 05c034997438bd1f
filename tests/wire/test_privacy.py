"""Taking everything back over the wire, while a reply is being written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from sqlalchemy import select, update

from bot.storage import ChannelRef
from bot.storage.schema import Turn
from sandbox.types import Json
from tests.support.reader import answer_to, buttons, told
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_deletes_their_data_has_running_replies_withdrawn_and_then_nothing_stored(
    wire: Wire,
) -> None:
    wire.ask("apricots?")
    first = await wire.model.asked()
    await first.say("They are orange.")
    await first.end()
    with wire.reader(wire.ada) as reader, wire.reader(wire.bo) as own:
        await reader.offers("Regenerate")
        wire.ask("and pears?")
        reply = await wire.model.asked()
        await reply.say("They are")
        await reader.reads("They are")
        exported = await answer_to(wire.bo, wire.bo.use_command(wire.channel_id, "privacy export"))
        found = await content_of(exported)
        assert '"text": "apricots?"' in found
        assert '"text": "and pears?"' in found

        asked = await answer_to(wire.bo, wire.bo.use_command(wire.channel_id, "privacy delete"))
        assert "- 2 questions that you asked" in str(asked["content"])
        wire.bo.press(wire.channel_id, int(asked["id"]), buttons(asked)["Delete everything"])
        await reply.given_up()
        await reader.sees(lambda messages: [m["content"] for m in messages] == ["They are orange."])
        await own.reads("I have deleted what was stored about you:")
    assert await wire.exchanges(ended=2) == []
    said = await told(wire.bo, wire.bo.use_command(wire.channel_id, "privacy show"))
    assert said == "I have nothing stored about you."


async def test_a_start_removes_what_is_old_and_what_was_not_to_be_kept_when_the_process_died(
    wire: Wire,
) -> None:
    told_so = await told(
        wire.bo, wire.bo.use_command(wire.channel_id, "privacy optout", {"choice": "on"})
    )
    assert told_so.startswith("From now on I answer you and keep neither")
    with wire.reader() as reader:
        wire.bo.use_command(wire.channel_id, "chat", {"message": "apricots?"})
        reply = await wire.model.asked()
        await reply.say("They are")
        await reader.reads("They are")
        # Where it stands is known before more of it is shown.
        await reply.say(" orange")
        await reader.reads("They are orange")
        await wire.bot.kill()
        async with wire.bot.history() as history:
            await history.add_question(
                channel=ChannelRef(wire.channel_id),
                author_id=wire.ada.id,
                author_name="Ada",
                content="pears?",
                message_id=None,
            )
            async with history._database.writing() as session:
                month_ago = datetime.now(UTC) - timedelta(days=31)
                old = update(Turn).where(Turn.content == "pears?").values(created_at=month_ago)
                await session.execute(old)
        await wire.bot.start()
        await wire.bot.logged("removed what is old: 1 turns")
        marked = await reader.reads("I was interrupted by a restart")
        note = "-# I was interrupted by a restart; please ask again."
        assert (marked["content"], marked["components"]) == (
            f"> apricots?\nThey are orange\n{note}",
            [],
        )
    async with wire.bot.history() as history, history._database.reading() as session:
        left = await session.scalars(select(Turn.content).where(Turn.channel_id == wire.channel_id))
        assert left.all() == []


async def content_of(message: Json) -> str:
    """What the only file of a message says."""
    attachments = message["attachments"]
    assert isinstance(attachments, list)
    [attachment] = attachments
    assert isinstance(attachment, dict)
    assert attachment["filename"] == "airocord-my-data.json"
    async with aiohttp.ClientSession() as session, session.get(str(attachment["url"])) as answer:
        return await answer.text()

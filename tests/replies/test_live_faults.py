"""What a person sees of a reply when Discord fails, when things are deleted, and at shutdown."""

import asyncio

import pytest

from bot.replies.faults import MessageGone, NotPermitted, Rejected, Transient
from bot.replies.live import Conclusion, End
from tests.support.stage import ScriptedDiscord, Stage, now, passes, play

BUSY = Transient("503 Service Unavailable")
PARAGRAPH = "All work and no play makes Jack a dull boy. " * 20 + "\n\n"

# -- what Discord does to it ------------------------------------------------------------------

DROPPED = Transient("ServerDisconnectedError()")
LIMITED = Transient("429 Too Many Requests", retry_after_s=5.0)


@pytest.mark.parametrize("fault", [BUSY, DROPPED, LIMITED])
@pytest.mark.parametrize("is_applied", [False, True])
def test_an_edit_that_is_lost_is_made_up_for(fault: Transient, is_applied: bool) -> None:
    async def scene() -> None:
        stage = Stage()
        stage.discord.is_applied = is_applied
        stage.writer.writes("One")
        await passes(2)
        stage.discord.fail("edit", fault, fault)
        stage.writer.writes(" two")
        await passes(20)
        assert stage.discord.text == "One two"
        stage.writer.ends()
        assert (await stage.until_over()).end is End.COMPLETE

    play(scene())


@pytest.mark.parametrize("fault", [BUSY, DROPPED, LIMITED])
def test_the_last_text_arrives_however_often_its_edit_fails(fault: Transient) -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.discord.fail("edit", *[fault] * 4)
        stage.writer.writes(" two.")
        stage.writer.ends()
        outcome = await stage.until_over()
        assert stage.discord.text == "One two."
        assert stage.discord.last.buttons == ["Regenerate"]
        assert outcome.is_delivered

    play(scene())


def test_a_stopped_reply_arrives_through_faults_too() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.waits(2)
        await passes(2)
        stage.discord.fail("edit", BUSY, DROPPED, LIMITED)
        stage.writer.ticket.cancel()
        await stage.until_over()
        assert stage.discord.text == "The reply was stopped."

    play(scene())


def test_a_message_that_takes_no_edit_for_a_minute_is_replaced_by_a_new_one() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.discord.fail("edit", *[Transient("30046 too many edits")] * 1000)
        stage.writer.writes(" two.")
        stage.writer.ends()
        began = now()
        outcome = await stage.until_over()
        assert 60 < now() - began < 90
        assert stage.discord.text == "One two."
        assert outcome.message_ids == (101,)
        assert stage.removed == [100]
        assert stage.noted == [(100, 0), (101, 0)]

    play(scene())


def test_when_discord_is_down_for_good_the_reply_gives_up_and_says_that_to_its_caller() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.discord.fail("acknowledge", BUSY)
        stage.discord.fail("send", *[BUSY] * 1000)
        stage.writer.writes("Text.")
        stage.writer.ends()
        outcome = await stage.until_over()
        assert not outcome.is_delivered
        assert outcome.text == "Text."
        assert now() < 120

    play(scene())


def test_a_message_whose_response_was_lost_is_not_written_twice() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.discord.is_applied = True
        stage.discord.fail("send", DROPPED)
        stage.writer.writes("One")
        await passes(0.5)
        stage.writer.writes(" two.")
        stage.writer.ends()
        await stage.until_over()
        assert stage.discord.text == "One two."

    play(scene())


def test_what_discord_refuses_as_a_message_comes_as_a_file() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("Something that a filter refuses")
        await passes(2)
        stage.discord.fail("edit", Rejected("200000 blocked by automatic moderation"))
        stage.writer.ends()
        outcome = await stage.until_over()
        assert stage.discord.last.text == (
            "Discord did not take my reply as a message, so here it is as a file."
        )
        assert stage.discord.last.file is not None
        assert stage.discord.last.file.text == outcome.text
        assert len(stage.discord.messages) == 1

    play(scene())


def test_a_reply_whose_message_is_deleted_stops_the_model_and_is_not_written_again() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.discord.messages.clear()
        stage.live.deleted(100)
        outcome = await stage.until_over()
        assert stage.discord.messages == {}
        assert outcome.end is End.DELETED
        assert str(outcome.error) == "The message was deleted."
        assert outcome.text == "One"
        assert stage.writer.ticket.state.ended

    play(scene())


def test_a_message_that_is_on_its_way_when_the_question_is_deleted_is_known_to_be_the_replys() -> (
    None
):
    async def scene() -> None:
        stage = Stage(discord=ScriptedDiscord(takes_s=1.0))
        stage.writer.writes("One")
        await passes(0.5)
        stage.live.deleted(7)
        outcome = await stage.until_over()
        # Whoever ended it can take it away.
        assert outcome.message_ids == tuple(stage.discord.messages) == (100,)
        assert stage.noted == [(100, 0)]

    play(scene())


def test_a_surplus_message_whose_deletion_fails_is_deleted_all_the_same() -> None:
    async def scene() -> None:
        async def shortened(_text: str) -> Conclusion:
            return Conclusion("In short.")

        stage = Stage(conclude=shortened)
        stage.writer.writes("word " * 700)
        await passes(5)
        assert len(stage.discord.messages) == 2
        stage.discord.fail("delete", BUSY)
        stage.writer.ends()
        await stage.until_over()
        assert stage.discord.text == "In short."

    play(scene())


def test_a_reply_that_finds_its_message_gone_ends_in_the_same_way() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.discord.fail("edit", MessageGone("10008 Unknown Message"))
        stage.writer.writes(" two")
        assert (await stage.until_over()).end is End.DELETED
        assert stage.writer.ticket.state.ended
        assert stage.discord.times_of("send") == [0.0]

    play(scene())


def test_a_question_that_is_deleted_while_its_reply_is_retried_gets_none() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.discord.fail("send", *[BUSY] * 1000)
        stage.writer.writes("Text.")
        stage.writer.ends()
        await passes(10)
        stage.live.deleted(7)
        assert (await stage.until_over()).end is End.DELETED
        assert stage.discord.messages == {}

    play(scene())


def test_a_reply_that_was_deleted_before_it_began_writes_nothing() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.live.deleted(7)
        assert (await stage.until_over()).end is End.DELETED
        assert stage.discord.calls == []

    play(scene())


def test_a_reply_that_loses_its_permission_stops_the_model_and_keeps_its_text() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.discord.fail("edit", *[NotPermitted("50001 Missing Access")] * 100)
        stage.writer.writes(" two")
        outcome = await stage.until_over()
        assert outcome.end is End.NO_PERMISSION
        assert outcome.text == "One two"
        assert stage.writer.ticket.state.ended
        assert len(stage.discord.times_of("edit")) == 1

    play(scene())


def test_where_there_is_no_way_past_the_deadline_the_reply_ends_before_it() -> None:
    async def scene() -> None:
        stage = Stage(discord=ScriptedDiscord(deadline_at=840.0))
        while not stage.task.done():
            stage.writer.writes("word ")
            await passes(3)
        outcome = await stage.until_over()
        assert 840 <= now() < 850
        assert outcome.end is End.STOPPED
        assert "15 minutes" in stage.discord.text

    play(scene())


# -- shutdown ---------------------------------------------------------------------------------


def test_a_reply_whose_task_is_cancelled_leaves_its_text_and_a_note() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.writer.writes(" two")
        stage.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stage.until_over()
        assert stage.discord.text.startswith("One two\n-# I was interrupted by a restart")
        assert stage.discord.last.buttons == ["Regenerate", "Continue"]
        assert stage.writer.ticket.state.ended

    play(scene())


def test_a_finished_reply_that_is_cancelled_in_its_last_edit_still_shows_its_end() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.writer.writes(" two.")
        stage.writer.ends()
        stage.discord.takes_s = 0.5
        await passes(0.2)
        stage.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stage.until_over()
        assert stage.discord.text == "One two."
        assert stage.discord.last.buttons == ["Regenerate"]

    play(scene())


def test_a_shutdown_does_not_wait_for_a_discord_that_does_not_answer() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("One")
        await passes(2)
        stage.discord.takes_s = 1000.0
        stage.writer.writes(" two")
        await passes(2)
        began = now()
        stage.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stage.until_over()
        assert now() - began <= 5.001

    play(scene())

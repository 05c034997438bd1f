"""What a person sees of a reply, from the place in line to its end."""

import asyncio
import re
from itertools import pairwise

import pytest

from bot.errors import EngineFailed, ShuttingDown
from bot.generation.engine import FinishReason
from bot.replies.faults import FileRefused, NotPermitted, Transient
from bot.replies.live import End
from bot.replies.pacing import Pacer, Pacers
from bot.replies.splitting import MESSAGE_LIMIT, units
from bot.uninterrupted import to_the_end
from tests.support.stage import ScriptedDiscord, Stage, now, passes, play

BUSY = Transient("503 Service Unavailable")
PARAGRAPH = "All work and no play makes Jack a dull boy. " * 20 + "\n\n"


# -- the ordinary way -------------------------------------------------------------------------


def test_a_reply_streams_in_and_ends_with_all_its_text_and_regenerate_under_it() -> None:
    async def scene() -> None:
        stage = Stage()
        for word in ("One,", " two,", " three."):
            stage.writer.writes(word)
            await passes(2)
        assert stage.discord.text == "One, two, three."
        assert stage.discord.last.buttons == ["Stop"]
        stage.writer.writes(" Done.")
        stage.writer.ends()
        outcome = await stage.until_over()
        assert stage.discord.text == outcome.text == "One, two, three. Done."
        assert stage.discord.last.buttons == ["Regenerate"]
        assert (outcome.end, outcome.is_delivered) == (End.COMPLETE, True)
        assert outcome.message_ids == tuple(stage.discord.messages)
        assert stage.noted == [(100, 0)]

    play(scene())


def test_many_pieces_a_second_become_one_edit_each_interval_with_the_latest_text() -> None:
    async def scene() -> None:
        stage = Stage(pacer=Pacer(shortest_s=1.2))
        for number in range(1000):
            stage.writer.writes(f"{number} ")
            await passes(0.01)
        stage.writer.ends()
        await stage.until_over()
        starts = stage.discord.times_of("send", "edit")
        assert len(starts) == pytest.approx(10 / 1.2, abs=2)
        assert all(b - a >= 1.199 for a, b in pairwise(starts))

    play(scene())


def test_what_is_shown_was_saved_before() -> None:
    async def scene() -> None:
        stage = Stage()

        def all_is_saved() -> None:
            assert stage.saved[-1].startswith(stage.discord.text)

        stage.discord.watch = all_is_saved
        for number in range(50):
            stage.writer.writes(f"{number} ")
            await passes(0.1)
        stage.writer.ends()
        await stage.until_over()
        assert stage.saved[-1] == stage.writer.ticket.text

    play(scene())


def test_a_failing_database_does_not_break_the_reply(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        stage = Stage()

        async def locked(*_: object) -> None:
            raise OSError("database is locked")

        stage.live._on_shown = locked
        stage.writer.writes("Hello.")
        stage.writer.ends()
        assert (await stage.until_over()).end is End.COMPLETE
        assert stage.discord.text == "Hello."

    play(scene())
    assert "not stored" in caplog.text
    assert "Hello" not in caplog.text


def test_a_database_that_takes_its_time_holds_up_neither_the_reply_nor_loses_what_it_was_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        stage = Stage()

        async def slow(text: str) -> None:
            # As a transaction does: it is not broken off half way.
            await to_the_end(passes(8))
            stage.saved.append(text)

        stage.live._on_shown = slow
        stage.writer.writes("Hello.")
        await passes(5.5)
        assert stage.discord.text == "Hello."
        assert stage.saved == []
        stage.writer.ends()
        await stage.until_over()
        assert stage.saved == ["Hello."]

    play(scene())
    assert "not stored yet" in caplog.text


def test_what_the_database_never_takes_is_given_up_in_the_end() -> None:
    async def scene() -> None:
        stage = Stage()

        async def stuck(*_: object) -> None:
            await asyncio.Event().wait()

        stage.live._on_shown = stuck
        stage.writer.writes("Hello.")
        stage.writer.ends()
        await stage.until_over()
        assert stage.discord.text == "Hello."

    play(scene())


def test_typing_is_shown_while_the_model_runs_and_not_while_waiting() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.waits(2, 30)
        await passes(20)
        assert stage.discord.typed_at == []
        stage.writer.runs()
        await passes(20)
        assert [when - 20 for when in stage.discord.typed_at] == pytest.approx([0, 8, 16])
        stage.writer.writes("Hi.")
        stage.writer.ends()
        await stage.until_over()

    play(scene())


def test_typing_waits_until_messages_leave_room_for_it() -> None:
    async def scene() -> None:
        pacers = Pacers()
        while pacers.traffic.spares(now()):
            pass  # as much as fifty other channels take
        stage = Stage(pacer=pacers.for_channel(1))
        stage.writer.runs()
        await passes(0.9)
        assert stage.discord.typed_at == []
        await passes(2)
        assert stage.discord.typed_at == pytest.approx([1.0])
        stage.writer.writes("Hi.")
        stage.writer.ends()
        await stage.until_over()

    play(scene())


def test_typing_that_fails_does_no_harm() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.discord.fail("typing", NotPermitted("403"), BUSY)
        stage.writer.writes("Hi.")
        await passes(20)
        assert len(stage.discord.typed_at) == 3
        stage.writer.ends()
        assert (await stage.until_over()).end is End.COMPLETE

    play(scene())


def test_an_acknowledgement_that_is_lost_does_no_harm() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.discord.fail("acknowledge", BUSY)
        stage.writer.writes("Hi.")
        stage.writer.ends()
        assert (await stage.until_over()).is_delivered

    play(scene())


def test_a_long_prompt_shows_a_line_with_stop_until_the_first_words_come() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.runs()
        await passes(4)
        assert stage.discord.text == "I am reading; the first words come soon."
        assert stage.discord.last.buttons == ["Stop"]
        stage.writer.writes("Hello.")
        await passes(2)
        assert stage.discord.text == "Hello."
        stage.writer.ends()
        await stage.until_over()

    play(scene())


# -- waiting ----------------------------------------------------------------------------------


def test_who_waits_sees_their_place_within_a_second_and_each_time_it_changes() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.waits(3, 18.2)
        await passes(1)
        assert stage.discord.text == "You are 3rd in line, about 20 s."
        assert stage.discord.last.buttons == ["Stop"]
        stage.writer.waits(1, 4)
        await passes(2)
        assert stage.discord.text == "You are next, about 5 s."
        stage.writer.writes("Hello.")
        stage.writer.ends()
        await stage.until_over()
        assert stage.discord.text == "Hello."

    play(scene())


def test_a_place_in_line_does_not_wait_for_the_edits_of_others() -> None:
    async def scene() -> None:
        pacer = Pacer()
        slow = Stage(discord=ScriptedDiscord(takes_s=5.0), pacer=pacer)
        slow.writer.writes("A slow one.")
        stage = Stage(pacer=pacer)
        stage.writer.waits(1)
        await passes(1)
        assert stage.discord.text == "You are next."
        stage.writer.ticket.cancel()
        slow.writer.ends()
        await asyncio.gather(stage.task, slow.task)

    play(scene())


def test_who_need_not_wait_sees_no_place() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.waits(1, 0.5)
        await passes(0.5)
        stage.writer.writes("Hello.")
        stage.writer.ends()
        await stage.until_over()
        assert [text for _, kind, text in stage.discord.calls if kind != "acknowledge"] == [
            "Hello."
        ]

    play(scene())


def test_a_new_estimate_alone_costs_no_edit() -> None:
    async def scene() -> None:
        stage = Stage()
        for second in range(30):
            stage.writer.waits(2, 60 - second)
            await passes(1)
        assert len(stage.discord.times_of("send", "edit")) == 1
        stage.writer.ticket.cancel()
        await stage.until_over()

    play(scene())


def test_a_reply_that_is_put_back_waits_again_and_starts_anew() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes(PARAGRAPH * 4)
        await passes(5)
        assert len(stage.discord.messages) == 2
        stage.writer.waits(1)
        await passes(5)
        assert stage.discord.text == "You are next."
        assert stage.removed == [101]
        stage.live.deleted(101)  # Discord tells of it like of any other deletion
        stage.writer.writes("Anew.")
        stage.writer.ends()
        assert (await stage.until_over()).end is End.COMPLETE
        assert stage.discord.text == "Anew."

    play(scene())


def test_twenty_replies_in_one_channel_all_arrive_and_share_its_edits() -> None:
    async def scene() -> None:
        pacer = Pacer()
        stages = [Stage(pacer=pacer) for _ in range(20)]
        for stage in stages:
            stage.writer.waits(1)
        for _ in range(60):
            for stage in stages:
                stage.writer.writes("word ")
            await passes(1)
        for stage in stages:
            stage.writer.ends()
        await asyncio.gather(*(stage.task for stage in stages))
        assert {stage.discord.text for stage in stages} == {("word " * 60).strip()}
        edits = [len(stage.discord.times_of("edit")) for stage in stages]
        assert max(edits) - min(edits) <= 1

    play(scene())


# -- ends -------------------------------------------------------------------------------------


def test_a_stopped_reply_keeps_its_text_and_says_so() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("Half a")
        await passes(2)
        stage.writer.ticket.cancel()
        outcome = await stage.until_over()
        assert stage.discord.text == "Half a\n-# The reply was stopped."
        assert stage.discord.last.buttons == ["Regenerate", "Continue"]
        assert (outcome.end, outcome.text) == (End.STOPPED, "Half a")

    play(scene())


def test_a_reply_that_is_stopped_in_line_leaves_no_place_in_line() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.waits(5, 60)
        await passes(2)
        stage.writer.ticket.cancel()
        await stage.until_over()
        assert stage.discord.text == "The reply was stopped."
        assert stage.discord.last.buttons == ["Regenerate"]

    play(scene())


def test_a_reply_that_ran_out_of_room_can_be_continued() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("And then")
        stage.writer.ends(FinishReason.LENGTH)
        assert (await stage.until_over()).end is End.LENGTH
        assert "press Continue" in stage.discord.text
        assert stage.discord.last.buttons == ["Regenerate", "Continue"]

    play(scene())


def test_a_failure_is_told_below_the_text_with_code_blocks_closed() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("```python\nx = 1")
        error = EngineFailed("The model broke down; press Regenerate.")
        stage.writer.fails(error)
        outcome = await stage.until_over()
        assert stage.discord.text == f"```python\nx = 1\n```\n-# {error}"
        assert (outcome.end, outcome.error) == (End.FAILED, error)

    play(scene())


def test_a_failure_before_the_first_word_is_all_that_is_shown() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.waits(2)
        await passes(2)
        stage.writer.fails(ShuttingDown("I am shutting down; ask again in a minute."))
        await stage.until_over()
        assert stage.discord.text == "I am shutting down; ask again in a minute."

    play(scene())


@pytest.mark.parametrize("nothing", ["", " \n", "\u200b"])
def test_an_empty_reply_becomes_a_helpful_sentence(nothing: str) -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes(nothing)
        stage.writer.ends()
        await stage.until_over()
        assert "press Regenerate" in stage.discord.text

    play(scene())


def test_a_fault_of_ours_is_told_with_an_id_that_the_log_has_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> str:
        stage = Stage()
        stage.discord.fail("edit", KeyError("a bug"))
        stage.writer.writes("Some")
        await passes(2)
        stage.writer.writes(" text")
        outcome = await stage.until_over()
        assert outcome.end is End.FAILED
        assert stage.writer.ticket.state.ended
        assert stage.discord.text.startswith("Some text\n-# Something went wrong")
        return stage.discord.text

    fault_id = re.search(r"id (\w{6})", play(scene()))
    assert fault_id is not None
    assert fault_id[1] in caplog.text


# -- long replies -----------------------------------------------------------------------------


def test_a_long_reply_becomes_several_messages_with_controls_under_the_last_only() -> None:
    async def scene() -> None:
        stage = Stage()
        for _ in range(6):
            stage.writer.writes(PARAGRAPH)
            await passes(3)
            assert [m.buttons for m in stage.discord.messages.values()][-1] == ["Stop"]
        stage.writer.ends()
        outcome = await stage.until_over()
        *earlier, last = stage.discord.messages.values()
        assert len(earlier) == 2
        assert all(message.buttons == [] for message in earlier)
        assert last.buttons == ["Regenerate"]
        assert stage.discord.text.split() == outcome.text.split()
        assert [part for _, part in stage.noted] == [0, 1, 2]

    play(scene())


def test_a_reply_too_long_for_messages_comes_whole_as_a_file() -> None:
    async def scene() -> None:
        stage = Stage(max_messages=2)
        text = PARAGRAPH * 20
        stage.writer.writes(text)
        await passes(10)
        assert "comes as a file" in stage.discord.last.text
        edits = len(stage.discord.calls)
        stage.writer.writes(text)
        await passes(30)
        assert len(stage.discord.calls) == edits
        stage.writer.ends()
        outcome = await stage.until_over()
        assert len(stage.discord.messages) == 2
        assert stage.discord.last.text.endswith("-# The whole reply is in reply.md.")
        assert stage.discord.last.file is not None
        assert stage.discord.last.file.text == outcome.text == text * 2
        assert all(units(m.text) <= MESSAGE_LIMIT for m in stage.discord.messages.values())

    play(scene())


@pytest.mark.parametrize(
    "refusal",
    [NotPermitted("50013 Missing Permissions"), FileRefused("40005 Request entity too large")],
    ids=["not allowed", "too large"],
)
def test_where_a_file_is_not_taken_the_end_says_so(refusal: Exception) -> None:
    async def scene() -> None:
        stage = Stage(max_messages=1)
        stage.writer.writes(PARAGRAPH * 10)
        await passes(5)
        stage.discord.fail("edit", refusal)
        stage.writer.ends()
        outcome = await stage.until_over()
        assert "cannot attach it as a file" in stage.discord.last.text
        assert outcome.end is End.COMPLETE

    play(scene())


def test_a_note_that_does_not_fit_below_the_text_gets_its_own_message() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.writer.writes("a" * MESSAGE_LIMIT)
        stage.writer.fails(EngineFailed("The model broke down."))
        await stage.until_over()
        assert [m.text for m in stage.discord.messages.values()] == [
            "a" * MESSAGE_LIMIT,
            "-# The model broke down.",
        ]

    play(scene())


def test_a_prefix_stands_before_the_text_and_is_not_part_of_it() -> None:
    async def scene() -> None:
        stage = Stage(prefix="I left out the middle of your message.\n\n")
        stage.writer.writes("Yes.")
        stage.writer.ends()
        outcome = await stage.until_over()
        assert stage.discord.text == "I left out the middle of your message.\n\nYes."
        assert outcome.text == "Yes."

    play(scene())

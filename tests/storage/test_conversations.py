"""The history as the people of a channel know it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.storage import ChannelRef, Conversations, Role, TurnState

GUILD = 81384788765712384
HERE = ChannelRef(id=1234567890123456789, guild_id=GUILD)
ELSEWHERE = ChannelRef(id=HERE.id + 1, guild_id=GUILD)
DIRECT = ChannelRef(id=HERE.id + 2)
ZOE, BOT = 7, 8


class Talk:
    """People and the bot, at work on a history."""

    def __init__(self, conversations: Conversations) -> None:
        self.history = conversations

    async def ask(
        self, content: str, channel: ChannelRef = HERE, message_id: int | None = None
    ) -> int:
        return await self.history.add_question(
            channel=channel,
            author_id=ZOE,
            author_name="Zoë",
            content=content,
            message_id=message_id,
        )

    async def begin(self, question: int) -> int:
        reply = await self.history.open_reply(question, author_id=BOT, author_name="Airo")
        assert reply is not None
        return reply

    async def end(self, reply: int, content: str, state: TurnState = TurnState.COMPLETE) -> bool:
        return await self.history.close_reply(reply, content=content, state=state, tokens=3)

    async def exchange(
        self, question: str, reply: str, channel: ChannelRef = HERE
    ) -> tuple[int, int]:
        asked = await self.ask(question, channel)
        said = await self.begin(asked)
        await self.end(said, reply)
        return asked, said

    async def said(self, channel: ChannelRef = HERE) -> list[tuple[str, str]]:
        window = await self.history.window(channel.id)
        return [(each.question.content, each.reply.content) for each in window]


@pytest.fixture
def talk(conversations: Conversations) -> Talk:
    return Talk(conversations)


async def test_an_exchange_is_kept_with_who_said_it_and_when(talk: Talk) -> None:
    begun = datetime.now(UTC)
    question, reply = await talk.exchange("Hello 🦊", "Hello Zoë")
    (exchange,) = await talk.history.window(HERE.id)
    asked, said = exchange.question, exchange.reply
    assert (asked.id, asked.role, asked.author_id, asked.author_name, asked.content) == (
        question,
        Role.USER,
        ZOE,
        "Zoë",
        "Hello 🦊",
    )
    assert (said.id, said.role, said.author_name, said.content, said.tokens, said.answers) == (
        reply,
        Role.ASSISTANT,
        "Airo",
        "Hello Zoë",
        3,
        question,
    )
    assert asked.state is said.state is TurnState.COMPLETE
    for turn in (asked, said):
        assert turn.finished_at is not None
        assert begun <= turn.created_at <= turn.finished_at <= datetime.now(UTC)
        assert turn.created_at.utcoffset() == timedelta()


async def test_each_channel_and_direct_message_has_its_own_conversation(talk: Talk) -> None:
    await talk.exchange("here?", "here")
    await talk.exchange("there?", "there", ELSEWHERE)
    await talk.exchange("alone?", "alone", DIRECT)
    assert await talk.said(HERE) == [("here?", "here")]
    assert await talk.said(ELSEWHERE) == [("there?", "there")]
    assert await talk.said(DIRECT) == [("alone?", "alone")]
    assert await talk.history.window(404) == []


async def test_a_question_waits_until_its_reply_has_ended_whatever_the_end(talk: Talk) -> None:
    for state in (TurnState.COMPLETE, TurnState.STOPPED, TurnState.FAILED):
        question = await talk.ask("?")
        reply = await talk.begin(question)
        waiting = await talk.history.turn(question)
        assert waiting is not None
        assert waiting.state is TurnState.PENDING
        assert await talk.end(reply, "x", state)
        asked, said = await talk.history.turn(question), await talk.history.turn(reply)
        assert asked is not None
        assert said is not None
        assert (asked.state, said.state) == (TurnState.COMPLETE, state)


async def test_only_replies_with_something_said_stand_in_the_window(talk: Talk) -> None:
    for state in (TurnState.COMPLETE, TurnState.STOPPED, TurnState.FAILED, TurnState.INTERRUPTED):
        for content in ("words", ""):
            reply = await talk.begin(await talk.ask(state.value))
            await talk.end(reply, content, state)
    await talk.begin(await talk.ask("pending"))
    await talk.ask("unanswered")
    assert await talk.said() == [
        ("complete", "words"),
        ("stopped", "words"),
        ("interrupted", "words"),
    ]


async def test_a_reply_ends_once(talk: Talk) -> None:
    reply = await talk.begin(await talk.ask("?"))
    assert await talk.end(reply, "first")
    assert not await talk.end(reply, "second")
    assert not await talk.history.save_progress(reply, "late")
    assert await talk.said() == [("?", "first")]
    with pytest.raises(ValueError, match="cannot end as replaced"):
        await talk.end(reply, "x", TurnState.REPLACED)


async def test_the_window_ends_before_the_question_that_is_asked(talk: Talk) -> None:
    for number in range(5):
        await talk.exchange(f"q{number}", f"a{number}")
    second = (await talk.history.window(HERE.id))[1].question.id
    before = await talk.history.window(HERE.id, before=second)
    assert [each.question.content for each in before] == ["q0"]


async def test_a_limit_takes_the_newest_in_the_order_they_were_said(talk: Talk) -> None:
    for number in range(5):
        await talk.exchange(f"q{number}", f"a{number}")
    newest = await talk.history.window(HERE.id, limit=2)
    assert [each.question.content for each in newest] == ["q3", "q4"]
    earlier = await talk.history.window(HERE.id, before=newest[0].question.id, limit=2)
    assert [each.question.content for each in earlier] == ["q1", "q2"]


async def test_the_latest_of_two_replies_stands(talk: Talk) -> None:
    question, _ = await talk.exchange("?", "first")
    await talk.end(await talk.begin(question), "second")
    assert await talk.said() == [("?", "second")]
    await talk.end(await talk.begin(question), "", TurnState.FAILED)
    assert await talk.said() == [("?", "second")]


async def test_replies_that_overlap_stay_with_their_questions(talk: Talk) -> None:
    first, second = await talk.ask("one"), await talk.ask("two")
    to_first, to_second = await talk.begin(first), await talk.begin(second)
    await talk.end(to_second, "2")
    await talk.end(to_first, "1")
    assert await talk.said() == [("one", "1"), ("two", "2")]


async def test_an_edited_message_is_what_was_said(talk: Talk) -> None:
    question = await talk.ask("helo", message_id=50)
    reply = await talk.begin(question)
    await talk.history.add_message(reply, 60, 0)
    await talk.end(reply, "hi")
    assert await talk.history.edit_message(50, "hello") == question
    assert await talk.said() == [("hello", "hi")]
    assert await talk.history.edit_message(60, "forged") is None
    assert await talk.history.edit_message(404, "unknown") is None
    assert await talk.said() == [("hello", "hi")]


async def test_a_deleted_question_takes_its_exchange_out_of_the_conversation(talk: Talk) -> None:
    question = await talk.ask("oops", message_id=50)
    reply = await talk.begin(question)
    await talk.history.add_message(reply, 60, 0)
    await talk.end(reply, "hi")
    assert await talk.history.delete_messages([50, 404]) == [question]
    assert await talk.said() == []
    assert await talk.history.turn(question) is None
    still_there = await talk.history.turn_of_message(60)
    assert still_there is not None
    assert (still_there.id, still_there.answers) == (reply, None)
    assert await talk.history.last_reply(HERE.id) is None
    assert await talk.history.replace(reply) is None
    assert await talk.history.delete_messages([50, 404]) == []


async def test_deleting_any_part_of_a_reply_removes_the_reply(talk: Talk) -> None:
    question, reply = await talk.exchange("?", "long")
    for part, message in enumerate((61, 60, 62)):
        assert await talk.history.add_message(reply, message, part)
    assert await talk.history.messages_of(reply) == [61, 60, 62]
    assert await talk.history.delete_messages([60, 62]) == [reply]
    assert await talk.history.messages_of(reply) == []
    assert await talk.history.turn_of_message(61) is None
    assert await talk.said() == []
    assert await talk.history.turn(question) is not None


async def test_a_part_that_the_bot_takes_back_itself_does_not_take_the_reply_along(
    talk: Talk,
) -> None:
    _, reply = await talk.exchange("?", "short after all")
    for part, message in enumerate((60, 61)):
        await talk.history.add_message(reply, message, part)
    await talk.history.drop_message(61)
    assert await talk.history.delete_messages([61]) == []
    assert await talk.history.messages_of(reply) == [60]
    assert await talk.said() == [("?", "short after all")]


async def test_a_channel_is_known_by_its_guild_and_parent(talk: Talk) -> None:
    thread = ChannelRef(id=HERE.id + 3, guild_id=GUILD, parent_id=HERE.id)
    for channel in (thread, DIRECT):
        await talk.ask("?", channel)
        assert await talk.history.channel(channel.id) == channel
    assert await talk.history.channel(404) is None


async def test_what_is_deleted_while_a_reply_is_written_leaves_nothing_waiting(talk: Talk) -> None:
    question = await talk.ask("?", message_id=50)
    reply = await talk.begin(question)
    await talk.history.add_message(reply, 60, 0)
    await talk.history.delete_messages([60])
    assert not await talk.history.save_progress(reply, "more")
    assert not await talk.history.add_message(reply, 61, 1)
    assert not await talk.end(reply, "all")
    asked = await talk.history.turn(question)
    assert asked is not None
    assert asked.state is TurnState.COMPLETE
    await talk.history.delete_messages([50])
    assert await talk.history.open_reply(question, author_id=BOT, author_name="Airo") is None
    assert await talk.history.close_interrupted() == []


async def test_the_id_of_a_deleted_turn_is_not_given_to_another(talk: Talk) -> None:
    question = await talk.ask("first", message_id=50)
    await talk.history.forget(HERE.id)
    await talk.history.delete_messages([50])
    again, _ = await talk.exchange("second", "heard")
    assert again > question
    assert await talk.said() == [("second", "heard")]


async def test_a_regenerated_reply_takes_the_place_and_the_message_of_the_old_one(
    talk: Talk,
) -> None:
    question, old = await talk.exchange("?", "bad")
    await talk.history.add_message(old, 60, 0)
    assert await talk.history.replace(old) == question
    assert await talk.history.replace(old) is None
    assert await talk.said() == []
    new = await talk.begin(question)
    assert await talk.history.add_message(new, 60, 0)
    await talk.end(new, "good")
    assert await talk.said() == [("?", "good")]
    assert await talk.history.messages_of(old) == []
    standing = await talk.history.turn_of_message(60)
    assert standing is not None
    assert standing.id == new
    last = await talk.history.last_reply(HERE.id)
    assert last is not None
    assert last.id == new
    kept = await talk.history.turn(old)
    assert kept is not None
    assert (kept.state, kept.content) == (TurnState.REPLACED, "bad")


async def test_what_was_replaced_goes_with_its_question(talk: Talk) -> None:
    question = await talk.ask("?", message_id=50)
    old = await talk.begin(question)
    await talk.end(old, "bad")
    await talk.history.replace(old)
    assert await talk.history.delete_messages([50]) == [question]
    assert await talk.history.turn(old) is None


async def test_regenerate_pressed_by_two_people_at_once_replaces_once(talk: Talk) -> None:
    question, reply = await talk.exchange("?", "bad")
    results = await asyncio.gather(*(talk.history.replace(reply) for _ in range(5)))
    assert sorted(results, key=str) == [question, None, None, None, None]


async def test_a_continued_reply_becomes_one_longer_reply(talk: Talk) -> None:
    question, reply = await talk.exchange("?", "Once upon")
    assert await talk.history.replace(question) is None
    assert await talk.history.extend(reply)
    assert not await talk.history.extend(reply)
    assert await talk.history.replace(reply) is None
    assert await talk.history.save_progress(reply, "Once upon a")
    assert await talk.end(reply, "Once upon a time")
    assert await talk.said() == [("?", "Once upon a time")]


async def test_a_failed_or_replaced_reply_cannot_be_continued(talk: Talk) -> None:
    failed = await talk.begin(await talk.ask("?"))
    await talk.end(failed, "half", TurnState.FAILED)
    _, replaced = await talk.exchange("?", "bad")
    await talk.history.replace(replaced)
    assert not await talk.history.extend(failed)
    assert not await talk.history.extend(replaced)


async def test_the_anchor_only_moves_ahead(talk: Talk) -> None:
    ids = [(await talk.exchange(f"q{number}", "a"))[0] for number in range(4)]
    assert await talk.history.move_anchor(HERE.id, ids[2])
    assert not await talk.history.move_anchor(HERE.id, ids[2])
    assert not await talk.history.move_anchor(HERE.id, ids[1])
    assert not await talk.history.move_anchor(404, ids[1])
    assert await talk.said() == [("q2", "a"), ("q3", "a")]


async def test_a_reset_starts_anew_and_can_be_undone(talk: Talk) -> None:
    ids = [(await talk.exchange(f"old{number}", "a"))[0] for number in range(3)]
    await talk.history.move_anchor(HERE.id, ids[1])
    kept = await talk.said()
    assert kept == [("old1", "a"), ("old2", "a")]

    reset = await talk.history.forget(HERE.id)

    assert reset is not None
    assert reset.previous is None
    assert await talk.said() == []
    assert await talk.history.last_reply(HERE.id) is None
    assert not await talk.history.move_anchor(HERE.id, ids[2])
    await talk.exchange("new", "b")
    assert await talk.said() == [("new", "b")]
    assert await talk.history.unforget(HERE.id, reset.forgotten, reset.previous)
    assert await talk.said() == [*kept, ("new", "b")]
    assert not await talk.history.unforget(HERE.id, reset.forgotten, reset.previous)


async def test_only_the_last_reset_can_be_undone(talk: Talk) -> None:
    await talk.exchange("one", "a")
    first = await talk.history.forget(HERE.id)
    await talk.exchange("two", "b")
    second = await talk.history.forget(HERE.id)
    assert first is not None
    assert second is not None
    assert second.previous == first.forgotten
    assert not await talk.history.unforget(HERE.id, first.forgotten, first.previous)
    assert await talk.said() == []
    assert await talk.history.unforget(HERE.id, second.forgotten, second.previous)
    assert await talk.said() == [("two", "b")]


async def test_there_is_nothing_to_forget_twice(talk: Talk) -> None:
    assert await talk.history.forget(HERE.id) is None
    await talk.exchange("one", "a")
    assert await talk.history.forget(HERE.id) is not None
    assert await talk.history.forget(HERE.id) is None
    assert await talk.history.forget(ELSEWHERE.id) is None


async def test_a_reply_to_a_forgotten_question_stays_forgotten(talk: Talk) -> None:
    question = await talk.ask("before")
    await talk.history.forget(HERE.id)
    await talk.end(await talk.begin(question), "after")
    assert await talk.said() == []
    assert await talk.history.last_reply(HERE.id) is None


async def test_the_last_reply_may_still_be_written(talk: Talk) -> None:
    await talk.exchange("one", "a")
    await talk.exchange("elsewhere", "b", ELSEWHERE)
    reply = await talk.begin(await talk.ask("two"))
    last = await talk.history.last_reply(HERE.id)
    assert last is not None
    assert (last.id, last.state) == (reply, TurnState.PENDING)


async def test_what_was_pending_at_the_last_death_is_interrupted(talk: Talk) -> None:
    await talk.exchange("done", "yes")
    question = await talk.ask("story?", message_id=50)
    reply = await talk.begin(question)
    for part, message in enumerate((60, 61)):
        await talk.history.add_message(reply, message, part)
    await talk.history.save_progress(reply, "Once upon")
    waiting = await talk.ask("me too?", DIRECT)
    unsent = await talk.begin(waiting)
    unopened = await talk.ask("and me?")

    interrupted = await talk.history.close_interrupted()

    assert [
        (each.turn_id, each.channel_id, each.message_ids, each.content) for each in interrupted
    ] == [(reply, HERE.id, (60, 61), "Once upon"), (unsent, DIRECT.id, (), "")]
    for turn_id in (question, reply, waiting, unsent, unopened):
        turn = await talk.history.turn(turn_id)
        assert turn is not None
        assert turn.state is TurnState.INTERRUPTED
        assert turn.finished_at is not None
    assert await talk.said() == [("done", "yes"), ("story?", "Once upon")]
    assert await talk.history.close_interrupted() == []

    assert await talk.history.extend(reply)
    await talk.end(reply, "Once upon a time")
    asked = await talk.history.turn(question)
    assert asked is not None
    assert asked.state is TurnState.COMPLETE


@example(words="\0between\0")
@example(words="half a fox \ud83e")
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=st.text(st.characters(exclude_categories=[])))
async def test_any_text_that_can_arrive_can_be_stored(words: str, talk: Talk) -> None:
    question = await talk.ask(words)
    turn = await talk.history.turn(question)
    assert turn is not None
    assert turn.content == "".join(
        "?" if "\ud800" <= letter <= "\udfff" else letter for letter in words if letter != "\0"
    )


async def test_a_reply_whose_messages_are_not_known_yet_can_be_taken_away(talk: Talk) -> None:
    question = await talk.ask("secret")
    reply = await talk.begin(question)
    await talk.history.delete_reply(reply)
    assert await talk.history.turn(reply) is None
    asked = await talk.history.turn(question)
    assert asked is not None
    assert asked.state is TurnState.COMPLETE
    assert await talk.history.close_interrupted() == []

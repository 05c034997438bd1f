"""Any order of asking, answering, editing, deleting, regenerating and resetting gives what a
plain list of turns would give."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bot.storage import ChannelRef, Conversations, Database, TurnState

T = TypeVar("T")

CHANNELS = [ChannelRef(id=1, guild_id=9), ChannelRef(id=2, guild_id=9), ChannelRef(id=3)]
ENDS = [TurnState.COMPLETE, TurnState.STOPPED, TurnState.FAILED, TurnState.INTERRUPTED]
SPOKEN = (TurnState.COMPLETE, TurnState.STOPPED, TurnState.INTERRUPTED)


@dataclass
class Said:
    """A turn of the plain list."""

    channel: int
    content: str
    question: int | None = None
    is_reply: bool = False
    state: TurnState = TurnState.PENDING
    messages: set[int] = field(default_factory=set)


class History(RuleBasedStateMachine):
    migrated: Path
    questions: Bundle[int] = Bundle("questions")
    replies: Bundle[int] = Bundle("replies")
    messages: Bundle[int] = Bundle("messages")
    resets: Bundle[tuple[int, int, int | None]] = Bundle("resets")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "bot.db"
        shutil.copy(self.migrated, file)
        self.loop = asyncio.Runner()
        self.database = Database(f"sqlite+aiosqlite:///{file}")
        self.history = Conversations(self.database)
        self.new_message = itertools.count(1000)
        self.turns: dict[int, Said] = {}
        self.anchor: dict[int, int] = {}
        self.forgotten: dict[int, int | None] = {}

    def teardown(self) -> None:
        try:
            for channel in CHANNELS:
                self.read(channel, limit=100)
        finally:
            self.run(self.database.close())
            self.loop.close()
            self.folder.cleanup()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def end(self, reply: Said) -> None:
        if reply.question in self.turns:
            self.turns[reply.question].state = TurnState.COMPLETE

    @rule(target=questions, channel=st.sampled_from(CHANNELS), content=st.sampled_from(["a", "b"]))
    def ask(self, channel: ChannelRef, content: str) -> int:
        turn = self.run(
            self.history.add_question(
                channel=channel, author_id=7, author_name="x", content=content, message_id=None
            )
        )
        assert turn > max(self.turns, default=0)
        self.turns[turn] = Said(channel.id, content)
        return turn

    @rule(target=replies, question=questions)
    def begin(self, question: int) -> Any:
        turn = self.run(self.history.open_reply(question, author_id=8, author_name="bot"))
        if question not in self.turns:
            assert turn is None
            return multiple()
        assert turn is not None
        self.turns[turn] = Said(self.turns[question].channel, "", question, is_reply=True)
        return turn

    @rule(target=messages, turn=questions)
    def send_question(self, turn: int) -> int:
        return self.send(turn)

    @rule(target=messages, turn=replies)
    def send_part(self, turn: int) -> int:
        return self.send(turn)

    def send(self, turn: int) -> int:
        message = next(self.new_message)
        self.add_message(message, turn)
        return message

    @rule(message=messages, turn=replies)
    def write_over(self, message: int, turn: int) -> None:
        self.add_message(message, turn)

    def add_message(self, message: int, turn: int) -> None:
        there = self.run(self.history.add_message(turn, message, 0))
        assert there == (turn in self.turns)
        if there:
            for said in self.turns.values():
                said.messages.discard(message)
            self.turns[turn].messages.add(message)

    @rule(reply=replies, content=st.sampled_from(["c", "d"]))
    def show(self, reply: int, content: str) -> None:
        saved = self.run(self.history.save_progress(reply, content))
        said = self.turns.get(reply)
        assert saved == (said is not None and said.state is TurnState.PENDING)
        if said is not None and saved:
            said.content = content

    @rule(reply=replies, content=st.sampled_from(["", "e", "f"]), state=st.sampled_from(ENDS))
    def close(self, reply: int, content: str, state: TurnState) -> None:
        closed = self.run(
            self.history.close_reply(reply, content=content, state=state, tokens=None)
        )
        said = self.turns.get(reply)
        assert closed == (said is not None and said.state is TurnState.PENDING)
        if said is not None and closed:
            said.content, said.state = content, state
            self.end(said)

    @rule(reply=replies)
    def extend(self, reply: int) -> None:
        extended = self.run(self.history.extend(reply))
        said = self.turns.get(reply)
        assert extended == (said is not None and said.state in SPOKEN)
        if said is not None and extended:
            said.state = TurnState.PENDING

    @rule(reply=replies)
    def replace(self, reply: int) -> None:
        question = self.run(self.history.replace(reply))
        said = self.turns.get(reply)
        if said is None or said.state not in ENDS or said.question not in self.turns:
            assert question is None
        else:
            assert question == said.question
            said.state = TurnState.REPLACED

    @rule(message=messages, content=st.sampled_from(["g", "h"]))
    def edit(self, message: int, content: str) -> None:
        edited = self.run(self.history.edit_message(message, content))
        expected = self.standing_in({message}, replies=False)
        assert edited == (expected[0] if expected else None)
        if edited is not None:
            self.turns[edited].content = content

    @rule(one=messages, other=messages)
    def delete(self, one: int, other: int) -> None:
        gone = [one, other]
        expected = self.standing_in(set(gone))
        assert self.run(self.history.delete_messages(gone)) == expected
        replaced = [
            turn
            for turn, said in self.turns.items()
            if said.question in expected and said.state is TurnState.REPLACED
        ]
        for turn in expected:
            self.end(self.turns[turn])
        for turn in {*expected, *replaced}:
            del self.turns[turn]

    def standing_in(self, messages: set[int], *, replies: bool = True) -> list[int]:
        return sorted(
            turn
            for turn, said in self.turns.items()
            if said.messages & messages and (replies or not said.is_reply)
        )

    @rule(turn=questions)
    def move_anchor(self, turn: int) -> None:
        if turn not in self.turns:
            return
        channel = self.turns[turn].channel
        moved = self.run(self.history.move_anchor(channel, turn))
        behind = max(self.anchor.get(channel, 0), self.forgotten.get(channel) or 0)
        assert moved == (turn > behind)
        if moved:
            self.anchor[channel] = turn

    @rule(target=resets, channel=st.sampled_from(CHANNELS))
    def forget(self, channel: ChannelRef) -> Any:
        newest = max((t for t, said in self.turns.items() if said.channel == channel.id), default=0)
        previous = self.forgotten.get(channel.id)
        reset = self.run(self.history.forget(channel.id))
        if newest <= (previous or 0):
            assert reset is None
            return multiple()
        assert reset is not None
        assert (reset.forgotten, reset.previous) == (newest, previous)
        self.forgotten[channel.id] = newest
        return channel.id, reset.forgotten, reset.previous

    @rule(reset=resets)
    def unforget(self, reset: tuple[int, int, int | None]) -> None:
        channel, forgotten, previous = reset
        undone = self.run(self.history.unforget(channel, forgotten, previous))
        assert undone == (self.forgotten.get(channel) == forgotten)
        if undone:
            self.forgotten[channel] = previous

    @rule()
    def die_and_start_again(self) -> None:
        pending = {t: s for t, s in self.turns.items() if s.state is TurnState.PENDING}
        interrupted = self.run(self.history.close_interrupted())
        assert [(each.turn_id, set(each.message_ids), each.content) for each in interrupted] == [
            (turn, said.messages, said.content)
            for turn, said in sorted(pending.items())
            if said.is_reply
        ]
        for said in pending.values():
            said.state = TurnState.INTERRUPTED

    @rule(channel=st.sampled_from(CHANNELS), limit=st.sampled_from([1, 3, 100]))
    def read(self, channel: ChannelRef, limit: int) -> None:
        window = self.run(self.history.window(channel.id, limit=limit))
        assert [
            (each.question.id, each.question.content, each.reply.id, each.reply.content)
            for each in window
        ] == self.exchanges(channel.id)[-limit:]

    def exchanges(self, channel: int) -> list[tuple[int, str, int, str]]:
        start = max(self.anchor.get(channel, 0), (self.forgotten.get(channel) or 0) + 1)
        standing = {
            said.question: turn
            for turn, said in sorted(self.turns.items())
            if said.is_reply and said.state in SPOKEN and said.content
        }
        return [
            (turn, said.content, standing[turn], self.turns[standing[turn]].content)
            for turn, said in sorted(self.turns.items())
            if said.channel == channel and turn >= start and turn in standing
        ]


def test_a_history_is_what_a_plain_list_of_turns_would_be(
    migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(History, "migrated", migrated, raising=False)
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

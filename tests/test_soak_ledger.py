"""The ledger of the soak finds what does not balance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.soak.journal import Asked, Away, Journal
from bench.soak.ledger import Auditor, seconds_of
from bench.soak.stored import Game, Stored, Turn
from sandbox.people import reference_to
from sandbox.server import Sandbox
from sandbox.types import Json


class Scene:
    """One channel, one person and what the bot has stored."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.journal = Journal(self.sandbox)
        self.stored = Stored()
        self.person = self.sandbox.person("Bo").id
        self.channel = int(self.sandbox.person("Bo").channels()[0]["id"])

    def ask(self, text: str = "why?") -> Json:
        sent = self.sandbox.world.post(self.channel, self.person, text)
        self.journal.asked.append(
            Asked(
                kind="mention",
                what="a message",
                person=self.person,
                channel_id=self.channel,
                at=time.monotonic(),
                message_id=int(sent["id"]),
            )
        )
        return sent

    def say(self, text: str, to: Json | None = None, *, components: Sequence[Json] = ()) -> Json:
        world = self.sandbox.world
        fields = {} if to is None else reference_to(to, world)
        return world.post(self.channel, world.bot_id, text, components=list(components), **fields)

    def store(self, message: Json, content: str, **fields: object) -> Turn:
        turn = Turn(
            id=len(self.stored.turns) + 1,
            channel_id=self.channel,
            is_reply=message["author"]["id"] != str(self.person),
            author_id=self.person,
            content=content,
            state="complete",
            answers=None,
            messages=(int(message["id"]),),
        )
        turn = replace(turn, **fields)  # type: ignore[arg-type]
        self.stored.turns[turn.id] = turn
        self.stored.by_message[int(message["id"])] = turn
        return turn

    def problems(self) -> list[str]:
        return Auditor(self.sandbox, self.journal, self.stored).audit().problems


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_question_that_is_answered_once_and_stored_so_balances(scene: Scene) -> None:
    asked = scene.ask("why?")
    said = scene.say("Because\n```python\nx\n```\nof it.\n-# Stopped.", asked)
    scene.store(asked, "why?")
    scene.store(said, "Because x of it.", state="stopped")
    ledger = Auditor(scene.sandbox, scene.journal, scene.stored).audit()
    assert ledger.problems == []
    assert ledger.ends == {"answered: stopped": 1}
    assert "The ledger: balanced." in str(ledger)


def test_a_question_that_nobody_answers_does_not_unless_the_bot_was_away(scene: Scene) -> None:
    scene.ask()
    [problem] = scene.problems()
    assert problem.startswith("never answered (not stored): a message of")
    now = time.monotonic()
    scene.journal.away.append(Away(now - 1, now, is_made_up_for=True))
    assert scene.problems() == [problem]
    scene.journal.away.append(Away(now - 1, now))
    assert scene.problems() == []


def test_a_question_that_is_answered_twice_does_not_unless_one_was_taken_back(scene: Scene) -> None:
    asked = scene.ask()
    scene.say("Once.", asked)
    second = scene.say("Twice.", asked)
    [problem] = scene.problems()
    assert problem.startswith("answered more than once")
    scene.sandbox.world.remove(scene.channel, [int(second["id"])])
    assert scene.problems() == []


def test_a_history_that_says_something_else_than_the_channel_does_not(scene: Scene) -> None:
    asked = scene.ask("why?")
    said = scene.say("Because of it.", asked)
    scene.store(asked, "how?")
    scene.store(said, "Because of that.")
    assert [problem.split(" in ")[0] for problem in scene.problems()] == ["question 1", "reply 2"]


def test_a_turn_in_a_message_that_is_gone_does_not(scene: Scene) -> None:
    said = scene.say("Because.")
    scene.store(said, "Because.")
    scene.sandbox.world.remove(scene.channel, [int(said["id"])])
    [problem] = scene.problems()
    assert problem.endswith("which is gone")


def test_a_reply_that_is_pending_or_offers_stop_at_rest_does_not(scene: Scene) -> None:
    row: Json = {"type": 1, "components": [{"type": 2, "custom_id": "airo:stop:1"}]}
    said = scene.say("Be", components=[row])
    scene.store(said, "Be", state="pending")
    pending, offers = scene.problems()
    assert pending.endswith("is pending at rest")
    assert "still offers Stop" in offers


def test_a_game_whose_last_words_are_not_its_points_does_not(scene: Scene) -> None:
    begun = scene.say("**Question 1 of 1**")
    at = seconds_of(int(begun["id"]))
    points = {scene.person: 150}
    scene.stored.games.append(Game(1, scene.channel, "ended", int(begun["id"]), at, at, points))
    [silent] = scene.problems()
    assert "has no last words" in silent
    scene.say(f"That was the last question.\n🥇1. <@{scene.person}>: 100 points, 1 right")
    [wrong] = scene.problems()
    assert wrong.endswith(f"the channel shows {{{scene.person}: 100}}")
    scene.stored.games[0] = replace(scene.stored.games[0], points={scene.person: 100})
    assert scene.problems() == []
    # A game that begins while this one says its last words has its own.
    second = scene.say("**Question 1 of 1**")
    games = scene.stored.games
    games.append(Game(2, scene.channel, "ended", int(second["id"]), at, time.time(), {}))
    [silent] = scene.problems()
    assert silent.startswith("game 2 ")
    scene.journal.away.append(Away(time.monotonic(), time.monotonic(), is_death=True))
    assert scene.problems() == []


def test_somebody_who_is_told_of_a_fault_does_not(scene: Scene) -> None:
    scene.say("Something went wrong on our side (id 1234). Please try again.")
    [problem] = scene.problems()
    assert problem.startswith("somebody was told")

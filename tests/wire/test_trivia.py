"""Games of trivia over the wire, as two people play them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage import Database, Games, Standing
from sandbox.faults import Denied, Dropped, Fault
from sandbox.files import Upload
from sandbox.people import Person
from sandbox.server import Sandbox
from sandbox.types import Json
from tests.support.bot_process import BotProcess
from tests.support.judge import Judge
from tests.support.model_on_a_wire import ModelOnAWire
from tests.support.reader import Reader, answer_to, buttons, told

RIVERS = Upload(
    "rivers.yaml",
    b"""
title: Rivers
author: Ada
licence: CC0
questions:
  - question: Which river runs through Vienna?
    answer: Danube
    wrong: [Rhine, Elbe, Oder]
    category: Water
    difficulty: easy
    explanation: The Danube runs through four capitals.
  - question: Which river runs through Cairo?
    answer: Nile
    wrong: [Congo, Niger, Volta]
    category: Water
    difficulty: easy
""",
)
RIGHT = {"Vienna": "Danube", "Cairo": "Nile"}


class Stage:
    """A bot, a server with Rivers, and two who play."""

    def __init__(
        self, sandbox: Sandbox, bot: BotProcess, model: ModelOnAWire, folder: Path
    ) -> None:
        self.sandbox = sandbox
        self.model = model
        self.bot = bot
        self.folder = folder
        self.ada, self.bo = sandbox.person("Ada"), sandbox.person("Bo")
        self.channel_id = int(self.ada.channels()[0]["id"])
        self.reader = Reader(self.bo, self.channel_id, sandbox.world.bot_id)

    async def command(self, person: Person, path: str, **options: str | int) -> str:
        """What the person is told."""
        return await told(person, person.use_command(self.channel_id, path, options))

    async def press(self, person: Person, message: Json, label: str) -> str:
        """Press the button whose label ends so."""
        custom_id = next(found for name, found in buttons(message).items() if name.endswith(label))
        pressed = person.press(self.channel_id, int(message["id"]), custom_id)
        return await told(person, pressed)

    async def question(self, number: int) -> tuple[Json, str]:
        """A question once it stands there, and its right answer."""
        shown = await self.reader.reads(f"**Question {number} of")
        city = next(city for city in RIGHT if city in str(shown["content"]))
        return shown, RIGHT[city]

    async def standings(self) -> list[Standing]:
        database = Database(f"sqlite+aiosqlite:///{self.folder / 'airocord.db'}")
        try:
            return await Games(database).standings(channel_id=self.channel_id, kinds=("trivia",))
        finally:
            await database.close()


@pytest.fixture
async def stage(tmp_path: Path, judge: Judge) -> AsyncIterator[Stage]:
    sandbox, model = Sandbox(), ModelOnAWire()
    judge.watch(sandbox)
    await sandbox.start()
    await model.start()
    try:
        async with BotProcess(sandbox, tmp_path, model) as bot:
            made = Stage(sandbox, bot, model, tmp_path)
            # Answered, not only acknowledged: then it is there.
            await answer_to(
                made.ada,
                made.ada.use_command(made.channel_id, "trivia pack add", files={"file": RIVERS}),
            )
            with made.reader:
                yield made
            assert bot.complaints == []
    finally:
        await model.close()
        await sandbox.close()
    assert judge.problems() == []


async def test_two_play_to_the_end_and_both_who_are_right_score(stage: Stage) -> None:
    announced = await stage.command(stage.bo, "trivia start", category="Water", rounds=2, seconds=5)
    assert "2 questions, 5 seconds each" in announced
    first, right = await stage.question(1)
    locked = await stage.press(stage.ada, first, right)
    assert locked.startswith("Locked in: **")
    assert right in locked
    again = await stage.press(stage.ada, first, right)
    assert again == "You have answered this question; the first answer counts."
    await stage.press(stage.bo, first, right)
    busy = await stage.command(stage.ada, "trivia start")
    assert busy.startswith("A game runs in this channel already: https://discord.com/channels/")
    closed = await stage.reader.reads(f"2 people got it. The answer: **{right}**.")
    assert "✅ right" in str(closed["content"])
    second, right = await stage.question(2)
    wrong = next(name for name in buttons(second) if name[0] in "ABCD" and right not in name)
    await stage.press(stage.ada, second, wrong)
    await stage.press(stage.bo, second, right)
    over = await stage.reader.reads("That was the last question.")
    assert f"<@{stage.bo.id}>: " in str(over["content"])
    best, other = await stage.standings()
    assert (best.person_id, best.correct, other.person_id, other.correct) == (
        stage.bo.id,
        2,
        stage.ada.id,
        1,
    )
    scores = await stage.command(stage.ada, "trivia scores", where="channel", when="week")
    assert f"🥇1. <@{stage.bo.id}>: {best.points} points, 2 right, 1 game" in scores
    late = await stage.press(stage.ada, second, "wrong")
    assert late == "Thank you, I have noted that this question is wrong."


async def test_after_a_crash_the_channel_is_told_and_the_points_are_kept(stage: Stage) -> None:
    await stage.command(stage.bo, "trivia start", category="Water", rounds=2, seconds=5)
    first, right = await stage.question(1)
    await stage.press(stage.ada, first, right)
    await stage.press(stage.bo, first, right)
    await stage.reader.reads("2 people got it.")
    second, right = await stage.question(2)
    await stage.bot.kill()
    sends = "/channels/{channel_id}/messages"
    lost = stage.sandbox.faults.add(Fault(method="POST", route=sends, answer=Dropped()))
    # Whether the database was told of the question before the kill: its buttons are left.
    denied = Fault(method="PATCH", route=f"{sends}/{{message_id}}", answer=Denied(), times=None)
    stage.sandbox.faults.add(denied)
    await stage.bot.start()
    notice = await stage.reader.reads("The game of trivia was interrupted, for I was restarted.")
    assert f"<@{stage.ada.id}>: " in str(notice["content"])
    assert lost.hits == 1
    stage.sandbox.faults.clear()
    assert {line.person_id for line in await stage.standings()} == {stage.ada.id, stage.bo.id}
    label = next(name for name in buttons(second) if name.endswith(right))
    pressed = await stage.press(stage.bo, second, label)
    assert pressed.startswith("That game is over.")
    await stage.command(stage.bo, "trivia start", category="Water", rounds=1, seconds=5)
    await stage.reader.reads("**Question 1 of 1**")
    assert await stage.command(stage.bo, "trivia stop") == "The game stops."
    await stage.reader.reads("The game was stopped.")


async def test_at_a_stop_the_channel_is_told_once_and_the_points_are_kept(stage: Stage) -> None:
    await stage.command(stage.bo, "trivia start", category="Water", rounds=2, seconds=5)
    first, right = await stage.question(1)
    await stage.press(stage.ada, first, right)
    await stage.press(stage.bo, first, right)
    await stage.reader.reads("2 people got it.")
    second, _ = await stage.question(2)
    await stage.bot.stop()
    notice = await stage.reader.reads("The game of trivia was interrupted, for I was restarted.")
    assert f"<@{stage.ada.id}>: " in str(notice["content"])
    assert f"<@{stage.bo.id}>: " in str(notice["content"])
    cut_off = next(one for one in stage.reader.messages if one["id"] == second["id"])
    assert "**Question 2 of 2**" in str(cut_off["content"])
    assert buttons(cut_off) == {}
    await stage.bot.start()
    assert {line.person_id for line in await stage.standings()} == {stage.ada.id, stage.bo.id}
    await stage.command(stage.bo, "trivia start", category="Water", rounds=1, seconds=5)
    await stage.reader.reads("**Question 1 of 1**")
    assert await stage.command(stage.bo, "trivia stop") == "The game stops."
    await stage.reader.reads("The game was stopped.")
    assert len([text for text in stage.reader.texts if "was interrupted" in text]) == 1


async def test_what_could_not_be_told_at_the_stop_is_told_at_the_next_start(stage: Stage) -> None:
    await stage.command(stage.bo, "trivia start", category="Water", rounds=1, seconds=60)
    await stage.question(1)
    sends = "/channels/{channel_id}/messages"
    stage.sandbox.faults.add(Fault(method="POST", route=sends, answer=Denied(), times=None))
    await stage.bot.stop()
    assert not [text for text in stage.reader.texts if "was interrupted" in text]
    stage.sandbox.faults.clear()
    await stage.bot.start()
    await stage.reader.reads("The game of trivia was interrupted, for I was restarted.")


async def test_who_mentions_the_bot_while_answers_are_typed_is_answered(stage: Stage) -> None:
    await stage.command(
        stage.bo, "trivia start", category="Water", rounds=1, seconds=60, mode="typed"
    )
    await stage.question(1)
    stage.ada.send(stage.channel_id, f"<@{stage.sandbox.world.bot_id}> Which rivers do you like?")
    asked = await stage.model.asked()
    while "Which rivers do you like?" not in asked.prompt:
        # What is written beside the game goes back into the line meanwhile.
        asked = await stage.model.asked()
    await asked.say("All of them.")
    await asked.end()
    await stage.reader.reads("All of them.")

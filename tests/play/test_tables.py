"""A game of trivia at a table: what the channel shows, when, and what is kept."""

from __future__ import annotations

import asyncio

from bot.games.effects import Refused, SkipVoted
from bot.games.questions import Origin
from bot.games.trivia_effects import LockedIn
from bot.games.trivia_settings import Mode
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.play.explaining import Explainer
from bot.play.words import scoreboard
from bot.prompting import Prompter
from bot.replies.faults import NotPermitted, Transient
from bot.storage import Gain
from tests.support.engines import ScriptedEngine
from tests.support.stage import play
from tests.support.tables import ADA, BO, CY, begin, question


def test_a_game_of_choices_from_the_first_question_to_the_scoreboard() -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)], owed=["By the atlas."])
        await game.until("**Question 1 of 2**")
        assert "What is the \\*capital\\* of country 1?" in game.discord.text
        assert len([name for name in game.discord.last.buttons if name[0] in "ABCD"]) == 4
        assert game.discord.last.buttons[-3:] == ["Hint", "Skip", "Stop"]
        assert isinstance(game.answers(ADA, "Oslo"), LockedIn)
        assert isinstance(game.answers(BO, "Rome"), LockedIn)
        assert isinstance(game.answers(BO, "Oslo"), Refused)
        await game.until("2 answers so far.")
        assert "✅" not in game.discord.text
        await game.until("One person got it. The answer: **Oslo**.")
        assert "Oslo ✅ right" in game.discord.text
        assert "1 person chose another." in game.discord.text
        assert "*Oslo lies on a fjord.*" in game.discord.text
        assert game.discord.last.buttons == ["This question is wrong"]
        assert game.ledger.message_id == game.discord.last.id
        await game.until("**Question 2 of 2**")
        game.answers(BO, "Oslo")
        await game.until("That was the last question.")
        await game.playing
        assert f"<@{ADA}>: " in game.discord.last.text
        assert "By the atlas." in game.discord.last.text
        assert game.ledger.served == ["q1", "q2"]
        [(_, first), (_, second)] = game.ledger.rounds
        assert first[ADA].points > 0
        assert first[BO] == Gain(0)
        assert {who: one.correct for who, one in second.items()} == {BO: 1}
        assert game.explains.dropped == 2

    play(scene())


def test_the_models_line_is_shown_where_it_is_ready_and_holds() -> None:
    async def scene() -> None:
        game = begin([question(1)], line="Oslo is where the parliament sits.\nMore.")
        await game.until("The answer: **Oslo**")
        assert "*Oslo is where the parliament sits.*" in game.discord.text
        misled = begin([question(1)], line="Oslo is smaller than Paris.")
        await misled.until("The answer: **Oslo**")
        assert "*Oslo lies on a fjord.*" in misled.discord.text
        await asyncio.gather(game.playing, misled.playing)

    play(scene())


def test_while_the_model_loads_a_game_is_played_with_what_is_known() -> None:
    async def scene() -> None:
        engine = ScriptedEngine()
        explainer = Explainer(GenerationQueue(engine), Prompter(engine, "vicuna", SamplingParams()))
        game = begin([question(1)], explainer=explainer)
        await game.until("**Question 1 of 1**")
        game.answers(ADA, "Oslo")
        await game.until("One person got it. The answer: **Oslo**.")
        assert "*Oslo lies on a fjord.*" in game.discord.text
        await game.until("That was the last question.")
        await game.playing

    play(scene())


def test_a_hint_strikes_an_option_out_in_words_and_in_the_buttons() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        await game.until("**Question 1 of 1**")
        game.table.hint()
        await game.until("(ruled out by a hint)")
        assert isinstance(game.table.skip(BO), Refused)
        game.answers(BO, "Oslo")
        vote = game.table.skip(BO)
        assert isinstance(vote, SkipVoted)
        await game.until("Skipped. The answer: **Oslo**.")
        await game.playing

    play(scene())


def test_a_typed_game_takes_what_is_written() -> None:
    async def scene() -> None:
        game = begin([question(1)], mode=Mode.TYPED)
        await game.until("Write your answer here in the channel.")
        assert game.discord.last.buttons == ["Hint", "Skip", "Stop"]
        assert game.table.guess(BO, "Paris") is None
        assert game.table.guess(BO, "oslo") is not None
        await game.until("One person got it. The answer: **Oslo**.")
        await game.playing
        assert game.ledger.rounds[0][1][BO].correct == 1

    play(scene())


def test_three_silent_questions_end_the_game() -> None:
    async def scene() -> None:
        game = begin([question(number) for number in range(1, 9)], seconds=5)
        await game.until("Nobody answers any more, so I end the game.")
        await game.playing
        assert game.ledger.served == ["q1", "q2", "q3"]
        assert all(gains == {} for _, gains in game.ledger.rounds)

    play(scene())


def test_a_stopped_question_brings_nothing_and_its_answer_is_told() -> None:
    async def scene() -> None:
        game = begin([question(1, origin=Origin.MODEL), question(2)])
        await game.until("AI-written")
        game.answers(ADA, "Oslo")
        game.table.stop()
        await game.until("Stopped. The answer: **Oslo**.")
        await game.until("The game was stopped.")
        await game.playing
        assert game.ledger.rounds == []

    play(scene())


def test_a_result_is_shown_though_discord_is_busy_for_a_while() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        await game.until("**Question 1 of 1**")
        game.discord.fail("edit", *(Transient("busy") for _ in range(3)))
        game.discord.fail("send", Transient("busy"))
        game.answers(ADA, "Oslo")
        await game.until("One person got it.")
        await game.until("That was the last question.")
        await game.playing

    play(scene())


def test_a_game_that_may_not_be_shown_any_more_ends() -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)])
        await game.until("**Question 1 of 2**")
        game.answers(ADA, "Oslo")
        game.discord.fail("send", NotPermitted("no"))
        await game.playing
        assert game.ledger.rounds[0][1][ADA].points > 0

    play(scene())


def test_the_same_points_have_the_same_place_and_none_have_no_medal() -> None:
    board = scoreboard([(ADA, 90, "90"), (BO, 90, "90"), (CY, 40, "40"), (4, 0, "0"), (5, 0, "0")])
    assert board.splitlines() == [
        f"🥇1. <@{ADA}>: 90",
        f"🥇1. <@{BO}>: 90",
        f"🥉3. <@{CY}>: 40",
        "4. <@4>: 0",
        "4. <@5>: 0",
    ]

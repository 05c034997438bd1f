"""Games at a table: what the channel shows, when, and what is kept; on a clock that leaps."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import cast

import pytest

from bot.games.anagrams import AnagramGame, AnagramSettings
from bot.games.effects import Refused, SkipVoted
from bot.games.lexicon import Lexicon
from bot.games.puzzles import Kind, Puzzle
from bot.games.questions import Difficulty, Origin, Question
from bot.games.trivia import TriviaGame
from bot.games.trivia_effects import LockedIn
from bot.games.trivia_settings import Mode, TriviaSettings
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request, Ticket, TicketState
from bot.play.anagram_table import AnagramTable
from bot.play.board import Board
from bot.play.explaining import Explainer, Explanation
from bot.play.host import GameHost, Table
from bot.play.trivia_table import TriviaTable
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.replies.faults import NotPermitted, Transient
from bot.replies.pacing import Pacer
from bot.storage import ChannelRef, Gain, Games, QuestionBank, Standing
from tests.support.engines import ScriptedEngine
from tests.support.stage import ScriptedDiscord, now, passes, play

ADA, BO, CY = 1, 2, 3
HERE = ChannelRef(11, guild_id=5)


@dataclass
class Ledger:
    """Stands in for the database, whose threads know nothing of a clock that leaps."""

    rounds: list[tuple[int, dict[int, Gain]]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    message_id: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    was_interrupted: bool = False
    serve_error: Exception | None = None
    end_error: Exception | None = None
    _games: Iterator[int] = field(default_factory=lambda: count(7))

    async def start(
        self, channel: ChannelRef, kind: str, *, started_by: int, may_rank: bool
    ) -> int:
        return next(self._games)

    async def close_round(self, game_id: int, number: int, gains: dict[int, Gain]) -> None:
        self.rounds.append((number, gains))

    async def end(self, game_id: int) -> None:
        self.ended.set()
        if self.end_error is not None:
            raise self.end_error

    async def interrupt(self, game_id: int) -> None:
        self.was_interrupted = True

    async def result(self, game_id: int) -> list[Standing]:
        points: Counter[int] = Counter()
        for _, gains in self.rounds:
            points.update({person: gain.points for person, gain in gains.items()})
        return [Standing(person, got, 1, 1) for person, got in points.most_common()]

    async def set_message(self, game_id: int, message_id: int) -> None:
        self.message_id = message_id

    async def serve(self, channel: ChannelRef, question_id: str) -> None:
        if self.serve_error is not None:
            raise self.serve_error
        self.served.append(question_id)


@dataclass
class Explains:
    """Stands in for the model: has its line ready, or not."""

    line: str = ""
    dropped: int = 0

    def begin(self, question: Question, channel: ChannelRef) -> Explanation:
        ticket = Ticket(Request(prompt=Prompt(["?"]), params=SamplingParams(), person=1))
        ticket.text = self.line
        ticket.state = TicketState.DONE if self.line else TicketState.RUNNING
        ticket._on_cancel = self._cancelled
        return Explanation(question, ticket)

    def _cancelled(self, ticket: Ticket, reason: Exception) -> None:
        self.dropped += 1


def question(number: int, *, origin: Origin = Origin.FACTS) -> Question:
    return Question(
        id=f"q{number}",
        category="Geography",
        difficulty=Difficulty.EASY,
        text=f"What is the *capital* of country {number}?",
        answer="Oslo",
        origin=origin,
        distractors=("Paris", "Rome", "Bern"),
        explanation="Oslo lies on a fjord.",
    )


@dataclass
class Scene:
    discord: ScriptedDiscord
    ledger: Ledger
    table: TriviaTable
    explains: Explains
    host: GameHost
    playing: asyncio.Task[None]

    async def until(self, text: str) -> None:
        """Wait until the channel shows it; the clock leaps meanwhile."""
        while text not in self.discord.text:
            assert not self.playing.done() or self.playing.exception() is None
            changed = asyncio.Event()
            self.discord.watch = changed.set
            async with asyncio.timeout(120):
                await changed.wait()

    def place(self, option: str) -> int:
        options = self.table._shown.opened.options if self.table._shown else ()
        return options.index(option)

    def answers(self, person: int, option: str) -> object:
        return self.table.press(person, self.table.game.number, self.place(option))


def begin(
    questions: Sequence[Question],
    *,
    mode: Mode = Mode.CHOICES,
    line: str = "",
    seconds: float = 20.0,
    owed: Sequence[str] = (),
    explainer: Explainer | None = None,
) -> Scene:
    discord, ledger, explains = ScriptedDiscord(), Ledger(), Explains(line)
    settings = TriviaSettings(starter=ADA, mode=mode, rounds=len(questions), seconds=seconds)
    table = TriviaTable(
        7,
        TriviaGame(settings, questions, random.Random(1), now()),
        channel=HERE,
        board=Board(discord, Pacer()),
        games=cast(Games, ledger),
        bank=cast(QuestionBank, ledger),
        explainer=explainer or cast(Explainer, explains),
        owed=owed,
    )
    host = GameHost(cast(Games, ledger))
    playing = asyncio.create_task(played(host, table))
    return Scene(discord, ledger, table, explains, host, playing)


async def played(host: GameHost, table: Table) -> None:
    """A whole game, with its last words."""
    seated: list[int] = []

    def make(game_id: int) -> Table:
        seated.append(game_id)
        return table

    await host.open(HERE, "trivia", started_by=ADA, may_rank=True, make=make)
    await asyncio.wait([host._tasks[game_id] for game_id in seated])


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
        assert (second[ADA], second[BO].correct) == (Gain(0), 1)
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


def test_at_a_stop_a_game_says_what_is_kept_of_it_and_its_buttons_go() -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)])
        await game.until("**Question 1 of 2**")
        game.answers(ADA, "Oslo")
        await game.until("One person got it.")
        await game.until("**Question 2 of 2**")
        cut_off = game.discord.last.id
        game.answers(BO, "Oslo")
        await passes(0.01)  # its edit is under way, and broken off by the stop
        await game.host.close()
        [(_, gains)] = game.ledger.rounds
        first, second = game.discord.last.text.splitlines()
        assert first.startswith("The game of trivia was interrupted, for I was restarted.")
        assert second == f"🥇1. <@{ADA}>: {gains[ADA].points} points"
        assert game.ledger.was_interrupted
        assert not game.ledger.ended.is_set()
        shown = game.discord.messages[cut_off]
        assert "**Question 2 of 2**" in shown.text
        assert "1 answer so far." in shown.text
        assert shown.buttons == []

    play(scene())


def test_a_stop_that_a_game_could_not_tell_of_is_left_to_the_next_start() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        await game.until("**Question 1 of 1**")
        game.discord.fail("send", NotPermitted("no"))
        await game.host.close()
        assert "interrupted" not in game.discord.text
        assert not game.ledger.was_interrupted
        assert not game.ledger.ended.is_set()

    play(scene())


@pytest.mark.parametrize("end_error", [None, RuntimeError("the database is gone")])
def test_a_game_that_breaks_says_so_under_the_id_that_is_in_the_log(
    end_error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)])
        await game.until("**Question 1 of 2**")
        game.answers(ADA, "Oslo")
        await game.until("One person got it.")
        game.ledger.serve_error, game.ledger.end_error = RuntimeError("no table"), end_error
        await game.playing
        said = re.fullmatch(
            r"Something went wrong on our side \(id ([0-9a-f]{8})\), so the game ends here\. "
            r"The points so far are kept; please start a new one\.",
            game.discord.last.text,
        )
        assert said is not None, game.discord.last.text
        [broke] = [one for one in caplog.records if f"fault {said[1]}" in one.getMessage()]
        assert broke.exc_info is not None
        assert broke.exc_info[1] is game.ledger.serve_error
        assert game.ledger.ended.is_set()
        [(_, gains)] = game.ledger.rounds
        assert gains[ADA].points > 0
        assert [shown.buttons for shown in game.discord.messages.values()] == [[], []]
        assert game.host.at(HERE.id) is None

    play(scene())


def test_a_game_that_broke_before_a_stop_still_says_so() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        game.ledger.serve_error = RuntimeError("no table")
        game.discord.fail("send", Transient("busy"))
        await game.ledger.ended.wait()
        await game.host.close()
        assert game.discord.text.startswith("Something went wrong on our side (id ")

    play(scene())


@dataclass
class Placeholder:
    """A table that plays until it is told to end."""

    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(self) -> None:
        await self.over.wait()

    async def close(self) -> None:
        raise AssertionError("it is over")

    async def break_off(self, fault: str) -> None:
        raise AssertionError("nothing broke")


def test_a_game_may_still_say_its_last_words_when_the_next_one_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        host = GameHost(cast(Games, Ledger()))
        first, second = Placeholder(), Placeholder()
        both = [asyncio.create_task(played(host, table)) for table in (first, second)]
        while host.at(HERE.id) is not second:
            await asyncio.sleep(0)
        second.over.set()
        await both[1]
        first.over.set()
        await both[0]
        assert host.at(HERE.id) is None
        await host.close()

    play(scene())
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


LEXICON = Lexicon.of(
    dict.fromkeys(["listen", "silent", "tinsel", "tin", "ten", "nest", "line", "inlets"], 20)
)


def anagrams(
    puzzles: Sequence[Puzzle], clues: dict[str, str] | None = None
) -> tuple[ScriptedDiscord, Ledger, AnagramTable, asyncio.Task[None]]:
    discord, ledger = ScriptedDiscord(), Ledger()
    settings = AnagramSettings(starter=ADA, seconds=40)
    table = AnagramTable(
        8,
        puzzles[0].kind,
        AnagramGame(settings, puzzles, now(), clues),
        board=Board(discord, Pacer()),
        games=cast(Games, ledger),
        can_write=True,
    )
    return discord, ledger, table, asyncio.create_task(table.play())


async def shows(discord: ScriptedDiscord, text: str) -> None:
    while text not in discord.text:
        changed = asyncio.Event()
        discord.watch = changed.set
        async with asyncio.timeout(120):
            await changed.wait()


def scramble() -> Puzzle:
    return Puzzle(
        Kind.CLASSIC,
        Difficulty.EASY,
        "nitlse",
        frozenset({"listen", "silent", "tinsel"}),
        ("listen", "silent", "tinsel"),
    )


def test_a_scramble_with_its_clue_and_any_word_of_its_letters() -> None:
    async def scene() -> None:
        clues = {"listen": "what you do to hear."}
        discord, ledger, table, playing = anagrams([scramble()], clues)
        await shows(discord, "# `N I T L S E`")
        assert discord.last.buttons == ["Guess", "Hint", "Skip", "Stop"]
        await shows(discord, "Hint: what you do to hear.")
        assert table.guess(BO, "nitlse") is not None
        table.guess(BO, "SILENT")
        await shows(discord, "One person got it. The answer: **listen** (also: silent, tinsel).")
        await playing
        assert discord.last.text.startswith("That was the end of the game.")
        assert ledger.rounds[0][1][BO].correct == 1

    play(scene())


def test_a_twist_counts_every_word_once_and_shows_what_was_missed() -> None:
    async def scene() -> None:
        words = ("listen", "silent", "tin", "nest", "line")
        puzzle = Puzzle(Kind.TWIST, Difficulty.EASY, "nitlse", frozenset(words), words)
        discord, ledger, table, playing = anagrams([puzzle])
        await shows(discord, "0 of 5 words found.")
        assert discord.last.buttons == ["Guess", "Skip", "Stop"]
        for person, word in ((BO, "tin"), (ADA, "tin"), (ADA, "nest"), (BO, "listen")):
            table.guess(person, word)
        await shows(discord, f"tin (<@{BO}>), nest (<@{ADA}>), listen (<@{BO}>)")
        await shows(discord, "Left: 1 word of 4, 1 word of 6.")
        await shows(discord, "You found 3 words; I know 5.")
        assert "Not found: silent, line." in discord.text
        await playing
        [(_, gains)] = ledger.rounds
        assert gains == {BO: Gain(10 + 70 + 50, 2), ADA: Gain(20, 1)}

    play(scene())


def test_nobody_reads_along_where_there_is_one_try() -> None:
    async def scene() -> None:
        word = "listeners"
        puzzle = Puzzle(Kind.CONUNDRUM, Difficulty.EASY, word[::-1], frozenset({word}), (word,))
        discord, _, table, playing = anagrams([puzzle])
        assert not table.reads_along
        await shows(discord, "You have one try.")
        assert "or write in the channel" not in discord.text
        table.stop()
        await playing

    play(scene())

"""A game of trivia at its table, on a clock that leaps."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import cast

from bot.games.questions import Difficulty, Origin, Question
from bot.games.trivia import TriviaGame
from bot.games.trivia_settings import Mode, TriviaSettings
from bot.generation.engine import SamplingParams
from bot.generation.ticket import Request, Ticket, TicketState
from bot.play.board import Board
from bot.play.explaining import Explainer, Explanation
from bot.play.host import GameHost, Table
from bot.play.trivia_table import TriviaTable
from bot.prompts import Prompt
from bot.replies.pacing import Pacer
from bot.storage import ChannelRef, Gain, Games, QuestionBank, Standing
from tests.support.stage import ScriptedDiscord, now

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
    round_error: Exception | None = None
    _games: Iterator[int] = field(default_factory=lambda: count(7))

    async def start(
        self, channel: ChannelRef, kind: str, *, started_by: int, may_rank: bool
    ) -> int:
        return next(self._games)

    async def close_round(self, game_id: int, number: int, gains: dict[int, Gain]) -> None:
        if self.round_error is not None:
            raise self.round_error
        kept = dict(self.rounds)
        kept[number] = kept.get(number, {}) | gains
        self.rounds = list(kept.items())

    async def end(self, game_id: int) -> None:
        if self.end_error is not None:
            raise self.end_error
        self.ended.set()

    async def interrupt(self, game_id: int) -> None:
        self.was_interrupted = True

    async def result(self, game_id: int) -> list[Standing]:
        points: Counter[int] = Counter()
        for _, gains in self.rounds:
            points.update({person: gain.points for person, gain in gains.items()})
        return [Standing(person, got, 1, 1) for person, got in points.most_common()]

    async def set_message(self, game_id: int, message_id: int) -> None:
        self.message_id = message_id

    async def empty_bag(self, channel_id: int, ids: Sequence[str]) -> None:
        self.served = [one for one in self.served if one not in ids]

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
    channel: ChannelRef = HERE,
) -> Scene:
    discord, ledger, explains = ScriptedDiscord(), Ledger(), Explains(line)
    settings = TriviaSettings(starter=ADA, mode=mode, rounds=len(questions), seconds=seconds)
    table = TriviaTable(
        7,
        TriviaGame(settings, questions, random.Random(1), now()),
        channel=channel,
        board=Board(discord, Pacer()),
        games=cast(Games, ledger),
        bank=cast(QuestionBank, ledger),
        explainer=explainer or cast(Explainer, explains),
        owed=owed,
    )
    host = GameHost(cast(Games, ledger))
    playing = asyncio.create_task(played(host, table, channel))
    return Scene(discord, ledger, table, explains, host, playing)


async def played(host: GameHost, table: Table, channel: ChannelRef = HERE) -> None:
    """A whole game, with its last words."""
    seated: list[int] = []

    def make(game_id: int) -> Table:
        seated.append(game_id)
        return table

    await host.open(channel, "trivia", started_by=ADA, may_rank=True, make=make)
    await asyncio.wait([host._tasks[game_id] for game_id in seated])

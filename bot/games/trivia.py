"""A game of trivia in one channel, as a state machine.

It knows no clock: every event comes with its moment, in seconds of any clock that only goes
forward, and :attr:`TriviaGame.deadline` says when :meth:`TriviaGame.tick` is due. An event that
comes after the deadline closes what was due first, so late ticks give nobody more time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from bot.games.grading import MOST_TYPED_WORDS, Verdict
from bot.games.questions import Question
from bot.games.scoring import points
from bot.games.trivia_effects import (
    Effect,
    Ending,
    Gain,
    GameOver,
    LockedIn,
    Outcome,
    Refusal,
    Refused,
    Right,
    RoundClosed,
    RoundOpened,
    SkipVoted,
    Standing,
    Wrong,
)
from bot.games.trivia_round import Answer, Player, Round
from bot.games.trivia_settings import Mode, TriviaSettings, dealt

_ALL_IN_S = 3.0
"""A round in which all who play have answered closes this much later: others may want to join."""
_CHAT_WORDS = MOST_TYPED_WORDS + 2
"""More words than this are talk beside the game: who writes them does not play for that."""
_RECENT_ROUNDS = 2
"""Who answered one of so many rounds before this one is waited for."""


class TriviaGame:
    """One game, from its first question to the scoreboard."""

    def __init__(
        self,
        settings: TriviaSettings,
        questions: Iterable[Question],
        dice: random.Random,
        now: float,
    ) -> None:
        """The first question opens with the first :meth:`tick`, which is due at once.

        Questions that cannot be played in this mode, and those that say the same as an earlier
        one, are left out.

        Raises:
            ValueError: no question is left.
        """
        self.settings = settings
        self._dice = dice
        self._questions = dealt(questions, settings)
        if not self._questions:
            raise ValueError("no question can be played in this mode")
        self._players: dict[int, Player] = {}
        self._round: Round | None = None
        self._number = 0
        self._silent = 0
        self._next_at: float | None = now

    @property
    def number(self) -> int:
        """Of the question that is open, or was open last; 0 before the first."""
        return self._number

    @property
    def total(self) -> int:
        """How many questions there are."""
        return len(self._questions)

    @property
    def is_over(self) -> bool:
        return self._round is None and self._next_at is None

    @property
    def is_ranked(self) -> bool:
        """At least two people have played."""
        return len(self._players) > 1

    @property
    def question(self) -> Question | None:
        """The one that is open."""
        return self._round.question if self._round else None

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` is due next; ``None`` when the game is over."""
        if self._round is None:
            return self._next_at
        return min([self._round.closes_at, *self._round.hint_times])

    def tick(self, now: float) -> list[Effect]:
        """Do what is due."""
        current = self._round
        if current is None:
            due = self._next_at is not None and now >= self._next_at
            return [self._open(now)] if due else []
        if now >= current.closes_at:
            return self._close(now)
        effects: list[Effect] = []
        while current.hint_times and now >= current.hint_times[0]:
            effects.append(current.show_hint())
        return effects

    def press(
        self, person: int, choice: int, now: float, *, number: int | None = None
    ) -> list[Effect]:
        """Somebody pressed an option's button.

        Args:
            choice: the place of the option, 0 for the first.
            number: the question the button belongs to; an earlier one's does nothing.
        """
        effects, current = self._meant(now)
        if current is None or (number is not None and number != self._number):
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        if not 0 <= choice < len(current.options):
            return [*effects, Refused(person, Refusal.WRONG_MODE)]
        if person in current.answers:
            return [*effects, Refused(person, Refusal.LOCKED)]
        if choice in current.struck[: current.hints]:
            return [*effects, Refused(person, Refusal.STRUCK)]
        right = current.options[choice] == current.question.answer
        self._take_part(person)
        current.answers[person] = Answer(now, current.hints, right, choice)
        if self._all_in(current):
            current.closes_at = min(current.closes_at, now + _ALL_IN_S)
        locked = LockedIn(person, choice, len(current.answers), current.closes_at)
        return [*effects, locked]

    def guess(self, person: int, text: str, now: float) -> list[Effect]:
        """Somebody wrote something that may be an answer."""
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        if self.settings.mode is not Mode.TYPED:
            return [*effects, Refused(person, Refusal.WRONG_MODE)]
        if person in current.answers:
            return [*effects, Refused(person, Refusal.LOCKED)]
        verdict = current.grader.judge(text)
        if verdict is Verdict.WRONG and len(text.split()) > _CHAT_WORDS:
            return effects
        self._take_part(person)
        current.guessed = True
        if verdict is not Verdict.RIGHT:
            several = verdict is Verdict.SEVERAL
            return [*effects, Refused(person, Refusal.SEVERAL) if several else Wrong(person)]
        first = not current.answers
        current.answers[person] = Answer(now, current.hints, True, -1)
        if first:
            current.closes_at = now + self.settings.window
            current.hint_times.clear()
        return [*effects, Right(person, first, current.closes_at)]

    def hint(self, now: float) -> list[Effect]:
        """Show the next hint before its time. It costs everybody who answers after it."""
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(None, Refusal.NO_QUESTION)]
        if not current.options and current.answers:
            return [*effects, Refused(None, Refusal.SOLVED)]
        if current.hints >= current.hints_there_are:
            return [*effects, Refused(None, Refusal.NO_MORE_HINTS)]
        return [*effects, current.show_hint()]

    def skip(self, person: int, now: float) -> list[Effect]:
        """Vote to leave this question out.

        More than half of those who have played in this game are needed. The starter can skip
        alone while nobody else has.
        """
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        alone = person == self.settings.starter and self._players.keys() <= {person}
        if person not in self._players and not alone:
            return [*effects, Refused(person, Refusal.NOT_PLAYING)]
        if person in current.votes:
            return [*effects, Refused(person, Refusal.VOTED)]
        if not current.options and current.answers:
            return [*effects, Refused(person, Refusal.SOLVED)]
        current.votes.add(person)
        needed = 1 if alone else len(self._players) // 2 + 1
        effects.append(SkipVoted(person, len(current.votes), needed))
        if len(current.votes) >= needed:
            effects += self._close(now, Outcome.SKIPPED)
        return effects

    def stop(self, now: float) -> list[Effect]:
        """End the game; a question that is open gives no points."""
        effects = self.tick(now) if self._round is not None else []
        if self._round is not None:
            effects += self._close(now, Outcome.STOPPED)
        elif self._next_at is not None:
            self._next_at = None
            effects.append(self._over(Ending.STOPPED))
        return effects

    def standings(self) -> tuple[Standing, ...]:
        """Everybody who has played; most points first, then who was right more often."""
        found = [
            Standing(person, player.points, player.right, player.best_streak)
            for person, player in self._players.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.points, -one.right)))

    def _meant(self, now: float) -> tuple[list[Effect], Round | None]:
        """Do what is due; then the round that an event can be meant for: one that was open."""
        effects = self.tick(now)
        opened = any(isinstance(effect, RoundOpened) for effect in effects)
        return effects, None if opened else self._round

    def _open(self, now: float) -> RoundOpened:
        question = self._questions[self._number]
        self._number += 1
        self._next_at = None
        current = self._round = Round.deal(question, self.settings, self._dice, now)
        return RoundOpened(self._number, self.total, question, current.options, current.closes_at)

    def _take_part(self, person: int) -> None:
        self._players.setdefault(person, Player()).last_round = self._number

    def _all_in(self, current: Round) -> bool:
        """Everybody who answered lately has answered this too; never so in the first round."""
        since = self._number - _RECENT_ROUNDS
        waited_for = {person for person, one in self._players.items() if one.last_round >= since}
        return self._number > 1 and waited_for <= current.answers.keys()

    def _close(self, now: float, outcome: Outcome | None = None) -> list[Effect]:
        current = self._round
        assert current is not None  # noqa: S101 - the callers have seen it
        self._round = None
        gains: tuple[Gain, ...] = ()
        if outcome is None:
            gains = self._score(current)
            answered = bool(current.answers) or current.guessed
            outcome = Outcome.SOLVED if gains else Outcome.MISSED
            outcome = outcome if answered else Outcome.SILENT
        self._silent = self._silent + 1 if outcome is Outcome.SILENT else 0
        ending = self._ending(outcome)
        self._next_at = None if ending else now + self.settings.pause
        options, choices = current.options, current.answers.items()
        closed = RoundClosed(
            number=self._number,
            question=current.question,
            outcome=outcome,
            gains=gains,
            choices=tuple((person, one.choice) for person, one in choices) if options else (),
            answer_place=options.index(current.question.answer) if options else None,
            ranked=self.is_ranked,
            next_at=self._next_at,
        )
        return [closed, self._over(ending)] if ending else [closed]

    def _ending(self, outcome: Outcome) -> Ending | None:
        if outcome is Outcome.STOPPED:
            return Ending.STOPPED
        if self._number >= self.total:
            return Ending.FINISHED
        return Ending.SILENT if self._silent >= self.settings.silent_rounds else None

    def _over(self, ending: Ending) -> GameOver:
        return GameOver(ending, self.standings(), self._number, self.is_ranked)

    def _score(self, current: Round) -> tuple[Gain, ...]:
        gains: list[Gain] = []
        for person, player in self._players.items():
            answer = current.answers.get(person)
            if answer is None or not answer.right:
                player.streak = 0
                continue
            player.streak += 1
            seconds = answer.at - current.opened_at
            gained = points(
                current.question.difficulty,
                elapsed=seconds / self.settings.seconds,
                hints=answer.hints,
                streak=player.streak,
            )
            player.points += gained
            player.right += 1
            player.best_streak = max(player.best_streak, player.streak)
            gains.append(Gain(person, gained, player.streak, seconds))
        return tuple(sorted(gains, key=lambda gain: (-gain.points, gain.seconds)))

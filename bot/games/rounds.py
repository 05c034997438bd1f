"""A game of rounds in one channel, as a state machine: what trivia and anagrams have in common.

It knows no clock: every event comes with its moment, in seconds of any clock that only goes
forward, and :attr:`RoundGame.deadline` says when :meth:`RoundGame.tick` is due. An event that
comes after the deadline closes what was due first, so late ticks give nobody more time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from bot.games.effects import (
    Common,
    Ending,
    Gain,
    GameOver,
    Outcome,
    Refusal,
    Refused,
    SkipVoted,
    Standing,
)
from bot.games.questions import Difficulty
from bot.games.scoring import points


class RoundSettings(Protocol):
    """How a game is played, as far as all are alike."""

    @property
    def starter(self) -> int:
        """Who started it."""

    @property
    def seconds(self) -> float:
        """For each round."""

    @property
    def pause(self) -> float:
        """Seconds between two rounds."""

    @property
    def silent_rounds(self) -> int:
        """Rounds in a row without any answer that end the game."""


@dataclass(slots=True)
class Player:
    points: int = 0
    right: int = 0
    streak: int = 0
    best_streak: int = 0
    last_round: int = 0
    """In which they last took part."""


@dataclass(slots=True, kw_only=True)
class OpenRound(ABC):
    """What is asked, while it is open."""

    opened_at: float
    closes_at: float
    hint_times: list[float]
    """Of the hints that come by themselves."""
    hints: int = 0
    """How many have been shown."""
    votes: set[int] = field(default_factory=set)
    """To skip it."""

    @abstractmethod
    def forget(self, person: int) -> None:
        """Go on as if a person had not taken part."""

    @property
    @abstractmethod
    def hints_there_are(self) -> int:
        """Shown or not."""

    @property
    @abstractmethod
    def is_solved(self) -> bool:
        """Somebody was right, and only the others' last seconds keep it open."""

    @property
    @abstractmethod
    def is_tried(self) -> bool:
        """Somebody has answered, rightly or not."""

    def count_hint(self) -> int:
        """Count the next hint as shown, and return its place. There must be one."""
        place = self.hints
        self.hints += 1
        if self.hint_times:
            self.hint_times.pop(0)
        return place


def spread_hints(now: float, seconds: float, count: int) -> list[float]:
    """When hints come by themselves: evenly over the second half of a round."""
    return [now + seconds * (1 + number / (count + 1)) / 2 for number in range(count)]


RoundT = TypeVar("RoundT", bound=OpenRound)
EffectT = TypeVar("EffectT")
"""The effects that only this game has."""


class RoundGame(ABC, Generic[RoundT, EffectT]):
    """One game, from its first round to the scoreboard."""

    def __init__(self, settings: RoundSettings, total: int, now: float) -> None:
        """The first round opens with the first :meth:`tick`, which is due at once."""
        self._rules = settings
        self._total = total
        self._players: dict[int, Player] = {}
        self._round: RoundT | None = None
        self._number = 0
        self._silent = 0
        self._next_at: float | None = now

    @property
    def number(self) -> int:
        """Of the round that is open, or was open last; 0 before the first."""
        return self._number

    @property
    def total(self) -> int:
        """How many rounds there are."""
        return self._total

    @property
    def starter(self) -> int:
        """Who started it."""
        return self._rules.starter

    @property
    def is_over(self) -> bool:
        return self._round is None and self._next_at is None

    @property
    def is_ranked(self) -> bool:
        """At least two people have played."""
        return len(self._players) > 1

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` is due next; ``None`` when the game is over."""
        if self._round is None:
            return self._next_at
        return min([self._round.closes_at, *self._round.hint_times])

    def tick(self, now: float) -> list[EffectT | Common]:
        """Do what is due."""
        current = self._round
        if current is None:
            due = self._next_at is not None and now >= self._next_at
            return [self._open(now)] if due else []
        if now >= current.closes_at:
            return self._close(now)
        effects: list[EffectT | Common] = []
        while current.hint_times and now >= current.hint_times[0]:
            effects.append(self._show_hint(current))
        return effects

    def hint(self, now: float) -> list[EffectT | Common]:
        """Show the next hint before its time. It costs everybody who answers after it."""
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(None, Refusal.NO_QUESTION)]
        if current.is_solved:
            return [*effects, Refused(None, Refusal.SOLVED)]
        if current.hints >= current.hints_there_are:
            return [*effects, Refused(None, Refusal.NO_MORE_HINTS)]
        return [*effects, self._show_hint(current)]

    def skip(self, person: int, now: float) -> list[EffectT | Common]:
        """Vote to leave this round out.

        More than half of those who have played in this game are needed. The starter can skip
        alone while nobody else has.
        """
        effects, current = self._meant(now)
        if current is None:
            return [*effects, Refused(person, Refusal.NO_QUESTION)]
        alone = person == self.starter and self._players.keys() <= {person}
        if person not in self._players and not alone:
            return [*effects, Refused(person, Refusal.NOT_PLAYING)]
        if person in current.votes:
            return [*effects, Refused(person, Refusal.VOTED)]
        if current.is_solved:
            return [*effects, Refused(person, Refusal.SOLVED)]
        current.votes.add(person)
        needed = 1 if alone else len(self._players) // 2 + 1
        effects.append(SkipVoted(person, len(current.votes), needed))
        if len(current.votes) >= needed:
            effects += self._close(now, Outcome.SKIPPED)
        return effects

    def stop(self, now: float) -> list[EffectT | Common]:
        """End the game; a round that is open is stopped with it."""
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

    def took_part_since(self, number: int) -> tuple[int, ...]:
        """Who has answered that round or a later one, rightly or not."""
        return tuple(who for who, one in self._players.items() if one.last_round >= number)

    def forget(self, person: int) -> None:
        """Go on as if a person had not played. They may join anew."""
        self._players.pop(person, None)
        if self._round is not None:
            self._round.votes.discard(person)
            self._round.forget(person)

    @abstractmethod
    def _deal(self, now: float) -> tuple[RoundT, EffectT]:
        """The round of :attr:`number`, opened, and the effect that shows it."""

    @abstractmethod
    def _show_hint(self, current: RoundT) -> EffectT:
        """Count the next hint as shown."""

    @abstractmethod
    def _score(self, current: RoundT, cut_short: Outcome | None) -> tuple[Gain, ...]:
        """Give everybody what the round brought them, most first.

        ``cut_short``: it was skipped or stopped before its time.
        """

    @abstractmethod
    def _closed(self, current: RoundT, outcome: Outcome, gains: tuple[Gain, ...]) -> EffectT:
        """The effect that shows a round's end."""

    def _meant(self, now: float) -> tuple[list[EffectT | Common], RoundT | None]:
        """Do what is due; then the round that an event can be meant for: one that was open."""
        before = self._round
        effects = self.tick(now)
        return effects, self._round if self._round is before else None

    def _take_part(self, person: int) -> None:
        self._players.setdefault(person, Player()).last_round = self._number

    def _score_solvers(
        self, current: RoundT, difficulty: Difficulty, solved: Mapping[int, tuple[float, int]]
    ) -> tuple[Gain, ...]:
        """Points by difficulty, time, hints and streak; whoever was not right loses the streak.

        ``solved``: by person, when they were right, and how many hints were shown then.
        """
        gains: list[Gain] = []
        for person, player in self._players.items():
            if person not in solved:
                player.streak = 0
                continue
            at, hints = solved[person]
            player.streak += 1
            seconds = at - current.opened_at
            gained = points(
                difficulty,
                elapsed=seconds / self._rules.seconds,
                hints=hints,
                streak=player.streak,
            )
            player.points += gained
            player.right += 1
            player.best_streak = max(player.best_streak, player.streak)
            gains.append(Gain(person, gained, player.streak, seconds))
        return tuple(sorted(gains, key=lambda gain: (-gain.points, gain.seconds)))

    def _open(self, now: float) -> EffectT:
        self._number += 1
        self._next_at = None
        self._round, effect = self._deal(now)
        return effect

    def _close(self, now: float, cut_short: Outcome | None = None) -> list[EffectT | Common]:
        current = self._round
        assert current is not None  # noqa: S101 - the callers have seen it
        self._round = None
        gains = self._score(current, cut_short)
        outcome = cut_short or _outcome(current, gains)
        self._silent = self._silent + 1 if outcome is Outcome.SILENT else 0
        ending = self._ending(outcome)
        self._next_at = None if ending else now + self._rules.pause
        closed = self._closed(current, outcome, gains)
        return [closed, self._over(ending)] if ending else [closed]

    def _ending(self, outcome: Outcome) -> Ending | None:
        if outcome is Outcome.STOPPED:
            return Ending.STOPPED
        if self._number >= self.total:
            return Ending.FINISHED
        return Ending.SILENT if self._silent >= self._rules.silent_rounds else None

    def _over(self, ending: Ending) -> GameOver:
        return GameOver(ending, self.standings(), self._number, self.is_ranked)


def _outcome(current: OpenRound, gains: tuple[Gain, ...]) -> Outcome:
    """How a round ended whose time was over."""
    if gains:
        return Outcome.SOLVED
    return Outcome.MISSED if current.is_tried else Outcome.SILENT

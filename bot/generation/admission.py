"""How much of the queue each person and each server takes up, and how often they ask."""

from __future__ import annotations

from collections import Counter

from bot.errors import QueueFull, TooFrequent
from bot.generation.figures import QueueLimits
from bot.generation.rates import Rates, spell
from bot.generation.ticket import Priority, Request
from bot.language import phrase, plural


class Admission:
    """Counts the requests that wait or run, and refuses those that are too many or too frequent.

    A person's and a server's limits are limits of questions: what is written in the background
    for a question that was let in is not counted again. How often somebody asked is forgotten
    with the process.
    """

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
        self._of_person: Counter[int] = Counter()
        self._of_guild: Counter[int] = Counter()
        self._person_rates = Rates(a_minute=limits.person_a_minute, a_day=limits.person_a_day)
        self._guild_rates = Rates(a_minute=limits.guild_a_minute, a_day=limits.guild_a_day)

    def check(
        self,
        person: int,
        guild: int | None,
        waiting: int,
        priority: Priority = Priority.INTERACTIVE,
    ) -> None:
        """Pass if there is room for one more of ``person`` beside ``waiting`` others. Nothing is
        counted.

        Raises:
            QueueFull: a limit is reached.
            TooFrequent: a rate is.
        """
        if priority is Priority.INTERACTIVE:
            self._check_person(person)
            if guild is not None:
                self._check_guild(guild)
        if waiting >= self._limits.total:
            raise QueueFull(
                phrase("Too many people are waiting. Please try again in a few minutes.")
            )

    def enter(self, request: Request) -> None:
        """Count one in."""
        if request.priority is Priority.INTERACTIVE:
            self._of_person[request.person] += 1
            self._person_rates.take(request.person)
            if request.guild is not None:
                self._of_guild[request.guild] += 1
                self._guild_rates.take(request.guild)

    def leave(self, request: Request) -> None:
        """Count one out that was counted in."""
        if request.priority is Priority.INTERACTIVE:
            _subtract(self._of_person, request.person)
            if request.guild is not None:
                _subtract(self._of_guild, request.guild)

    def _check_person(self, person: int) -> None:
        own = self._of_person[person]
        if own >= self._limits.per_person:
            raise QueueFull(
                plural(
                    "You already have {count} question in line. Please wait for its answer.",
                    "You already have {count} questions in line. Please wait for one of their "
                    "answers.",
                    own,
                )
            )
        if wait_s := self._person_rates.wait_s(person):
            raise TooFrequent(
                phrase(
                    "You have asked a lot lately. Please ask again in {wait}.", wait=spell(wait_s)
                )
            )

    def _check_guild(self, guild: int) -> None:
        if self._of_guild[guild] >= self._limits.per_guild:
            raise QueueFull(
                phrase("Too many people from this server are waiting. Please try again soon.")
            )
        if wait_s := self._guild_rates.wait_s(guild):
            raise TooFrequent(
                phrase(
                    "This server has asked as much as it may for now. Please try again in {wait}.",
                    wait=spell(wait_s),
                )
            )


def _subtract(counter: Counter[int], key: int) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]

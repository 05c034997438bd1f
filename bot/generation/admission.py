"""How much of the queue each person and each server takes up."""

from __future__ import annotations

from collections import Counter

from bot.errors import QueueFull
from bot.generation.figures import QueueLimits
from bot.generation.ticket import Priority, Request


class Admission:
    """Counts the requests that wait or run, and refuses those that are too many.

    A person's and a server's limits are limits of questions: what is written in the background
    for a question that was let in is not counted again.
    """

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
        self._of_person: Counter[int] = Counter()
        self._of_guild: Counter[int] = Counter()

    def check(self, request: Request, waiting: int) -> None:
        """Pass if there is room for ``request`` beside ``waiting`` others.

        Raises:
            QueueFull: a limit is reached.
        """
        own = self._of_person[request.person]
        if request.priority is Priority.INTERACTIVE:
            if own >= self._limits.per_person:
                raise QueueFull(
                    f"You already have {own} questions in line. Please wait for one of their "
                    "answers."
                )
            if (
                request.guild is not None
                and self._of_guild[request.guild] >= self._limits.per_guild
            ):
                raise QueueFull(
                    "Too many people of this server are waiting. Please try again soon."
                )
        if waiting >= self._limits.total:
            raise QueueFull("Too many people are waiting. Please try again in a few minutes.")

    def enter(self, request: Request) -> None:
        """Count one in."""
        if request.priority is Priority.INTERACTIVE:
            self._of_person[request.person] += 1
            if request.guild is not None:
                self._of_guild[request.guild] += 1

    def leave(self, request: Request) -> None:
        """Count one out that was counted in."""
        if request.priority is Priority.INTERACTIVE:
            _subtract(self._of_person, request.person)
            if request.guild is not None:
                _subtract(self._of_guild, request.guild)


def _subtract(counter: Counter[int], key: int) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]

"""The order in which waiting tickets are served. Pure bookkeeping: no tasks, no engine.

Fairness is counted in rounds, as in start-time fair queueing (Goyal, Vin and Cheng, 1996): a
person's tickets stand in consecutive rounds, the first of them never in a round that is already
past. Serving by round, and first-come inside a round, is round-robin over persons, yet the order
of two waiting tickets never changes, which makes positions cheap and true.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from bot.generation.ticket import Priority, Ticket


class _Place(NamedTuple):
    """Smaller is served sooner."""

    priority: Priority
    round: int
    arrival: int


class WaitingLine:
    """Waiting tickets by priority, then round-robin over persons, then first-come.

    Adding, taking and removing are O(log n).
    """

    def __init__(self) -> None:
        self._places: dict[Ticket, _Place] = {}
        self._heap: list[tuple[_Place, Ticket]] = []
        self._arrivals = 0
        self._returns = 0
        self._round_now = dict.fromkeys(Priority, 0)
        self._last_round: dict[tuple[Priority, int], int] = {}
        self._in_round: Counter[tuple[Priority, int]] = Counter()
        self._waiting_of: Counter[Priority] = Counter()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, ticket: Ticket) -> bool:
        return ticket in self._places

    def count(self, priority: Priority) -> int:
        """How many wait with this priority."""
        return self._waiting_of[priority]

    def add(self, ticket: Ticket) -> int:
        """Put a ticket in its place and return its position, 1 for the next to be served."""
        priority, person = ticket.request.priority, ticket.request.person
        now = self._round_now[priority]
        turn = max(now, self._last_round.get((priority, person), now - 1) + 1)
        self._last_round[priority, person] = turn
        self._arrivals += 1
        self._insert(ticket, _Place(priority, turn, self._arrivals))
        ahead = sum(n for p, n in self._waiting_of.items() if p < priority)
        return ahead + sum(n for (p, r), n in self._in_round.items() if p == priority and r <= turn)

    def put_back(self, ticket: Ticket) -> None:
        """Return a ticket that was taken to the head of its priority."""
        priority = ticket.request.priority
        self._returns -= 1  # below every arrival, and the last to return is the first again
        self._insert(ticket, _Place(priority, self._round_now[priority], self._returns))

    def take(self) -> Ticket | None:
        """Remove and return the next ticket; ``None`` when nobody waits."""
        while self._heap:
            place, ticket = heapq.heappop(self._heap)
            if self._places.get(ticket) == place:
                self._forget(ticket)
                self._enter_round(place.priority, place.round)
                return ticket
        return None

    def remove(self, ticket: Ticket) -> bool:
        """Take a ticket out of the line, wherever it stands; false when it is not in it."""
        if ticket not in self._places:
            return False
        self._forget(ticket)
        if len(self._heap) > 2 * len(self._places) + 64:
            self._heap = [(p, t) for p, t in self._heap if self._places.get(t) == p]
            heapq.heapify(self._heap)
        return True

    def in_order(self) -> Iterator[Ticket]:
        """All waiting tickets, the next first. O(n log n)."""
        return iter(sorted(self._places, key=self._places.__getitem__))

    def _insert(self, ticket: Ticket, place: _Place) -> None:
        self._places[ticket] = place
        self._in_round[place.priority, place.round] += 1
        self._waiting_of[place.priority] += 1
        heapq.heappush(self._heap, (place, ticket))

    def _forget(self, ticket: Ticket) -> None:
        place = self._places.pop(ticket)
        self._waiting_of[place.priority] -= 1
        self._in_round[place.priority, place.round] -= 1
        if not self._in_round[place.priority, place.round]:
            del self._in_round[place.priority, place.round]

    def _enter_round(self, priority: Priority, turn: int) -> None:
        """Persons whose last round is past start afresh anyway: their entries can go."""
        if turn > self._round_now[priority]:
            self._round_now[priority] = turn
            self._last_round = {
                key: last
                for key, last in self._last_round.items()
                if key[0] != priority or last >= turn
            }

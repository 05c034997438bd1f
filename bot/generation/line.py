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


class _Rounds:
    """How many wait in each round, and in all rounds up to one: a Fenwick tree over the rounds
    (Fenwick, 1994), so that one person's many rounds make nobody's place dearer."""

    def __init__(self) -> None:
        self._first = 0
        self._counts = [0]
        self._sums = [0, 0]

    def change(self, turn: int, by: int, *, now: int) -> None:
        """Nothing waits in a round before ``now``."""
        if turn - self._first >= len(self._counts):
            self._move(now, turn)
        self._counts[turn - self._first] += by
        self._add(turn - self._first + 1, by)

    def up_to(self, turn: int) -> int:
        place, total = turn - self._first + 1, 0
        while place > 0:
            total += self._sums[place]
            place -= place & -place
        return total

    def _move(self, now: int, turn: int) -> None:
        """Begin at ``now``, with as much room again as is needed: it is not done often."""
        kept = self._counts[now - self._first :]
        room = 2 * (turn - now + 1)
        self._first = now
        self._counts = kept + [0] * (room - len(kept))
        self._sums = [0] * (room + 1)
        for index, waiting in enumerate(kept):
            self._add(index + 1, waiting)

    def _add(self, place: int, by: int) -> None:
        while place < len(self._sums):
            self._sums[place] += by
            place += place & -place


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
        """Of each person's tickets the latest, waiting or taken."""
        self._served_round: dict[tuple[Priority, int], int] = {}
        """Of those that were taken."""
        self._waiting_by: Counter[tuple[Priority, int]] = Counter()
        self._rounds = {priority: _Rounds() for priority in Priority}
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
        return ahead + self._rounds[priority].up_to(turn)

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
                self._served_round[place.priority, ticket.request.person] = place.round
                self._enter_round(place.priority, place.round)
                return ticket
        return None

    def remove(self, ticket: Ticket) -> bool:
        """Take a ticket out of the line, wherever it stands; false when it is not in it.

        Whoever has none left there stands as if they had not asked.
        """
        if ticket not in self._places:
            return False
        self._forget(ticket)
        who = (ticket.request.priority, ticket.request.person)
        if who not in self._waiting_by:
            if who in self._served_round:
                self._last_round[who] = self._served_round[who]
            else:
                self._last_round.pop(who, None)
        if len(self._heap) > 2 * len(self._places) + 64:
            self._heap = [(p, t) for p, t in self._heap if self._places.get(t) == p]
            heapq.heapify(self._heap)
        return True

    def in_order(self) -> Iterator[Ticket]:
        """All waiting tickets, the next first. O(n log n)."""
        return iter(sorted(self._places, key=self._places.__getitem__))

    def _insert(self, ticket: Ticket, place: _Place) -> None:
        self._places[ticket] = place
        self._count(place, 1)
        self._waiting_of[place.priority] += 1
        self._waiting_by[place.priority, ticket.request.person] += 1
        heapq.heappush(self._heap, (place, ticket))

    def _forget(self, ticket: Ticket) -> None:
        place = self._places.pop(ticket)
        self._waiting_of[place.priority] -= 1
        who = (place.priority, ticket.request.person)
        self._waiting_by[who] -= 1
        if not self._waiting_by[who]:
            del self._waiting_by[who]
        self._count(place, -1)

    def _count(self, place: _Place, by: int) -> None:
        now = self._round_now[place.priority]
        self._rounds[place.priority].change(place.round, by, now=now)

    def _enter_round(self, priority: Priority, turn: int) -> None:
        """Persons whose last round is past start afresh anyway: their entries can go."""
        if turn > self._round_now[priority]:
            self._round_now[priority] = turn
            self._last_round = _since(turn, priority, self._last_round)
            self._served_round = _since(turn, priority, self._served_round)


def _since(
    turn: int, priority: Priority, rounds: dict[tuple[Priority, int], int]
) -> dict[tuple[Priority, int], int]:
    return {who: last for who, last in rounds.items() if who[0] != priority or last >= turn}

"""Which questions come next in a channel: none twice until all have been, and no category all the
time because it has most questions."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that may be asked."""

    id: str
    category: str


class Bag:
    """The questions that a channel has not been asked yet, in an order of its own.

    What has to be kept of it is which ids were served. Each category's questions are spread evenly
    by the square root of their number: one with a hundred times the questions of another comes ten
    times as often while both last.
    """

    def __init__(
        self, candidates: Iterable[Candidate], *, seed: int, served: Collection[str] = ()
    ) -> None:
        """Args:
        seed: the order follows from it and the questions alone.
        served: ids that were asked since the bag was last full; others than the candidates' do
            nothing.
        """
        every = {candidate.id: candidate for candidate in candidates}
        self._seed = seed
        self._every = tuple(every.values())
        self._filling = 0
        self._next = [one for one in self._order() if one not in served]
        self.refilled = False
        """The last draw emptied the bag and filled it again: of these candidates, only what that
        draw gave is served now."""

    def __len__(self) -> int:
        """How many are left before the bag is empty."""
        return len(self._next)

    def draw(self, count: int) -> list[str]:
        """The next ids, in their order. Fewer than ``count`` only where there are fewer in all.

        A bag that is empty is filled again on the way; no id comes twice in one draw.
        """
        drawn, self._next = self._next[:count], self._next[count:]
        missing = count - len(drawn)
        self.refilled = missing > 0
        if self.refilled:
            self._filling += 1
            taken = set(drawn)
            fresh = [one for one in self._order() if one not in taken]
            drawn += fresh[:missing]
            self._next = fresh[missing:]
        return drawn

    def _order(self) -> list[str]:
        """Every question once: its place is its rank within its category, stretched."""
        groups: dict[str, list[str]] = defaultdict(list)
        for candidate in self._every:
            groups[candidate.category].append(candidate.id)
        places: list[tuple[float, str, str]] = []
        for category, ids in groups.items():
            shift = int(self._mixed(category)[:8], 16) / 0x1_0000_0000
            pace = len(ids) ** 0.5
            for rank, one in enumerate(sorted(ids, key=self._mixed)):
                places.append(((rank + shift) / pace, self._mixed(one), one))
        return [one for _, _, one in sorted(places)]

    def _mixed(self, text: str) -> str:
        seeded = f"{self._seed}:{self._filling}:{text}".encode()
        return hashlib.blake2b(seeded, digest_size=8).hexdigest()

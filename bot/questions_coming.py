"""Messages and commands on their way to be stored questions, and what becomes of them meanwhile.

From the moment that Discord tells of a message until its question is stored, files are fetched and
read, for a minute and more. Who deletes or edits the message in that time, or has all that they
have said deleted, changes nothing in the history, where it does not stand yet: it is noted here,
for whoever stores it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Coming:
    """One message or command while it is handled."""

    person: int
    """Who wrote it."""
    is_withdrawn: bool = False
    """It was deleted, or all that is the person's."""
    text: str | None = None
    """As it was edited last; ``None``: it was not."""
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who reads an edit, and by who stores the question: an edit comes before it whole, or
    finds it stored."""
    handlers: int = 0
    """That handle it: Discord repeats events when a connection is resumed."""


class QuestionsComing:
    """The messages and commands that are being handled."""

    def __init__(self) -> None:
        self._coming: dict[object, Coming] = {}
        """By message, or by something of its own."""

    @contextmanager
    def following(self, message_id: int | None, person: int) -> Iterator[Coming]:
        """Note what happens to a message while the block runs. ``None``: what was asked stands in
        none, and only with all that is the person's can it be deleted."""
        key = object() if message_id is None else message_id
        coming = self._coming.setdefault(key, Coming(person))
        coming.handlers += 1
        try:
            yield coming
        finally:
            coming.handlers -= 1
            if not coming.handlers:
                del self._coming[key]

    def of(self, message_id: int | None) -> Coming | None:
        """A message, if it is being handled."""
        return None if message_id is None else self._coming.get(message_id)

    def text_of(self, message_id: int | None) -> str | None:
        """What a message that is being handled was edited to; ``None``: it was not."""
        coming = self.of(message_id)
        return None if coming is None else coming.text

    def withdraw(self, person: int) -> None:
        """All that is a person's is deleted."""
        for coming in self._coming.values():
            coming.is_withdrawn |= coming.person == person

    def is_any_of(self, person: int) -> bool:
        """Whether something that a person asks is being handled."""
        return any(coming.person == person for coming in self._coming.values())

    def deleted(self, message_ids: Set[int]) -> None:
        """Messages were deleted."""
        for message_id in self._coming.keys() & message_ids:
            self._coming[message_id].is_withdrawn = True

"""Which questions can be played in which mode: found out once for each, and remembered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.games.bag import Candidate
from bot.games.facts import FactBook
from bot.games.questions import Question
from bot.games.trivia_settings import Mode, playable

Read = Callable[[Sequence[str]], Awaitable[Mapping[str, Question]]]
"""Questions of the bank by their ids; those that are gone are left out."""

_READ_AT_ONCE = 100
"""Questions of the bank: the event loop makes objects of them."""


class Playability:
    """Remembers a yes or no for every question that was ever a candidate: some thousands."""

    def __init__(self) -> None:
        self._known: dict[Mode, dict[str, bool]] = {mode: {} for mode in Mode}

    async def among(
        self, candidates: Sequence[Candidate], mode: Mode, book: FactBook, read: Read
    ) -> list[Candidate]:
        """Those of the candidates that can be played in a mode."""
        known = self._known[mode]
        new = [one.id for one in candidates if one.id not in known]
        facts = [one for one in new if one in book]
        known.update(await asyncio.to_thread(_of_facts, facts, mode, book))
        others = [one for one in new if one not in book]
        for start in range(0, len(others), _READ_AT_ONCE):
            questions = await read(others[start : start + _READ_AT_ONCE])
            known.update(await asyncio.to_thread(_of, questions, mode))
        return [one for one in candidates if known.get(one.id)]


def told(book: FactBook, question_id: str, mode: Mode, dice: random.Random) -> Question:
    """A fact as a question of this mode, in which it can be played: worded by the dice, unless
    just that wording cannot be."""
    question = book.question(question_id, dice)
    return question if playable(question, mode) else _first_wording(book, question_id)


def _first_wording(book: FactBook, question_id: str) -> Question:
    return book.question(question_id, random.Random(0))  # noqa: S311 - always the same


def _of_facts(ids: Sequence[str], mode: Mode, book: FactBook) -> dict[str, bool]:
    return {one: playable(_first_wording(book, one), mode) for one in ids}


def _of(questions: Mapping[str, Question], mode: Mode) -> dict[str, bool]:
    return {one: playable(question, mode) for one, question in questions.items()}

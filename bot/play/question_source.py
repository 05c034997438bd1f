"""Where the questions of a game come from: the bot's own data, the bank, and a server's packs."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.games.bag import Bag, Candidate
from bot.games.facts import CREDIT, FactBook
from bot.games.opentdb import CREDIT as OPENTDB_CREDIT
from bot.games.questions import AI_PREFIX, Difficulty, Origin, Question
from bot.games.trivia_settings import Mode
from bot.play.playable import Playability, told
from bot.play.words import harmless
from bot.storage import BankEntry, ChannelRef, QuestionBank, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to play."""

    channel: ChannelRef
    category: str | None
    difficulty: Difficulty | None
    rounds: int
    mode: Mode


@dataclass(frozen=True, slots=True)
class Drawn:
    """Questions that the channel has not had."""

    questions: list[Question]
    credits: list[str]
    """To whom they are owed, as it may be shown."""
    has_model_questions: bool
    had_all: tuple[str, ...] = ()
    """Ids of all that fit, where the channel has had them all: they may come again from this game
    on."""


class QuestionSource:
    """Draws questions so that a channel gets none twice before it has had all."""

    def __init__(self, bank: QuestionBank, dice: random.Random | None = None) -> None:
        self._bank = bank
        self._dice = dice or random.Random()  # noqa: S311 - a game
        self._book: FactBook | None = None
        self._playability = Playability()
        self._reading = asyncio.Lock()

    async def facts(self) -> FactBook:
        """What comes with the bot; read at the first game."""
        async with self._reading:
            if self._book is None:
                self._book = await asyncio.to_thread(FactBook)
            return self._book

    async def categories(self, guild_id: int | None) -> dict[str, int]:
        """What can be asked in a server, with the number of questions, by name."""
        counts: Counter[str] = Counter()
        book = await self.facts()
        counts.update({name: len(book.ids(category=name)) for name in book.categories})
        for one in await self._bank.categories(guild_id):
            counts[_shown(one.category, one.origin)] += one.count
        return dict(sorted(counts.items()))

    async def credits(self, guild_id: int | None) -> list[str]:
        """To whom all questions of a server are owed."""
        found: list[str] = [CREDIT]
        origins = {one.origin for one in await self._bank.categories(guild_id)}
        if Origin.OPENTDB in origins:
            found.append(OPENTDB_CREDIT)
        if guild_id is not None:
            found += [_credit(pack.title, pack.credit) for pack in await self._bank.packs(guild_id)]
        return found

    async def draw(self, asked: Asked) -> Drawn:
        """Questions for one game; fewer than it has rounds only where there are no more.

        Nothing is noted of it: the channel has had a question when it is asked.
        """
        book = await self.facts()
        is_ai = (asked.category or "").startswith(AI_PREFIX)
        category = asked.category.removeprefix(AI_PREFIX) if asked.category else None
        wanted = Wanted(
            guild_id=asked.channel.guild_id,
            origins=(Origin.MODEL,) if is_ai else (Origin.PACK, Origin.OPENTDB),
            category=category,
            difficulty=asked.difficulty,
        )
        candidates = [Candidate(one.id, one.category) for one in await self._bank.listed(wanted)]
        if not is_ai:
            bad = await self._bank.reported()
            ids = book.ids(category=category, difficulty=asked.difficulty)
            candidates += [Candidate(one, book.category(one)) for one in ids if one not in bad]
        # What cannot be played so is not in the bag at all: it would never leave it.
        candidates = await self._playability.among(candidates, asked.mode, book, self._in_bank)
        served = await self._bank.served(asked.channel.id)
        seed = self._dice.getrandbits(32)
        # Thousands of ids are put in an order: too long for the event loop.
        ids, refilled = await asyncio.to_thread(_drawn, candidates, seed, served, asked.rounds)
        in_bank = await self._in_bank([one for one in ids if one not in book])
        questions = [
            told(book, one, asked.mode, self._dice) if one in book else in_bank[one]
            for one in ids
            if one in book or one in in_bank
        ]
        origins = {one.origin for one in questions}
        owed: list[str] = [OPENTDB_CREDIT] if Origin.OPENTDB in origins else []
        owed += [_credit(*pack) for pack in await self._bank.credits(list(in_bank)) if pack[1]]
        return Drawn(
            questions,
            owed,
            Origin.MODEL in origins,
            tuple(one.id for one in candidates) if refilled else (),
        )

    async def _in_bank(self, ids: Sequence[str]) -> dict[str, Question]:
        return {one.id: question_of(one) for one in await self._bank.get(ids)}


def question_of(entry: BankEntry) -> Question:
    """A question of the bank as the rules know it."""
    return Question(
        id=entry.id,
        category=_shown(entry.category, entry.origin),
        difficulty=Difficulty(entry.difficulty),
        text=entry.text,
        answer=entry.answer,
        origin=Origin(entry.origin),
        aliases=entry.aliases,
        distractors=entry.distractors,
        explanation=entry.explanation,
    )


def entry_of(question: Question, *, written_by: str | None = None) -> BankEntry:
    """A question as the bank keeps it."""
    return BankEntry(
        id=question.id,
        origin=question.origin,
        category=question.category,
        difficulty=question.difficulty,
        text=question.text,
        answer=question.answer,
        aliases=question.aliases,
        distractors=question.distractors,
        explanation=question.explanation,
        written_by=written_by,
    )


def _credit(title: str, credit: str) -> str:
    """A pack, as others wrote it, in a message of ours."""
    return harmless(f"{title}: {credit}" if credit else title)


def _shown(category: str, origin: str) -> str:
    return f"{AI_PREFIX}{category}" if origin == Origin.MODEL else category


def _drawn(
    candidates: Sequence[Candidate], seed: int, served: set[str], count: int
) -> tuple[tuple[str, ...], bool]:
    bag = Bag(candidates, seed=seed, served=served)
    ids = bag.draw(count)
    return tuple(ids), bag.refilled

"""What the model makes for the games while nobody waits for it: questions and clues, ahead."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import AirocordError
from bot.games.puzzles import Kind
from bot.games.questions import Difficulty, Origin
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority
from bot.play.asking_model import Asker
from bot.play.calibration import known_figures
from bot.play.clue_writer import ClueWriter
from bot.play.question_source import entry_of
from bot.play.question_writer import QuestionWriter, Rejected
from bot.play.words_known import KnownWords
from bot.storage import QuestionBank

log = logging.getLogger(__name__)

_BREAK_S = 5.0
"""Between two things that are made: the card is not kept hot for a stock."""
_LONG_BREAK_S = 600.0
"""When the stock is full, or the model cannot be asked."""

_NOBODY = Asker(0, priority=Priority.BACKGROUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How much is kept ahead. 0: nothing is made."""

    low: int
    """Questions in a category below which more are written."""
    high: int
    """Questions in a category up to which they are."""
    clues: int
    """Words with a clue."""


@dataclass(slots=True)
class Workshop:
    """Runs as long as the bot does."""

    queue: GenerationQueue
    bank: QuestionBank
    words: KnownWords
    questions: QuestionWriter
    clues: ClueWriter
    figures_file: Path
    stock: Stock
    dice: random.Random = field(default_factory=random.Random)
    rejected: Counter[Rejected] = field(default_factory=Counter)
    """Drafts that were thrown away since the start."""
    _filling: set[str] = field(default_factory=set)
    """Categories that were low and are not full yet."""

    async def run(self) -> None:
        """Make what is missing; ends only when it is cancelled."""
        while True:
            try:
                made = await self.make_something()
            except AirocordError as error:
                log.info("nothing is written ahead for now: %s", error)
                made = False
            await asyncio.sleep(_BREAK_S if made else _LONG_BREAK_S)

    async def make_something(self) -> bool:
        """Write one question or one clue, if any is missing; whether anything was tried.

        Raises:
            AirocordError: the model could not be asked.
        """
        self.queue.ensure_open()
        category = await self._missing_category()
        if category is not None:
            await self.write_question(category)
            return True
        if self.stock.clues and await self.bank.clue_count() < self.stock.clues:
            await self.write_clue()
            return True
        return False

    async def trusted_categories(self) -> list[str]:
        """Those in which this model was measured to be right when it is sure."""
        name = self.queue.engine.model.name
        figures = await asyncio.to_thread(known_figures, self.figures_file, name)
        return sorted(category for category, one in figures.items() if one.is_good_enough)

    async def write_question(self, category: str) -> bool:
        """One draft; whether it came to a question."""
        difficulty = self.dice.choice(list(Difficulty))
        known = await self.bank.texts(Origin.MODEL)
        result = await self.questions.write(category, difficulty, known, _NOBODY, self.dice)
        if isinstance(result, Rejected):
            self.rejected[result] += 1
            log.debug("a draft about %s was rejected: %s", category, result)
            return False
        model = self.queue.engine.model.name
        return await self.bank.add([entry_of(result, written_by=model)]) > 0

    async def write_clue(self) -> bool:
        """One clue for a word that has none; whether it was good."""
        puzzles = await self.words.puzzles()
        pool = puzzles.pool(Kind.CLASSIC, self.dice.choice(list(Difficulty)))
        word = self.dice.choice(pool)
        if await self.bank.clues([word]):
            return False
        clue = await self.clues.write(word, puzzles.lexicon, _NOBODY, self.dice)
        if clue is None:
            return False
        await self.bank.add_clue(word, clue, written_by=self.queue.engine.model.name)
        return True

    async def _missing_category(self) -> str | None:
        """The trusted category with fewest questions, once it is low, until it is full."""
        if not self.stock.high:
            return None
        counts = dict.fromkeys(await self.trusted_categories(), 0)
        for one in await self.bank.categories(None):
            if one.origin == Origin.MODEL and one.category in counts:
                counts[one.category] = one.count
        if not counts:
            return None
        category = min(counts, key=counts.__getitem__)
        is_filling = category in self._filling
        if counts[category] >= (self.stock.high if is_filling else self.stock.low):
            self._filling.discard(category)
            return None
        self._filling.add(category)
        return category

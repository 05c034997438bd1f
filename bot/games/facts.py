"""All questions that can be made of the data that comes with the bot."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from bot.games.factories import cities, countries, elements, signs
from bot.games.factories.items import WRONG, Item
from bot.games.factories.world import CREDIT, World, load
from bot.games.questions import Difficulty, Question

__all__ = ["CREDIT", "FactBook"]

_FACTORIES: tuple[Callable[[World], Iterator[Item]], ...] = (
    countries.capitals,
    countries.continents,
    countries.neighbours,
    countries.sizes,
    signs.flags,
    signs.currencies,
    signs.codes,
    cities.cities,
    elements.elements,
)


class FactBook:
    """Every fact that can be asked for, by the id of its question.

    Making one takes some tenths of a second: not on the event loop.
    """

    def __init__(self, world: World | None = None) -> None:
        world = world or load()
        self._items: dict[str, Item] = {}
        for factory in _FACTORIES:
            for item in factory(world):
                if len(item.wrong) >= WRONG:
                    self._items[item.id] = item

    def __contains__(self, question_id: object) -> bool:
        return question_id in self._items

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.category for item in self._items.values()))

    def ids(
        self, *, category: str | None = None, difficulty: Difficulty | None = None
    ) -> tuple[str, ...]:
        """The ids of all questions, or of those of one category or difficulty."""
        return tuple(
            item.id
            for item in self._items.values()
            if category in (None, item.category) and difficulty in (None, item.difficulty)
        )

    def category(self, question_id: str) -> str:
        """Raises:
        KeyError: there is no such question.
        """
        return self._items[question_id].category

    def question(self, question_id: str, dice: random.Random) -> Question:
        """The question of an id, its wording and wrong answers drawn anew.

        Raises:
            KeyError: there is no such question.
        """
        return self._items[question_id].question(dice)

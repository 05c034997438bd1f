"""What a factory makes: a fact that can be asked for."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bot.games.questions import Difficulty, Origin, Question

WRONG = 3
"""Wrong answers of a question."""
_NEAREST = 10
"""They are drawn from so many that are likest the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    key: str
    """Stable and unique: ``capital:FR``."""
    category: str
    difficulty: Difficulty
    wordings: tuple[str, ...]
    """All ask the same."""
    answer: str
    aliases: tuple[str, ...] = ()
    wrong: tuple[str, ...]
    """At least three, none of them right, likest first."""
    lookalikes: tuple[str, ...] = ()
    """Wrong answers that could be a typo of the right one. They always go with the question, which
    is then not asked to be typed."""
    explanation: str

    @property
    def id(self) -> str:
        return f"facts:{self.key}"

    def question(self, dice: random.Random) -> Question:
        """One way to ask it, with wrong answers drawn anew."""
        drawn = dice.sample(self.wrong[:_NEAREST], WRONG)
        return Question(
            id=self.id,
            category=self.category,
            difficulty=self.difficulty,
            text=dice.choice(self.wordings),
            answer=self.answer,
            origin=Origin.FACTS,
            aliases=self.aliases,
            distractors=tuple(dict.fromkeys([*drawn, *self.lookalikes])),
            explanation=self.explanation,
        )

"""How often the model is right when it is sure: measured on questions whose answers are known.

Only where that is nearly always may it write questions by itself. What was measured is kept by the
model's name in a file beside the database.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.games.questions import Question
from bot.play.asking_model import Asker, ShortAnswers
from bot.prompts.wordgames import LETTERS

MARK = 0.95
"""The share of unanimous answers that have to be right before a category is used."""
FEWEST = 20
"""Unanimous answers in a category before that share says anything."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One category."""

    asked: int
    unanimous: int
    """Questions with the same answer under every rotation of the options."""
    right: int
    """Of the unanimous ones."""

    @property
    def share(self) -> float:
        """Of the unanimous answers that are right; 0.0 where there are none."""
        return self.right / self.unanimous if self.unanimous else 0.0

    @property
    def is_good_enough(self) -> bool:
        return self.unanimous >= FEWEST and self.share >= MARK


Figures = Mapping[str, Figure]
"""By category."""


async def measure(
    questions: Iterable[Question],
    model: ShortAnswers,
    *,
    a_category: int,
    dice: random.Random,
    tell: Callable[[str, int, int], None] = lambda category, done, of: None,
) -> dict[str, Figure]:
    """Ask at most ``a_category`` questions of each category, each under every rotation.

    Raises:
        GenerationError: the model could not be asked.
    """
    by_category: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if len(question.distractors) == len(LETTERS) - 1:
            by_category[question.category].append(question)
    figures: dict[str, Figure] = {}
    for category, found in sorted(by_category.items()):
        chosen = dice.sample(found, min(a_category, len(found)))
        unanimous = right = 0
        for number, question in enumerate(chosen, 1):
            options = [question.answer, *question.distractors]
            dice.shuffle(options)
            opinion = await model.choose(question.text, options, Asker(0))
            if opinion.is_unanimous:
                unanimous += 1
                right += options[opinion.best] == question.answer
            tell(category, number, len(chosen))
        figures[category] = Figure(len(chosen), unanimous, right)
    return figures


def keep(file: Path, model: str, figures: Figures) -> None:
    """Write the figures of a model beside those of others. Blocks."""
    known = _read(file)
    known[model] = {category: asdict(figure) for category, figure in figures.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known, indent=1, sort_keys=True), "utf-8")


def known_figures(file: Path, model: str) -> dict[str, Figure]:
    """What was measured of a model; empty where nothing was. Blocks."""
    figures: dict[str, Figure] = {}
    for category, found in _read(file).get(model, {}).items():
        try:
            figures[category] = Figure(found["asked"], found["unanimous"], found["right"])
        except (KeyError, TypeError):
            continue
    return figures


def _read(file: Path) -> dict[str, dict[str, dict[str, int]]]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

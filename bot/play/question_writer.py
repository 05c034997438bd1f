"""Questions by the model, each verified before anybody sees it."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz, process

from bot.games.grading import Verdict, grade
from bot.games.opentdb import fault_of
from bot.games.questions import Difficulty, Origin, Question
from bot.generation.constraint import Matches
from bot.play.asking_model import Asker, ShortAnswers
from bot.prompts import wordgames
from bot.prompts.wordgames import Draft

_TOKENS = 140
_TEMPERATURE = 1.0
_TOO_ALIKE = 82
"""rapidfuzz's token_sort_ratio, of 100, from which two questions are the same one."""


class Rejected(StrEnum):
    """Why a draft is thrown away."""

    FORMAT = "format"
    WORDING = "wording"
    """Its answer changes with time, or it is not for everybody."""
    KNOWN = "known"
    """It is there already, or nearly."""
    OPEN = "open"
    """Asked for the answer without options, the model says something else."""
    CHOICE = "choice"
    """Under some rotation of the options it chooses another."""


@dataclass(frozen=True, slots=True)
class QuestionWriter:
    model: ShortAnswers

    async def write(
        self,
        category: str,
        difficulty: Difficulty,
        known: Collection[str],
        asker: Asker,
        dice: random.Random,
    ) -> Question | Rejected:
        """One question that holds, or why the draft does not.

        Args:
            known: the texts of the questions that are there.

        Raises:
            GenerationError: the model could not be asked.
        """
        recent = dice.sample(sorted(known), min(3, len(known)))
        reply = await self.model.ask(
            wordgames.question_wanted(category, difficulty, recent),
            asker,
            tokens=_TOKENS,
            temperature=_TEMPERATURE,
            constraint=Matches(wordgames.QUESTION_PATTERN),
        )
        draft = wordgames.read_question(reply)
        if draft is None:
            return Rejected.FORMAT
        question = _question(draft, category, difficulty)
        if fault_of(question) is not None:
            return Rejected.WORDING
        if is_known(question.text, known):
            return Rejected.KNOWN
        return await self._verified(question, asker, dice)

    async def _verified(
        self, question: Question, asker: Asker, dice: random.Random
    ) -> Question | Rejected:
        said = await self.model.ask(
            f"{question.text}\nAnswer with a word or a short phrase, and nothing else.",
            asker,
            tokens=24,
        )
        first = said.splitlines()[0].strip(' ".') if said else ""
        if grade(question, first) is not Verdict.RIGHT:
            return Rejected.OPEN
        options = [question.answer, *question.distractors]
        dice.shuffle(options)
        opinion = await self.model.choose(question.text, options, asker)
        is_key = options[opinion.best] == question.answer
        return question if opinion.is_unanimous and is_key else Rejected.CHOICE


def is_known(text: str, known: Collection[str]) -> bool:
    """Whether a question says the same as one of ``known``, or nearly. Some milliseconds for a
    thousand of them."""
    bare = _bare(text)
    alike = process.extractOne(
        bare, map(_bare, known), scorer=fuzz.token_sort_ratio, score_cutoff=_TOO_ALIKE
    )
    return alike is not None


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _question(draft: Draft, category: str, difficulty: Difficulty) -> Question:
    digest = hashlib.sha256(_bare(draft.question).encode()).hexdigest()[:16]
    return Question(
        id=f"{Origin.MODEL}:{digest}",
        category=category,
        difficulty=difficulty,
        text=draft.question,
        answer=draft.answer,
        origin=Origin.MODEL,
        distractors=draft.wrong,
    )

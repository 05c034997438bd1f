"""Whether a typed guess is the answer.

A guess is right when, written plainly, it is at most a few typos away from one of the answer's
forms, has the same numbers in it, turns no word into one that excludes it (north into south), and
is nearer to the answer than to any wrong answer of the same question. Typos are counted as optimal
string alignment does: a letter too many, too few, wrong, or two neighbours swapped. The whole guess
is compared, so a list of possible answers is never right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rapidfuzz.distance import OSA

from bot.games.plain_text import Plain, plain, readings
from bot.games.questions import Question

LONGEST_GUESS = 200
"""Characters; what is longer is not read."""
LONGEST_TYPED = 40
"""Letters of an answer that people can be asked to type."""
MOST_TYPED_WORDS = 6

_TIERS = ((4, 0), (8, 1), (14, 2))
_MOST_TYPOS = 3
_SEPARATOR = re.compile(r"[,;/|\n]+|\b(?:or|and)\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NEEDS_OPTIONS = re.compile(
    r"\b(?:of|from|among|are|is) (?:the )?(?:these|those|following|below)\b"
    r"|\bthe following\b|\b(?:which|what) one of\b|\bwhich of\b|\btrue or false\b",
    re.IGNORECASE,
)


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    SEVERAL = "several"
    """The answer is in it, but so are others."""


def tolerance(length: int) -> int:
    """Typos that are forgiven in an answer of ``length`` letters and digits."""
    return next((typos for most, typos in _TIERS if length <= most), _MOST_TYPOS)


@dataclass(frozen=True, slots=True)
class Grader:
    """One question's answers, made ready once."""

    keys: tuple[Plain, ...]
    said: frozenset[tuple[str, tuple[str, ...]]]
    """What the keys say."""
    wrong: tuple[Plain, ...]
    wrong_texts: frozenset[str]
    """The wrong answers as they are written: one that is plainly the same as the answer is wrong
    all the same."""

    @classmethod
    def of(cls, question: Question) -> Grader:
        answers = (question.answer, *question.aliases)
        texts = {_squeezed(text) for text in question.distractors}
        keys = _forms(answers, with_article=True)
        return cls(
            keys=keys,
            said=frozenset(key.said for key in keys),
            wrong=_forms(question.distractors, with_article=False),
            wrong_texts=frozenset(texts - {_squeezed(text) for text in answers}),
        )

    def judge(self, guess: str) -> Verdict:
        """What a guess is worth. Costs some microseconds a form; a long guess is not read."""
        if len(guess) > LONGEST_GUESS or _squeezed(guess) in self.wrong_texts:
            return Verdict.WRONG
        if self._is_right(readings(guess)):
            return Verdict.RIGHT
        parts = [part for part in _SEPARATOR.split(guess) if part.strip()]
        if len(parts) > 1 and any(self._is_right(readings(part)) for part in parts):
            return Verdict.SEVERAL
        return Verdict.WRONG

    @property
    def is_ambiguous(self) -> bool:
        """A wrong answer would be taken for a typo of the right one."""
        return any(
            form.said in self.said or any(is_near(form, key) for key in self.keys)
            for form in self.wrong
        )

    def _is_right(self, guesses: tuple[Plain, ...]) -> bool:
        """Whether one of the readings of a guess is a key, or nearer to one than any is to a wrong
        answer."""
        if not guesses[0].text:
            return False
        if any(guess.said in self.said for guess in guesses):
            return True
        near = [
            _distance(guess, key) for guess in guesses for key in self.keys if is_near(guess, key)
        ]
        return bool(near) and all(
            min(near) < _distance(guess, wrong) for guess in guesses for wrong in self.wrong
        )


def grade(question: Question, guess: str) -> Verdict:
    """:meth:`Grader.judge` for one guess."""
    return Grader.of(question).judge(guess)


def is_playable_typed(question: Question) -> bool:
    """Whether a question can be asked without its options.

    It cannot where it speaks of "these", where a wrong answer is within the typos that are
    forgiven, or where the answer is too long to be typed.
    """
    answer = question.answer
    if _NEEDS_OPTIONS.search(question.text) or plain(answer).text in {"true", "false", "yes", "no"}:
        return False
    if not plain(answer).text or len(plain(answer).text) > LONGEST_TYPED:
        return False
    return len(answer.split()) <= MOST_TYPED_WORDS and not Grader.of(question).is_ambiguous


def _forms(texts: Iterable[str], *, with_article: bool) -> tuple[Plain, ...]:
    """Answers with what stands in brackets, and without it; as they say it, and as they write it.

    Where there is a leading "The", another form keeps it, since a typo in it hides that it is one.
    """
    found: list[Plain] = []
    for text in texts:
        for written in dict.fromkeys((text, _BRACKETS.sub(" ", text))):
            forms = readings(written)
            found += forms
            if with_article and written.strip().casefold().startswith("the "):
                found += [replace(form, text="the" + form.text, first="") for form in forms]
    return tuple(form for form in dict.fromkeys(found) if form.text)


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()


def is_near(guess: Plain, key: Plain) -> bool:
    """Whether a guess is within the typos that are forgiven in a key."""
    longer = abs(len(guess.text) - len(key.text))
    if longer > _MOST_TYPOS or not guess.may_be_meant(key):
        return False
    most = tolerance(len(key.text))
    return longer <= most and _distance(guess, key) <= most


def _distance(a: Plain, b: Plain) -> int:
    return OSA.distance(a.text, b.text)

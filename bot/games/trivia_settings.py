"""How a game of trivia is played, and which questions can be played so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.games.grading import is_playable_typed
from bot.games.questions import Question


class Mode(StrEnum):
    CHOICES = "choices"
    """Buttons: the first press counts, everybody who is right scores."""
    TYPED = "typed"
    """The first right answer scores, and those that come within the window after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriviaSettings:
    starter: int
    """Who started the game."""
    mode: Mode = Mode.CHOICES
    rounds: int = 10
    """Questions at most; fewer where fewer are given."""
    seconds: float = 20.0
    """For each question."""
    pause: float = 6.0
    """Seconds between two questions."""
    window: float = 2.0
    """Typed: seconds after the first right answer in which others still score."""
    hints: int = 2
    """A question at most. They come by themselves, spread over its second half."""
    silent_rounds: int = 3
    """Questions in a row without any answer that end the game."""


def playable(question: Question, mode: Mode) -> bool:
    """Whether a question can be asked in this mode."""
    if mode is Mode.TYPED:
        return is_playable_typed(question)
    return len(options_of(question)) > 1


def options_of(question: Question) -> list[str]:
    """The answer and the wrong answers, none twice however it is written."""
    seen: dict[str, str] = {}
    for text in (question.answer, *question.distractors):
        seen.setdefault(" ".join(text.split()).casefold(), text)
    return list(seen.values())


def dealt(questions: Iterable[Question], settings: TriviaSettings) -> list[Question]:
    """The questions of one game: those that can be played, none of them twice."""
    seen: set[str] = set()
    found: list[Question] = []
    for question in questions:
        if len(found) == settings.rounds:
            break
        text = " ".join(f"{question.text} {question.answer}".split()).casefold()
        if playable(question, settings.mode) and not seen & {text, question.id}:
            seen |= {text, question.id}
            found.append(question)
    return found

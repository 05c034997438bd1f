"""What a right answer is worth."""

from __future__ import annotations

from bot.games.questions import Difficulty

POINTS = {Difficulty.EASY: 100, Difficulty.MEDIUM: 200, Difficulty.HARD: 300}
SLOWEST = 0.5
"""The share of the points that is left when the time has run out."""
HINT_COST = 0.25
STREAK_BONUS = 0.1
"""Of the question's points, for each right answer in a row before this one."""
LONGEST_STREAK = 5
"""Right answers in a row before this one that add to the bonus."""


def points(difficulty: Difficulty, *, elapsed: float, hints: int, streak: int) -> int:
    """Points of one right answer, at least 1.

    Args:
        elapsed: the share of the question's time that had passed, 0 to 1.
        hints: how many had been shown when it was given.
        streak: right answers in a row, this one included.
    """
    base = POINTS[difficulty]
    in_time = 1 - (1 - SLOWEST) * min(max(elapsed, 0.0), 1.0)
    unaided = max(0.0, 1 - HINT_COST * hints)
    bonus = STREAK_BONUS * min(max(streak - 1, 0), LONGEST_STREAK)
    return max(1, round(base * (in_time * unaided + bonus)))

"""A game of trivia as text: each state of a round, and the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.games.effects import Ending, GameOver, Outcome, Refusal
from bot.games.questions import Origin, Question
from bot.games.scoring import POINTS
from bot.games.trivia_effects import RoundClosed, RoundOpened
from bot.games.trivia_settings import Mode
from bot.play.words import counted, harmless, in_seconds, person, scoreboard
from bot.replies.pages import small_print

LETTERS = "ABCD"

REFUSALS = {
    Refusal.NO_QUESTION: "That question is over.",
    Refusal.LOCKED: "You have answered this question; the first answer counts.",
    Refusal.STRUCK: "A hint has ruled that one out. Choose another.",
    Refusal.SEVERAL: "Please give one answer, not several.",
    Refusal.NO_MORE_HINTS: "There are no more hints for this question.",
    Refusal.NOT_PLAYING: "Answer a question of this game first; then your vote counts.",
    Refusal.VOTED: "Your vote to skip is counted already.",
    Refusal.SOLVED: "Somebody was right already; the question is about to close.",
    Refusal.WRONG_MODE: "This game is not played that way.",
}


@dataclass(slots=True)
class Shown:
    """What people know of the question that is open."""

    opened: RoundOpened
    mode: Mode
    struck: list[int] = field(default_factory=list)
    letters: str = ""
    answered: int = 0
    skip_votes: tuple[int, int] = (0, 0)
    """How many there are, and how many it takes."""


def question(shown: Shown, seconds_left: float) -> str:
    """The question while it is open."""
    opened = shown.opened
    lines = [_heading(opened.number, opened.total, opened.question), ""]
    lines += _options(opened.options, shown.struck, None)
    if shown.letters:
        lines.append(f"Hint: `{shown.letters}`")
    notes = [f"Ends {in_seconds(seconds_left)}."]
    if shown.mode is Mode.TYPED:
        notes.append("Write your answer here in the channel.")
    if shown.answered:
        notes.append(f"{counted(shown.answered, 'answer')} so far.")
    votes, needed = shown.skip_votes
    if votes:
        notes.append(f"{votes} of {needed} votes to skip.")
    lines.append(small_print(" ".join(notes)))
    return "\n".join(lines)


def closed(shown: Shown, result: RoundClosed, explanation: str, seconds_to_next: float) -> str:
    """The question when it is over, with its answer and who had it."""
    asked = result.question
    lines = [_heading(shown.opened.number, shown.opened.total, asked), ""]
    lines += _options(shown.opened.options, (), result.answer_place)
    if lines[-1]:
        lines.append("")
    lines.append(f"{_outcome(result)} The answer: **{harmless(asked.answer)}**.")
    lines += [
        f"{person(gain.person)} +{gain.points}" + (f" ({gain.streak} in a row)" * (gain.streak > 1))
        for gain in result.gains[:10]
    ]
    if len(result.gains) > 10:
        lines.append(f"and {len(result.gains) - 10} more")
    missed = sum(place != result.answer_place for _, place in result.choices)
    if result.gains and missed:
        lines.append(f"{counted(missed, 'person', 'people')} chose another.")
    if explanation:
        lines.append(f"*{harmless(explanation)}*")
    if result.next_at is not None:
        lines.append(small_print(f"Next question {in_seconds(seconds_to_next)}."))
    return "\n".join(lines)


def over(result: GameOver, owed: Sequence[str]) -> str:
    """The end of a game."""
    reason = {
        Ending.FINISHED: "That was the last question.",
        Ending.STOPPED: "The game was stopped.",
        Ending.SILENT: "Nobody answers any more, so I end the game.",
    }[result.ending]
    lines = [reason]
    if result.standings:
        lines.append(
            scoreboard(
                [
                    (
                        one.person,
                        f"{counted(one.points, 'point')}, {one.right} right"
                        + (f", best streak {one.best_streak}" if one.best_streak > 1 else ""),
                    )
                    for one in result.standings
                ]
            )
        )
    if result.standings and not result.ranked:
        lines.append(small_print("Scoreboards count games with two or more players."))
    lines += [small_print(credit) for credit in owed]
    return "\n".join(lines)


def _heading(number: int, total: int, asked: Question) -> str:
    marks = [
        f"**Question {number} of {total}**",
        harmless(asked.category),
        f"{asked.difficulty}, {POINTS[asked.difficulty]} points",
    ]
    if asked.origin is Origin.MODEL:
        marks.append("AI-written")
    return f"{' · '.join(marks)}\n{harmless(asked.text)}"


def _options(options: Sequence[str], struck: Sequence[int], right: int | None) -> list[str]:
    lines = []
    for place, option in enumerate(options):
        line = f"**{LETTERS[place]}** {harmless(option)}"
        if place in struck:
            line = f"~~{line}~~ (ruled out by a hint)"
        elif place == right:
            line = f"{line} ✅ right"
        lines.append(line)
    return lines


def _outcome(result: RoundClosed) -> str:
    if result.outcome is Outcome.SKIPPED:
        return "Skipped."
    if result.outcome is Outcome.STOPPED:
        return "Stopped."
    if result.outcome is Outcome.SILENT:
        return "Nobody answered."
    if result.outcome is Outcome.MISSED:
        return "Nobody had it."
    count = len(result.gains)
    return f"{counted(count, 'person', 'people')} had it." if count > 1 else "One had it."

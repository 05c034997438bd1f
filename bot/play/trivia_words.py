"""A game of trivia as text: each state of a round, and the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.games.effects import Ending, GameOver, Outcome, Refusal, Standing
from bot.games.questions import AI_PREFIX, Origin, Question
from bot.games.scoring import POINTS
from bot.games.trivia_effects import RoundClosed, RoundOpened
from bot.games.trivia_settings import Mode
from bot.language import Sentence, joined, phrase, plural
from bot.play.words import (
    DIFFICULTIES,
    and_more,
    bold,
    gained,
    had_it,
    harmless,
    in_seconds,
    points_counted,
    scoreboard,
    votes_to_skip,
)
from bot.replies.pages import small_print

LETTERS = "ABCD"

_CREDITS = 4
"""Packs whose authors are named at the end of a game; ``/trivia about`` names all."""
_CREDIT_LENGTH = 200
"""Characters."""

REFUSALS = {
    Refusal.NO_QUESTION: phrase("That question is over."),
    Refusal.LOCKED: phrase("You have answered this question; the first answer counts."),
    Refusal.STRUCK: phrase("A hint has ruled that one out. Choose another."),
    Refusal.SEVERAL: phrase("Please give one answer, not several."),
    Refusal.NO_MORE_HINTS: phrase("There are no more hints for this question."),
    Refusal.NOT_PLAYING: phrase("Answer a question of this game first; then your vote counts."),
    Refusal.VOTED: phrase("Your vote to skip is counted already."),
    Refusal.SOLVED: phrase("Somebody was right already; the question is about to close."),
    Refusal.WRONG_MODE: phrase("This game is not played that way."),
}

CATEGORIES = {
    str(name): name
    for name in (
        phrase("Capitals"),
        phrase("Chemical elements"),
        phrase("Cities"),
        phrase("Countries"),
        phrase("Country codes"),
        phrase("Currencies"),
        phrase("Flags"),
    )
}
"""Those of the questions that come with the bot."""


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


def question(shown: Shown, seconds_left: float) -> Sentence:
    """The question while it is open."""
    opened = shown.opened
    lines: list[str] = [_heading(opened.number, opened.total, opened.question), ""]
    lines += _options(opened.options, shown.struck, None)
    if shown.letters:
        lines.append(phrase("Hint: {hint}", hint=f"`{shown.letters}`"))
    notes = [phrase("Ends {when}.", when=in_seconds(seconds_left))]
    if shown.mode is Mode.TYPED:
        notes.append(phrase("Write your answer here in the channel."))
    if shown.answered:
        notes.append(
            plural("{count} answer so far.", "{count} answers so far.", shown.answered),
        )
    votes, needed = shown.skip_votes
    if votes:
        notes.append(votes_to_skip(votes, needed))
    lines.append(small_print(joined(notes, " ")))
    return joined(lines)


def closed(shown: Shown, result: RoundClosed, explanation: str, seconds_to_next: float) -> Sentence:
    """The question when it is over, with its answer and who had it."""
    asked = result.question
    lines: list[str] = [_heading(shown.opened.number, shown.opened.total, asked), ""]
    lines += _options(shown.opened.options, (), result.answer_place)
    if lines[-1]:
        lines.append("")
    answer = phrase("The answer: **{answer}**.", answer=harmless(asked.answer))
    lines.append(joined([_outcome(result), answer], " "))
    lines += [gained(gain.person, gain.points, gain.streak) for gain in result.gains[:10]]
    if len(result.gains) > 10:
        lines.append(and_more(len(result.gains) - 10))
    missed = sum(place != result.answer_place for _, place in result.choices)
    if result.gains and missed:
        lines.append(
            plural("{count} person chose another.", "{count} people chose another.", missed)
        )
    if explanation:
        lines.append(f"*{harmless(explanation)}*")
    if result.next_at is not None:
        lines.append(small_print(phrase("Next question {when}.", when=in_seconds(seconds_to_next))))
    return joined(lines)


def over(result: GameOver, owed: Sequence[str]) -> Sentence:
    """The end of a game."""
    reason = {
        Ending.FINISHED: phrase("That was the last question."),
        Ending.STOPPED: phrase("The game was stopped."),
        Ending.SILENT: phrase("Nobody answers any more, so I end the game."),
    }[result.ending]
    lines = [reason]
    if result.standings:
        lines.append(
            scoreboard([(one.person, one.points, _standing(one)) for one in result.standings])
        )
    if result.standings and not result.ranked:
        lines.append(small_print(phrase("Scoreboards count games with two or more players.")))
    # A message has no room for all that fifty packs may say of themselves.
    lines += [small_print(_short(credit)) for credit in owed[:_CREDITS]]
    if len(owed) > _CREDITS:
        lines.append(small_print(and_more(len(owed) - _CREDITS)))
    return joined(lines)


def category(name: str) -> str:
    """A category as people read it; those of packs and of the model are as they were given."""
    if name.startswith(AI_PREFIX):
        return phrase("AI: {category}", category=harmless(name.removeprefix(AI_PREFIX)))
    return CATEGORIES.get(name) or harmless(name)


def _short(credit: str) -> str:
    if len(credit) <= _CREDIT_LENGTH:
        return credit
    return credit[:_CREDIT_LENGTH].rstrip("\\ ") + "…"


def _standing(one: Standing) -> Sentence:
    if one.best_streak > 1:
        return phrase(
            "{points}, {right} right, best streak {streak}",
            points=points_counted(one.points),
            right=one.right,
            streak=one.best_streak,
        )
    return phrase("{points}, {right} right", points=points_counted(one.points), right=one.right)


def _heading(number: int, total: int, asked: Question) -> Sentence:
    marks: list[str] = [
        bold(phrase("Question {number} of {total}", number=number, total=total)),
        harmless(asked.category) if asked.origin is Origin.PACK else category(asked.category),
        phrase(
            "{difficulty}, {points} points",
            difficulty=DIFFICULTIES[asked.difficulty],
            points=POINTS[asked.difficulty],
        ),
    ]
    if asked.origin is Origin.MODEL:
        marks.append(phrase("AI-written"))
    return joined([joined(marks, " · "), harmless(asked.text)])


def _options(options: Sequence[str], struck: Sequence[int], right: int | None) -> list[str]:
    lines: list[str] = []
    for place, option in enumerate(options):
        line = f"**{LETTERS[place]}** {harmless(option)}"
        if place in struck:
            line = phrase("{option} (ruled out by a hint)", option=f"~~{line}~~")
        elif place == right:
            line = phrase("{option} ✅ right", option=line)
        lines.append(line)
    return lines


def _outcome(result: RoundClosed) -> Sentence:
    if result.outcome is Outcome.SKIPPED:
        return phrase("Skipped.")
    if result.outcome is Outcome.STOPPED:
        return phrase("Stopped.")
    if result.outcome is Outcome.SILENT:
        return phrase("Nobody answered.")
    if result.outcome is Outcome.MISSED:
        return phrase("Nobody got it.")
    return had_it(len(result.gains))

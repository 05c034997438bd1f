"""A game of anagrams as text: each state of a puzzle, and the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bot.games.anagram_effects import Miss, PuzzleClosed, PuzzleOpened
from bot.games.effects import Ending, GameOver, Outcome, Refusal
from bot.games.puzzles import Kind, Puzzle
from bot.games.scoring import POINTS
from bot.language import Sentence, joined, phrase, plural
from bot.play.words import (
    DIFFICULTIES,
    bold,
    capitalized,
    gained,
    had_it,
    harmless,
    in_seconds,
    person,
    points_counted,
    scoreboard,
    votes_to_skip,
)
from bot.replies.pages import small_print

KINDS = {
    Kind.CLASSIC: phrase("classic"),
    Kind.TWIST: phrase("twist"),
    Kind.CONUNDRUM: phrase("conundrum"),
}

MISSES = {
    Miss.UNKNOWN: phrase("That is not in my list of words."),
    Miss.LETTERS: phrase("That needs letters that are not there."),
    Miss.LEFT_OVER: phrase("All the letters have to be used."),
    Miss.SHORT: phrase("A word needs three letters or more."),
    Miss.TAKEN: phrase("Somebody has found that one."),
}

REFUSALS = {
    Refusal.NO_QUESTION: phrase("That puzzle is over."),
    Refusal.LOCKED: phrase("You have had your turn at this puzzle."),
    Refusal.NO_MORE_HINTS: phrase("There are no more hints for this puzzle."),
    Refusal.NOT_PLAYING: phrase("Make a guess in this game first; then your vote counts."),
    Refusal.VOTED: phrase("Your vote to skip is counted already."),
    Refusal.SOLVED: phrase("It is solved already, and about to close."),
}

_RULES = {
    Kind.CLASSIC: phrase("Find a word of all these letters. Every word that fits is right."),
    Kind.TWIST: phrase(
        "Find as many words as you can. Each counts once, for whoever finds it first."
    ),
    Kind.CONUNDRUM: phrase("Find the word of nine letters. You have one try."),
}

_SHOWN_FOUND = 40
_SHOWN_MISSED = 60


@dataclass(slots=True)
class Shown:
    """What people know of the puzzle that is open."""

    opened: PuzzleOpened
    can_write: bool
    """Guesses can be written in the channel, too."""
    clues: list[tuple[str, bool]] = field(default_factory=list)
    """Texts, and whether they are words rather than letters."""
    found: list[tuple[str, int]] = field(default_factory=list)
    """Twist: words and who found them."""
    solvers: int = 0
    skip_votes: tuple[int, int] = (0, 0)


def puzzle(shown: Shown, seconds_left: float) -> Sentence:
    """The puzzle while it is open."""
    opened = shown.opened
    kind = opened.puzzle.kind
    lines: list[str] = [_heading(opened.number, opened.total, opened.puzzle), _RULES[kind]]
    for text, is_words in shown.clues:
        lines.append(phrase("Hint: {hint}", hint=harmless(text) if is_words else f"`{text}`"))
    if kind is Kind.TWIST:
        lines += _found(shown)
    notes = [phrase("Ends {when}.", when=in_seconds(seconds_left))]
    if shown.can_write:
        notes.append(phrase("Press Guess, or write in the channel."))
    else:
        notes.append(phrase("Press Guess."))
    if shown.solvers:
        notes.append(
            plural("Solved by {count} person.", "Solved by {count} people.", shown.solvers)
        )
    votes, needed = shown.skip_votes
    if votes:
        notes.append(votes_to_skip(votes, needed))
    lines.append(small_print(joined(notes, " ")))
    return joined(lines)


def closed(result: PuzzleClosed, seconds_to_next: float) -> Sentence:
    """The puzzle when it is over."""
    asked = result.puzzle
    lines: list[str] = [_heading(result.number, 0, asked)]
    if asked.kind is Kind.TWIST:
        lines += _twist_result(result)
    else:
        lines.append(joined([_outcome(result), _answers(asked)], " "))
        lines += [gained(gain.person, gain.points, gain.streak) for gain in result.gains[:10]]
    if result.next_at is not None:
        lines.append(small_print(phrase("Next puzzle {when}.", when=in_seconds(seconds_to_next))))
    return joined(lines)


def over(result: GameOver) -> Sentence:
    """The end of a game."""
    reason = {
        Ending.FINISHED: phrase("That was the end of the game."),
        Ending.STOPPED: phrase("The game was stopped."),
        Ending.SILENT: phrase("Nobody guesses any more, so I end the game."),
    }[result.ending]
    lines = [reason]
    if result.standings:
        board = [
            (
                one.person,
                one.points,
                phrase(
                    "{points}, {right} right", points=points_counted(one.points), right=one.right
                ),
            )
            for one in result.standings
        ]
        lines.append(scoreboard(board))
        if not result.ranked:
            lines.append(small_print(phrase("Scoreboards count games with two or more players.")))
    return joined(lines)


def spaced(letters: str) -> str:
    """Letters as they are given: large, apart, and the same for a screen reader."""
    return f"`{' '.join(letters.upper())}`"


def blanks(words: list[str]) -> Sentence:
    """How many words of each length there are still to be found."""
    lengths = Counter(map(len, words))
    return joined(
        (
            plural("{count} word of {length}", "{count} words of {length}", lengths[n], length=n)
            for n in sorted(lengths)
        ),
        ", ",
    )


def _heading(number: int, total: int, asked: Puzzle) -> Sentence:
    kind = capitalized(KINDS[asked.kind])
    if total > 1:
        place = phrase("{kind}, puzzle {number} of {total}", kind=kind, number=number, total=total)
    else:
        place = phrase("{kind}, puzzle {number}", kind=kind, number=number)
    marks = [bold(place), DIFFICULTIES[asked.difficulty]]
    if asked.kind is not Kind.TWIST:
        marks.append(points_counted(POINTS[asked.difficulty]))
    return joined([joined(marks, " · "), f"# {spaced(asked.letters)}"])


def _found(shown: Shown) -> list[str]:
    known = shown.opened.puzzle.shown
    found = {word for word, _ in shown.found}
    lines: list[str] = [
        plural(
            "{found} of {count} word found.",
            "{found} of {count} words found.",
            len(known),
            found=len(found & set(known)),
        )
    ]
    if shown.found:
        latest = shown.found[-_SHOWN_FOUND:]
        lines.append(", ".join(f"{word} ({person(who)})" for word, who in latest))
    left = [word for word in known if word not in found]
    if left:
        lines.append(small_print(phrase("Left: {words}.", words=blanks(left))))
    return lines


def _twist_result(result: PuzzleClosed) -> list[str]:
    known = result.puzzle.shown
    found = {word for word, _ in result.found}
    missed = sorted((word for word in known if word not in found), key=lambda w: (-len(w), w))
    lines: list[str] = [
        plural(
            "You found {count} word; I know {known}.",
            "You found {count} words; I know {known}.",
            len(found),
            known=len(known),
        )
    ]
    lines += [gained(gain.person, gain.points, 1) for gain in result.gains[:10]]
    words = ", ".join(missed[:_SHOWN_MISSED])
    more = len(missed) - _SHOWN_MISSED
    if more > 0:
        lines.append(phrase("Not found: {words} and {count} more.", words=words, count=more))
    elif missed:
        lines.append(phrase("Not found: {words}.", words=words))
    return lines


def _answers(asked: Puzzle) -> Sentence:
    first, *others = asked.shown
    if not others:
        return phrase("The answer: **{answer}**.", answer=first)
    return phrase(
        "The answer: **{answer}** (also: {others}).", answer=first, others=", ".join(others)
    )


def _outcome(result: PuzzleClosed) -> Sentence:
    if result.outcome is Outcome.SOLVED:
        return had_it(len(result.gains))
    return {
        Outcome.SKIPPED: phrase("Skipped."),
        Outcome.STOPPED: phrase("Stopped."),
        Outcome.SILENT: phrase("Nobody guessed."),
    }.get(result.outcome, phrase("Nobody got it."))

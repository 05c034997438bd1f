"""A game of anagrams as text: each state of a puzzle, and the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bot.games.anagram_effects import Miss, PuzzleClosed, PuzzleOpened
from bot.games.effects import Ending, GameOver, Outcome, Refusal
from bot.games.puzzles import Kind, Puzzle
from bot.games.scoring import POINTS
from bot.play.words import counted, harmless, in_seconds, person, scoreboard
from bot.replies.pages import small_print

MISSES = {
    Miss.UNKNOWN: "That is not in my list of words.",
    Miss.LETTERS: "That needs letters that are not there.",
    Miss.LEFT_OVER: "All the letters have to be used.",
    Miss.SHORT: "A word needs three letters or more.",
    Miss.TAKEN: "Somebody has found that one.",
}

REFUSALS = {
    Refusal.NO_QUESTION: "That puzzle is over.",
    Refusal.LOCKED: "You have had your turn at this puzzle.",
    Refusal.NO_MORE_HINTS: "There are no more hints for this puzzle.",
    Refusal.NOT_PLAYING: "Make a guess in this game first; then your vote counts.",
    Refusal.VOTED: "Your vote to skip is counted already.",
    Refusal.SOLVED: "It is solved already, and about to close.",
}

_RULES = {
    Kind.CLASSIC: "Find a word of all these letters. Every word that fits is right.",
    Kind.TWIST: "Find as many words as you can. Each counts once, for whoever finds it first.",
    Kind.CONUNDRUM: "Find the word of nine letters. You have one try.",
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


def puzzle(shown: Shown, seconds_left: float) -> str:
    """The puzzle while it is open."""
    opened = shown.opened
    kind = opened.puzzle.kind
    lines = [_heading(opened.number, opened.total, opened.puzzle), _RULES[kind]]
    for text, is_words in shown.clues:
        lines.append(f"Hint: {harmless(text)}" if is_words else f"Hint: `{text}`")
    if kind is Kind.TWIST:
        lines += _found(shown)
    notes = [f"Ends {in_seconds(seconds_left)}."]
    guess = "Press Guess"
    notes.append(f"{guess}, or write in the channel." if shown.can_write else f"{guess}.")
    if shown.solvers:
        notes.append(f"Solved by {counted(shown.solvers, 'person', 'people')}.")
    votes, needed = shown.skip_votes
    if votes:
        notes.append(f"{votes} of {needed} votes to skip.")
    lines.append(small_print(" ".join(notes)))
    return "\n".join(lines)


def closed(result: PuzzleClosed, seconds_to_next: float) -> str:
    """The puzzle when it is over."""
    asked = result.puzzle
    lines = [_heading(result.number, 0, asked)]
    if asked.kind is Kind.TWIST:
        lines += _twist_result(result)
    else:
        lines.append(f"{_outcome(result)} The answer: {_answers(asked)}.")
        lines += [
            f"{person(gain.person)} +{gain.points}"
            + (f" ({gain.streak} in a row)" if gain.streak > 1 else "")
            for gain in result.gains[:10]
        ]
    if result.next_at is not None:
        lines.append(small_print(f"Next puzzle {in_seconds(seconds_to_next)}."))
    return "\n".join(lines)


def over(result: GameOver) -> str:
    """The end of a game."""
    reason = {
        Ending.FINISHED: "That was the end of the game.",
        Ending.STOPPED: "The game was stopped.",
        Ending.SILENT: "Nobody guesses any more, so I end the game.",
    }[result.ending]
    lines = [reason]
    if result.standings:
        board = [
            (one.person, f"{counted(one.points, 'point')}, {one.right} right")
            for one in result.standings
        ]
        lines.append(scoreboard(board))
        if not result.ranked:
            lines.append(small_print("Scoreboards count games with two or more players."))
    return "\n".join(lines)


def spaced(letters: str) -> str:
    """Letters as they are given: large, apart, and the same for a screen reader."""
    return f"`{' '.join(letters.upper())}`"


def blanks(words: list[str]) -> str:
    """How many words of each length there are still to be found."""
    lengths = Counter(map(len, words))
    return ", ".join(f"{counted(lengths[n], 'word')} of {n}" for n in sorted(lengths))


def _heading(number: int, total: int, asked: Puzzle) -> str:
    of = f" of {total}" if total > 1 else ""
    marks = [f"**{asked.kind.title()}, puzzle {number}{of}**", str(asked.difficulty)]
    if asked.kind is not Kind.TWIST:
        marks.append(f"{POINTS[asked.difficulty]} points")
    return f"{' · '.join(marks)}\n# {spaced(asked.letters)}"


def _found(shown: Shown) -> list[str]:
    known = shown.opened.puzzle.shown
    found = {word for word, _ in shown.found}
    lines = [f"{len(found & set(known))} of {counted(len(known), 'word')} found."]
    if shown.found:
        latest = shown.found[-_SHOWN_FOUND:]
        lines.append(", ".join(f"{word} ({person(who)})" for word, who in latest))
    left = [word for word in known if word not in found]
    if left:
        lines.append(small_print(f"Left: {blanks(left)}."))
    return lines


def _twist_result(result: PuzzleClosed) -> list[str]:
    known = result.puzzle.shown
    found = {word for word, _ in result.found}
    missed = sorted((word for word in known if word not in found), key=lambda w: (-len(w), w))
    lines = [f"You found {counted(len(found), 'word')}; I know {len(known)}."]
    lines += [f"{person(gain.person)} +{gain.points}" for gain in result.gains[:10]]
    if missed:
        more = len(missed) - _SHOWN_MISSED
        rest = f" and {more} more" if more > 0 else ""
        lines.append(f"Not found: {', '.join(missed[:_SHOWN_MISSED])}{rest}.")
    return lines


def _answers(asked: Puzzle) -> str:
    first, *others = asked.shown
    also = f" (also: {', '.join(others)})" if others else ""
    return f"**{first}**{also}"


def _outcome(result: PuzzleClosed) -> str:
    if result.outcome is Outcome.SOLVED:
        count = len(result.gains)
        return f"{counted(count, 'person', 'people')} had it." if count > 1 else "One had it."
    return {
        Outcome.SKIPPED: "Skipped.",
        Outcome.STOPPED: "Stopped.",
        Outcome.SILENT: "Nobody guessed.",
    }.get(result.outcome, "Nobody had it.")

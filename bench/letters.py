"""Anagrams: whether the puzzles keep their promises, and how long solving takes."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator

from bench.table import Report, Table, percentile
from bot.games.anagram_effects import Effect, Found, PuzzleOpened
from bot.games.anagrams import AnagramGame, AnagramSettings
from bot.games.lexicon import KNOWN, Lexicon
from bot.games.puzzles import SHORTEST_TWIST_WORD, Kind, Puzzle, Puzzles
from bot.games.questions import Difficulty
from bot.games.solver import Query, solve

_SEED = 1
_PERSON = 1
_NON_WORDS = 5
"""Wrong guesses of each round, of words and of orders of the letters."""
_SHORTEST, _LONGEST = 4, 15

_NOTES = (
    "Rounds of every kind and difficulty in turn. Right guesses are all the solutions that a "
    "puzzle lists; wrong ones, and some more right ones, are words and orders of its letters by "
    "chance, judged by counting letters. To search, letters of known words are taken. A search "
    'of several words has 0.8 s, and ends before that with 4,000 finds, so "cut short" there '
    "mostly means that 200 of many are shown, common words first."
)


async def run(*, smoke: bool) -> Report:
    """10,000 rounds of all kinds and difficulties, then letters of each length to solve."""
    return await asyncio.to_thread(_run, 90 if smoke else 10_000, 3 if smoke else 200)


def _run(rounds: int, queries: int) -> Report:
    dice = random.Random(_SEED)  # noqa: S311 - no secret
    began = time.perf_counter()
    lexicon = Lexicon.load()
    loaded = time.perf_counter() - began
    began = time.perf_counter()
    puzzles = Puzzles(lexicon)
    sorted_out = time.perf_counter() - began
    table = Table(
        f"letters: {rounds:,} rounds of anagrams, {queries} searches of each size",
        ["what", "count, or p50", "p99", "worst", "cut short"],
        note="Searches: milliseconds. Cut short: the share that found more than the "
        "200 that are shown, or had no time for all.",
    )
    seen = _play(rounds, lexicon, puzzles, dice)
    for what in _WRONG:
        table.add(what, f"{seen[what]:,}", "", "", "")
    table.add("(guesses that are right)", f"{seen['right']:,}", "", "", "")
    table.add("(guesses that are wrong)", f"{seen['wrong']:,}", "", "", "")
    table.add("ms to load the words", f"{1000 * loaded:.0f}", "", "", "")
    table.add("ms to sort out the puzzles", f"{1000 * sorted_out:.0f}", "", "", "")
    for words in (1, 2, 3):
        for length in range(_SHORTEST, _LONGEST + 1):
            table.add(*_search(lexicon, words, length, queries, dice))
    return Report([table], _NOTES)


_WRONG = (
    "scrambles that are a word",
    "scrambles that look rude",
    "scrambles with half of their letters in place",
    "rude words shown",
    "solutions that are refused",
    "other guesses that are accepted",
)


def _play(rounds: int, lexicon: Lexicon, puzzles: Puzzles, dice: random.Random) -> Counter[str]:
    seen: Counter[str] = Counter()
    everything = list(lexicon.levels)
    sizes = [(kind, difficulty) for kind in Kind for difficulty in Difficulty]
    for number in range(rounds):
        puzzle = puzzles.draw(*sizes[number % len(sizes)], dice)
        letters, answer = puzzle.letters, puzzle.answer
        in_place = sum(a == b for a, b in zip(letters, answer, strict=True))
        seen["scrambles that are a word"] += letters in lexicon
        seen["scrambles that look rude"] += lexicon.looks_rude(letters)
        seen["scrambles with half of their letters in place"] += 2 * in_place >= len(answer)
        seen["rude words shown"] += sum(not lexicon.is_served(word) for word in puzzle.shown)
        for guess, is_right in _guesses(puzzle, lexicon, everything, dice):
            seen["right" if is_right else "wrong"] += 1
            if _accepts(puzzle, guess) != is_right:
                seen[_WRONG[4] if is_right else _WRONG[5]] += 1
    return seen


def _guesses(
    puzzle: Puzzle, lexicon: Lexicon, everything: list[str], dice: random.Random
) -> Iterator[tuple[str, bool]]:
    """Every solution by the plain reading of the rules, and some guesses that are none."""
    letters = Counter(puzzle.letters)
    for word in {*puzzle.words, *puzzle.shown}:
        yield word, True
    others = dice.sample(everything, _NON_WORDS)
    others += ["".join(dice.sample(puzzle.letters, len(puzzle.letters))) for _ in range(_NON_WORDS)]
    for guess in others:
        used = Counter(guess)
        if puzzle.kind is Kind.TWIST:
            right = len(guess) >= SHORTEST_TWIST_WORD and used <= letters
        else:
            right = used == letters
        yield guess, right and guess in lexicon


def _accepts(puzzle: Puzzle, guess: str) -> bool:
    game = AnagramGame(AnagramSettings(starter=_PERSON), [puzzle], 0.0)
    opened = game.tick(0.0)
    assert isinstance(opened[0], PuzzleOpened)  # noqa: S101 - the first tick opens
    told: list[Effect] = game.guess(_PERSON, guess, 1.0)
    return any(isinstance(effect, Found) for effect in told)


def _search(
    lexicon: Lexicon, words: int, length: int, queries: int, dice: random.Random
) -> tuple[str, ...]:
    """A row of the table."""
    known = [word for word, level in lexicon.levels.items() if level <= KNOWN and len(word) > 1]
    took: list[float] = []
    cut_short = 0
    for _ in range(queries):
        query = Query(_letters(known, length, dice), words=words)
        began = time.perf_counter()
        found = solve(query, lexicon)
        took.append(1000 * (time.perf_counter() - began))
        cut_short += not found.is_complete
    figures = (percentile(took, 0.5), percentile(took, 0.99), max(took))
    return (
        f"{words} {'words' if words > 1 else 'word'} of {length} letters",
        *(f"{figure:.1f}" for figure in figures),
        f"{cut_short / queries:.0%}",
    )


def _letters(known: list[str], length: int, dice: random.Random) -> str:
    """The letters of words that people know, so that there is something to find."""
    heap = ""
    while len(heap) < length:
        heap += dice.choice(known)
    return heap[:length]

"""Games of anagrams as a channel plays them: guesses, votes and ticks at given moments."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.games.anagram_effects import (
    ClueShown,
    Effect,
    Found,
    Miss,
    Missed,
    PuzzleClosed,
    PuzzleOpened,
)
from bot.games.anagrams import AnagramGame, AnagramSettings, word_points
from bot.games.effects import Ending, GameOver, Outcome, Refusal, Refused, SkipVoted
from bot.games.lexicon import Lexicon
from bot.games.puzzles import Kind, Puzzle
from bot.games.questions import Difficulty
from bot.games.scoring import points

ANN, BEN, EVE, ZOE = 1, 2, 3, 4
E = TypeVar("E")
SMALL = Lexicon.of(dict.fromkeys(["listen", "silent", "tile", "tin", "net", "stone"], 10))
EASY = Difficulty.EASY


def classic(difficulty: Difficulty = EASY) -> Puzzle:
    solutions = ("listen", "silent")
    return Puzzle(Kind.CLASSIC, difficulty, "nsteil", frozenset(solutions), solutions)


def twist() -> Puzzle:
    every = frozenset(["listen", "silent", "tile", "tin", "net"])
    return Puzzle(Kind.TWIST, EASY, "nsteil", every, ("listen", "tin", "net", "tile"))


def conundrum() -> Puzzle:
    only_one = frozenset(["telephone"])
    return Puzzle(Kind.CONUNDRUM, EASY, "ephonetel", only_one, ("telephone",))


def game(*puzzles: Puzzle, clues: Mapping[str, str] | None = None) -> AnagramGame:
    config = AnagramSettings(starter=ANN, seconds=40, pause=5)
    return AnagramGame(config, puzzles, 0.0, clues)


def opened(*puzzles: Puzzle, clues: Mapping[str, str] | None = None) -> AnagramGame:
    started = game(*puzzles, clues=clues)
    only(PuzzleOpened, started.tick(0.0))
    return started


def only(kind: type[E], effects: Sequence[Effect]) -> E:
    found = [effect for effect in effects if isinstance(effect, kind)]
    assert len(found) == 1, effects
    return found[0]


def test_the_first_puzzle_opens_at_once_and_says_when_it_closes() -> None:
    started = game(classic(), twist())

    assert (started.deadline, started.puzzle, started.number) == (0, None, 0)
    shown = only(PuzzleOpened, started.tick(0.0))

    assert (shown.number, shown.total, shown.puzzle) == (1, 2, classic())
    assert shown.closes_at == 40
    assert (started.puzzle, started.number) == (classic(), 1)


def test_a_game_without_a_puzzle_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="puzzle"):
        game()


@pytest.mark.parametrize("word", ["listen", "silent", "SILENT", "sílent", "  Listen! "])
def test_every_word_of_the_same_letters_solves_a_classic(word: str) -> None:
    effects = opened(classic()).guess(BEN, word, 10)

    assert effects == [Found(BEN, "listen" if "isten" in word else "silent", True, 0, 12)]


@pytest.mark.parametrize(
    ("puzzle", "word", "reason"),
    [
        (classic(), "stone", Miss.LETTERS),
        (classic(), "listens", Miss.LETTERS),
        (classic(), "l" * 40, Miss.LETTERS),
        (classic(), "tile", Miss.LEFT_OVER),
        (classic(), "nsteil", Miss.UNKNOWN),
        (twist(), "stone", Miss.LETTERS),
        (twist(), "ti", Miss.SHORT),
        (twist(), "lit", Miss.UNKNOWN),
    ],
)
def test_a_miss_says_why_it_does_not_count(puzzle: Puzzle, word: str, reason: Miss) -> None:
    assert opened(puzzle).guess(BEN, word, 10) == [Missed(BEN, reason)]


@pytest.mark.parametrize("text", ["", "   ", "🙂", "12", "is it listen", "listen silent"])
def test_talk_is_no_guess(text: str) -> None:
    playing = opened(classic())

    assert playing.guess(BEN, text, 10) == []
    assert playing.standings() == ()


def test_a_word_that_lacks_the_letters_makes_nobody_a_player() -> None:
    playing = opened(classic())

    playing.guess(BEN, "stone", 10)
    playing.guess(BEN, "tile", 10)
    assert playing.standings() == ()

    playing.guess(BEN, "nsteil", 10)
    assert [one.person for one in playing.standings()] == [BEN]


def test_others_score_in_the_window_after_the_first_right_answer_and_not_later() -> None:
    playing = opened(classic(), classic())

    assert only(Found, playing.guess(ANN, "listen", 10)).first
    assert playing.deadline == 12
    second = only(Found, playing.guess(BEN, "silent", 11.9))
    assert (second.first, second.closes_at) == (False, 12)
    late = playing.guess(EVE, "listen", 12)

    closed = only(PuzzleClosed, late)
    assert only(Refused, late) == Refused(EVE, Refusal.NO_QUESTION)
    assert [gain.person for gain in closed.gains] == [ANN, BEN]
    assert closed.outcome is Outcome.SOLVED
    assert closed.next_at == 17


def test_the_window_does_not_outlast_the_puzzle() -> None:
    assert only(Found, opened(classic()).guess(ANN, "listen", 39)).closes_at == 40


def test_nobody_solves_a_puzzle_twice() -> None:
    playing = opened(classic())
    playing.guess(ANN, "listen", 10)

    assert playing.guess(ANN, "silent", 10.5) == [Refused(ANN, Refusal.LOCKED)]
    closed = only(PuzzleClosed, playing.tick(12))
    assert [(gain.person, gain.streak) for gain in closed.gains] == [(ANN, 1)]


@pytest.mark.parametrize("difficulty", list(Difficulty))
def test_points_follow_difficulty_time_hints_and_streak(difficulty: Difficulty) -> None:
    playing = opened(classic(difficulty), classic(difficulty))
    playing.guess(ANN, "listen", 10)
    first = only(PuzzleClosed, playing.tick(12)).gains[0]
    assert playing.deadline == 17
    playing.tick(17)
    playing.hint(18)
    playing.guess(ANN, "listen", 37)
    second = only(PuzzleClosed, playing.tick(39)).gains[0]

    assert first.points == points(difficulty, elapsed=0.25, hints=0, streak=1)
    assert second.points == points(difficulty, elapsed=0.5, hints=1, streak=2)
    assert (second.streak, second.seconds) == (2, 20)
    assert playing.standings()[0].points == first.points + second.points


def test_no_hint_is_given_once_somebody_is_right() -> None:
    playing = opened(classic())
    playing.guess(ANN, "listen", 5)
    assert playing.hint(5.5) == [Refused(None, Refusal.SOLVED)]
    closed = only(PuzzleClosed, playing.tick(7))

    assert closed.gains[0].points == points(EASY, elapsed=0.125, hints=0, streak=1)


def test_a_miss_ends_a_streak() -> None:
    playing = opened(classic(), classic(), classic())
    streaks = []
    for number, word in enumerate(["listen", "nsteil", "silent"]):
        start = playing.deadline or 0 if number else 0
        if number:
            playing.tick(start)
        playing.guess(ANN, word, start + 1)
        closed = only(PuzzleClosed, playing.tick(start + 40))
        streaks += [gain.streak for gain in closed.gains]

    assert streaks == [1, 1]
    assert playing.standings()[0].best_streak == 1


def test_two_clues_of_a_classic_come_by_themselves_from_half_of_its_time() -> None:
    playing = opened(classic())

    assert playing.deadline == 20
    assert playing.tick(19.9) == []
    first = only(ClueShown, playing.tick(20))
    assert (first.number, first.left, first.text) == (1, 2, "l _ _ _ _ _")
    assert not first.is_words
    assert playing.deadline == 25
    assert only(ClueShown, playing.tick(25)).text == "l _ _ _ _ n"
    assert playing.deadline == 40


def test_a_late_tick_shows_all_clues_that_are_due() -> None:
    effects = opened(classic()).tick(39)

    assert [effect.number for effect in effects if isinstance(effect, ClueShown)] == [1, 2]


def test_hints_can_be_asked_for_until_there_are_no_more() -> None:
    playing = opened(classic())

    texts = [only(ClueShown, playing.hint(n)).text for n in (1, 2, 3)]

    assert texts == ["l _ _ _ _ _", "l _ _ _ _ n", "l _ s _ e n"]
    assert playing.hint(4) == [Refused(None, Refusal.NO_MORE_HINTS)]
    assert playing.deadline == 40, "what was asked for does not come again"


def test_a_clue_in_words_comes_before_letters() -> None:
    playing = opened(classic(), clues={"listen": "What ears do", "silent": "Not this one"})

    first, second = (only(ClueShown, playing.hint(n)) for n in (1, 2))

    assert (first.text, first.is_words, first.left) == ("What ears do", True, 3)
    assert (second.text, second.is_words) == ("l _ _ _ _ _", False)


def test_no_clue_comes_after_somebody_is_right() -> None:
    playing = opened(classic())
    playing.guess(ANN, "listen", 19.5)

    assert playing.deadline == 21.5
    assert playing.tick(20.5) == []


def test_a_conundrum_gives_everyone_one_try() -> None:
    playing = opened(conundrum())

    assert playing.guess(ANN, "ephonetel", 1) == [Missed(ANN, Miss.UNKNOWN, True)]
    assert playing.guess(ANN, "telephone", 2) == [Refused(ANN, Refusal.LOCKED)]
    assert playing.guess(BEN, "stone", 3) == [Missed(BEN, Miss.LETTERS, True)]
    assert playing.guess(BEN, "telephone", 3) == [Refused(BEN, Refusal.LOCKED)]
    only(Found, playing.guess(EVE, "telephone", 4))
    assert playing.guess(EVE, "telephone", 5) == [Refused(EVE, Refusal.LOCKED)]

    closed = only(PuzzleClosed, playing.tick(6))
    assert [gain.person for gain in closed.gains] == [EVE]
    assert {one.person for one in playing.standings()} == {ANN, BEN, EVE}


def test_the_clues_of_a_conundrum_are_asked_for() -> None:
    playing = opened(conundrum())

    assert playing.deadline == 40
    assert only(ClueShown, playing.hint(1)).text.startswith("t _")


def test_a_try_is_given_again_in_the_next_puzzle() -> None:
    playing = opened(conundrum(), conundrum())
    playing.guess(ANN, "ephonetel", 1)
    playing.tick(40)
    playing.tick(45)

    only(Found, playing.guess(ANN, "telephone", 46))


def test_a_word_of_a_twist_counts_for_the_first_alone() -> None:
    playing = opened(twist())

    assert playing.guess(ANN, "tile", 1) == [Found(ANN, "tile", True, 20, 40)]
    assert playing.guess(BEN, "tile", 2) == [Missed(BEN, Miss.TAKEN)]
    assert playing.guess(ANN, "tile", 3) == [Missed(ANN, Miss.TAKEN)]
    assert playing.guess(ANN, "tin", 4) == [Found(ANN, "tin", True, 10, 40)]
    assert playing.guess(BEN, "listen", 5) == [Found(BEN, "listen", True, 120, 40)]

    closed = only(PuzzleClosed, playing.tick(40))
    assert [(gain.person, gain.points) for gain in closed.gains] == [(BEN, 120), (ANN, 30)]
    assert closed.found == (("tile", ANN), ("tin", ANN), ("listen", BEN))
    assert [(one.person, one.points, one.right) for one in playing.standings()] == [
        (BEN, 120, 1),
        (ANN, 30, 2),
    ]


def test_a_twist_ends_when_all_its_words_are_found() -> None:
    playing = opened(twist())
    for word in ("listen", "silent", "tile", "tin"):
        only(Found, playing.guess(ANN, word, 1))
    assert playing.puzzle is not None

    effects = playing.guess(BEN, "net", 2)

    assert [type(effect) for effect in effects] == [Found, PuzzleClosed, GameOver]
    assert playing.is_over


def test_a_twist_has_no_hints() -> None:
    assert opened(twist()).hint(1) == [Refused(None, Refusal.NO_MORE_HINTS)]


@pytest.mark.parametrize(
    ("word", "worth"),
    [("net", 10), ("tile", 20), ("tiles", 40), ("listen", 120), ("l" * 7, 110), ("l" * 8, 160)],
)
def test_longer_words_bring_more_and_all_letters_a_bonus(word: str, worth: int) -> None:
    assert word_points(word, twist()) == worth


def test_a_starter_alone_skips_at_once() -> None:
    effects = opened(classic(), classic()).skip(ANN, 3)

    assert only(SkipVoted, effects) == SkipVoted(ANN, 1, 1)
    assert only(PuzzleClosed, effects).outcome is Outcome.SKIPPED


def test_a_puzzle_is_skipped_by_more_than_half_of_the_players() -> None:
    playing = opened(classic(), classic())
    for person in (ANN, BEN, EVE, ZOE):
        playing.guess(person, "nsteil", 1)

    assert playing.skip(ANN, 2) == [SkipVoted(ANN, 1, 3)]
    assert playing.skip(ANN, 2) == [Refused(ANN, Refusal.VOTED)]
    assert playing.skip(9, 2) == [Refused(9, Refusal.NOT_PLAYING)]
    assert playing.skip(BEN, 2) == [SkipVoted(BEN, 2, 3)]
    closed = only(PuzzleClosed, playing.skip(EVE, 2))
    assert (closed.outcome, closed.gains) == (Outcome.SKIPPED, ())


def test_a_starter_who_does_not_play_alone_has_no_vote_of_their_own() -> None:
    playing = opened(classic())
    playing.guess(BEN, "nsteil", 1)

    assert playing.skip(ANN, 2) == [Refused(ANN, Refusal.NOT_PLAYING)]


def test_a_solved_puzzle_is_not_skipped() -> None:
    playing = opened(classic())
    playing.guess(ANN, "listen", 1)

    assert playing.skip(ANN, 2) == [Refused(ANN, Refusal.SOLVED)]


def test_what_was_found_in_a_twist_counts_after_a_skip_and_a_stop() -> None:
    skipped, stopped = opened(twist(), twist()), opened(twist(), twist())
    for playing in (skipped, stopped):
        playing.guess(ANN, "tile", 1)

    assert only(PuzzleClosed, skipped.skip(ANN, 2)).gains[0].points == 20
    assert only(GameOver, stopped.stop(2)).standings[0].points == 20


def test_a_stop_gives_no_points_for_the_open_puzzle() -> None:
    playing = opened(classic(), classic())
    playing.guess(ANN, "listen", 1)

    effects = playing.stop(2)

    assert only(PuzzleClosed, effects).outcome is Outcome.STOPPED
    over = only(GameOver, effects)
    assert (over.ending, over.standings[0].points) == (Ending.STOPPED, 0)
    assert playing.is_over
    assert playing.deadline is None
    assert playing.stop(3) == []


def test_a_stop_after_the_time_still_scores_what_was_right() -> None:
    playing = opened(classic(), classic())
    playing.guess(ANN, "listen", 1)

    effects = playing.stop(50)

    assert only(PuzzleClosed, effects).outcome is Outcome.SOLVED
    assert only(GameOver, effects).standings[0].points > 0


def test_a_stop_between_puzzles_ends_the_game() -> None:
    playing = opened(classic(), classic())
    playing.tick(40)

    assert only(GameOver, playing.stop(41)).ending is Ending.STOPPED
    assert playing.tick(45) == []


def test_after_three_silent_puzzles_the_game_ends() -> None:
    playing = game(*[classic()] * 6)
    closed: list[PuzzleClosed] = []
    effects: list[Effect] = []
    while playing.deadline is not None:
        effects = playing.tick(playing.deadline)
        closed += [effect for effect in effects if isinstance(effect, PuzzleClosed)]

    assert [one.outcome for one in closed] == [Outcome.SILENT] * 3
    assert only(GameOver, effects).ending is Ending.SILENT


def test_a_guess_in_between_starts_the_count_of_silence_again() -> None:
    playing = game(*[classic()] * 6)
    while playing.deadline is not None:
        playing.tick(playing.deadline)
        if playing.number == 3 and playing.puzzle is not None:
            playing.guess(BEN, "nsteil", playing.deadline - 0.1)

    assert playing.number == 6


def test_the_last_puzzle_ends_the_game_with_the_scoreboard() -> None:
    playing = opened(classic())
    playing.guess(ANN, "listen", 20)
    playing.guess(BEN, "listen", 21)
    effects = playing.tick(22)

    closed, over = only(PuzzleClosed, effects), only(GameOver, effects)
    assert closed.next_at is None
    assert closed.ranked
    assert (over.ending, over.rounds, over.ranked) == (Ending.FINISHED, 1, True)
    assert [one.person for one in over.standings] == [ANN, BEN]


def test_a_game_of_one_is_not_ranked() -> None:
    playing = opened(classic())
    playing.guess(ANN, "listen", 20)

    assert not only(GameOver, playing.tick(30)).ranked


@pytest.mark.parametrize("event", ["guess", "hint", "skip"])
def test_what_comes_between_puzzles_changes_nothing(event: str) -> None:
    playing = opened(classic(), classic())
    playing.tick(40)

    for now in (41.0, 45.0):
        if event == "guess":
            effects = playing.guess(ANN, "listen", now)
        else:
            effects = playing.hint(now) if event == "hint" else playing.skip(ANN, now)
        assert only(Refused, effects).reason is Refusal.NO_QUESTION
    # The second event came when the next puzzle was due: it opened that one, and met the last.
    assert playing.number == 2
    assert playing.standings() == ()


WORDS = ["listen", "silent", "nsteil", "tile", "tin", "net", "stone", "telephone", "is it", ""]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["guess", "guess", "guess", "tick", "hint", "skip"]),
        st.sampled_from([ANN, BEN, EVE]),
        st.sampled_from(WORDS),
        st.floats(0, 30),
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(st.lists(st.sampled_from([classic(), twist(), conundrum()]), min_size=1, max_size=4), EVENTS)
def test_in_any_game_the_sums_agree_and_nobody_scores_twice(
    puzzles: list[Puzzle], events: list[tuple[str, int, str, float]]
) -> None:
    playing, now = game(*puzzles), 0.0
    effects: list[Effect] = []
    for event, person, word, later in events:
        now += later
        if event == "guess":
            effects += playing.guess(person, word, now)
        elif event == "skip":
            effects += playing.skip(person, now)
        else:
            effects += playing.hint(now) if event == "hint" else playing.tick(now)
    while playing.deadline is not None:
        now = max(now, playing.deadline)
        effects += playing.tick(now)

    sums: dict[int, int] = {}
    for effect in effects:
        if isinstance(effect, PuzzleClosed):
            people = [gain.person for gain in effect.gains]
            assert len(set(people)) == len(people)
            assert all(gain.points > 0 for gain in effect.gains)
            assert len(dict(effect.found)) == len(effect.found)
            for gain in effect.gains:
                sums[gain.person] = sums.get(gain.person, 0) + gain.points
    over = only(GameOver, effects)
    told_after = effects[effects.index(over) + 1 :]
    assert all(isinstance(effect, Refused) for effect in told_after)
    assert {one.person: one.points for one in over.standings if one.points} == sums
    numbers = [effect.number for effect in effects if isinstance(effect, PuzzleOpened)]
    assert numbers == list(range(1, len(numbers) + 1))

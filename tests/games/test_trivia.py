"""Games are played here as a channel plays them: presses, guesses and votes at given moments."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.games.effects import Ending, GameOver, Outcome, Refusal, Refused, SkipVoted
from bot.games.questions import Difficulty, Origin, Question
from bot.games.scoring import points
from bot.games.trivia import TriviaGame
from bot.games.trivia_effects import (
    Effect,
    HintShown,
    LockedIn,
    Right,
    RoundClosed,
    RoundOpened,
    Wrong,
)
from bot.games.trivia_settings import Mode, TriviaSettings, playable

ANN, BEN, EVE, ZOE = 1, 2, 3, 4
E = TypeVar("E")


def question(
    number: int = 1,
    answer: str = "Mars",
    distractors: Sequence[str] = ("Venus", "Jupiter", "Saturn"),
    difficulty: Difficulty = Difficulty.EASY,
) -> Question:
    return Question(
        id=f"test:{number}",
        category="Planets",
        difficulty=difficulty,
        text=f"Which planet has number {number}?",
        answer=answer,
        origin=Origin.PACK,
        distractors=tuple(distractors),
    )


def game(
    questions: Sequence[Question] | None = None,
    *,
    mode: Mode = Mode.CHOICES,
    rounds: int = 10,
    hints: int = 0,
    seed: int = 0,
) -> TriviaGame:
    chosen = [question(n) for n in range(1, rounds + 1)] if questions is None else questions
    config = TriviaSettings(starter=ANN, mode=mode, rounds=rounds, seconds=20, pause=5, hints=hints)
    dice = random.Random(seed)
    return TriviaGame(config, chosen, dice, 0.0)


def only(kind: type[E], effects: Sequence[Effect]) -> E:
    found = [effect for effect in effects if isinstance(effect, kind)]
    assert len(found) == 1, effects
    return found[0]


def opened(played: TriviaGame, now: float = 0.0) -> tuple[RoundOpened, int, int]:
    """Open the next question; the places of its answer and of a wrong option."""
    effect = only(RoundOpened, played.tick(now))
    right = effect.options.index(effect.question.answer)
    return effect, right, (right + 1) % len(effect.options)


def test_a_question_shows_its_answer_among_its_options_and_says_when_it_closes() -> None:
    played = game(rounds=2)
    assert played.deadline == 0.0
    effect = only(RoundOpened, played.tick(0.0))
    assert sorted(effect.options) == ["Jupiter", "Mars", "Saturn", "Venus"]
    assert (effect.number, effect.total, effect.closes_at) == (1, 2, 20.0)
    assert played.deadline == 20.0


def test_the_answer_stands_in_every_place_in_turn() -> None:
    assert {opened(game(seed=seed))[1] for seed in range(40)} == {0, 1, 2, 3}


def test_a_question_with_many_wrong_answers_shows_three_of_them() -> None:
    effect, _, _ = opened(game([question(distractors=["A", "B", "C", "D", "E", "F"])]))
    assert len(effect.options) == 4
    assert "Mars" in effect.options


def test_everybody_who_is_right_scores_and_nobody_else() -> None:
    played = game()
    _, right, wrong = opened(played)
    assert played.press(ANN, right, 0.0) == [LockedIn(ANN, right, 1, 20.0)]
    played.press(BEN, wrong, 3.0)
    played.press(EVE, right, 20.0 - 1e-9)
    closed = only(RoundClosed, played.tick(20.0))
    assert [(gain.person, gain.points) for gain in closed.gains] == [(ANN, 100), (EVE, 50)]
    assert closed.choices == ((ANN, right), (BEN, wrong), (EVE, right))
    assert (closed.outcome, closed.answer_place) == (Outcome.SOLVED, right)


def test_the_first_press_counts_whatever_is_pressed_after_it() -> None:
    played = game()
    _, right, _ = opened(played)
    for choice in [c for c in range(4) if c != right]:
        played.press(ANN, choice, 1.0)
    assert played.press(ANN, right, 2.0) == [Refused(ANN, Refusal.LOCKED)]
    closed = only(RoundClosed, played.tick(20.0))
    assert closed.gains == ()
    assert closed.outcome is Outcome.MISSED


def test_a_press_after_the_time_closes_the_question_and_does_not_count() -> None:
    played = game()
    _, right, _ = opened(played)
    effects = played.press(ANN, right, 20.0)
    assert only(RoundClosed, effects).outcome is Outcome.SILENT
    assert effects[-1] == Refused(ANN, Refusal.NO_QUESTION)


def test_a_button_of_an_earlier_question_does_nothing() -> None:
    played = game()
    _, right, _ = opened(played)
    played.tick(20.0)
    opened(played, 25.0)
    late = played.press(ANN, right, 26.0, number=1)
    assert late == [Refused(ANN, Refusal.NO_QUESTION)]
    assert isinstance(played.press(ANN, right, 26.0, number=2)[0], LockedIn)


def test_a_press_that_opens_a_late_question_was_not_meant_for_it() -> None:
    played = game()
    opened(played)
    played.tick(20.0)
    effects = played.press(ANN, 0, 60.0)
    assert isinstance(effects[0], RoundOpened)
    assert effects[1:] == [Refused(ANN, Refusal.NO_QUESTION)]


def test_a_question_closes_soon_when_all_who_play_have_answered() -> None:
    played = game()
    _, right, _ = opened(played)
    played.press(ANN, right, 1.0)
    played.press(BEN, right, 2.0)
    assert played.deadline == 20.0, "more may join the first question"
    played.tick(20.0)
    _, right, _ = opened(played, 25.0)
    played.press(ANN, right, 26.0)
    assert played.deadline == 45.0, "Ben is still thinking"
    locked = only(LockedIn, played.press(BEN, right, 27.0))
    assert played.deadline == locked.closes_at == 30.0
    assert isinstance(played.press(EVE, right, 29.0)[0], LockedIn)
    assert played.deadline == 30.0, "who joins last does not make it longer"


def test_who_left_two_questions_ago_is_not_waited_for() -> None:
    played = game()
    _, right, _ = opened(played)
    played.press(ANN, right, 1.0)
    played.press(BEN, right, 1.0)
    now = 0.0
    for waits in (True, True, False):
        played.tick(now + 20)
        now += 25
        _, right, _ = opened(played, now)
        played.press(ANN, right, now + 1)
        assert (played.deadline == now + 20) is waits
        now = now if waits else now + 4 - 20


def test_points_follow_difficulty_time_hints_and_streak() -> None:
    easy, medium, hard = Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD
    assert points(easy, elapsed=0, hints=0, streak=1) == 100
    assert points(medium, elapsed=0, hints=0, streak=1) == 200
    assert points(hard, elapsed=0, hints=0, streak=1) == 300
    assert points(hard, elapsed=1, hints=0, streak=1) == 150
    assert points(hard, elapsed=0, hints=1, streak=1) == 225
    assert points(hard, elapsed=0, hints=2, streak=1) == 150
    assert points(easy, elapsed=0, hints=0, streak=3) == 120
    assert points(easy, elapsed=0, hints=0, streak=60) == 150
    assert points(easy, elapsed=1, hints=9, streak=1) == 1


def test_a_streak_pays_and_ends_with_a_question_that_was_not_answered() -> None:
    played = game()
    streaks = []
    now = 0.0
    for answers in (True, True, False, True):
        _, right, _ = opened(played, now)
        if answers:
            played.press(ANN, right, now)
        played.press(BEN, right, now)
        assert played.deadline is not None
        closed = only(RoundClosed, played.tick(played.deadline))
        streaks.append([(g.person, g.streak, g.points) for g in closed.gains])
        assert played.deadline is not None
        now = played.deadline
    assert streaks == [
        [(ANN, 1, 100), (BEN, 1, 100)],
        [(ANN, 2, 110), (BEN, 2, 110)],
        [(BEN, 3, 120)],
        [(BEN, 4, 130), (ANN, 1, 100)],
    ]
    assert [(s.person, s.points, s.right, s.best_streak) for s in played.standings()] == [
        (BEN, 460, 4, 4),
        (ANN, 310, 3, 2),
    ]


def test_a_hint_strikes_out_a_wrong_option_and_costs_a_quarter_from_then_on() -> None:
    played = game([question(difficulty=Difficulty.HARD)], hints=2)
    _, right, _ = opened(played)
    played.press(ANN, right, 0.0)
    shown = only(HintShown, played.hint(0.0))
    assert (shown.number, shown.left) == (1, 1)
    assert shown.struck not in (None, right)
    assert shown.struck is not None
    assert played.press(BEN, shown.struck, 0.0) == [Refused(BEN, Refusal.STRUCK)]
    played.press(BEN, right, 0.0)
    second = only(HintShown, played.hint(0.0))
    assert second.struck not in (None, right, shown.struck)
    assert played.hint(0.0) == [Refused(None, Refusal.NO_MORE_HINTS)]
    played.press(EVE, right, 0.0)
    closed = only(RoundClosed, played.tick(20.0))
    assert [(g.person, g.points) for g in closed.gains] == [(ANN, 300), (BEN, 225), (EVE, 150)]


def test_hints_come_by_themselves_in_the_second_half() -> None:
    played = game(hints=2)
    opened(played)
    assert played.tick(9.9) == []
    moments = []
    while played.deadline is not None and played.deadline < 20.0:
        moments.append(played.deadline)
        assert isinstance(played.tick(played.deadline)[0], HintShown)
    assert moments[0] == 10.0
    assert len(moments) == 2
    assert moments[1] < 20.0


def test_a_hint_that_was_asked_for_takes_the_place_of_one_that_would_come() -> None:
    played = game(hints=2)
    opened(played)
    played.hint(1.0)
    assert played.deadline is not None
    assert played.deadline > 10.0
    assert only(HintShown, played.tick(19.0)).number == 2


def test_a_question_of_two_options_keeps_both() -> None:
    played = game([question(answer="True", distractors=["False"])], hints=2)
    effect, _, _ = opened(played)
    assert len(effect.options) == 2
    assert played.hint(1.0) == [Refused(None, Refusal.NO_MORE_HINTS)]


def test_typed_the_first_right_answer_wins_with_those_two_seconds_after_it() -> None:
    played = game(mode=Mode.TYPED)
    effect = only(RoundOpened, played.tick(0.0))
    assert effect.options == ()
    assert played.guess(ANN, "Venus", 1.0) == [Wrong(ANN)]
    assert played.guess(ANN, "mars!", 4.0) == [Right(ANN, True, 6.0)]
    assert played.guess(BEN, "Mars", 5.9) == [Right(BEN, False, 6.0)]
    assert played.guess(ANN, "Mars", 5.9) == [Refused(ANN, Refusal.LOCKED)]
    assert played.skip(BEN, 5.9) == [Refused(BEN, Refusal.SOLVED)]
    assert played.hint(5.9) == [Refused(None, Refusal.SOLVED)]
    effects = played.guess(EVE, "Mars", 6.0)
    closed = only(RoundClosed, effects)
    assert [gain.person for gain in closed.gains] == [ANN, BEN]
    assert [gain.points for gain in closed.gains] == [90, 85]
    assert effects[-1] == Refused(EVE, Refusal.NO_QUESTION)


def test_a_guess_that_lists_answers_is_refused() -> None:
    played = game(mode=Mode.TYPED)
    played.tick(0.0)
    listed = "Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune, Pluto, Ceres"
    for text in ("Venus or Mars", "Mars, Venus", listed):
        assert played.guess(ANN, text, 1.0) == [Refused(ANN, Refusal.SEVERAL)]
    assert only(RoundClosed, played.tick(20.0)).gains == ()


def test_talk_beside_a_typed_game_is_not_playing() -> None:
    played = game(mode=Mode.TYPED)
    played.tick(0.0)
    assert played.guess(BEN, "does anybody know when the raid starts this evening", 1.0) == []
    assert only(RoundClosed, played.tick(20.0)).outcome is Outcome.SILENT
    assert played.standings() == ()


def test_typed_hints_show_more_letters_each_and_never_more_than_half() -> None:
    played = game([question(answer="Olympus Mons")], mode=Mode.TYPED, hints=3)
    played.tick(0.0)
    shown = [only(HintShown, played.hint(1.0)).letters for _ in range(3)]
    assert shown[0] == "O _ _ _ _ _ _   M _ _ _"
    hidden = [hint.count("_") for hint in shown]
    assert hidden == sorted(hidden, reverse=True)
    assert 6 <= hidden[-1] < hidden[0] == 9
    assert played.hint(1.0) == [Refused(None, Refusal.NO_MORE_HINTS)]


def test_a_press_in_a_typed_game_and_a_guess_among_choices_are_told_so() -> None:
    typed, choices = game(mode=Mode.TYPED), game()
    typed.tick(0.0)
    choices.tick(0.0)
    assert typed.press(ANN, 0, 1.0) == [Refused(ANN, Refusal.WRONG_MODE)]
    assert choices.guess(ANN, "Mars", 1.0) == [Refused(ANN, Refusal.WRONG_MODE)]


def test_a_majority_of_those_who_played_skips_a_question() -> None:
    played = game()
    _, right, wrong = opened(played)
    for person in (ANN, BEN, EVE):
        played.press(person, wrong, 1.0)
    played.tick(20.0)
    _, right, _ = opened(played, 25.0)
    played.press(ANN, right, 25.0)
    assert played.skip(ZOE, 26.0) == [Refused(ZOE, Refusal.NOT_PLAYING)]
    assert played.skip(BEN, 26.0) == [SkipVoted(BEN, 1, 2)]
    assert played.skip(BEN, 26.0) == [Refused(BEN, Refusal.VOTED)]
    effects = played.skip(EVE, 27.0)
    closed = only(RoundClosed, effects)
    assert closed.outcome is Outcome.SKIPPED
    assert closed.gains == ()
    assert played.deadline == 32.0


def test_one_of_two_players_cannot_skip_alone() -> None:
    played = game()
    _, right, _ = opened(played)
    played.press(ANN, right, 1.0)
    played.press(BEN, right, 1.0)
    assert played.skip(ANN, 2.0) == [SkipVoted(ANN, 1, 2)]
    assert played.question is not None


def test_the_starter_skips_alone_only_while_nobody_else_has_played() -> None:
    played = game()
    opened(played)
    assert only(RoundClosed, played.skip(ANN, 1.0)).outcome is Outcome.SKIPPED
    _, _, wrong = opened(played, 6.0)
    played.press(BEN, wrong, 7.0)
    assert played.skip(ANN, 8.0) == [Refused(ANN, Refusal.NOT_PLAYING)]


def test_a_skipped_question_does_not_end_a_streak() -> None:
    played = game()
    _, right, _ = opened(played)
    played.press(ANN, right, 0.0)
    played.tick(20.0)
    opened(played, 25.0)
    played.skip(ANN, 26.0)
    _, right, _ = opened(played, 31.0)
    played.press(ANN, right, 31.0)
    assert only(RoundClosed, played.tick(34.0)).gains[0].streak == 2


def test_three_silent_questions_in_a_row_end_the_game() -> None:
    played = game()
    now = 0.0
    outcomes: list[Outcome] = []
    for answers in (False, False, True, False, False, False):
        _, _, wrong = opened(played, now)
        if answers:
            played.press(ANN, wrong, now)
        effects = played.tick(now + 20)
        outcomes.append(only(RoundClosed, effects).outcome)
        if played.is_over:
            break
        now += 25
    assert outcomes.count(Outcome.SILENT) == 5
    assert only(GameOver, effects).ending is Ending.SILENT
    assert only(RoundClosed, effects).next_at is None
    assert played.deadline is None
    assert played.tick(1e9) == []
    assert played.press(ANN, 0, 1e9) == [Refused(ANN, Refusal.NO_QUESTION)]


def test_stop_tells_the_answer_and_gives_no_points_for_an_open_question() -> None:
    played = game()
    _, right, _ = opened(played)
    played.press(ANN, right, 1.0)
    effects = played.stop(2.0)
    closed = only(RoundClosed, effects)
    assert (closed.outcome, closed.gains) == (Outcome.STOPPED, ())
    over = only(GameOver, effects)
    assert (over.ending, over.rounds) == (Ending.STOPPED, 1)
    assert over.standings[0].points == 0
    assert played.stop(3.0) == []


def test_stop_between_questions_ends_the_game_and_one_that_is_due_still_counts() -> None:
    played = game()
    _, right, _ = opened(played)
    played.press(ANN, right, 0.0)
    effects = played.stop(99.0)
    assert only(RoundClosed, effects).gains[0].points == 100
    assert only(GameOver, effects).ending is Ending.STOPPED
    other = game()
    opened(other)
    other.tick(20.0)
    assert [type(effect) for effect in other.stop(99.0)] == [GameOver]
    assert other.deadline is None


def test_a_game_is_ranked_from_the_question_in_which_the_second_person_plays() -> None:
    played = game(rounds=2)
    _, right, _ = opened(played)
    played.press(ANN, right, 1.0)
    assert not only(RoundClosed, played.tick(20.0)).ranked
    _, right, wrong = opened(played, 25.0)
    played.press(ANN, right, 26.0)
    played.press(BEN, wrong, 26.0)
    effects = played.tick(45.0)
    assert only(RoundClosed, effects).ranked
    over = only(GameOver, effects)
    assert over.ranked
    assert over.ending is Ending.FINISHED


def test_a_game_alone_is_not_ranked() -> None:
    played = game(rounds=1)
    _, right, _ = opened(played)
    played.press(ANN, right, 1.0)
    assert not only(GameOver, played.tick(20.0)).ranked


def test_no_question_comes_twice_and_none_that_cannot_be_played() -> None:
    first, bare = question(1), question(2, distractors=[])
    same_text = replace(first, id="test:other")
    same_id = replace(first, text="Another text?")
    played = game([first, first, same_text, same_id, bare, question(3)])
    assert played.total == 2
    with pytest.raises(ValueError, match="no question"):
        game([bare])
    assert not playable(bare, Mode.CHOICES)
    assert playable(bare, Mode.TYPED)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["press", "guess", "hint", "skip", "tick", "tick"]),
        st.integers(1, 4),
        st.integers(-1, 4),
        st.floats(0, 15),
    ),
    max_size=80,
)


@settings(max_examples=150, deadline=None)
@given(events=EVENTS, mode=st.sampled_from(Mode), seed=st.integers(0, 99))
def test_whatever_happens_the_scoreboard_is_the_sum_of_the_rounds(
    events: list[tuple[str, int, int, float]], mode: Mode, seed: int
) -> None:
    played = game(rounds=5, mode=mode, hints=2, seed=seed)
    effects: list[Effect] = []
    now = 0.0
    for kind, person, choice, wait in events:
        now += wait
        if kind == "press":
            effects += played.press(person, choice, now)
        elif kind == "guess":
            effects += played.guess(person, ("Mars", "Venus", "Mars, Venus")[choice % 3], now)
        elif kind == "hint":
            effects += played.hint(now)
        elif kind == "skip":
            effects += played.skip(person, now)
        else:
            effects += played.tick(now)
        assert played.deadline is None or played.deadline > now
    for _ in range(60):
        if played.deadline is None:
            break
        effects += played.tick(played.deadline)
    over = only(GameOver, effects)
    assert effects[-1] is over or isinstance(effects[-1], Refused)
    closed = [effect for effect in effects if isinstance(effect, RoundClosed)]
    rounds = [effect for effect in effects if isinstance(effect, RoundOpened)]
    assert [one.number for one in closed] == [one.number for one in rounds]
    assert len(rounds) == over.rounds == len({one.question.id for one in rounds})
    for standing in over.standings:
        gains = [g for one in closed for g in one.gains if g.person == standing.person]
        assert standing.points == sum(gain.points for gain in gains)
        assert standing.right == len(gains)
    assert all(len({gain.person for gain in one.gains}) == len(one.gains) for one in closed)
    assert over.ranked == (len(over.standings) > 1)

"""The waiting line: fair, true about positions, cheap."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.generation.engine import SamplingParams
from bot.generation.line import WaitingLine
from bot.generation.ticket import Priority, Request, Ticket
from bot.prompts import Prompt

PARAMS = SamplingParams()


def ticket(person: int, priority: Priority = Priority.INTERACTIVE) -> Ticket:
    request = Request(prompt=Prompt(["x"]), params=PARAMS, person=person, priority=priority)
    return Ticket(request=request)


def persons(line: WaitingLine) -> list[int]:
    return [t.request.person for t in line.in_order()]


def test_persons_take_turns_however_much_one_of_them_asks() -> None:
    line = WaitingLine()
    for person in (1, 1, 1, 1, 2, 3, 2):
        line.add(ticket(person))
    assert persons(line) == [1, 2, 3, 1, 2, 1, 1]


def test_somebody_who_was_just_served_stands_behind_those_who_were_not() -> None:
    line = WaitingLine()
    for person in (1, 2, 3):
        line.add(ticket(person))
    assert line.take() is not None
    line.add(ticket(1))
    line.add(ticket(4))
    assert persons(line) == [2, 3, 4, 1]


def test_somebody_who_comes_back_after_a_quiet_spell_is_not_held_back() -> None:
    line = WaitingLine()
    for _ in range(5):
        line.add(ticket(1))
        line.take()
    line.add(ticket(2))
    line.add(ticket(1))
    line.add(ticket(2))
    assert persons(line) == [2, 1, 2]


def test_who_asks_and_stops_again_stands_where_they_stood_before() -> None:
    line = WaitingLine()
    for person in (2, 3, 2, 3):
        line.add(ticket(person))
    for _ in range(3):
        stopped = ticket(1)
        assert line.add(stopped) == 3
        assert line.remove(stopped)
    line.add(ticket(1))
    assert persons(line) == [2, 3, 1, 2, 3]


def test_who_was_served_and_then_stops_a_question_gets_no_second_turn_for_it() -> None:
    line = WaitingLine()
    for person in (1, 2, 3):
        line.add(ticket(person))
    assert line.take() is not None
    stopped = ticket(1)
    line.add(stopped)
    line.remove(stopped)
    line.add(ticket(1))
    assert persons(line) == [2, 3, 1]


def test_background_work_stands_behind_every_person() -> None:
    line = WaitingLine()
    line.add(ticket(1, Priority.BACKGROUND))
    assert line.add(ticket(2)) == 1
    assert persons(line) == [2, 1]
    assert (line.count(Priority.INTERACTIVE), line.count(Priority.BACKGROUND)) == (1, 1)


def test_work_that_is_put_back_is_the_next_of_its_priority() -> None:
    line = WaitingLine()
    first, second = ticket(1, Priority.BACKGROUND), ticket(2, Priority.BACKGROUND)
    line.add(first)
    line.add(second)
    assert line.take() is first
    line.put_back(first)
    line.add(ticket(3))
    assert persons(line) == [3, 1, 2]
    assert [line.take(), line.take()][1] is first


class _Model:
    """Round-robin as a person would do it with slips of paper: the reference for the line."""

    def __init__(self) -> None:
        self.rounds: list[list[Ticket]] = []

    def add(self, new: Ticket) -> None:
        own = [i for i, r in enumerate(self.rounds) for t in r if same_person(t, new)]
        index = max(own) + 1 if own else 0
        while len(self.rounds) <= index:
            self.rounds.append([])
        self.rounds[index].append(new)


def same_person(a: Ticket, b: Ticket) -> bool:
    return a.request.person == b.request.person


@given(st.lists(st.integers(1, 5), max_size=40))
def test_the_order_is_round_robin_for_any_arrivals(arrivals: list[int]) -> None:
    line, model = WaitingLine(), _Model()
    for person in arrivals:
        new = ticket(person)
        model.add(new)
        line.add(new)
    assert list(line.in_order()) == [t for r in model.rounds for t in r]


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "background", "take", "remove"]), st.integers(1, 6)),
    max_size=80,
)


@given(steps)
def test_positions_are_true_and_nobody_is_lost_or_served_twice(script: list[Step]) -> None:
    line = WaitingLine()
    waiting: list[Ticket] = []
    for verb, number in script:
        if verb in ("add", "background"):
            priority = Priority.BACKGROUND if verb == "background" else Priority.INTERACTIVE
            new = ticket(number, priority)
            waiting.append(new)
            position = line.add(new)
            assert list(line.in_order())[position - 1] is new
        elif verb == "take":
            expected = next(line.in_order(), None)
            assert line.take() is expected
            if expected is not None:
                waiting.remove(expected)
        elif waiting:
            gone = waiting.pop(number % len(waiting))
            assert line.remove(gone)
            assert not line.remove(gone)
        assert Counter(line.in_order()) == Counter(waiting)
        assert len(line) == len(waiting)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=60))
def test_waiting_persons_are_never_more_than_one_round_apart(arrivals: list[int]) -> None:
    line = WaitingLine()
    for person in arrivals:
        line.add(ticket(person))
    left, served = Counter(arrivals), Counter[int]()
    while (next_one := line.take()) is not None:
        served[next_one.request.person] += 1
        left[next_one.request.person] -= 1
        behind = [served[p] for p in left if left[p] > 0]
        if behind:
            assert max(served.values()) - min(behind) <= 1


def test_places_stay_true_when_one_person_has_hundreds_of_rounds() -> None:
    line = WaitingLine()
    for _ in range(300):
        line.add(ticket(1))
    for person in (2, 3, 2, 1, 3, 4):
        new = ticket(person)
        position = line.add(new)
        assert list(line.in_order())[position - 1] is new
    for _ in range(250):
        line.take()
    new = ticket(5)
    assert line.add(new) == 1
    assert next(line.in_order()) is new

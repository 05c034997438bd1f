"""How often somebody may ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generation.rates import DAY_S, MINUTE_S, Rate, Rates, spell


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_at_once_then_one_by_one() -> None:
    clock = Clock()
    rate = Rate(3, 60.0, clock)
    for _ in range(3):
        assert rate.wait_s(7) == 0.0
        rate.take(7)
    assert rate.wait_s(7) == pytest.approx(20.0)
    assert rate.wait_s(8) == 0.0
    clock.now += 20.0
    assert rate.wait_s(7) == pytest.approx(0.0)


def test_who_has_waited_long_has_no_more_than_the_whole() -> None:
    clock = Clock()
    rate = Rate(2, 60.0, clock)
    rate.take(7)
    clock.now += 10_000.0
    for _ in range(2):
        assert rate.wait_s(7) == 0.0
        rate.take(7)
    assert rate.wait_s(7) > 0.0


def test_without_a_limit_nobody_waits() -> None:
    rate = Rate(0, 60.0, Clock())
    for _ in range(1000):
        rate.take(7)
    assert rate.wait_s(7) == 0.0


def test_the_day_counts_too() -> None:
    clock = Clock()
    rates = Rates(a_minute=2, a_day=3, clock=clock)
    for _ in range(3):
        assert rates.wait_s(7) == 0.0
        rates.take(7)
        clock.now += MINUTE_S
    assert rates.wait_s(7) == pytest.approx(DAY_S / 3 - 3 * MINUTE_S)


@given(
    limit=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=80),
)
def test_no_more_get_through_in_a_period_than_a_burst_and_what_has_come_free(
    limit: int, pauses: list[float]
) -> None:
    clock = Clock()
    rate = Rate(limit, MINUTE_S, clock)
    let_in: list[float] = []
    for pause in pauses:
        clock.now += pause
        if rate.wait_s(1) <= 0.0:
            rate.take(1)
            let_in.append(clock.now)
    for first in let_in:
        for span in (1.0, MINUTE_S, 5 * MINUTE_S):
            within = sum(first <= at <= first + span for at in let_in)
            assert within <= limit + span * limit / MINUTE_S + 1e-6


def test_keys_that_have_nothing_to_remember_are_let_go_of() -> None:
    clock = Clock()
    rate = Rate(1, 60.0, clock)
    for key in range(10_000):
        rate.take(key)
    clock.now += 61.0
    rate.take(-1)
    assert len(rate._free_at) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 second"),
        (19.5, "20 seconds"),
        (60, "60 seconds"),
        (61, "2 minutes"),
        (3601, "2 hours"),
        (86_400, "24 hours"),
    ],
)
def test_a_wait_is_said_in_words(seconds: float, text: str) -> None:
    assert spell(seconds) == text

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.games.bag import Bag, Candidate

MANY = [Candidate(f"games:{n}", "Games") for n in range(900)]
FEW = [Candidate(f"art:{n}", "Art") for n in range(9)]


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    assert Bag(MANY, seed=1).draw(50) == Bag(reversed(MANY), seed=1).draw(50)
    assert Bag(MANY, seed=1).draw(50) != Bag(MANY, seed=2).draw(50)


def test_a_bag_goes_on_where_it_was() -> None:
    whole = Bag(MANY + FEW, seed=1).draw(100)
    first = Bag(MANY + FEW, seed=1).draw(40)
    assert Bag(MANY + FEW, seed=1, served=first).draw(60) == whole[40:]


def test_a_large_category_does_not_drown_a_small_one() -> None:
    early = Counter(one.partition(":")[0] for one in Bag(MANY + FEW, seed=1).draw(50))
    assert 3 <= early["art"] <= 7, "one in 11 by the root of their numbers, one in 101 by number"


def test_a_small_category_is_spread_over_the_bag_and_not_all_at_its_head() -> None:
    drawn = Bag(MANY[:100] + FEW, seed=1).draw(109)
    places = [place for place, one in enumerate(drawn) if one.startswith("art")]
    assert max(places) - min(places) > 20


def test_an_empty_bag_is_filled_again_in_another_order() -> None:
    bag = Bag(FEW, seed=1)
    first = bag.draw(9)
    assert not bag.refilled
    assert len(bag) == 0
    second = bag.draw(9)
    assert bag.refilled
    assert sorted(first) == sorted(second)
    assert first != second


def test_a_draw_across_the_end_of_a_bag_has_nothing_twice() -> None:
    bag = Bag(FEW, seed=1)
    bag.draw(6)
    across = bag.draw(6)
    assert bag.refilled
    assert len(set(across)) == 6
    assert set(across).isdisjoint(bag.draw(3))
    assert not bag.refilled


def test_a_bag_of_which_all_was_served_starts_anew() -> None:
    bag = Bag(FEW, seed=1, served=[one.id for one in FEW])
    assert len(bag) == 0
    assert len(bag.draw(4)) == 4
    assert bag.refilled


def test_a_bag_of_nothing_gives_nothing() -> None:
    assert Bag([], seed=1).draw(5) == []
    assert len(Bag(FEW, seed=1).draw(50)) == 9


@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=5),
    draws=st.lists(st.integers(1, 12), max_size=30),
    seed=st.integers(),
)
def test_nothing_comes_twice_until_everything_has_come(
    sizes: list[int], draws: list[int], seed: int
) -> None:
    every = [Candidate(f"{c}:{n}", str(c)) for c, size in enumerate(sizes) for n in range(size)]
    bag = Bag(every, seed=seed)
    served: set[str] = set()
    for count in draws:
        drawn = bag.draw(count)
        assert len(drawn) == len(set(drawn)) == min(count, len(every))
        if bag.refilled:
            assert served | set(drawn) == {one.id for one in every} or len(served) < len(every)
            assert served.union(drawn) >= served
            served = set(drawn)
        else:
            assert served.isdisjoint(drawn)
            served |= set(drawn)
        assert len(bag) == len(every) - len(served)

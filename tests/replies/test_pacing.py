"""Edits in one channel come one at a time, not too fast, and everybody gets a turn."""

import asyncio
import gc
from itertools import pairwise

import pytest

from bot.replies.pacing import Pacer, Pacers, Rank
from tests.support.stage import now, passes, play


async def take(
    pacer: Pacer, log: list[tuple[str, float]], name: str, rank: Rank, *, takes_s: float = 0.1
) -> None:
    async with pacer.turn(lambda: rank):
        log.append((name, now()))
        await passes(takes_s)


def busiest_second(log: list[tuple[str, float]]) -> int:
    """The most turns that began within one second."""
    starts = [when for _, when in log]
    # A hair less than a second: times are sums of fractions.
    return max(sum(at <= when < at + 0.999 for when in starts) for at in starts)


def test_turns_begin_at_least_the_interval_apart() -> None:
    async def scene() -> None:
        pacer = Pacer(shortest_s=1.2)
        log: list[tuple[str, float]] = []
        await asyncio.gather(*(take(pacer, log, str(n), Rank.TEXT) for n in range(4)))
        assert [when for _, when in log] == pytest.approx([0.0, 1.2, 2.4, 3.6])

    play(scene())


def test_a_reply_that_writes_on_and_on_leaves_every_other_turn_to_the_other() -> None:
    async def writes(pacer: Pacer, log: list[tuple[str, float]], name: str) -> None:
        for _ in range(5):
            await take(pacer, log, name, Rank.TEXT)

    async def scene() -> None:
        pacer = Pacer()
        log: list[tuple[str, float]] = []
        await asyncio.gather(*(writes(pacer, log, name) for name in "abc"))
        assert "".join(name for name, _ in log) == "abc" * 5

    play(scene())


def test_only_one_edit_is_on_its_way_and_the_next_waits_twice_as_long_as_it_took() -> None:
    async def scene() -> None:
        pacer = Pacer(shortest_s=1.0)
        log: list[tuple[str, float]] = []
        await take(pacer, log, "slow", Rank.TEXT, takes_s=8.0)
        assert pacer.interval_s == pytest.approx(8.0)
        await asyncio.gather(*(take(pacer, log, "slow", Rank.TEXT, takes_s=8.0) for _ in range(2)))
        starts = [when for _, when in log]
        assert starts == pytest.approx([0.0, 8.0, 20.0])
        await asyncio.gather(*(take(pacer, log, "fast", Rank.TEXT) for _ in range(8)))
        assert pacer.interval_s == pytest.approx(1.0)

    play(scene())


def test_many_channels_at_once_stay_below_what_discord_takes_of_a_bot() -> None:
    async def writes(pacer: Pacer, log: list[tuple[str, float]]) -> None:
        while now() < 30:
            await take(pacer, log, "", Rank.TEXT)

    async def scene() -> None:
        pacers = Pacers()
        log: list[tuple[str, float]] = []
        channels = [pacers.for_channel(number) for number in range(60)]
        await asyncio.gather(*(writes(channel, log) for channel in channels))
        assert len(log) > 600
        assert busiest_second(log) <= 40
        assert pacers.traffic.channels == 0
        log.clear()
        await asyncio.gather(*(take(channels[0], log, "", Rank.TEXT) for _ in range(3)))
        times = [when for _, when in log]
        assert [b - a for a, b in pairwise(times)] == pytest.approx([1.2, 1.2])

    play(scene())


def test_a_turn_that_nobody_wants_any_more_is_not_kept_for_a_busier_time() -> None:
    async def scene() -> None:
        pacers = Pacers()
        channels = [pacers.for_channel(number) for number in range(80)]
        log: list[tuple[str, float]] = []
        everybody = [asyncio.create_task(take(one, log, "", Rank.TEXT)) for one in channels]
        await passes(0.5)
        for task in everybody:
            task.cancel()  # half of them have had no turn yet
        await asyncio.gather(*everybody, return_exceptions=True)
        await passes(10)
        log.clear()
        await asyncio.gather(*(take(one, log, "", Rank.TEXT) for one in channels))
        assert len(log) == 80
        assert busiest_second(log) <= 40

    play(scene())


def test_typing_is_left_out_while_turns_take_all_the_room() -> None:
    async def scene() -> None:
        pacers = Pacers()
        log: list[tuple[str, float]] = []
        channels = [pacers.for_channel(number) for number in range(100)]
        everybody = asyncio.gather(*(take(one, log, "", Rank.TEXT) for one in channels))
        await passes(0.5)
        assert not pacers.traffic.spares(now())
        await everybody
        await passes(1.1)
        while pacers.traffic.spares(now()):
            log.append(("typing", now()))
        assert log[-40][0] == "typing"
        assert busiest_second(log) == 40

    play(scene())


def test_who_waits_no_more_is_no_channel_that_is_written_in() -> None:
    async def scene() -> None:
        pacers = Pacers()
        pacer = pacers.for_channel(1)
        async with pacer.turn(lambda: Rank.TEXT):
            waiting = asyncio.create_task(take(pacer, [], "", Rank.TEXT))
            await passes(0.1)
            waiting.cancel()
            assert pacers.traffic.channels == 1
        assert pacers.traffic.channels == 0
        await asyncio.gather(waiting, return_exceptions=True)

    play(scene())


def test_edits_that_fail_come_later_and_later_and_never_stop() -> None:
    async def scene() -> None:
        pacer = Pacer(shortest_s=1.0, longest_s=5.0)
        starts: list[float] = []

        async def fails() -> None:
            async with pacer.turn(lambda: Rank.TEXT):
                starts.append(now())
                raise OSError("reset")

        for _ in range(12):
            with pytest.raises(OSError, match="reset"):
                await fails()
        gaps = [after - before for before, after in pairwise(starts)]
        assert gaps == sorted(gaps)
        assert gaps[-1] == pytest.approx(5.0)

    play(scene())


def test_the_end_of_a_reply_goes_before_text_and_text_before_places_in_line() -> None:
    async def scene() -> None:
        pacer = Pacer()
        log: list[tuple[str, float]] = []
        wanted = [("now", Rank.TEXT), ("line", Rank.STATUS), ("text", Rank.TEXT)]
        wanted += [("end", Rank.FINAL)]
        await asyncio.gather(*(take(pacer, log, name, rank) for name, rank in wanted))
        assert [name for name, _ in log] == ["now", "end", "text", "line"]

    play(scene())


def test_places_in_line_are_brought_up_to_date_while_others_write() -> None:
    async def scene() -> None:
        pacer = Pacer()
        log: list[tuple[str, float]] = []
        texts = [take(pacer, log, "text", Rank.TEXT) for _ in range(9)]
        lines = [take(pacer, log, "line", Rank.STATUS) for _ in range(2)]
        await asyncio.gather(*texts, *lines)
        assert [name for name, _ in log].index("line") <= 3

    play(scene())


def test_a_reply_that_ends_while_it_waits_moves_up() -> None:
    async def scene() -> None:
        pacer = Pacer()
        log: list[str] = []
        rank = {"ending": Rank.TEXT}

        async def named(name: str) -> None:
            async with pacer.turn(lambda: rank.get(name, Rank.TEXT)):
                log.append(name)

        async with asyncio.TaskGroup() as group:
            for name in ("first", "second", "third", "ending"):
                group.create_task(named(name))
            await passes(0.5)
            rank["ending"] = Rank.FINAL
        assert log == ["first", "ending", "second", "third"]

    play(scene())


@pytest.mark.parametrize("when", [0.0, 0.5, 1.2])
def test_a_reply_that_is_given_up_while_it_waits_blocks_nobody(when: float) -> None:
    async def scene() -> None:
        pacer = Pacer()
        log: list[tuple[str, float]] = []
        await take(pacer, log, "first", Rank.TEXT, takes_s=0.0)
        given_up = asyncio.create_task(take(pacer, log, "given up", Rank.TEXT))
        other = asyncio.create_task(take(pacer, log, "other", Rank.TEXT))
        await passes(when)
        given_up.cancel()
        await other
        assert log[-1][0] == "other"
        await take(pacer, log, "next", Rank.TEXT)

    play(scene())


def test_a_reply_that_is_given_up_in_the_moment_of_its_turn_blocks_nobody() -> None:
    async def scene() -> None:
        pacer = Pacer()
        log: list[tuple[str, float]] = []
        async with pacer.turn(lambda: Rank.TEXT):
            given_up = asyncio.create_task(take(pacer, log, "given up", Rank.TEXT))
            await passes(5.0)
        given_up.cancel()  # its turn was given with the end of the one before
        await take(pacer, log, "next", Rank.TEXT)
        assert [name for name, _ in log] == ["next"]

    play(scene())


def test_a_channel_has_one_pacer_as_long_as_anybody_writes_there() -> None:
    pacers = Pacers(remembered=2)
    held = pacers.for_channel(1)
    for channel in range(2, 50):
        pacers.for_channel(channel)
    assert pacers.for_channel(1) is held


def test_channels_that_fell_silent_are_forgotten() -> None:
    pacers = Pacers(remembered=10)
    for channel in range(1000):
        pacers.for_channel(channel)
    gc.collect()
    assert len(pacers) == 10

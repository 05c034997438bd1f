"""Games that are cut short, by a stop or a fault, and what their channels are told."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field
from typing import cast

import pytest

from bot.errors import ShuttingDown
from bot.play.host import GameHost
from bot.replies.faults import NotPermitted, Transient
from bot.storage import ChannelRef, Games
from tests.support.stage import now, passes, play
from tests.support.tables import ADA, BO, HERE, Ledger, begin, played, question


def test_at_a_stop_a_game_says_what_is_kept_of_it_and_its_buttons_go() -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)])
        await game.until("**Question 1 of 2**")
        game.answers(ADA, "Oslo")
        await game.until("One person got it.")
        await game.until("**Question 2 of 2**")
        cut_off = game.discord.last.id
        game.answers(BO, "Oslo")
        await passes(0.01)  # its edit is under way, and broken off by the stop
        await game.host.close()
        [(_, gains)] = game.ledger.rounds
        first, second = game.discord.last.text.splitlines()
        assert first.startswith("The game of trivia was interrupted, for I was restarted.")
        assert second == f"🥇1. <@{ADA}>: {gains[ADA].points} points"
        assert game.ledger.was_interrupted
        assert not game.ledger.ended.is_set()
        shown = game.discord.messages[cut_off]
        assert "**Question 2 of 2**" in shown.text
        assert "1 answer so far." in shown.text
        assert shown.buttons == []

    play(scene())


def test_a_stop_that_a_game_could_not_tell_of_is_left_to_the_next_start() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        await game.until("**Question 1 of 1**")
        game.discord.fail("send", NotPermitted("no"))
        await game.host.close()
        assert "interrupted" not in game.discord.text
        assert not game.ledger.was_interrupted
        assert not game.ledger.ended.is_set()

    play(scene())


@pytest.mark.parametrize("end_error", [None, RuntimeError("the database is gone")])
def test_a_game_that_breaks_says_so_under_the_id_that_is_in_the_log(
    end_error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)])
        await game.until("**Question 1 of 2**")
        game.answers(ADA, "Oslo")
        await game.until("One person got it.")
        game.ledger.serve_error, game.ledger.end_error = RuntimeError("no table"), end_error
        await game.playing
        said = re.fullmatch(
            r"Something went wrong on our side \(id ([0-9a-f]{8})\), so the game ends here\. "
            r"The points so far are kept; please start a new one\.",
            game.discord.last.text,
        )
        assert said is not None, game.discord.last.text
        [broke] = [one for one in caplog.records if f"fault {said[1]}" in one.getMessage()]
        assert broke.exc_info is not None
        assert broke.exc_info[1] is game.ledger.serve_error
        assert game.ledger.ended.is_set() is (end_error is None)
        [(_, gains)] = game.ledger.rounds
        assert gains[ADA].points > 0
        assert [shown.buttons for shown in game.discord.messages.values()] == [[], []]
        assert game.host.at(HERE.id) is None

    play(scene())


def test_a_game_that_breaks_where_a_round_cannot_be_kept_does_not_say_that_it_is() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        await game.until("**Question 1 of 1**")
        game.answers(ADA, "Oslo")
        game.ledger.round_error = RuntimeError("the database is gone")
        await game.playing
        assert "and the points of the last round are lost" in game.discord.last.text
        assert "kept" not in game.discord.last.text

    play(scene())


def test_a_round_that_could_not_be_kept_at_first_is_kept_at_the_end() -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)])
        await game.until("**Question 1 of 2**")
        game.answers(ADA, "Oslo")

        async def once(*told: object) -> None:
            game.ledger.__dict__.pop("close_round")
            raise RuntimeError("the database is locked")

        game.ledger.__dict__["close_round"] = once
        await game.playing
        assert "The points so far are kept" in game.discord.last.text
        [(number, gains)] = game.ledger.rounds
        assert (number, gains[ADA].correct) == (1, 1)

    play(scene())


def test_who_is_forgotten_is_kept_no_more_unless_they_play_again() -> None:
    async def scene() -> None:
        game = begin([question(1), question(2), question(3)])
        await game.until("**Question 1 of 3**")
        for person in (ADA, BO):
            game.answers(person, "Oslo")
        await game.until("**Question 2 of 3**")
        await game.host.forget(BO)
        game.answers(ADA, "Oslo")
        await game.until("**Question 3 of 3**")
        game.answers(BO, "Oslo")
        await game.playing
        [_, (_, second), (_, third)] = game.ledger.rounds
        assert second.keys() == {ADA}
        assert third.keys() == {BO}
        [_, line] = [line for line in game.discord.last.text.splitlines() if "<@" in line]
        assert f"<@{BO}>" in line
        assert "1 right" in line

    play(scene())


def test_a_game_in_the_direct_messages_of_who_is_forgotten_is_over_before() -> None:
    async def scene() -> None:
        game = begin([question(1), question(2)], channel=ChannelRef(11, guild_id=None))
        await game.until("**Question 1 of 2**")
        game.answers(BO, "Oslo")
        await game.until("**Question 2 of 2**")
        await game.host.forget(ADA)
        assert game.ledger.ended.is_set()
        assert game.host.at(HERE.id) is None
        assert game.discord.last.text.startswith("The game was stopped.")

    play(scene())


def test_a_game_that_begins_while_the_bot_stops_leaves_nothing_running() -> None:
    async def scene() -> None:
        ledger = Ledger()
        host = GameHost(cast(Games, ledger))
        start = ledger.start

        async def late(channel: ChannelRef, kind: str, *, started_by: int, may_rank: bool) -> int:
            game_id = await start(channel, kind, started_by=started_by, may_rank=may_rank)
            await host.close()
            return game_id

        ledger.__dict__["start"] = late
        with pytest.raises(ShuttingDown):
            await played(host, Placeholder())
        assert ledger.ended.is_set()
        assert host.at(HERE.id) is None

    play(scene())


def test_a_game_that_broke_before_a_stop_still_says_so() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        game.ledger.serve_error = RuntimeError("no table")
        game.discord.fail("send", Transient("busy"))
        await game.ledger.ended.wait()
        await game.host.close()
        assert game.discord.text.startswith("Something went wrong on our side (id ")

    play(scene())


def test_that_a_game_is_over_is_stored_once_the_database_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        game = begin([question(1)])
        await game.until("**Question 1 of 1**")
        game.ledger.end_error = RuntimeError("the database is gone")
        await game.until("Something went wrong on our side")
        await passes(20)
        assert not game.ledger.ended.is_set()
        game.ledger.end_error = None
        await game.playing
        assert game.ledger.ended.is_set()

    play(scene())
    assert "until the next start" not in caplog.text


def test_a_stop_tries_once_more_to_store_that_a_game_is_over() -> None:
    async def scene() -> None:
        game = begin([question(1)])
        await game.until("**Question 1 of 1**")
        game.ledger.end_error = RuntimeError("the database is gone")
        await game.until("Something went wrong on our side")
        await passes(100)  # the next try is minutes away
        game.ledger.end_error = None
        before = now()
        await game.host.close()
        assert game.ledger.ended.is_set()
        assert now() - before < 1

    play(scene())


@dataclass
class Placeholder:
    """A table that plays until it is told to end."""

    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(self) -> None:
        await self.over.wait()

    def stop(self) -> None:
        self.over.set()

    def has(self, person: int) -> bool:
        return False

    async def forget(self, person: int) -> None:
        raise AssertionError("nobody plays")

    async def close(self) -> None:
        raise AssertionError("it is over")

    async def break_off(self, fault: str) -> None:
        raise AssertionError("nothing broke")


def test_a_game_may_still_say_its_last_words_when_the_next_one_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        host = GameHost(cast(Games, Ledger()))
        first, second = Placeholder(), Placeholder()
        both = [asyncio.create_task(played(host, table)) for table in (first, second)]
        while host.at(HERE.id) is not second:
            await asyncio.sleep(0)
        second.over.set()
        await both[1]
        first.over.set()
        await both[0]
        assert host.at(HERE.id) is None
        await host.close()

    play(scene())
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []

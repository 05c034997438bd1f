"""Which servers are a process's, and what only one process does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.environment import parse_settings
from bot.errors import SettingsError
from bot.shards import ALL_SHARDS, Shards


def of(count: int, ids: str) -> Shards:
    return parse_settings({"SHARD_COUNT": str(count), "SHARD_IDS": ids}).shards


def test_a_bot_that_is_not_told_of_shards_has_all_servers() -> None:
    assert parse_settings({}).shards == ALL_SHARDS
    assert ALL_SHARDS.are_all
    assert ALL_SHARDS.lead


def test_the_ids_may_be_left_out_or_stand_in_any_order() -> None:
    assert of(3, "").ids == (0, 1, 2)
    assert of(3, "").are_all
    assert of(3, " 2, 1,2").ids == (1, 2)
    assert not of(3, "1,2").are_all


@pytest.mark.parametrize("ids", ["2", "0,5", "-1", "first", "0-1", "\u0661"])
def test_shards_that_cannot_be_are_refused_with_what_would_do(ids: str) -> None:
    with pytest.raises(SettingsError) as caught:
        of(2, ids)
    assert str(caught.value) == (
        f"SHARD_IDS is {ids!r}, but with SHARD_COUNT=2 it takes numbers from 0 to 1, separated by "
        "commas. Please correct one of them."
    )


@given(
    guild_id=st.integers(1, 2**63 - 1),
    owners=st.lists(st.integers(0, 2), min_size=1, max_size=12),
)
def test_every_server_is_one_processs_and_only_one_process_leads(
    guild_id: int, owners: list[int]
) -> None:
    processes = [
        Shards(tuple(shard for shard, who in enumerate(owners) if who == owner), len(owners))
        for owner in set(owners)
    ]
    assert sum(shards.have(guild_id) for shards in processes) == 1
    assert sum(shards.lead for shards in processes) == 1

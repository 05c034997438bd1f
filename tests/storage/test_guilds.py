"""What the admins of a server decide."""

from __future__ import annotations

import pytest

from bot.storage import ChannelRef, Choices, Database, Guilds, Preferences, Subject

GUILD = 81384788765712384


@pytest.fixture
def guilds(database: Database) -> Guilds:
    return Guilds(database)


async def test_a_server_that_has_decided_nothing_leaves_all_to_whoever_runs_the_bot(
    guilds: Guilds,
) -> None:
    assert await guilds.choices(GUILD) == Choices()
    assert await guilds.choices(None) == Choices()


async def test_what_is_decided_holds_at_once_and_after_a_restart(
    database: Database, guilds: Guilds
) -> None:
    await guilds.choices(GUILD)
    await guilds.change(GUILD, temperature=0.2, games=False)
    await guilds.change(GUILD, reply_tokens=128)
    expected = Choices(temperature=0.2, games=False, reply_tokens=128)
    assert await guilds.choices(GUILD) == expected
    assert await Guilds(database).choices(GUILD) == expected
    assert await guilds.choices(GUILD + 1) == Choices()


async def test_a_choice_can_be_taken_back(guilds: Guilds) -> None:
    await guilds.change(GUILD, temperature=0.2, games=False)
    await guilds.change(GUILD, temperature=None, games=None)
    assert await guilds.choices(GUILD) == Choices()


async def test_only_choices_can_be_changed(guilds: Guilds) -> None:
    with pytest.raises(TypeError, match="rules"):
        await guilds.change(GUILD, rules=None)


async def test_rules_are_replaced_by_kind_and_side(database: Database, guilds: Guilds) -> None:
    await guilds.set_rules(GUILD, Subject.ROLE, [1, 2], allowed=True)
    await guilds.set_rules(GUILD, Subject.ROLE, [3], allowed=False)
    await guilds.set_rules(GUILD, Subject.PERSON, [1], allowed=False)
    await guilds.set_rules(GUILD, Subject.ROLE, [2], allowed=True)
    choices = await Guilds(database).choices(GUILD)
    assert choices.ids(Subject.ROLE, allowed=True) == [2]
    assert choices.ids(Subject.ROLE, allowed=False) == [3]
    assert choices.ids(Subject.PERSON, allowed=False) == [1]
    assert await guilds.choices(GUILD) == choices


async def test_what_is_named_on_one_side_leaves_the_other(guilds: Guilds) -> None:
    await guilds.set_rules(GUILD, Subject.CHANNEL, [1, 2], allowed=True)
    await guilds.set_rules(GUILD, Subject.CHANNEL, [2], allowed=False)
    choices = await guilds.choices(GUILD)
    assert choices.ids(Subject.CHANNEL, allowed=True) == [1]
    assert choices.ids(Subject.CHANNEL, allowed=False) == [2]
    await guilds.set_rules(GUILD, Subject.CHANNEL, [], allowed=False)
    await guilds.set_rules(GUILD, Subject.CHANNEL, [], allowed=True)
    assert (await guilds.choices(GUILD)).rules == {}


async def test_who_has_chosen_how_long_things_are_kept(guilds: Guilds) -> None:
    await guilds.change(GUILD, retention_days=7)
    await guilds.change(GUILD + 1, games=False)
    assert await guilds.retention() == {GUILD: 7}


async def test_many_servers_are_remembered_and_the_longest_unused_read_anew(
    database: Database,
) -> None:
    guilds = Guilds(database, cached=2)
    for guild_id in (1, 2, 3):
        await guilds.change(guild_id, reply_tokens=100 + guild_id)
    for guild_id in (1, 2, 3, 1):
        assert (await guilds.choices(guild_id)).reply_tokens == 100 + guild_id


async def test_a_channel_without_a_persona_takes_its_servers(
    database: Database, guilds: Guilds
) -> None:
    preferences = Preferences(database, guilds)
    channel = ChannelRef(id=10, guild_id=GUILD)
    await guilds.change(GUILD, persona="The librarian.")
    assert (await preferences.get(channel)).persona == "The librarian."
    await preferences.set_persona(channel, "A pirate.")
    assert (await preferences.get(channel)).persona == "A pirate."
    assert (await preferences.get(ChannelRef(id=12))).persona is None

"""Who may use the bot, where, and for what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access import Access, Asker, Purpose, refusal_by
from bot.errors import SettingsError
from bot.house import House, read_ids
from bot.storage import ChannelRef, Choices, Database, Guilds, Subject

GUILD, CHANNEL, PARENT = 1, 10, 11
HERE = ChannelRef(CHANNEL, guild_id=GUILD)
THREAD = ChannelRef(CHANNEL, guild_id=GUILD, parent_id=PARENT)
ADA, MEMBER, MUTED = 7, 20, 21

Rules = dict[tuple[Subject, int], bool]

OPEN = ""
BY_PERSON = "The admins of this server do not let you use me."
BY_ROLE = "Your roles in this server do not let you use me. Its admins can change that."
BY_CHANNEL = "I do not talk in this channel, by its server's choice."
ELSEWHERE = "In this server I talk in <#99> only. Please ask me there."


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    await opened.upgrade()
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("rules", "roles", "channel", "expected"),
    [
        ({}, [], HERE, OPEN),
        ({(Subject.PERSON, ADA): False}, [], HERE, BY_PERSON),
        ({(Subject.PERSON, 8): False}, [], HERE, OPEN),
        ({(Subject.ROLE, MEMBER): True}, [], HERE, BY_ROLE),
        ({(Subject.ROLE, MEMBER): True}, [MEMBER], HERE, OPEN),
        ({(Subject.ROLE, MUTED): False}, [MUTED], HERE, BY_ROLE),
        ({(Subject.ROLE, MUTED): False}, [], HERE, OPEN),
        (
            {(Subject.ROLE, MEMBER): True, (Subject.ROLE, MUTED): False},
            [MEMBER, MUTED],
            HERE,
            BY_ROLE,
        ),
        ({(Subject.ROLE, MEMBER): True, (Subject.PERSON, ADA): True}, [], HERE, OPEN),
        ({(Subject.ROLE, MUTED): False, (Subject.PERSON, ADA): True}, [MUTED], HERE, OPEN),
        ({(Subject.CHANNEL, CHANNEL): False}, [], HERE, BY_CHANNEL),
        ({(Subject.CHANNEL, 99): False}, [], HERE, OPEN),
        ({(Subject.CHANNEL, 99): True}, [], HERE, ELSEWHERE),
        ({(Subject.CHANNEL, CHANNEL): True}, [], HERE, OPEN),
        ({(Subject.CHANNEL, PARENT): False}, [], THREAD, BY_CHANNEL),
        ({(Subject.CHANNEL, PARENT): True}, [], THREAD, OPEN),
        (
            {(Subject.CHANNEL, PARENT): False, (Subject.CHANNEL, CHANNEL): True},
            [],
            THREAD,
            OPEN,
        ),
        ({(Subject.CHANNEL, 99): True, (Subject.PERSON, ADA): True}, [], HERE, ELSEWHERE),
    ],
)
def test_a_servers_rules(
    rules: Rules, roles: list[int], channel: ChannelRef, expected: str
) -> None:
    asker = Asker(ADA, frozenset(roles), channel)
    assert refusal_by(Choices(rules=rules), asker) == expected


@given(
    rules=st.dictionaries(
        st.tuples(st.sampled_from(Subject), st.integers(1, 4)), st.booleans(), max_size=8
    ),
    roles=st.frozensets(st.integers(1, 4)),
    channel_id=st.integers(1, 4),
    person=st.integers(1, 4),
)
def test_who_is_named_is_never_kept_out_by_roles_and_who_is_barred_never_gets_in(
    rules: Rules, roles: frozenset[int], channel_id: int, person: int
) -> None:
    asker = Asker(person, roles, ChannelRef(channel_id, guild_id=GUILD))
    refused = refusal_by(Choices(rules=rules), asker)
    named = rules.get((Subject.PERSON, person))
    if named is not None:
        assert (refused == BY_PERSON) is not named
        assert refused != BY_ROLE
    if rules.get((Subject.CHANNEL, channel_id)) is False:
        assert refused
    if not rules:
        assert not refused


def test_of_many_channels_only_some_are_named() -> None:
    rules = {(Subject.CHANNEL, channel_id): True for channel_id in range(100, 130)}
    refused = refusal_by(Choices(rules=rules), Asker(ADA, frozenset(), HERE))
    assert "<#109> and others only" in refused
    assert "<#110>" not in refused


@pytest.mark.parametrize(
    ("house", "guild", "expected"),
    [
        (House(), GUILD, OPEN),
        (House(blocked=frozenset([ADA])), GUILD, "Whoever runs me does not let you use me."),
        (House(blocked=frozenset([ADA])), None, "Whoever runs me does not let you use me."),
        (House(blocked=frozenset([GUILD])), GUILD, "I am not set up for this server."),
        (House(servers=frozenset([2])), GUILD, "I am not set up for this server."),
        (House(servers=frozenset([GUILD])), GUILD, OPEN),
        (House(servers=frozenset([2])), None, OPEN),
        (House(takes_direct_messages=False), None, "I do not talk in direct messages."),
        (House(takes_direct_messages=False), GUILD, OPEN),
    ],
)
async def test_the_house_decides_before_the_server(
    database: Database, house: House, guild: int | None, expected: str
) -> None:
    asker = Asker(ADA, frozenset(), ChannelRef(CHANNEL, guild_id=guild))
    refused = await Access(house, Guilds(database)).refusal(asker)
    assert refused.startswith(expected) if expected else not refused


async def test_what_a_server_switched_off_is_off_there_only(database: Database) -> None:
    guilds = Guilds(database)
    access = Access(House(), guilds)
    await guilds.change(GUILD, games=False, documents=False)
    here, elsewhere = (
        Asker(ADA, frozenset(), ChannelRef(CHANNEL, guild_id=guild)) for guild in (GUILD, 2)
    )
    assert (await access.refusal(here, Purpose.GAMES)).startswith("Games are switched off")
    assert (await access.refusal(here, Purpose.DOCUMENTS)).startswith("Documents are switched off")
    assert not await access.refusal(here)
    assert not await access.refusal(elsewhere, Purpose.GAMES)


@pytest.mark.parametrize(
    ("text", "ids"), [("", set()), ("81384788765712384, 7,", {81384788765712384, 7})]
)
def test_ids_are_read(text: str, ids: set[int]) -> None:
    assert read_ids("OWNER_IDS", text) == ids


@pytest.mark.parametrize("text", ["ada", "1;2", "-1", "\u0661"])
def test_what_is_no_list_of_ids_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(SettingsError, match=r"OWNER_IDS is .* takes ids"):
        read_ids("OWNER_IDS", text)

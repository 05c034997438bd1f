"""What people can see and decide of what is stored about them."""

from __future__ import annotations

import json
import logging
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from simcord.actors import MemberActor

from bot.conversation import OPTED_OUT
from bot.privacy import FILE_NAME, TooMuchData
from bot.reply_actions import NOT_KEPT
from bot.storage import ChannelRef, Holdings, Library
from tests.support.engines import Script
from tests.support.held import HeldDownloads
from tests.support.migrated import bytes_of
from tests.support.world import World

TREES = b"An oak grows very old. A birch does not.\n"


def mention(world: World) -> str:
    return f"<@{world.client.me.id}>"


async def use(person: MemberActor, world: World, command: str, **options: str) -> str:
    """What only they are told."""
    result = await person.slash(world.channel, f"privacy {command}", **options)
    assert result.ephemeral
    assert result.response is not None
    return result.response.content


async def holdings(world: World, person: MemberActor) -> Holdings:
    return await world.client.privacy.people.holdings(person.id)


async def test_show_says_in_words_what_there_is_and_of_whom(world: World) -> None:
    assert await use(world.bob, world, "show") == "I have nothing stored about you."
    await world.bob.slash(world.channel, "chat", message="hi")
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    assert await use(world.bob, world, "show") == (
        "I have stored about you:\n"
        "- 1 question that you asked\n"
        "- 1 reply to them\n"
        "- 1 document that you brought, with its text"
    )
    assert await use(world.alice, world, "show") == "I have nothing stored about you."


async def test_the_export_is_a_file_that_only_its_person_sees(world: World) -> None:
    await world.bob.slash(world.channel, "chat", message="apricots?")
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    result = await world.bob.slash(world.channel, "privacy export")
    assert result.ephemeral
    sent = result.followups[0] if result.followups else result.response
    assert sent is not None
    [attachment] = sent.attachments
    assert attachment.filename == FILE_NAME
    found = json.loads(await attachment.read())
    assert [question["text"] for question in found["questions"]] == ["apricots?"]
    assert [reply["text"] for reply in found["questions"][0]["replies"]] == ["Hello there."]
    assert found["documents"][0]["passages"][0]["text"] == TREES.decode().strip()


async def test_an_export_that_is_too_large_is_packed_then_without_documents_then_refused(
    world: World,
) -> None:
    await world.bob.slash(world.channel, "chat", message="a" * 300)
    long = b"\n\n".join(b"%x" % (number**9) for number in range(600))
    await world.bob.send(world.channel, mention(world), attachments=[("long.txt", long)])
    requests = world.client.privacy
    plain = await requests.export(world.bob.id, limit=1 << 20)
    packed = await requests.export(world.bob.id, limit=len(plain.data) - 1)
    assert (packed.name, packed.note) == (f"{FILE_NAME}.zip", "")
    with zipfile.ZipFile(BytesIO(packed.data)) as archive:
        before, after = json.loads(archive.read(FILE_NAME)), json.loads(plain.data)
        assert {**before, "exported_at": ""} == {**after, "exported_at": ""}
    without = await requests.export(world.bob.id, limit=len(packed.data) // 2)
    assert "did not fit" in without.note
    assert "a" * 300 in without.data.decode()
    with pytest.raises(TooMuchData, match="ask whoever runs me"):
        await requests.export(world.bob.id, limit=10)


async def test_nothing_is_deleted_before_it_is_confirmed(world: World) -> None:
    await world.bob.slash(world.channel, "chat", message="hi")
    asked = await world.bob.slash(world.channel, "privacy delete")
    assert asked.ephemeral
    assert asked.response is not None
    assert "- 1 question that you asked" in asked.response.content
    assert "cannot be brought back" in asked.response.content
    kept = await world.bob.click(asked.response, label="Keep it")
    assert kept.response is not None
    assert kept.response.content == "Nothing was deleted."
    assert (await holdings(world, world.bob)).questions == 1


async def test_who_has_only_asked_something_just_now_is_asked_before_that_is_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = HeldDownloads(world, monkeypatch)
    await world.bob.send(world.channel, f"{mention(world)} how?", attachments=[("t.txt", TREES)])
    asked = await world.bob.slash(world.channel, "privacy delete")
    assert asked.response is not None
    assert asked.response.content.startswith("- what you have asked just now\n")
    await world.bob.click(asked.response, label="Keep it")
    await downloads.arrive()
    assert (await holdings(world, world.bob)).questions == 1


async def test_delete_says_what_it_deleted_and_leaves_no_byte_of_it(
    world: World, tmp_path: Path
) -> None:
    await world.bob.slash(world.channel, "chat", message="apricots?")
    await world.bob.user.send_dm("apricots in secret")
    await world.bob.send(world.channel, mention(world), attachments=[("apricots.txt", TREES)])
    await world.alice.slash(world.channel, "chat", message="brambles?")
    assert b"apricots" in bytes_of(tmp_path)

    asked = await world.bob.slash(world.channel, "privacy delete")
    assert asked.response is not None
    done = await world.bob.click(asked.response, label="Delete everything")
    assert done.response is not None
    assert done.response.content.startswith(
        "I have deleted what was stored about you:\n"
        "- 2 questions that you asked\n- 2 replies to them\n- 1 document"
    )
    assert "Copies of the database" in done.response.content
    left = bytes_of(tmp_path)
    assert b"apricots" not in left
    assert b"An oak grows very old" not in left
    assert world.bob.id.to_bytes(8, "big") not in left
    assert b"brambles?" in left
    assert await use(world.bob, world, "show") == "I have nothing stored about you."

    again = await use(world.bob, world, "delete")
    assert again == "I have nothing stored about you, so there is nothing to delete."


async def test_the_persona_of_a_direct_message_is_deleted_and_not_used_any_more(
    world: World,
) -> None:
    sent = await world.bob.user.send_dm("hi")
    channel = ChannelRef(sent.channel.id)
    preferences = world.client.conversation.preferences
    await preferences.set_persona(channel, "You are a pirate.")
    assert (await preferences.get(channel)).persona == "You are a pirate."
    asked = await world.bob.slash(world.channel, "privacy delete")
    assert asked.response is not None
    await world.bob.click(asked.response, label="Delete everything")
    assert (await preferences.get(channel)).persona is None


async def test_who_opted_out_is_answered_and_nothing_of_it_is_ever_written(
    world: World, tmp_path: Path
) -> None:
    told = await use(world.bob, world, "optout", choice="on")
    assert "keep neither your questions nor my replies" in told
    seen: list[bytes] = []

    def look(_prompt: str) -> Script:
        seen.append(bytes_of(tmp_path))
        return Script(("Pomegranates ", "are red."))

    world.engine.reply = look
    await world.bob.send(world.channel, f"{mention(world)} what are apricots?")
    await world.bob.slash(world.channel, "chat", message="and apricots in a command?")
    assert "USER: Bob: what are apricots? ASSISTANT:" in world.engine.prompts[0]
    assert world.shown()[0] == "Pomegranates are red."
    assert len(seen) == 2
    for found in (*seen, bytes_of(tmp_path)):
        assert b"apricots" not in found
        assert b"Pomegranates" not in found
    assert await holdings(world, world.bob) == Holdings()
    assert await world.history.window(world.channel.id) == []
    assert "You want nothing kept" in await use(world.bob, world, "show")

    await use(world.bob, world, "optout", choice="off")
    await world.bob.slash(world.channel, "chat", message="and now?")
    assert "what are apricots" not in world.engine.prompts[-1]
    assert (await holdings(world, world.bob)).questions == 1


async def test_files_of_those_who_opted_out_are_answered_from_and_not_kept(world: World) -> None:
    await use(world.bob, world, "optout", choice="on")
    await world.bob.send(
        world.channel, f"{mention(world)} how old is an oak?", attachments=[("trees.txt", TREES)]
    )
    assert "An oak grows very old." in world.engine.prompts[-1]
    assert await Library(world.database).documents(world.channel.id) == []
    await world.bob.send(world.channel, mention(world), attachments=[("trees.txt", TREES)])
    assert "trees.txt" in world.shown()[-1]
    assert await Library(world.database).documents(world.channel.id) == []


async def test_under_a_reply_that_was_not_kept_there_is_nothing_to_press(world: World) -> None:
    await use(world.bob, world, "optout", choice="on")
    await world.bob.send(world.channel, f"{mention(world)} hi")
    answer = world.channel.last_message
    assert answer is not None
    assert answer.components == []
    result = await world.bob.context_menu(world.channel, "Regenerate", answer)
    assert result.response is not None
    assert result.response.content == NOT_KEPT
    assert len(world.engine.prompts) == 1


async def test_an_older_reply_is_not_written_anew_for_who_has_opted_out_since(
    world: World,
) -> None:
    await world.bob.send(world.channel, f"{mention(world)} hi")
    answer = world.channel.last_message
    assert answer is not None
    await use(world.bob, world, "optout", choice="on")
    refused = await world.alice.click(answer, label="Regenerate")
    assert refused.response is not None
    assert refused.response.content == OPTED_OUT
    assert (await holdings(world, world.bob)).replies == 1


async def test_a_server_that_the_bot_is_taken_out_of_is_marked_and_one_it_joins_is_not(
    world: World,
) -> None:
    await world.bob.slash(world.channel, "chat", message="hi")
    known = world.client.housekeeping.retention
    assert await known.guilds() == {world.guild.id: None}
    assert not world.client.membership.has_left(world.guild.id)
    world.env.backend.remove_guild(world.guild.id)
    await world.env.settle()
    assert (await known.guilds())[world.guild.id] is not None
    # Also at the next start, though it was the only one.
    assert world.client.membership.has_left(world.guild.id)
    await world.client.housekeeping.joined(world.guild.id)
    assert await known.guilds() == {world.guild.id: None}


async def test_the_log_names_no_person_and_says_nothing_of_what_they_say(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await world.bob.send(world.channel, f"{mention(world)} apricots?")
    answer = world.channel.last_message
    assert answer is not None
    await world.bob.click(answer, label="Regenerate")
    await world.bob.send(
        world.channel, f"{mention(world)} apricots?", attachments=[("apricots.txt", TREES)]
    )
    world.engine.scripts.append(Script(("apricots",), error=RuntimeError("CUDA error")))
    await world.bob.slash(world.channel, "chat", message="apricots?")
    await use(world.bob, world, "optout", choice="on")
    await use(world.bob, world, "export")
    asked = await world.bob.slash(world.channel, "privacy delete")
    assert asked.response is not None
    await world.bob.click(asked.response, label="Delete everything")
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "ended" in said
    assert str(world.bob.id) not in said
    assert "apricots" not in said
    assert "Bob" not in said

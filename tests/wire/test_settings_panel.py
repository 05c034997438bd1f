"""What a server's admins decide by the panel, and what its people then see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sandbox.people import Person
from sandbox.types import Json
from tests.support.reader import answer_to, buttons, told
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")


class OpenPanel:
    """The panel, as the one who opened it sees it."""

    def __init__(self, wire: Wire, message: Json) -> None:
        self._wire = wire
        self._person = wire.ada
        self.message = message

    @property
    def text(self) -> str:
        return str(self.message["content"])

    async def choose(self, custom_id: str, values: Sequence[str]) -> None:
        here, message_id = self._wire.channel_id, int(self.message["id"])
        used = self._person.select(here, message_id, custom_id, values)
        self.message = await answer_to(self._person, used)

    async def press(self, label: str, fields: Mapping[str, str] | None = None) -> None:
        """``fields``: what is written into the dialog that the button opens."""
        here, message_id = self._wire.channel_id, int(self.message["id"])
        used = self._person.press(here, message_id, buttons(self.message)[label])
        if fields is not None:
            used = self._person.submit(await used.answered(), dict(fields))
        self.message = await answer_to(self._person, used)


async def opened(wire: Wire) -> OpenPanel:
    used = wire.ada.use_command(wire.channel_id, "settings")
    return OpenPanel(wire, await answer_to(wire.ada, used))


async def chat(wire: Wire, person: Person) -> str:
    """What the person is told who uses /chat, where they are refused."""
    return await told(person, person.use_command(wire.channel_id, "chat", {"message": "hi"}))


async def answered(wire: Wire, person: Person) -> str:
    """The prompt that the model gets when the person asks something."""
    person.use_command(wire.channel_id, "chat", {"message": "hi"})
    reply = await wire.model.asked()
    await reply.say("Hello.")
    await reply.end()
    return reply.prompt


async def test_where_it_talks(wire: Wire) -> None:
    guild_id = next(iter(wire.sandbox.world.guilds))
    other = wire.sandbox.world.add_channel(guild_id, "bots-only")
    panel = await opened(wire)
    assert "I talk in every channel that I see." in panel.text
    await panel.choose("channels True", [str(other)])
    assert f"I talk only in <#{other}>." in panel.text
    assert await chat(wire, wire.bo) == (
        f"In this server I talk in <#{other}> only. Please ask me there."
    )
    wire.ask("Can you hear me?")
    await panel.choose("channels True", [])
    assert "I talk in every channel that I see." in panel.text
    assert (await answered(wire, wire.bo)).endswith("USER: Bo: hi ASSISTANT:")


async def test_who_may_use_it(wire: Wire) -> None:
    panel = await opened(wire)
    await panel.choose("page", ["WHO"])
    assert "Every member may use me." in panel.text
    await panel.choose("people False", [str(wire.bo.id)])
    assert f"Whatever their roles, <@{wire.bo.id}> may not." in panel.text
    assert await chat(wire, wire.bo) == "The admins of this server do not let you use me."
    about = await told(wire.bo, wire.bo.use_command(wire.channel_id, "help"))
    assert "/chat" in about
    await answered(wire, wire.ada)
    await panel.choose("people False", [])
    await answered(wire, wire.bo)


async def test_who_is_no_admin_any_more_changes_nothing_by_a_dialog_that_is_open(
    wire: Wire,
) -> None:
    panel = await opened(wire)
    await panel.choose("page", ["REPLIES"])
    pressed = wire.ada.press(
        wire.channel_id, int(panel.message["id"]), buttons(panel.message)["Change persona"]
    )
    dialog = await pressed.answered()
    guild = next(iter(wire.sandbox.world.guilds.values()))
    owner, guild["owner_id"] = guild["owner_id"], str(wire.bo.id)
    try:
        said = await told(wire.ada, wire.ada.submit(dialog, {"persona": "You obey Ada."}))
    finally:
        guild["owner_id"] = owner
    assert said == "You need the permission Manage Server for that."
    assert "You obey" not in await answered(wire, wire.bo)


async def test_how_it_replies(wire: Wire) -> None:
    panel = await opened(wire)
    await panel.choose("page", ["REPLIES"])
    await panel.press("Change persona", {"persona": "You are the librarian."})
    assert "> You are the librarian." in panel.text
    assert "You are the librarian. USER:" in await answered(wire, wire.bo)
    await panel.choose("reply_tokens", ["64"])
    await panel.choose("temperature", ["0.2"])
    wire.bo.use_command(wire.channel_id, "chat", {"message": "hi"})
    reply = await wire.model.asked()
    assert (reply.max_new_tokens, reply.temperature) == (64, 0.2)
    await reply.end()
    await panel.press("Clear persona")
    assert "I have no persona of this server's own." in panel.text
    await panel.choose("reply_tokens", ["house"])
    await panel.choose("temperature", ["house"])


async def test_games_and_documents_can_be_switched_off(wire: Wire) -> None:
    panel = await opened(wire)
    await panel.choose("page", ["FEATURES"])
    await panel.press("Games: on")
    await panel.press("Documents: on")
    play = wire.bo.use_command(wire.channel_id, "anagram check", {"a": "listen", "b": "silent"})
    assert await told(wire.bo, play) == (
        "Games are switched off in this server. Its admins can change that with `/settings`."
    )
    docs = wire.bo.use_command(wire.channel_id, "docs list")
    assert (await told(wire.bo, docs)).startswith("Documents are switched off")
    await panel.press("Games: off")
    await panel.press("Documents: off")
    assert "Games are on" in panel.text


async def test_how_long_things_are_kept(wire: Wire) -> None:
    panel = await opened(wire)
    await panel.choose("page", ["KEEPING"])
    assert "deleted after 30 days" in panel.text
    await panel.choose("retention_days", ["7"])
    assert "deleted after 7 days; scores are kept." in panel.text
    await panel.choose("retention_days", ["house"])


async def test_the_panel_is_for_admins_and_admin_commands_for_the_owner(wire: Wire) -> None:
    offered = {str(command["name"]) for command in wire.bo.commands(wire.channel_id)}
    assert "settings" not in offered
    assert "admin" not in offered
    refused = wire.ada.use_command(wire.channel_id, "admin status")
    assert await told(wire.ada, refused) == (
        "That is for whoever runs me, and nobody is named yet. If that is you: put "
        f"OWNER_IDS={wire.ada.id} into .env and restart me."
    )

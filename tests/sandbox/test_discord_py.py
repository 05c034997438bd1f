"""The sandbox as discord.py sees it: everything here goes through the library's own client."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import cast

import discord
import pytest
from discord import app_commands

from sandbox.files import Upload
from sandbox.filling import Fields
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from tests.sandbox.conftest import Place
from tests.support.on_the_wire import DEFAULT_INTENTS, LIMIT_S, new_client, running

CONTENT = 1 << 15


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[discord.Client]:
    made = new_client()
    async with running(sandbox, made):
        yield made


@pytest.fixture
async def channel(client: discord.Client, place: Place) -> discord.TextChannel:
    async with asyncio.timeout(LIMIT_S):
        await client.wait_until_ready()
    return cast("discord.TextChannel", client.get_channel(place.channel_id))


async def heard(client: discord.Client) -> discord.Message:
    """What somebody says next."""
    said: discord.Message = await client.wait_for(
        "message", check=lambda m: not m.author.bot, timeout=LIMIT_S
    )
    return said


async def test_it_finds_its_server_its_channels_and_its_members(
    client: discord.Client, channel: discord.TextChannel, place: Place
) -> None:
    [guild] = client.guilds
    assert [c.name for c in guild.text_channels] == ["general", "games"]
    assert guild.owner_id == place.ada.id
    assert guild.me.id == place.bot_id
    mine = channel.permissions_for(guild.me)
    assert mine.send_messages
    assert not mine.manage_messages
    assert channel.topic


async def test_it_hears_people_and_answers_them(
    client: discord.Client, channel: discord.TextChannel, place: Place
) -> None:
    waiting = asyncio.create_task(heard(client))
    await asyncio.sleep(0)
    place.bo.send(place.channel_id, f"<@{place.bot_id}> hello", files=[Upload("a.txt", b"hi")])
    message = await waiting
    assert message.author.display_name == "Bo"
    assert isinstance(message.author, discord.Member)
    assert client.user is not None
    assert client.user.mentioned_in(message)
    assert await message.attachments[0].read() == b"hi"
    async with message.channel.typing():
        reply = await message.reply("Hello, Bo", mention_author=False)
    assert reply.reference is not None
    assert reply.reference.message_id == message.id
    assert reply.mentions == []
    await reply.edit(content="Hello there", view=discord.ui.View().add_item(button()))
    [_, shown] = place.bo.messages(place.channel_id)
    assert (shown["content"], len(shown["components"])) == ("Hello there", 1)
    await reply.delete()
    assert len(place.bo.messages(place.channel_id)) == 1


def button() -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(label="Go", custom_id="go")


async def test_it_reads_back_what_was_said(channel: discord.TextChannel, place: Place) -> None:
    ids = [int(place.bo.send(place.channel_id, str(number))["id"]) for number in range(120)]
    newest = [m.content async for m in channel.history(limit=110)]
    assert newest == [str(number) for number in reversed(range(10, 120))]
    oldest = [m.content async for m in channel.history(limit=3, oldest_first=True)]
    assert oldest == ["0", "1", "2"]
    near = [m.content async for m in channel.history(limit=3, around=discord.Object(ids[50]))]
    assert sorted(near) == ["49", "50", "51"]
    assert (await channel.fetch_message(ids[7])).content == "7"


async def test_files_and_embeds_arrive(channel: discord.TextChannel, place: Place) -> None:
    embed = discord.Embed(title="Scores", description="Ada 3").add_field(name="Bo", value="2")
    files = [discord.File(io.BytesIO(b"one"), "1.txt"), discord.File(io.BytesIO(b"two"), "2.txt")]
    sent = await channel.send(embed=embed, files=files)
    assert [a.filename for a in sent.attachments] == ["1.txt", "2.txt"]
    assert sent.embeds[0].fields[0].value == "2"
    changed = await sent.edit(attachments=[sent.attachments[1]])
    assert [a.filename for a in changed.attachments] == ["2.txt"]
    [shown] = place.bo.messages(place.channel_id)
    assert [a["filename"] for a in shown["attachments"]] == ["2.txt"]


async def test_errors_have_the_librarys_own_kinds(
    channel: discord.TextChannel, place: Place, sandbox: Sandbox
) -> None:
    with pytest.raises(discord.NotFound, match="10008"):
        await channel.fetch_message(1)
    with pytest.raises(discord.HTTPException, match="50006"):
        await channel.send("")
    with pytest.raises(discord.HTTPException, match=r"In content: Must be between 0 and 2000"):
        await channel.send("x" * 2001)
    large = discord.File(io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)), "large.bin")
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(file=large)
    assert (refused.value.status, refused.value.code) == (413, 40005)
    sandbox.world.allow(place.channel_id, place.bot_id, deny=Permission.SEND_MESSAGES)
    with pytest.raises(discord.Forbidden, match="50013"):
        await channel.send("x")


async def test_a_permission_that_changes_is_known_at_once(
    client: discord.Client, channel: discord.TextChannel, place: Place, sandbox: Sandbox
) -> None:
    waiting = asyncio.create_task(client.wait_for("guild_channel_update", timeout=LIMIT_S))
    await asyncio.sleep(0)
    sandbox.world.allow(place.channel_id, place.bot_id, deny=Permission.ATTACH_FILES)
    await waiting
    assert not channel.permissions_for(channel.guild.me).attach_files


async def test_threads_are_made_joined_and_written_in(
    channel: discord.TextChannel, place: Place
) -> None:
    starter = await channel.fetch_message(int(place.bo.send(place.channel_id, "Talk?")["id"]))
    thread = await starter.create_thread(name="Talk")
    assert thread.id == starter.id
    await thread.join()
    await thread.send("Here")
    assert place.bo.messages(thread.id)[-1]["content"] == "Here"
    free = await channel.create_thread(name="Free", type=discord.ChannelType.public_thread)
    assert free.parent_id == channel.id


async def test_private_messages_go_both_ways(
    client: discord.Client, channel: discord.TextChannel, place: Place
) -> None:
    bo = await client.fetch_user(place.bo.id)
    await bo.send("Psst")
    dm = place.bo.open_dm()
    assert place.bo.messages(dm)[-1]["content"] == "Psst"
    waiting = asyncio.create_task(heard(client))
    await asyncio.sleep(0)
    place.bo.send(dm, "What?")
    message = await waiting
    assert message.guild is None
    assert message.content == "What?"


async def test_reactions_and_deletions_are_heard(
    client: discord.Client, channel: discord.TextChannel, place: Place, sandbox: Sandbox
) -> None:
    sandbox.world.allow(place.channel_id, place.bot_id, allow=Permission.MANAGE_MESSAGES)
    sent = await channel.send("Hello")
    reacted = asyncio.create_task(client.wait_for("raw_reaction_add", timeout=LIMIT_S))
    deleted = asyncio.create_task(client.wait_for("raw_bulk_message_delete", timeout=LIMIT_S))
    await asyncio.sleep(0)
    place.bo.react(place.channel_id, sent.id, "👍")
    assert str((await reacted).emoji) == "👍"
    await sent.add_reaction("🎉")
    [thumb, party] = (await channel.fetch_message(sent.id)).reactions
    assert (thumb.count, thumb.me, party.me) == (1, False, True)
    more = await channel.send("More")
    await channel.delete_messages([sent, more])
    assert (await deleted).message_ids == {sent.id, more.id}


async def test_a_gateway_that_drops_is_resumed_and_nothing_is_missed(
    client: discord.Client, channel: discord.TextChannel, place: Place, sandbox: Sandbox
) -> None:
    resumed = asyncio.create_task(client.wait_for("resumed", timeout=LIMIT_S))
    waiting = asyncio.create_task(heard(client))
    await asyncio.sleep(0)
    sandbox.faults.close_gateway(4000, resumable=True)
    place.bo.send(place.channel_id, "while you were away")
    assert (await waiting).content == "while you were away"
    await resumed


async def test_without_the_intent_discord_py_sees_no_words(sandbox: Sandbox, place: Place) -> None:
    client = new_client(DEFAULT_INTENTS & ~CONTENT)
    async with running(sandbox, client):
        waiting = asyncio.create_task(heard(client))
        await asyncio.sleep(0)
        place.bo.send(place.channel_id, "secret")
        assert (await waiting).content == ""


async def test_an_intent_that_is_switched_off_is_explained(sandbox: Sandbox) -> None:
    sandbox.world.application["flags"] = 0
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(sandbox, new_client()):
            pytest.fail("it came in")


# -- commands, buttons, dialogs ----------------------------------------------------------------


class Question(discord.ui.Modal, title="A question"):
    text: discord.ui.Label[Question] = discord.ui.Label(
        text="What?", component=discord.ui.TextInput(custom_id="text")
    )
    files: discord.ui.Label[Question] = discord.ui.Label(
        text="Files", component=discord.ui.FileUpload(custom_id="files", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        text = cast("discord.ui.TextInput[Question]", self.text.component).value
        files = cast("discord.ui.FileUpload[Question]", self.files.component).values
        read = b" ".join([await file.read() for file in files])
        await interaction.response.send_message(f"{text} {read.decode()}")


class Choice(discord.ui.View):
    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, _: discord.ui.Button[Choice]) -> None:
        await interaction.response.send_modal(Question())

    @discord.ui.select(
        custom_id="pick", options=[discord.SelectOption(label="A"), discord.SelectOption(label="B")]
    )
    async def pick(
        self, interaction: discord.Interaction, select: discord.ui.Select[Choice]
    ) -> None:
        await interaction.response.edit_message(content=f"You took {select.values[0]}", view=None)


@pytest.fixture
async def tree(client: discord.Client, channel: discord.TextChannel) -> discord.Client:
    """The client with commands of every kind, registered."""
    commands = app_commands.CommandTree(client)

    @commands.command()
    async def slow(interaction: discord.Interaction, secret: bool = False) -> None:
        """Think first."""
        await interaction.response.defer(ephemeral=secret)
        await interaction.followup.send("Thought")
        await interaction.followup.send("And again", ephemeral=secret)

    @commands.command()
    @app_commands.describe(file="To be counted", who="Whose it is")
    async def count(
        interaction: discord.Interaction, file: discord.Attachment, who: discord.Member
    ) -> None:
        """Count a file."""
        size = len(await file.read())
        await interaction.response.send_message(f"{who.display_name}: {size}")
        await interaction.edit_original_response(content=f"{who.display_name}: {size} bytes")

    @commands.command()
    async def topics(interaction: discord.Interaction, topic: str) -> None:
        """Choose."""
        await interaction.response.send_message(topic)

    @topics.autocomplete("topic")
    async def suggest(
        interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        known = ("Animals", "Art", "Physics")
        return [app_commands.Choice(name=k, value=k) for k in known if k.lower().startswith(typed)]

    @commands.command()
    async def choose(interaction: discord.Interaction) -> None:
        """Buttons and more."""
        await interaction.response.send_message("Choose", view=Choice())

    @commands.context_menu(name="Length")
    async def length(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(str(len(message.content)), ephemeral=True)

    await commands.sync()
    return client


async def test_commands_are_registered_as_they_are_written(
    tree: discord.Client, place: Place
) -> None:
    offered = {c["name"]: c for c in place.bo.commands(place.channel_id)}
    assert offered.keys() == {"slow", "count", "topics", "choose", "Length"}
    assert [o["type"] for o in offered["count"]["options"]] == [11, 6]
    assert offered["topics"]["options"][0]["autocomplete"] is True


@pytest.mark.parametrize("secret", [False, True])
async def test_a_slow_answer_comes_in_place_of_thinking(
    tree: discord.Client, place: Place, sandbox: Sandbox, secret: bool
) -> None:
    watch = place.bo.watch()
    used = place.bo.use_command(place.channel_id, "slow", {"secret": secret})
    async for name, data in watch:
        if name == "MESSAGE_CREATE" and data["content"] == "And again":
            watch.close()
    assert used.state == "answered"
    assert [m["content"] for m in place.bo.messages(place.channel_id)] == ["Thought", "And again"]
    assert len(place.ada.messages(place.channel_id)) == (0 if secret else 2)


async def test_a_command_takes_a_file_and_a_person_and_changes_its_answer(
    tree: discord.Client, place: Place
) -> None:
    watch = place.bo.watch()
    who = {"who": str(place.ada.id)}
    file = {"file": Upload("a.txt", b"12345")}
    place.bo.use_command(place.channel_id, "count", who, files=file)
    async for name, data in watch:
        if name == "MESSAGE_UPDATE":
            assert data["content"] == "Ada: 5 bytes"
            watch.close()


async def test_suggestions_are_the_commands_own(tree: discord.Client, place: Place) -> None:
    asked = place.bo.complete(place.channel_id, "topics", {"topic": "a"}, "topic")
    response = (await asked.answered()).response
    assert response is not None
    assert [choice["name"] for choice in response["data"]["choices"]] == ["Animals", "Art"]


async def test_a_button_opens_a_dialog_that_takes_text_and_files(
    tree: discord.Client, place: Place
) -> None:
    shown = (await place.bo.use_command(place.channel_id, "choose").answered()).message
    assert shown is not None
    opened = await place.bo.press(place.channel_id, int(shown["id"]), "ask").answered()
    fields: Fields = {"text": "Why?", "files": [Upload("a.txt", b"because")]}
    answered = await place.bo.submit(opened, fields).answered()
    assert answered.message is not None
    assert answered.message["content"] == "Why? because"


async def test_a_select_changes_its_message(tree: discord.Client, place: Place) -> None:
    shown = (await place.bo.use_command(place.channel_id, "choose").answered()).message
    assert shown is not None
    picked = place.bo.select(place.channel_id, int(shown["id"]), "pick", ["B"])
    await picked.answered()
    assert (shown["content"], shown["components"]) == ("You took B", [])


async def test_a_menu_is_answered_for_its_person_only(tree: discord.Client, place: Place) -> None:
    said = int(place.ada.send(place.channel_id, "12345678")["id"])
    used = await place.bo.use_menu(place.channel_id, "Length", message_id=said).answered()
    assert used.message is not None
    assert used.message["content"] == "8"
    assert len(place.ada.messages(place.channel_id)) == 1


async def test_every_request_is_written_down(
    tree: discord.Client, channel: discord.TextChannel, place: Place, sandbox: Sandbox
) -> None:
    await channel.send("Hello", file=discord.File(io.BytesIO(b"x"), "x.txt"))
    sent = sandbox.traffic.of("POST", "/channels/{channel_id}/messages")[-1]
    assert sent.path == place.messages
    assert isinstance(sent.body, dict)
    assert sent.body["content"] == "Hello"
    assert (sent.files, sent.status) == (("x.txt",), 200)
    assert isinstance(sent.answer, dict)
    assert sent.answer["content"] == "Hello"
    with pytest.raises(discord.NotFound):
        await channel.fetch_message(1)
    assert sandbox.traffic.exchanges[-1].status == 404

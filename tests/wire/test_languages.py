"""A person whose Discord speaks German, in a server that speaks French."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.files import Upload
from sandbox.people import Person
from sandbox.server import Sandbox
from tests.support.bot_process import BotProcess
from tests.support.judge import Judge
from tests.support.model_on_a_wire import ModelOnAWire
from tests.support.reader import answer_to, buttons, told
from tests.wire.conftest import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(
    tmp_path_factory: pytest.TempPathFactory, judge: Judge
) -> AsyncIterator[tuple[Sandbox, BotProcess, ModelOnAWire]]:
    sandbox, model = Sandbox(), ModelOnAWire()
    judge.watch(sandbox)
    for guild in sandbox.world.guilds.values():
        guild["preferred_locale"] = "fr"
    await sandbox.start()
    await model.start()
    try:
        async with BotProcess(sandbox, tmp_path_factory.mktemp("bot"), model, LANES="1") as bot:
            yield sandbox, bot, model
        assert bot.complaints == []
    finally:
        await model.close()
        await sandbox.close()


@pytest.fixture
def bo(wire: Wire) -> Person:
    return wire.sandbox.person("Bo", locale="de")


async def test_all_see_the_reply_in_french_and_one_is_told_in_german(
    wire: Wire, bo: Person
) -> None:
    wire.ask("count")
    reply = await wire.model.asked()
    await reply.say("One,")
    with wire.reader() as reader:
        shown = await reader.offers("Arrêter")
        bo.press(wire.channel_id, int(shown["id"]), buttons(shown)["Arrêter"])
        await reply.given_up()
        await reader.reads("-# Arrêtée.")
        assert "Régénérer" in buttons(await reader.offers("Continuer"))
    said = await told(bo, bo.use_command(wire.channel_id, "about"))
    assert "Alles, was ich sage, schreibt eine Maschine" in said
    assert "Ce que" not in said


async def test_who_waits_in_a_channel_is_told_so_in_french(wire: Wire) -> None:
    wire.ask("first")
    first = await wire.model.asked()
    with wire.reader(wire.ada) as reader:
        wire.ask("second", wire.ada)
        await reader.reads("C'est bientôt ton tour")
        await first.say("One.")
        await first.end()
        second = await wire.model.asked()
        await second.say("Two.")
        await second.end()
        await reader.reads("Two.")


async def test_what_the_menu_offers_is_named_in_the_menus_language(wire: Wire, bo: Person) -> None:
    [trivia] = [row for row in wire.sandbox.commands.listed() if row["name"] == "trivia"]
    start = next(option for option in trivia["options"] if option["name"] == "start")
    assert start["name_localizations"]["de"] == "starten"
    assert start["description_localizations"]["fr"] == "Commencer une partie dans ce salon."
    said = await told(bo, bo.use_command(wire.channel_id, "help"))
    assert "`/trivia starten`" in said
    assert "Ein Spiel in diesem Kanal beginnen." in said


async def test_a_file_that_cannot_be_read_is_refused_in_the_persons_language(
    wire: Wire, bo: Person
) -> None:
    # The sentence comes from the process that reads documents.
    song = Upload("song.mp3", b"ID3\x04\x00\x00" + bytes(99))
    assert "ist eine Aufnahme; ich kann nur Text lesen." in await told(
        bo, bo.use_command(wire.channel_id, "askdocs", {"question": "What?"}, files={"file1": song})
    )


async def test_a_panel_is_in_the_language_of_who_opens_it(wire: Wire) -> None:
    ada = wire.sandbox.person("Ada", locale="pt-BR")
    panel = await answer_to(ada, ada.use_command(wire.channel_id, "settings"))
    assert "Eu falo em todos os canais que vejo." in str(panel["content"])

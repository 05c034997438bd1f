"""The whole bot on the real ExLlamaV2 library: two people talk with it over the wire."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import pytest

from sandbox.people import Person
from sandbox.server import Sandbox
from tests.support.bot_process import BotProcess
from tests.support.judge import Judge
from tests.support.reader import Reader, buttons

for _package in ("torch", "exllamav2"):
    if importlib.util.find_spec(_package) is None:
        pytest.skip(
            f"the tests of ExLlamaV2 are left out: {_package} is missing (make test says how)",
            allow_module_level=True,
        )

from tests.support.exl2_models import scripted_model  # noqa: E402 - it needs torch

TOKENS = [chr(0x4E00 + number) for number in range(1000)]
"""Of a single character each, so that a reply takes seconds and yet fits one message."""


def bot_on(sandbox: Sandbox, folder: Path, mode: str, lanes: int) -> BotProcess:
    model = scripted_model(folder / "model", TOKENS)
    launcher = ("-m", "tests.support.exl2_bot", str(model), mode)
    return BotProcess(
        sandbox,
        folder,
        command=launcher,
        LANES=str(lanes),
        CONTEXT_TOKENS="2048",
        MAX_NEW_TOKENS="1200",
        EDIT_INTERVAL_S="0.5",
        PROMPT_TEMPLATE="model",
        TEMPERATURE="0",
    )


async def ask(sandbox: Sandbox, person: Person, channel_id: int, text: str) -> None:
    person.send(channel_id, f"<@{sandbox.world.bot_id}> {text}")


async def test_two_people_are_answered_at_once_and_the_second_turn_reads_only_what_is_new(
    tmp_path: Path, judge: Judge
) -> None:
    sandbox = Sandbox()
    judge.watch(sandbox)
    await sandbox.start()
    try:
        async with bot_on(sandbox, tmp_path, "paged", lanes=2) as bot:
            ada, bo = sandbox.person("Ada"), sandbox.person("Bo")
            here, there = (int(c["id"]) for c in ada.channels() if c["type"] == 0)
            me = sandbox.world.bot_id
            with Reader(ada, here, me) as at_ada, Reader(bo, there, me) as at_bo:
                await ask(sandbox, ada, here, "Write a story about a fox.")
                await ask(sandbox, bo, there, "Write a story about a train.")
                # Both are being written at the same time.
                await asyncio.gather(at_ada.offers("Stop"), at_bo.offers("Stop"))
                await asyncio.gather(at_ada.offers("Regenerate"), at_bo.offers("Regenerate"))
                assert len(set(at_ada.states)) >= 2
                assert len(set(at_bo.states)) >= 2
                assert (at_ada.texts, at_bo.texts) == (["".join(TOKENS)], ["".join(TOKENS)])
                # His comes first, so that the pause between two edits is over in her channel, and
                # hers is shown before it has ended.
                await ask(sandbox, bo, there, "And then?")
                await at_bo.sees(lambda messages: len(messages) == 2)
                await at_bo.offers("Regenerate")
                await ask(sandbox, ada, here, "And then?")
                await at_ada.sees(lambda messages: len(messages) == 2)
                shown = await at_ada.offers("Stop")
                ada.press(here, int(shown["id"]), buttons(shown)["Stop"])
                await at_ada.reads("Stopped.")
            told = await ada.use_command(here, "status").answered()
            assert told.message is not None
            assert "of what I read I still knew" in str(told.message["content"])
        assert bot.complaints == []
        assert judge.problems() == []
    finally:
        await sandbox.close()


async def test_without_pages_the_second_person_is_told_their_place_and_answered_after(
    tmp_path: Path, judge: Judge
) -> None:
    sandbox = Sandbox()
    judge.watch(sandbox)
    await sandbox.start()
    try:
        async with bot_on(sandbox, tmp_path, "unpaged", lanes=2) as bot:
            ada, bo = sandbox.person("Ada"), sandbox.person("Bo")
            here, there = (int(c["id"]) for c in ada.channels() if c["type"] == 0)
            me = sandbox.world.bot_id
            with Reader(ada, here, me) as at_ada, Reader(bo, there, me) as at_bo:
                await ask(sandbox, ada, here, "Write a story about a fox.")
                await at_ada.offers("Stop")
                await ask(sandbox, bo, there, "Name three colours.")
                await at_bo.reads("You are next")
                await at_ada.offers("Regenerate")
                await at_bo.offers("Regenerate")
                assert not any("You are next" in text for text in at_bo.texts)
        assert bot.complaints == []
        assert judge.problems() == []
    finally:
        await sandbox.close()

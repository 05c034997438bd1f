"""The bot is online before its model is loaded: what people get of it meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord.env import Env
from simcord.results import InteractionResult

from tests.support.world import World, open_world

LOADING = "The model is still loading (0%). Please ask again in a minute."


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, is_loaded=False) as opened:
        yield opened


@pytest.fixture(autouse=True)
def simcord_env(world: World) -> Env:
    """By this simcord's plugin finds the clock that the test runs on."""
    return world.env


def told(result: InteractionResult) -> str:
    """What whoever used the command is told."""
    said = result.response or result.followups[-1]
    return said.content


async def test_who_wants_a_word_game_of_the_model_is_told_that_it_is_loading(world: World) -> None:
    answers = {"a": "Mercury", "b": "Venus", "c": "Pluto", "d": "Mars"}
    chosen = await world.bob.slash(world.channel, "words choose", question="Icy?", **answers)
    assert told(chosen) == LOADING
    filled = await world.bob.slash(world.channel, "words blank", sentence="An ___ a day.")
    assert told(filled) == LOADING


async def test_a_list_of_words_comes_from_the_word_list(world: World) -> None:
    listed = await world.bob.slash(world.channel, "words list", count=3, starts="en")
    heading, *words, note = told(listed).splitlines()
    assert heading == "**3 words that start with EN**"
    assert [word[:5] for word in words] == ["1. en", "2. en", "3. en"]
    assert note == "-# \\* from my word list: the model could not be asked."


async def test_about_says_that_it_is_loading_and_what_is_known(world: World) -> None:
    about = await world.bob.slash(world.channel, "about")
    assert told(about).splitlines() == [
        LOADING,
        "All that I say is written by a machine and can be wrong.",
    ]
    await world.queue.load()
    about = await world.bob.slash(world.channel, "about")
    assert told(about).startswith("I am scripted model, on scripted.")


async def test_whoever_asks_something_is_told_that_it_is_loading(world: World) -> None:
    await world.bob.send(world.channel, f"<@{world.client.me.id}> hello")
    assert world.shown() == [LOADING]
    asked = await world.bob.slash(world.channel, "chat", message="hello")
    assert told(asked) == LOADING
    asked = await world.bob.slash(world.channel, "trivia ask", question="Who?")
    assert told(asked) == LOADING
    asked = await world.bob.slash(world.channel, "askdocs", question="Who?")
    assert told(asked) == LOADING
    status = await world.bob.slash(world.channel, "status")
    assert told(status).startswith("The model is loading (0%).")

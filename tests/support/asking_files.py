"""Questions about files, for tests: two files, and ways to ask about them."""

from __future__ import annotations

from typing import Any

from simcord.results import InteractionResult

from tests.support.engines import Script
from tests.support.files import pdf
from tests.support.world import World

MOON = pdf(["The moon is 384,400 kilometres away.\n" * 5, "Twelve people have walked there.\n" * 5])
TREES = b"An oak lives for a thousand years. A birch lives for a hundred years."


def says(world: World, *replies: str) -> None:
    world.engine.scripts.extend(Script((reply,)) for reply in replies)


async def askdocs(world: World, question: str, *files: tuple[str, bytes]) -> InteractionResult:
    given: dict[str, Any] = {f"file{number}": file for number, file in enumerate(files, 1)}
    return await world.bob.slash(world.channel, "askdocs", question=question, **given)


async def kept(world: World) -> list[str]:
    found = await world.client.documents.library.documents(world.channel.id)
    return [document.name for document in found]

"""The lexicon, read once, when the first game or command needs it."""

from __future__ import annotations

import asyncio

from bot.games.lexicon import Lexicon
from bot.games.puzzles import Puzzles


class KnownWords:
    def __init__(self) -> None:
        self._puzzles: Puzzles | None = None
        self._reading = asyncio.Lock()

    async def puzzles(self) -> Puzzles:
        """What puzzles are drawn from."""
        async with self._reading:
            if self._puzzles is None:
                self._puzzles = await asyncio.to_thread(_read)
            return self._puzzles

    async def lexicon(self) -> Lexicon:
        return (await self.puzzles()).lexicon


def _read() -> Puzzles:
    return Puzzles(Lexicon.load())

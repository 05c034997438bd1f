"""The model: answers what the bot's engine asks over a loopback connection, mostly well."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter

from tests.support.model_on_a_wire import Asked, ModelOnAWire

BREAKDOWN = "\x00broken on purpose\x00"
"""A piece that breaks the engine with an exception that it does not explain."""

_WORDS = (
    *("the", "ship", "sails", "north", "and", "its", "lamps", "burn", "while", "*nobody*"),
    *("speaks", "of", "`ropes`", "or", "tar;", "there", "is", "tea,", "bread", "a", "**letter**"),
)
_LIST = re.compile(r"a list of (\d+) words that start with (\w+)")
_CODE = "\n```python\nfor lamp in harbour:\n    print(lamp)\n```\n"


class Model:
    """Replies by a seeded plan. ``bad`` while every reply breaks, so that the bot gives the engine
    up for a while."""

    def __init__(self, wire: ModelOnAWire, rng: random.Random) -> None:
        self.did: Counter[str] = Counter()
        self.is_bad = False
        self._wire = wire
        self._rng = rng
        self._replies: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Answer until cancelled."""
        try:
            while True:
                try:
                    asked = await self._wire.asked()
                except TimeoutError:
                    continue  # nobody has asked for a minute
                task = asyncio.create_task(self._reply(asked), name="reply")
                self._replies.add(task)
                task.add_done_callback(self._replies.discard)
        finally:
            for task in self._replies:
                task.cancel()
            await asyncio.gather(*self._replies, return_exceptions=True)

    async def _reply(self, asked: Asked) -> None:
        rng = self._rng
        luck = rng.random()
        pieces = self._pieces(asked.prompt)
        pause_s = rng.choice((0.005, 0.02, 0.05))
        try:
            if self.is_bad or luck < 0.02:
                self.did["broke down"] += 1
                await asked.say(*pieces[: len(pieces) // 2], BREAKDOWN)
                await asked.end()
            elif luck < 0.05:
                self.did["failed"] += 1
                await asked.say(*pieces[: len(pieces) // 2])
                await asked.fail()
            elif luck < 0.06:
                self.did["said nothing"] += 1
                await asked.end()
            else:
                for piece in pieces:
                    await asked.say(piece)
                    await asyncio.sleep(pause_s)
                is_cut = rng.random() < 0.1
                self.did["ran out of room" if is_cut else "ended well"] += 1
                await asked.end(at_length=is_cut)
        except OSError:
            # The bot wants no more of it, or is dead.
            self.did["was given up"] += 1
            asked.drop()

    def _pieces(self, prompt: str) -> list[str]:
        rng = self._rng
        if found := _LIST.search(prompt):
            start = found[2].lower()
            return [f"{n}. {start}{rng.choice(_WORDS)}\n" for n in range(1, int(found[1]) + 1)]
        if prompt.rstrip().endswith("D)") or "\nD) " in prompt:
            return ["[", rng.choice("ABCD"), ", that]"]
        length = rng.choice((5, 20, 40, 80)) if rng.random() < 0.96 else 900
        pieces = [f"{rng.choice(_WORDS)} " for _ in range(length)]
        if rng.random() < 0.1:
            pieces.insert(rng.randrange(len(pieces)), _CODE)
        return pieces

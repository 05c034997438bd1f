"""``python flaky_bot.py PORT``: ``python -m bot run``, whose engine asks the soak at PORT, and
breaks down when it is told to."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from bench.soak.model import BREAKDOWN
from bot import core
from bot.__main__ import main
from bot.generation.choose import Choice, EngineOptions
from bot.generation.engine import Finish, Piece, SamplingParams
from tests.support.model_on_a_wire import WireEngine


class FlakyEngine(WireEngine):
    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        async with aclosing(super().generate(prompt_ids, params)) as events:
            async for event in events:
                if isinstance(event, Piece) and event.text == BREAKDOWN:
                    raise RuntimeError("broken on purpose")
                yield event


def choose(options: EngineOptions) -> Choice:
    return Choice(FlakyEngine(int(sys.argv[1]), lanes=options.lanes), "The engine is a soak's.")


if __name__ == "__main__":
    setattr(core, "choose_engine", choose)  # noqa: B010 - it is not core's own name
    sys.exit(main(["run"]))

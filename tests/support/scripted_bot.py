"""``python scripted_bot.py PORT``: ``python -m bot run``, whose engine asks the test at PORT."""

from __future__ import annotations

import sys

from bot import core
from bot.__main__ import main
from bot.generation.choose import Choice, EngineOptions
from tests.support.model_on_a_wire import WireEngine

PORT = int(sys.argv[1])


def choose(options: EngineOptions) -> Choice:
    engine = WireEngine(PORT, lanes=options.lanes)
    return Choice(engine, "The engine is a test's.")


if __name__ == "__main__":
    setattr(core, "choose_engine", choose)  # noqa: B010 - it is not core's own name
    sys.exit(main(["run"]))

"""Holds every request that the bot makes against Discord's rules: those that the sandbox knows, and
Discord's own description of its API, where it is given. Answers are held against that one too."""

from __future__ import annotations

import os
from pathlib import Path

from sandbox.server import Sandbox
from sandbox.traffic import Exchange
from tests.support.openapi import DiscordDescription


class Judge:
    """Counts what it has seen, and keeps what is wrong until a test asks."""

    def __init__(self) -> None:
        given = os.environ.get("DISCORD_OPENAPI")
        self._description = DiscordDescription.load(Path(given)) if given else None
        self._problems: list[str] = []
        self.judged = 0
        self.violations = 0

    @property
    def has_description(self) -> bool:
        return self._description is not None

    def watch(self, sandbox: Sandbox) -> None:
        """From now on, judge all that the bot asks of this sandbox."""
        sandbox.traffic.listeners.append(self._on_exchange)

    def problems(self) -> list[str]:
        """What was found since the last time."""
        found, self._problems = self._problems, []
        return found

    def _on_exchange(self, exchange: Exchange) -> None:
        if not exchange.route:
            self._problems.append(f"{exchange.method} {exchange.path}: there is no such route")
        if exchange.status == 400:
            # What the description leaves to prose: sums over embeds, names, empty messages.
            self._problems.append(f"{exchange.method} {exchange.route}: {exchange.answer}")
        if self._description is not None:
            self.judged += 1
            found = self._description.violations(exchange.method, exchange.path, exchange.body)
            self.violations += len(found)
            self._problems += found
            if exchange.status:
                self._problems += self._description.answer_violations(
                    exchange.method, exchange.path, exchange.status, exchange.answer
                )

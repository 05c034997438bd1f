"""What goes wrong between the bot and Discord, by a seeded plan."""

from __future__ import annotations

import asyncio
import random
import time

from bench.soak.journal import Away, Journal
from sandbox.faults import Answer, Dropped, Failed, Fault, Held, RateLimited
from sandbox.server import Sandbox

_ROUTES = (
    ("POST", "/channels/{channel_id}/messages"),
    ("POST", "/channels/{channel_id}/messages"),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"),
    ("POST", "/interactions/{interaction_id}/{token}/callback"),
    ("POST", "/webhooks/{application_id}/{token}"),
    ("PATCH", "/webhooks/{application_id}/{token}/messages/*"),
    ("*", "*"),
)
_EVERY_S = 1.2
_GATEWAY_EVERY_S = 25.0
_TOKENS_EVERY_S = 90.0
_FORGOTTEN_AFTER = 100
"""Faults that nothing has met are given up after so many new ones."""


class Weather:
    def __init__(self, sandbox: Sandbox, journal: Journal, rng: random.Random) -> None:
        self._sandbox = sandbox
        self._journal = journal
        self._rng = rng

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._requests())
            group.create_task(self._gateway())
            group.create_task(self._tokens())

    async def _requests(self) -> None:
        given = 0
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _EVERY_S))
            if given % _FORGOTTEN_AFTER == 0:
                self._sandbox.faults.clear()
            given += 1
            method, route = self._rng.choice(_ROUTES)
            self._sandbox.faults.add(Fault(method=method, route=route, answer=self._answer()))

    def _answer(self) -> Answer:
        rng = self._rng
        kind = rng.choices(range(6), (6, 6, 4, 4, 3, 1))[0]
        return (
            RateLimited(rng.uniform(0.2, 2.0)),
            Failed(rng.choice((500, 502, 503, 504))),
            Dropped(after=False),
            Dropped(after=True),
            Held(at_most_s=rng.uniform(0.2, 4.0)),
            RateLimited(rng.uniform(0.2, 1.0), is_global=True),
        )[kind]

    async def _gateway(self) -> None:
        gateway = self._sandbox.gateway
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _GATEWAY_EVERY_S))
            if not gateway.is_connected:
                continue
            before, begin = gateway.connections, time.monotonic()
            resumable = self._rng.random() < 0.7
            self._journal.faults["gateway closed"] += 1
            self._sandbox.faults.close_gateway(4000, resumable=resumable)
            away = Away(begin, float("inf"), is_made_up_for=resumable)
            self._journal.away.append(away)
            await gateway.connected(after=before, within_s=60.0)
            away.end = time.monotonic()

    async def _tokens(self) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _TOKENS_EVERY_S))
            self._journal.faults["tokens expired"] += 1
            self._journal.expired.append(time.monotonic())
            self._sandbox.faults.expire_tokens()

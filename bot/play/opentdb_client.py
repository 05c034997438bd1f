"""Questions from the Open Trivia Database's API, fetched once and kept: the only part of the bot
that asks anything of the internet beside Discord, and off unless it is switched on.

Its rules (https://opentdb.com/api_config.php): 50 questions a request, one request in five seconds
an address, and a token by which it gives none twice, forgotten after six hours without use.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

import aiohttp

from bot.games import opentdb
from bot.play.question_source import entry_of
from bot.storage import QuestionBank

log = logging.getLogger(__name__)

URL = "https://opentdb.com"
PAUSE_S = 5.5
A_REQUEST = 50
_LONG_PAUSE_S = 3600.0
"""After the network or the API failed."""
_REQUEST_LIMIT_S = 30.0
_LARGEST_ANSWER = 1 << 20


class Code(IntEnum):
    """``response_code`` of an answer."""

    SUCCESS = 0
    NO_RESULTS = 1
    INVALID = 2
    NO_TOKEN = 3
    TOKEN_EMPTY = 4
    TOO_FAST = 5


class ApiFault(Exception):
    """The API could not be asked, or said something that nobody understands."""


@dataclass(slots=True)
class OpenTdbClient:
    """Fills the bank up to ``wanted`` questions."""

    bank: QuestionBank
    wanted: int
    url: str = URL
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _token: str = ""

    async def run(self) -> None:
        """Fetch until there are enough, or the API has no more; later again where it fails."""
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_REQUEST_LIMIT_S)
        ) as session:
            while await self._count() < self.wanted:
                try:
                    if await self._fetch(session):
                        break
                except ApiFault as fault:
                    log.info("the Open Trivia Database cannot be asked now: %s", fault)
                    await self.pause(_LONG_PAUSE_S)
                await self.pause(PAUSE_S)
        log.info("%d questions of the Open Trivia Database are here", await self._count())

    async def _count(self) -> int:
        found = await self.bank.categories(None)
        return sum(one.count for one in found if one.origin == "opentdb")

    async def _fetch(self, session: aiohttp.ClientSession) -> bool:
        """One request; whether there is nothing more to be had."""
        if not self._token:
            answer = await self._get(session, "/api_token.php?command=request")
            self._token = str(answer.get("token", ""))
            return False
        answer = await self._get(session, f"/api.php?amount={A_REQUEST}&token={self._token}")
        code = answer.get("response_code")
        if code == Code.NO_TOKEN:
            self._token = ""
        elif code in (Code.TOKEN_EMPTY, Code.NO_RESULTS):
            return True
        elif code == Code.SUCCESS:
            results = answer.get("results")
            dump = opentdb.sift(results if isinstance(results, list) else [])
            await self.bank.add([entry_of(question) for question in dump.questions])
        elif code != Code.TOO_FAST:
            raise ApiFault(f"it answered with code {code}")
        return False

    async def _get(self, session: aiohttp.ClientSession, path: str) -> dict[str, object]:
        try:
            async with session.get(self.url + path) as response:
                # Too many requests come with 429 and the code for it in the body.
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER:
                        raise ApiFault("too large an answer")
                if response.status not in (200, 429):
                    raise ApiFault(f"status {response.status}")
        except (aiohttp.ClientError, OSError) as error:
            raise ApiFault(type(error).__name__) from error
        try:
            answer: object = json.loads(body)
        except ValueError as error:
            raise ApiFault("no JSON") from error
        if not isinstance(answer, dict):
            raise ApiFault("no JSON object")
        return answer

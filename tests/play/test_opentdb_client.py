"""Questions are fetched from the Open Trivia Database by its own rules, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.play.opentdb_client import PAUSE_S, OpenTdbClient
from bot.storage import Database, QuestionBank


class Api:
    """The API on this machine: gives numbered questions by tokens, as told."""

    def __init__(self) -> None:
        self.answers: list[object] = []
        """What comes before the questions: a status, a body of its own, or a code."""
        self.asked: list[str] = []
        self.given = 0
        self.there_are = 120
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        if request.path == "/api_token.php":
            return web.json_response({"response_code": 0, "token": f"t{len(self.asked)}"})
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, str):
                return web.Response(text=answer)
            if isinstance(answer, int) and answer >= 100:
                return web.json_response({"response_code": 5}, status=answer)
            return web.json_response({"response_code": answer, "results": []})
        if self.given >= self.there_are:
            return web.json_response({"response_code": 4, "results": []})
        first, self.given = self.given, min(self.given + 50, self.there_are)
        results = [question(number) for number in range(first, self.given)]
        return web.json_response({"response_code": 0, "results": results})


def question(number: int) -> dict[str, object]:
    return {
        "type": "multiple",
        "difficulty": "easy",
        "category": "Entertainment: Film",
        "question": f"What is &quot;number {number}&quot;?",
        "correct_answer": f"right {number}",
        "incorrect_answers": ["a", "b", "c"],
    }


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    made = Api()
    app = web.Application()
    app.router.add_get("/{tail:.*}", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[QuestionBank]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    await database.upgrade()
    yield QuestionBank(database)
    await database.close()


async def fetch(api: Api, bank: QuestionBank, wanted: int) -> list[float]:
    """How long it paused between its requests."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    await OpenTdbClient(bank, wanted, api.url, pause).run()
    return pauses


async def count(bank: QuestionBank) -> int:
    return sum(one.count for one in await bank.categories(None))


async def test_it_fetches_what_is_wanted_slowly_and_keeps_it(api: Api, bank: QuestionBank) -> None:
    pauses = await fetch(api, bank, 90)
    assert await count(bank) == 100
    assert api.asked[1:] == ["/api.php?amount=50&token=t1"] * 2
    assert pauses == [PAUSE_S] * 3
    [one] = await bank.categories(None)
    assert (one.category, one.origin) == ("Film", "opentdb")
    api.asked.clear()
    await fetch(api, bank, 90)
    assert api.asked == []


async def test_it_stops_where_there_is_no_more(api: Api, bank: QuestionBank) -> None:
    await fetch(api, bank, 5000)
    assert await count(bank) == 120


@pytest.mark.parametrize("answer", [5, 429, 3], ids=["too fast", "too many", "token forgotten"])
async def test_it_goes_on_after_a_refusal(api: Api, bank: QuestionBank, answer: int) -> None:
    api.answers = [answer]
    pauses = await fetch(api, bank, 10)
    assert await count(bank) == 50
    assert set(pauses) == {PAUSE_S}


@pytest.mark.parametrize("answer", [500, "not JSON", "[]", 2])
async def test_it_waits_long_where_the_api_fails(
    api: Api, bank: QuestionBank, answer: object
) -> None:
    api.answers = [answer]
    pauses = await fetch(api, bank, 10)
    assert await count(bank) == 50
    assert max(pauses) >= 3600

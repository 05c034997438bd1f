"""Whether generated fact questions are right: each option is held against the data by a way of its
own, which knows of a question only its id and its options.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bench.table import Report, Table
from bot.games.bag import Bag, Candidate
from bot.games.factories.world import DATA
from bot.games.facts import FactBook
from bot.games.questions import Question

Row = Mapping[str, Any]
_Right = Callable[[Row, str], bool]

_NOTES = (
    "Each question is held against the data again, and drawn from a bag as a channel draws "
    "them. The check reads the same data as the factories do: it shows that questions follow "
    "from the data, not that the data is right."
)


class Truth:
    """The shipped data as it stands, asked whether an option answers a question."""

    def __init__(self) -> None:
        whole = json.loads(DATA.read_text(encoding="utf-8"))
        self.countries: dict[str, Row] = {row["iso"]: row for row in whole["countries"]}
        self.named: dict[str, Row] = {row["name"]: row for row in whole["countries"]}
        self.elements: dict[str, Row] = {row["symbol"]: row for row in whole["elements"]}
        self.in_country: dict[str, set[str]] = {}
        for name, iso, _size, elsewhere in whole["cities"]:
            for one in (iso, *elsewhere):
                self.in_country.setdefault(one, set()).add(name)

    def is_right(self, question: Question, option: str, options: Collection[str]) -> bool:
        """Whether ``option`` answers the question, its id read as kind, subject and object."""
        _, kind, subject, *rest = question.id.split(":", 3)
        if kind in _OF_ELEMENTS:
            return self._of_element(kind, self.elements[subject], option)
        country = self.countries[subject]
        if kind in _OF_OPTIONS:
            return _OF_OPTIONS[kind](country, self.named[option])
        if kind in ("people", "area"):
            by = "population" if kind == "people" else "area_km2"
            return bool(self.named[option][by] == max(self.named[one][by] for one in options))
        if kind == "city":
            return rest[0] in self.in_country.get(self.named[option]["iso"], set())
        if kind == "city-in":
            return option in self.in_country[subject]
        return _OF_COUNTRIES[kind](country, option)

    def _of_element(self, kind: str, element: Row, option: str) -> bool:
        if kind == "symbol":
            return bool(option == element["symbol"])
        if kind == "number":
            return option == str(element["number"])
        return bool(option == element["name"].capitalize())


def _flag(row: Row) -> str:
    return "".join(chr(ord(letter) - ord("A") + 0x1F1E6) for letter in row["iso"])


def _borders(row: Row, other: Row) -> bool:
    """Also where one is not sure of it."""
    return other["iso"] in row["neighbours"] or other["iso"] in row["unsure_neighbours"]


def _same(field: str) -> Callable[[Row, Row], bool]:
    return lambda row, other: bool(row[field] == other[field])


def _pays_with(row: Row, other: Row) -> bool:
    """Also where the data does not say with what that country pays."""
    if other["currency"] is None:
        return True
    return row["currency"] in (other["currency"], *other["currency_aliases"])


_OF_ELEMENTS = ("symbol", "symbol-of", "number", "number-of", "after")
_OF_OPTIONS: dict[str, Callable[[Row, Row], bool]] = {
    "capital-of": _same("capital"),
    "in-continent": _same("continent"),
    "neighbour": _borders,
    "not-neighbour": lambda row, other: not _borders(row, other),
    "flag-of": lambda row, other: _flag(row) == _flag(other),
    "currency-of": _pays_with,
    "currency-code": _same("currency_code"),
    "calling-code-of": _same("calling_code"),
    "domain-of": _same("tld"),
}
_OF_COUNTRIES: dict[str, _Right] = {
    "capital": lambda row, option: option == row["capital"],
    "continent": lambda row, option: option == row["continent"],
    "flag": lambda row, option: option == _flag(row),
    "currency": lambda row, option: option in (row["currency"], *row["currency_aliases"]),
    "calling-code": lambda row, option: option == f"+{row['calling_code']}",
    "domain": lambda row, option: option == row["tld"],
}


async def run(*, smoke: bool) -> Report:
    """Questions as a channel would get them, bag after bag."""
    count = 2_000 if smoke else 100_000
    started = time.perf_counter()
    book = FactBook()
    made_in = time.perf_counter() - started
    dice = random.Random(3)  # noqa: S311 - the same each time
    truth = Truth()
    candidates = [Candidate(one, book.category(one)) for one in book.ids()]
    bag = Bag(candidates, seed=3)
    wrong_keys = right_wrongs = not_four = repeated = asked = bags = 0
    spent = 0.0
    while asked < count:
        served: set[str] = set()
        bags += 1
        for one in bag.draw(min(len(candidates), count - asked)):
            started = time.perf_counter()
            question = book.question(one, dice)
            spent += time.perf_counter() - started
            asked += 1
            repeated += one in served
            served.add(one)
            options = [question.answer, *question.distractors]
            wrong_keys += not truth.is_right(question, question.answer, options)
            right_wrongs += sum(truth.is_right(question, w, options) for w in question.distractors)
            not_four += len({option.casefold() for option in options}) < max(4, len(options))
    table = Table(f"facts: {asked:,} generated questions", ["what", "count"])
    table.add("different questions", f"{len(candidates):,}")
    table.add("bags that were emptied", f"{bags - 1:,}")
    table.add("answers that are wrong by the data", str(wrong_keys))
    table.add("wrong options that are right by the data", str(right_wrongs))
    table.add("without four different options", str(not_four))
    table.add("repeated before a bag was empty", str(repeated))
    table.add("seconds to make a thousand", f"{spent / asked * 1000:.4f}")
    table.add("seconds to read the data and make the book", f"{made_in:.2f}")
    return Report([table], _NOTES)

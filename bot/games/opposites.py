"""Words that are a typo or two apart, and say another thing."""

from __future__ import annotations

_WORDS = (
    "america africa krona krone dinar denar rial riyal "
    "proton/protons photon/photons neutron/neutrons neuron/neurons fission fusion "
    "astronomy astrology etymology entomology arctic antarctic "
    "stalactite/stalactites stalagmite/stalagmites "
    "man/men woman/women male/males female/females mr mrs his her "
    "mother/mothers father/fathers brother/brothers sister/sisters "
    "old new upper lower inner outer import export internal external interior exterior "
    "implicit explicit introvert extrovert immigration emigration immigrant emigrant "
    "endothermic exothermic ectoderm endoderm"
)
"""Of each other, but not of their plural."""
_MONTHS = "january february march april may june july august september october november december"
_STEMS = ("hyper", "hypo", "macro", "micro", "giga", "mega", "inter", "intra")
"""What words begin with that are told apart by it alone."""
_SHORT_UNITS = (
    "mm cm dm m km in ft yd mi mg g kg t lb lbs oz ml cl l mw w kw gw v kv a ma hz khz mhz ghz "
    "kb mb gb tb pb ms s min h hr hrs am pm bc ad bce ce c f k j kj"
)
_UNITS = frozenset(_SHORT_UNITS.split())
_LABELS: dict[str, tuple[str, ...]] = {
    form: (word.partition("/")[0],) for word in _WORDS.split() for form in word.split("/")
}
_LABELS |= {month[:cut]: (month[:3],) for month in _MONTHS.split() for cut in (3, None)}
_LABELS |= {
    f"{one}{other}{end}": tuple(filter(None, (one, other)))
    for one in ("", "north", "south")
    for other in ("", "east", "west")
    for end in ("", "ern")
    if one or other
}


def labels(word: str) -> tuple[str, ...]:
    """What a typo does not make of another word: a month, a point of the compass, "hypo"."""
    if word.startswith(_STEMS):
        return tuple(stem for stem in _STEMS if word.startswith(stem))
    return _LABELS.get(word, ())


def is_unit(word: str) -> bool:
    """Whether a word behind a number is a short sign of a unit: km, kg, BC."""
    return word in _UNITS

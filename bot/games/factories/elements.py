"""The chemical elements: names, symbols and atomic numbers."""

from __future__ import annotations

from collections.abc import Iterator

from bot.games.factories.items import Item
from bot.games.factories.world import LEVELS, Element, World, lookalikes
from bot.games.questions import Difficulty

ELEMENTS = "Chemical elements"


def elements(world: World) -> Iterator[Item]:
    """Name, symbol and number, each asked by another; and what comes next."""
    every = sorted(world.elements, key=lambda one: one.number)
    alike_names = lookalikes(one.name.capitalize() for one in every)
    for place, element in enumerate(every):
        near = sorted(every, key=lambda one: abs(one.number - element.number))[1:]
        names = tuple(one.name.capitalize() for one in near)
        alike = alike_names[element.name.capitalize()]
        harder = LEVELS[min(element.level + 1, 2)]
        told = (
            f"{element.name.capitalize()} has the symbol {element.symbol} and the atomic number "
            f"{element.number}."
        )
        yield Item(
            key=f"symbol:{element.symbol}",
            category=ELEMENTS,
            difficulty=LEVELS[element.level],
            wordings=(
                f"What is the chemical symbol of {element.name}?",
                f"Which symbol stands for {element.name} in the periodic table?",
            ),
            answer=element.symbol,
            wrong=_symbols_like(element, near),
            explanation=told,
        )
        for kind, difficulty, asked in (
            (
                "symbol-of",
                LEVELS[element.level],
                (
                    f"Which element has the symbol {element.symbol}?",
                    f"What does {element.symbol} stand for in the periodic table?",
                ),
            ),
            ("number-of", harder, (f"Which element has the atomic number {element.number}?",)),
        ):
            yield _named(
                element,
                kind,
                difficulty=difficulty,
                asked=asked,
                wrong=names,
                alike=alike,
                explanation=told,
            )
        yield Item(
            key=f"number:{element.symbol}",
            category=ELEMENTS,
            difficulty=harder,
            wordings=(f"What is the atomic number of {element.name}?",),
            answer=str(element.number),
            wrong=tuple(str(one.number) for one in near),
            explanation=told,
        )
        if place:
            before = every[place - 1].name
            asked = (
                f"Which element comes right after {before} in the periodic table?",
                f"Which element has one proton more than {before}?",
            )
            others = tuple(name for name in names if name != before.capitalize())
            told_next = f"{told} It comes right after {before}."
            yield _named(
                element,
                "after",
                difficulty=harder,
                asked=asked,
                wrong=others,
                alike=alike,
                explanation=told_next,
            )


def _named(
    element: Element,
    kind: str,
    *,
    difficulty: Difficulty,
    asked: tuple[str, ...],
    wrong: tuple[str, ...],
    alike: tuple[str, ...],
    explanation: str,
) -> Item:
    return Item(
        key=f"{kind}:{element.symbol}",
        category=ELEMENTS,
        difficulty=difficulty,
        wordings=asked,
        answer=element.name.capitalize(),
        aliases=element.aliases,
        wrong=wrong,
        lookalikes=tuple(name for name in alike if name in wrong),
        explanation=explanation,
    )


def _symbols_like(element: Element, near: list[Element]) -> tuple[str, ...]:
    """Of the same initial first, then of neighbours."""
    initial = element.name[0].upper()
    return tuple(
        sorted((one.symbol for one in near), key=lambda symbol: not symbol.startswith(initial))
    )

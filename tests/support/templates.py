"""``python -m tests.support.templates LANGUAGE``: the sentences that a language has no translation
of yet, as lines for its file."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.language import catalog

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence as it stands in the code."""

    text: str
    """In English; of one that counts, the form for many."""
    counts: bool
    place: str


def templates() -> Iterator[Template]:
    """Every literal that is given to ``phrase`` or ``plural``.

    Raises:
        TypeError: one is not a literal, and could not be found by who translates.
    """
    for folder in ("bot", "cogs"):
        for module in sorted((ROOT / folder).rglob("*.py")):
            if module.parent.name != "language":
                yield from _templates_of(module)


def _templates_of(module: Path) -> Iterator[Template]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in {"phrase", "plural"}:
            continue
        place = f"{module.relative_to(ROOT)}:{node.lineno}"
        counts = node.func.id == "plural"
        text = node.args[1 if counts else 0]
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            raise TypeError(f"{place}: what is said has to be a literal")
        yield Template(text.value, counts, place)


def main() -> None:
    known = catalog(sys.argv[1]).sentences
    for template in {one.text: one for one in templates() if one.text not in known}.values():
        value = '{ one = "", other = "" }' if template.counts else '""'
        print(f"# {template.place}\n{json.dumps(template.text, ensure_ascii=False)} = {value}")


if __name__ == "__main__":
    main()

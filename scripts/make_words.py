"""Make the word list of the games: ``python scripts/make_words.py SCOWL PROFANITY CUSS``.

SCOWL is the unpacked Debian package scowl, PROFANITY the wheel of better-profanity, and CUSS the
folder of the npm package cuss. The same input always gives the same bytes.
"""

from __future__ import annotations

import gzip
import re
import sys
import zipfile
from pathlib import Path

DATA = Path(__file__).parents[1] / "bot" / "games" / "data"

LEVELS = (10, 20, 35, 40, 50, 55, 60, 70)
"""SCOWL's sizes, from the thousand words that are commonest to those of a large dictionary."""

SPELLINGS = ("english", "american", "british", "british_z", "canadian", "australian")

WORD = re.compile(r"[a-z]{2,15}")

ENDINGS = ("ed", "d", "er", "ers", "ing", "ings", "y", "ier", "iest")
SHORTEST_WITH_ENDINGS = 4

SUREST = 2
"""What cuss is sure, or fairly sure, that it is an insult. What it rates 0 or 1 is mostly not."""


def words(scowl: Path) -> dict[str, int]:
    """Every word with the first level that has it."""
    found: dict[str, int] = {}
    for level in LEVELS:
        for spelling in SPELLINGS:
            file = scowl / "usr/share/dict/scowl" / f"{spelling}-words.{level}"
            lines = file.read_text("latin-1").splitlines() if file.exists() else []
            for line in lines:
                if WORD.fullmatch(line):
                    found.setdefault(line, level)
    return found


def rude(profanity: Path, cuss: Path, known: dict[str, int]) -> list[str]:
    """Words of the list that are not to be served, with their plurals and other endings."""
    with zipfile.ZipFile(profanity) as wheel:
        listed = wheel.read("better_profanity/profanity_wordlist.txt").decode().splitlines()
    source = (cuss / "index.js").read_text("utf-8")
    rated = re.findall(r"^\s*'?([a-z][a-z ]*?)'?: ([0-2])", source, re.MULTILINE)
    listed += [word for word, rating in rated if int(rating) >= SUREST]
    stems = {word for word in map(str.lower, listed) if WORD.fullmatch(word)}
    forms = stems | {stem + "s" for stem in stems if stem[-1] != "s"} | {s + "es" for s in stems}
    for stem in stems:
        if len(stem) >= SHORTEST_WITH_ENDINGS:
            forms |= {stem + ending for ending in ENDINGS}
            forms |= {stem + stem[-1] + ending for ending in ENDINGS}
    return sorted(forms & known.keys())


def main() -> None:
    scowl, profanity, cuss = map(Path, sys.argv[1:4])
    known = words(scowl)
    lines = []
    for level in LEVELS:
        lines.append(f"# {level}")
        lines += sorted(word for word, found in known.items() if found == level)
    data = gzip.compress("\n".join(lines).encode("ascii"), 9, mtime=0)
    (DATA / "words.txt.gz").write_bytes(data)
    unwanted = rude(profanity, cuss, known)
    (DATA / "rude.txt").write_text("\n".join(unwanted) + "\n", "ascii")
    print(f"{len(known)} words, {len(data):,} bytes; {len(unwanted)} not served")


if __name__ == "__main__":
    main()

"""The skeleton of a text: what it looks like, with a way back to the text itself.

Whoever wants to slip a marker past a filter writes it with a Cyrillic letter, a zero-width space
or a circled capital. So markers are looked for on a folded copy, in which look-alikes are the
letter that they look like and what cannot be seen is gone, and the finds are carried back to the
original by their offsets. Nothing of the folded copy ever reaches a prompt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# The single characters that Unicode's confusables list (UTS #39) gives for a Latin letter or a
# colon and that decomposition does not already turn into it, and some that it leaves out because
# they resemble the letter in upper case only.
_LOOKALIKES = {
    ":": (
        "\u02d0\u02f8\u0589\u05c3\u0703\u0704\u0903\u0a83\u1361\u16ec\u1803\u1809\u205a\u2236"
        "\u2982\ua4fd\ua789\ufe30"
    ),
    "A": "\u0391\u039b\u0410\u0414\u13aa\u15c5\u1d27\ua4ee\U000102a0\U00016f40",
    "a": "\u0251\u03b1\u0430\u237a",
    "B": "\u0392\u0412\u13f4\u15f7\ua4d0\ua7b4\U00010282\U000102a1\U00010301",
    "b": "\u0184\u042c\u13cf\u1472\u15af",
    "C": (
        "\u0421\u13df\u2ca4\ua4da\U000102a2\U00010302\U00010415\U0001051c\U000118e9\U000118f2"
        "\U0001f74c"
    ),
    "c": "\u03c2\u0441\u2ca5\uabaf\U0001043d",
    "D": "\u13a0\u15de\u15ea\ua4d3",
    "d": "\u0501\u13e7\u146f\ua4d2",
    "E": "\u0190\u0395\u03a3\u0415\u13ac\u22ff\u2d39\ua4f0\U00010286\U000118a6\U000118ae",
    "e": "\u025b\u03b5\u0435\u0454\u04bd\u212e",
    "F": "\u03dc\u15b4\ua4dd\U00010287\U000102a5\U00010525\U000118a2\U000118c2\U0001d213",
    "f": "\u0584\u1e9d\uab35",
    "G": "\u050c\u13c0\u13f3\ua4d6",
    "g": "\u018d\u0261\u0581",
    "H": "\u0397\u041d\u13bb\u157c\u2c8e\ua4e7\U000102cf",
    "h": "\u04bb\u0570\u13c2",
    "I": "\u13c6",
    "i": "\u0131\u0269\u03b9\u0456\u04cf\u13a5\u2373\ua647\uab75\U000118c3",
    "J": "\u037f\u0408\u13ab\u148d\ua4d9",
    "j": "\u03f3\u0458",
    "K": "\u039a\u041a\u13e6\u16d5\u2c94\ua4d7\U00010518",
    "L": "\u13de\u14aa\u2cd0\ua4e1\U0001041b\U00010526\U000118a3\U000118b2\U00016f16\U0001d22a",
    "l": (
        "\u0196\u01c0\u0399\u0406\u04c0\u06f1\u16c1\u2223\u23fd\u2502\u2c92\u2d4f\ua4f2"
        "\U0001028a\U00010309\U00010320\U00016f28"
    ),
    "M": "\u039c\u03fa\u041c\u13b7\u15f0\u16d6\u2c98\ua4df\U000102b0\U00010311",
    "N": "\u039d\u0418\u2c9a\ua4e0\U00010513",
    "n": "\u03b7\u0578\u057c",
    "O": (
        "\u039f\u041e\u0555\u09e6\u0b20\u0b66\u12d0\u2c9e\u2d54\u3007\ua4f3\U00010292"
        "\U000102ab\U00010404\U000104c2\U00010516\U000114d0\U000118b5\U000118e0"
    ),
    "o": (
        "\u03bf\u03c3\u043e\u0585\u06f5\u0966\u0a66\u0ae6\u0be6\u0c02\u0c66\u0c82\u0ce6\u0d02"
        "\u0d20\u0d66\u0d82\u0e50\u0ed0\u101d\u1040\u10ff\u1d11\u2c9f\U0001042c\U000104ea"
        "\U000118c8\U000118d7"
    ),
    "P": "\u03a1\u0420\u13e2\u146d\u2ca2\ua4d1\U00010295",
    "p": "\u03c1\u0440\u2374\u2ca3",
    "Q": "\u2d55",
    "q": "\u051b\u0563\u0566",
    "R": "\u01a6\u042f\u13a1\u13d2\u1587\ua4e3\U000104b4\U00016f35\U0001d216",
    "r": "\u0433\u1d26\u2c85\uab47\uab48\uab81",
    "S": "\u0405\u054f\u13d5\u13da\ua4e2\U00010296\U00010420\U00016f3a",
    "s": "\u01bd\u0455\uabaa\U00010448\U000118c1",
    "T": (
        "\u03a4\u0422\u13a2\u22a4\u27d9\u2ca6\ua4d4\U00010297\U000102b1\U00010315\U000118bc"
        "\U00016f0a\U0001f768"
    ),
    "U": "\u054d\u1200\u13cc\u144c\u222a\u22c3\ua4f4\U000104ce\U000118b8\U00016f42",
    "u": "\u03c5\u057d\ua79f\U000104f6\U000118d8",
    "V": "\u0474\u06f7\u13d9\u142f\u2d38\ua4e6\ua6df\U0001051d\U000118a0\U00016f08\U0001d20d",
    "v": "\u03bd\u0475\u2228\u22c1\uaba9\U00011706\U000118c0",
    "W": "\u051c\u13b3\u13d4\ua4ea\U000118e6\U000118ef",
    "w": "\u026f\u0461\u051d\u0561\uab83\U0001170a\U0001170e\U0001170f",
    "X": (
        "\u03a7\u0425\u166d\u16b7\u2573\u2cac\u2d5d\ua4eb\ua7b3\U00010290\U000102b4\U00010317"
        "\U00010322\U00010527\U000118ec"
    ),
    "x": "\u00d7\u0445\u1541\u157d\u166e\u292b\u292c\u2a2f",
    "Y": "\u03a5\u0423\u04ae\u13a9\u13bd\u2ca8\ua4ec\U000102b2\U000118a4\U00016f43",
    "y": "\u0263\u03b3\u0443\u04af\u10e7\U000118dc",
    "Z": "\u0396\u13c3\ua4dc\U000102f5\U000118a9\U000118e5",
    "z": "\uab93\U000118c4",
}
_LETTERS = {char: letter for letter, chars in _LOOKALIKES.items() for char in chars}

# Letters that Unicode does not decompose but names after the letter they show: small capitals,
# negative circled and squared capitals, regional indicators, letters with a stroke.
_NAMED = re.compile(
    r"(?:LATIN|CIRCLED|SQUARED|INDICATOR SYMBOL)\b.*?"
    r"\b(SMALL LETTER|LETTER|CAPITAL) ([A-Z])(?: WITH .*| BAR)?$"
)

# What is seen of whole categories of characters.
_CATEGORIES = {"Mn": "", "Me": "", "Cf": "", "Zl": "\n", "Zp": "\n", "Zs": " ", "Pd": "-"}

# Hangul fillers and the empty Braille cell: by category a letter or symbol, and nothing to see.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")

# A few characters decompose into a whole phrase; a marker is never hidden in one of those, and
# the skeleton must not outgrow the text.
_MAX_FOLD = 4


@dataclass(frozen=True, slots=True)
class Folded:
    """A skeleton and where each character of it stands in the text."""

    skeleton: str
    offsets: Sequence[int]
    """``offsets[i]`` is the index in the text of what gave ``skeleton[i]``; never falls."""


def fold(text: str) -> Folded:
    """The skeleton of ``text``: letters keep their case, line breaks and spaces stay.

    Takes time in proportion to the text.
    """
    if text.isascii():
        return Folded(text, range(len(text)))
    table = {char: fold_char(char) for char in set(text)}
    folded = [table[char] for char in text]
    offsets = [at for at, chars in enumerate(folded) for _ in chars]
    return Folded("".join(folded), offsets)


def fold_char(char: str) -> str:
    """What one character looks like; empty for one that cannot be seen."""
    if char.isascii():
        return char
    seen = _plain(char)
    if seen is None:
        bases = unicodedata.normalize("NFKD", char)
        seen = "".join(base if (plain := _plain(base)) is None else plain for base in bases)
        if len(seen) > _MAX_FOLD:
            return char
    return seen


def _plain(char: str) -> str | None:
    """The look of a character that needs no decomposing, ``None`` for any other."""
    # Where only the capital looks like a letter, its small form counts as the same.
    if (letter := _LETTERS.get(char) or _LETTERS.get(char.upper())) is not None:
        return letter
    if char in _BLANK or 0xE0000 <= ord(char) <= 0xE0FFF:
        return ""
    if (category := unicodedata.category(char)) in _CATEGORIES:
        return _CATEGORIES[category]
    # No Latin letter is "Lo"; tens of thousands of ideographs and syllables are.
    named = None if category == "Lo" else _NAMED.search(unicodedata.name(char, ""))
    if named is None:
        return None
    return named[2].lower() if named[1] == "SMALL LETTER" else named[2]


def spelled(word: str, gap: str = "") -> str:
    """A pattern for ``word`` on a skeleton, with ``gap`` (a pattern that cannot match a letter)
    between its letters. To be compiled with :data:`re.IGNORECASE`."""
    return gap.join({"I": "[I1l|]", "O": "[O0]"}.get(letter, letter) for letter in word.upper())


def one_of(words: Iterable[str], gap: str = "") -> str:
    """A pattern for any of ``words``, the longest first; see :func:`spelled`."""
    longest_first = sorted(words, key=len, reverse=True)
    return f"(?:{'|'.join(spelled(word, gap) for word in longest_first)})"

"""Letters in an order that hides their word."""

from __future__ import annotations

import random

from bot.games.lexicon import Lexicon

_TRIES = 200


def scrambled(word: str, lexicon: Lexicon, dice: random.Random) -> str | None:
    """The letters of ``word`` in another order: most of them in another place, and neither a word
    nor anything rude. ``None`` where there is no such order, as for ``noon``."""
    letters = list(word)
    best, most = None, len(word) // 2
    for _ in range(_TRIES):
        dice.shuffle(letters)
        order = "".join(letters)
        moved = sum(a != b for a, b in zip(order, word, strict=True))
        if moved > most and order not in lexicon and not lexicon.looks_rude(order):
            best, most = order, moved
            if moved == len(word):
                break
    return best

"""Clues to anagrams by the model, each solved by itself before anybody sees it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bot.games.clues import is_fair
from bot.games.letters import plain_letters
from bot.games.lexicon import Lexicon
from bot.games.scramble import scrambled
from bot.play.asking_model import Asker, ShortAnswers
from bot.prompts import wordgames


@dataclass(frozen=True, slots=True)
class ClueWriter:
    model: ShortAnswers

    async def write(
        self, word: str, lexicon: Lexicon, asker: Asker, dice: random.Random
    ) -> str | None:
        """A clue that the model itself solves from clue and letters, and that does not give the
        word away; ``None``: this one was no good.

        Raises:
            GenerationError: the model could not be asked.
        """
        letters = scrambled(word, lexicon, dice)
        if letters is None:
            return None
        reply = await self.model.ask(
            wordgames.clue_wanted(word, letters), asker, tokens=60, temperature=0.7
        )
        half = wordgames.read_clue(reply)
        solutions = lexicon.anagrams(word)
        if half is None or not is_fair(half, word, solutions) or letters in plain_letters(half):
            return None
        said = await self.model.ask(wordgames.clue(letters, half), asker, tokens=12)
        solved = plain_letters(said.split()[0]) if said.split() else ""
        return half if solved == word else None

"""The card's word games: lists, choices and blanks, with what the model says checked."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass

from bot.errors import AirocordError, GenerationError
from bot.games.wordlists import Conditions, all_words, fill, refusal
from bot.language import phrase
from bot.play.asking_model import Asker, Opinion, ShortAnswers
from bot.play.words_known import KnownWords
from bot.prompts import wordgames

ROUNDS = 3
"""How often the model is asked for what is missing in its list."""

_TOKENS_A_WORD = 10
_LIST_TEMPERATURE = 0.8
_BLANK = re.compile(r"_{2,}|\[blank\]|\(blank\)|…|\.{3,}", re.IGNORECASE)


class BlankMissing(AirocordError):
    """There is nothing to fill in."""


@dataclass(frozen=True, slots=True)
class WordList:
    """A list that was asked for."""

    words: tuple[str, ...]
    filled: frozenset[str]
    """Those that the model did not come up with."""
    is_model_silent: bool = False
    """The model could not be asked."""


@dataclass(frozen=True, slots=True)
class WordGames:
    model: ShortAnswers
    known: KnownWords

    async def count(self, conditions: Conditions) -> int:
        """How many words are written so."""
        lexicon = await self.known.lexicon()
        return len(await asyncio.to_thread(all_words, lexicon, conditions))

    async def list_words(
        self, count: int, conditions: Conditions, theme: str, asker: Asker
    ) -> WordList:
        """Words by the model as far as they hold, and by the lexicon for the rest.

        With a theme the lexicon adds nothing: it does not know what words are about.
        """
        lexicon = await self.known.lexicon()
        there = await asyncio.to_thread(all_words, lexicon, conditions)
        wanted = min(count, len(there))
        found: list[str] = []
        is_silent = False
        for _ in range(ROUNDS):
            if len(found) >= wanted:
                break
            missing = wanted - len(found)
            instruction = wordgames.word_list(missing, str(conditions), theme, found)
            try:
                reply = await self.model.ask(
                    instruction,
                    asker,
                    tokens=_TOKENS_A_WORD * missing + 20,
                    temperature=_LIST_TEMPERATURE,
                )
            except GenerationError:
                is_silent = True
                break
            for entry in wordgames.read_list(reply):
                word = entry.casefold()
                if word not in found and refusal(word, lexicon, conditions) is None:
                    found.append(word)
        found = found[:wanted]
        if theme:
            return WordList(tuple(found), frozenset(), is_silent)
        dice = random.Random()  # noqa: S311 - a game
        more = await asyncio.to_thread(fill, there, lexicon, wanted - len(found), found, dice)
        return WordList((*found, *more), frozenset(more), is_silent)

    async def choose(self, question: str, options: list[str], asker: Asker) -> Opinion:
        """What the model takes for right.

        Raises:
            GenerationError: it could not be asked.
        """
        return await self.model.choose(question, options, asker)

    async def fill_blank(self, marked: str, asker: Asker) -> str:
        """What is missing in a sentence that :func:`with_blank` returned.

        Raises:
            GenerationError: the model could not be asked.
        """
        reply = await self.model.ask(wordgames.blank(marked), asker, tokens=24)
        line = wordgames.one_line(reply.splitlines()[0] if reply else "").strip(' ".')
        before, after = marked.split("___")
        # A model that repeats the sentence has filled it in, too.
        repeated = wordgames.one_line(line)
        start, end = wordgames.one_line(before), wordgames.one_line(after).strip(' ".')
        if start and repeated.startswith(start) and repeated.endswith(end):
            line = repeated[len(start) : len(repeated) - len(end)].strip()
        return line


def with_blank(sentence: str) -> str:
    """A sentence with its one blank written as ``___``.

    Raises:
        BlankMissing: nothing is missing in it, or more than one thing.
    """
    marked, count = _BLANK.subn("___", sentence)
    if count != 1:
        raise BlankMissing(phrase("Please mark one blank in the sentence, with ___ for example."))
    return marked

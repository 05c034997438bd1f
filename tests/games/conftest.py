"""The words that come with the bot, read once for all tests."""

import pytest

from bot.games.lexicon import Lexicon
from bot.games.puzzles import Puzzles


@pytest.fixture(scope="session")
def words() -> Lexicon:
    return Lexicon.load()


@pytest.fixture(scope="session")
def puzzles(words: Lexicon) -> Puzzles:
    return Puzzles(words)

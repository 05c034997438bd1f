"""All that has to do with games, made once for the bot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.generation.queue import GenerationQueue
from bot.play.anagrams import Anagrams
from bot.play.asking_model import ShortAnswers
from bot.play.clue_writer import ClueWriter
from bot.play.daily import Daily
from bot.play.explaining import Explainer
from bot.play.host import GameHost
from bot.play.packs import Packs
from bot.play.question_source import QuestionSource
from bot.play.question_writer import QuestionWriter
from bot.play.trivia import Trivia
from bot.play.word_games import WordGames
from bot.play.words_known import KnownWords
from bot.play.workshop import Stock, Workshop
from bot.prompting import Prompter
from bot.replies.pacing import Pacers
from bot.storage import Database, Games, Guilds, QuestionBank


@dataclass(frozen=True, slots=True)
class Play:
    host: GameHost
    trivia: Trivia
    packs: Packs
    anagrams: Anagrams
    daily: Daily
    word_games: WordGames
    words: KnownWords
    workshop: Workshop


def build_play(
    database: Database,
    queue: GenerationQueue,
    prompter: Prompter,
    pacers: Pacers,
    *,
    system_prompt: str,
    figures_file: Path,
    guilds: Guilds,
    stock: Stock,
) -> Play:
    """Nothing is read or loaded yet: word lists and facts are at the first game."""
    games, bank, words = Games(database), QuestionBank(database), KnownWords()
    host = GameHost(games)
    trivia = Trivia(
        host=host,
        bank=bank,
        guilds=guilds,
        source=QuestionSource(bank),
        pacers=pacers,
        explainer=Explainer(queue, prompter),
    )
    model = ShortAnswers(queue, prompter, system_prompt)
    return Play(
        host=host,
        trivia=trivia,
        packs=Packs(bank),
        anagrams=Anagrams(host=host, bank=bank, words=words, pacers=pacers),
        daily=Daily(words, games),
        word_games=WordGames(model, words),
        words=words,
        workshop=Workshop(
            queue=queue,
            bank=bank,
            words=words,
            questions=QuestionWriter(model),
            clues=ClueWriter(model),
            figures_file=figures_file,
            stock=stock,
        ),
    )

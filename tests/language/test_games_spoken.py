"""Games speak the language of those who read them; what was asked and answered stays as it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import discord
import pytest

from bot.games.anagram_effects import PuzzleOpened
from bot.games.effects import Ending, Gain, GameOver, Outcome, Standing
from bot.games.facts import FactBook
from bot.games.packs import PackError, read
from bot.games.puzzles import Kind, Puzzle
from bot.games.questions import Difficulty, Origin, Question
from bot.games.trivia_effects import RoundClosed, RoundOpened
from bot.games.trivia_settings import Mode
from bot.games.wordlists import read_conditions
from bot.language import Catalog, phrase, spoken
from bot.play import anagram_buttons, anagram_words, trivia_buttons, trivia_words
from bot.play.trivia_words import Shown
from bot.replies.languages import speak

GERMAN = Catalog(
    "de",
    sentences={
        "Question {number} of {total}": "Frage {number} von {total}",
        "Capitals": "Hauptstädte",
        "hard": "schwer",
        "{difficulty}, {points} points": "{difficulty}, {points} Punkte",
        "Ends {when}.": "Endet {when}.",
        "{count} answers so far.": {"one": "{count} Antwort.", "other": "{count} Antworten."},
        "Hint: {hint}": "Tipp: {hint}",
        "{option} ✅ right": "{option} ✅ richtig",
        "{option} (ruled out by a hint)": "{option} (scheidet aus)",
        "{count} people got it.": {"one": "Jemand wusste es.", "other": "{count} wussten es."},
        "The answer: **{answer}**.": "Die Antwort: **{answer}**.",
        "{person} +{points} ({streak} in a row)": "{person} +{points} ({streak}. in Folge)",
        "That was the last question.": "Das war die letzte Frage.",
        "{points}, {right} right": "{points}, {right} richtig",
        "{count} points": {"one": "{count} Punkt", "other": "{count} Punkte"},
        "twist": "Wortsuche",
        "{kind}, puzzle {number}": "{kind}, Rätsel {number}",
        "{found} of {count} words found.": {
            "one": "{found} von {count} Wort gefunden.",
            "other": "{found} von {count} Wörtern gefunden.",
        },
        "Left: {words}.": "Übrig: {words}.",
        "{count} words of {length}": {
            "one": "{count} Wort mit {length}",
            "other": "{count} Wörter mit {length}",
        },
        "Line {line}: {reason}.": "Zeile {line}: {reason}.",
        "{key} is not one of {keys}": "{key} ist keines von {keys}",
        "start with {letters}": "mit {letters} am Anfang",
        "end with {letters}": "mit {letters} am Ende",
        "{condition} and {other}": "{condition} und {other}",
        "that {conditions}": "{conditions}",
        "I know no words {conditions}.": "Ich kenne keine Wörter {conditions}.",
        "Guess": "Raten",
        "Skip": "Überspringen",
        "This question is wrong": "Diese Frage ist falsch",
        "Your guess": "Dein Tipp",
        "A word from {letters}": "Ein Wort aus {letters}",
    },
)

QUESTION = Question(
    id="facts:capital:FR",
    category="Capitals",
    difficulty=Difficulty.HARD,
    text="What is the capital of France?",
    answer="Paris",
    origin=Origin.FACTS,
    distractors=("Rome", "Bern"),
)
OPENED = RoundOpened(1, 3, QUESTION, ("Rome", "Paris", "Bern"), 20.0)


@pytest.fixture(autouse=True)
def in_german(monkeypatch: pytest.MonkeyPatch) -> None:
    def catalog(language: str) -> Catalog:
        return GERMAN if language == "de" else Catalog("en")

    monkeypatch.setattr("bot.language.sentence.catalog", catalog)


def test_an_open_question_is_shown_in_german_and_asked_as_it_was_written() -> None:
    shown = Shown(OPENED, Mode.CHOICES, struck=[0], letters="P _ _ _ s", answered=1)
    text = trivia_words.question(shown, 20.0).spoken("de")
    assert "**Frage 1 von 3** · Hauptstädte · schwer, 300 Punkte\nWhat is the capital" in text
    assert "~~**A** Rome~~ (scheidet aus)\n**B** Paris\n" in text
    assert "Tipp: `P _ _ _ s`\n-# Endet <t:" in text
    assert text.endswith(" 1 Antwort.")


def test_a_question_that_is_over_is_told_in_german() -> None:
    gains = (Gain(1, 300, 1, 2.0), Gain(2, 330, 4, 3.0))
    result = RoundClosed(1, QUESTION, Outcome.SOLVED, gains, ((1, 1), (2, 1)), 1, True, None)
    text = trivia_words.closed(Shown(OPENED, Mode.CHOICES), result, "", 0.0).spoken("de")
    assert "**B** Paris ✅ richtig" in text
    assert text.endswith(
        "2 wussten es. Die Antwort: **Paris**.\n<@1> +300\n<@2> +330 (4. in Folge)"
    )


def test_the_end_of_a_game_counts_points_as_germans_do() -> None:
    result = GameOver(Ending.FINISHED, (Standing(1, 1200, 4, 1),), 4, ranked=True)
    assert trivia_words.over(result, ()).spoken("de") == (
        "Das war die letzte Frage.\n🥇1. <@1>: 1.200 Punkte, 4 richtig"
    )


def test_a_pack_s_own_category_is_nobody_s_to_translate() -> None:
    asked = replace(QUESTION, origin=Origin.PACK)
    shown = Shown(replace(OPENED, question=asked), Mode.CHOICES)
    assert " · Capitals · schwer" in trivia_words.question(shown, 1.0).spoken("de")


def test_every_category_that_comes_with_the_bot_can_be_translated() -> None:
    assert sorted(trivia_words.CATEGORIES) == sorted(FactBook().categories)


def test_a_twist_is_shown_in_german() -> None:
    puzzle = Puzzle(
        Kind.TWIST, Difficulty.HARD, "tac", frozenset({"cat", "act"}), ("cat", "act", "at")
    )
    shown = anagram_words.Shown(PuzzleOpened(1, 1, puzzle, 9.0), True, found=[("cat", 1)])
    text = anagram_words.puzzle(shown, 9.0).spoken("de")
    assert text.startswith("**Wortsuche, Rätsel 1** · schwer\n# `T A C`\n")
    assert "1 von 3 Wörtern gefunden.\ncat (<@1>)\n" in text
    assert "-# Übrig: 1 Wort mit 2, 1 Wort mit 3." in text


def test_a_fault_in_a_pack_is_told_in_german() -> None:
    with pytest.raises(PackError) as caught:
        read(b"titel: A\nquestions: []\n", "a.yaml")
    assert spoken(str(caught.value), "de").startswith("Zeile 1: “titel” ist keines von title, ")


def test_conditions_of_a_list_are_told_in_german() -> None:
    conditions = read_conditions(starts="en", ends="g")
    sentence = phrase("I know no words {conditions}.", conditions=conditions)
    assert sentence == "I know no words that start with EN and end with G."
    assert sentence.spoken("de") == "Ich kenne keine Wörter mit EN am Anfang und mit G am Ende."


def test_buttons_and_dialogs_are_in_german_with_the_options_as_they_were_written() -> None:
    async def labels() -> list[str | None]:
        view = anagram_buttons.view_open(1, has_hints=False)
        asked = trivia_buttons.view_open(1, 1, ("Rome",), [])
        over = trivia_buttons.view_closed(QUESTION.id)
        dialog = anagram_buttons.Guess(1, "abcdefghijklmnopqrstuvwxyz")
        found: list[str | None] = []
        for one in (view, asked, over, dialog):
            speak(one, "de")
            assert one is not None
            for item in one.walk_children():
                widget = item.item if isinstance(item, discord.ui.DynamicItem) else item
                if isinstance(widget, discord.ui.Button):
                    found.append(widget.label)
                elif isinstance(widget, discord.ui.Label):
                    found.append(widget.text)
        return [*found, dialog.title]

    assert asyncio.run(labels()) == [
        *("Raten", "Überspringen", "Stop"),
        *("A  Rome", "Hint", "Überspringen", "Stop"),
        "Diese Frage ist falsch",
        "Ein Wort aus A B C D E F G H I J K L M N O P Q"[:45],
        "Dein Tipp",
    ]

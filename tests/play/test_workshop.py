"""What the model makes ahead is verified first, and only where it was measured to be right."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import AirocordError
from bot.games.lexicon import Lexicon
from bot.games.puzzles import Kind
from bot.games.questions import Difficulty, Origin, Question
from bot.games.trivia_settings import Mode
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority
from bot.play.asking_model import Asker, ShortAnswers
from bot.play.calibration import Figure, keep, known_figures, measure
from bot.play.clue_writer import ClueWriter
from bot.play.question_source import Asked, QuestionSource
from bot.play.question_writer import QuestionWriter, Rejected, is_known
from bot.play.words_known import KnownWords
from bot.play.workshop import Stock, Workshop
from bot.prompting import Prompter
from bot.storage import ChannelRef, Database, QuestionBank, Wanted
from tests.support.engines import Script, ScriptedEngine

DRAFT = "Question: Which river runs through Vienna?\nAnswer: Danube\nWrong: Rhine; Elbe; Oder"
NOBODY = Asker(0, priority=Priority.BACKGROUND)
RIVERS = ("Danube", "Rhine", "Elbe", "Oder")


class Model:
    """Writes a draft, knows an answer, and chooses an option; each as a test says."""

    def __init__(self) -> None:
        self.draft = DRAFT
        self.open_answer = "The Danube."
        self.chosen = "Danube"
        self.likes_letter = ""
        self.wavers = False
        """Chooses something else when its answer is the first."""
        self.clue = "what you do to hear."
        self.solves = "listen"
        self.engine = ScriptedEngine(reply=self._reply, context_tokens=4000)
        self.queue = GenerationQueue(self.engine)
        prompter = Prompter(self.engine, "vicuna", SamplingParams(max_new_tokens=64))
        self.short = ShortAnswers(self.queue, prompter, "Be right.")

    def _reply(self, prompt: str) -> Script:
        asked = prompt.rpartition("USER: ")[2].removesuffix(" ASSISTANT:")
        if "Write one" in asked:
            return Script([self.draft])
        if "\nA) " in asked:
            options = dict(line.split(") ", 1) for line in asked.splitlines()[1:])
            if self.wavers and options["A"] == self.chosen:
                return Script([f"[B, {options['B']}]"])
            letter = self.likes_letter or next(
                name for name, text in options.items() if text == self.chosen
            )
            return Script([f"[{letter}, {options[letter]}]"])
        if "Write the second half" in asked:
            return Script([self.clue])
        if asked.startswith("This anagram of"):
            return Script([self.solves])
        return Script([self.open_answer])


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    made = Model()
    await made.queue.load()
    yield made
    await made.queue.drain(0)


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[QuestionBank]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    await database.upgrade()
    yield QuestionBank(database)
    await database.close()


async def written(model: Model, known: tuple[str, ...] = ()) -> Question | Rejected:
    writer = QuestionWriter(model.short)
    return await writer.write("Rivers", Difficulty.EASY, known, NOBODY, random.Random(1))


async def test_a_question_that_the_model_answers_itself_holds(model: Model) -> None:
    question = await written(model)
    assert isinstance(question, Question)
    assert (question.text, question.answer, question.origin) == (
        "Which river runs through Vienna?",
        "Danube",
        Origin.MODEL,
    )
    orders = [prompt for prompt in model.engine.prompts if "\nA) " in prompt]
    assert len(orders) == 4
    assert len({prompt.split("\nA) ")[1].split("\n")[0] for prompt in orders}) == 4


async def test_each_check_can_throw_it_away(model: Model) -> None:
    model.draft = "I cannot."
    assert await written(model) is Rejected.FORMAT
    model.draft = DRAFT.replace("Which river runs", "Which river currently runs")
    assert await written(model) is Rejected.WORDING
    model.draft = DRAFT
    assert await written(model, ("Which river runs through the city of Vienna?",)) is Rejected.KNOWN
    model.open_answer = "The Rhine."
    assert await written(model) is Rejected.OPEN
    model.open_answer = "Danube"
    model.chosen = "Rhine"
    assert await written(model) is Rejected.CHOICE
    model.likes_letter = "A"
    assert await written(model) is Rejected.CHOICE
    model.chosen, model.likes_letter, model.wavers = "Danube", "", True
    assert await written(model) is Rejected.CHOICE


def test_questions_are_known_in_other_words_too() -> None:
    known = ["Which river runs through Vienna?"]
    assert is_known("which river runs through Vienna", known)
    assert is_known("Through Vienna runs which river?", known)
    assert not is_known("Which river runs through Cairo?", known)
    assert not is_known("Which river runs through Vienna?", [])


def known_question(number: int, answer: str, category: str = "Rivers") -> Question:
    wrong = tuple(river for river in RIVERS if river != answer)
    return Question(
        f"k{number}", category, Difficulty.EASY, f"Which {number}?", answer, Origin.OPENTDB,
        distractors=wrong,
    )  # fmt: skip


async def test_the_share_of_right_answers_is_counted_where_it_is_sure(model: Model) -> None:
    questions = [known_question(number, "Danube") for number in range(6)]
    questions += [known_question(number, "Rhine") for number in range(6, 8)]
    questions += [known_question(9, "Elbe", "Films")]
    figures = await measure(questions, model.short, a_category=8, dice=random.Random(1))
    assert figures == {"Films": Figure(1, 1, 0), "Rivers": Figure(8, 8, 6)}
    assert figures["Rivers"].share == 0.75
    model.likes_letter = "B"
    guessed = await measure(questions, model.short, a_category=8, dice=random.Random(1))
    assert guessed["Rivers"] == Figure(8, 0, 0)


@pytest.mark.parametrize(
    ("figure", "is_good"),
    [
        (Figure(40, 20, 19), True),
        (Figure(40, 20, 18), False),
        (Figure(40, 19, 19), False),
        (Figure(40, 0, 0), False),
    ],
)
def test_a_category_is_used_from_95_of_100_right_on(figure: Figure, is_good: bool) -> None:
    assert figure.is_good_enough is is_good


def test_figures_are_kept_for_each_model(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "figures.json"
    assert known_figures(file, "a") == {}
    keep(file, "a", {"Rivers": Figure(4, 3, 2)})
    keep(file, "b", {})
    assert known_figures(file, "a") == {"Rivers": Figure(4, 3, 2)}
    file.write_text("not JSON")
    assert known_figures(file, "a") == {}


def workshop(model: Model, bank: QuestionBank, tmp_path: Path, stock: Stock) -> Workshop:
    return Workshop(
        queue=model.queue,
        bank=bank,
        words=KnownWords(),
        questions=QuestionWriter(model.short),
        clues=ClueWriter(model.short),
        figures_file=tmp_path / "figures.json",
        stock=stock,
        dice=random.Random(1),
    )


async def test_without_good_figures_the_pool_stays_empty(
    model: Model, bank: QuestionBank, tmp_path: Path
) -> None:
    shop = workshop(model, bank, tmp_path, Stock(low=1, high=2, clues=0))
    assert not await shop.make_something()
    keep(shop.figures_file, "scripted model", {"Rivers": Figure(40, 40, 37)})
    assert not await shop.make_something()
    assert model.engine.prompts == []


async def test_a_trusted_category_is_filled_to_its_mark_and_shown_as_ai_written(
    model: Model, bank: QuestionBank, tmp_path: Path
) -> None:
    shop = workshop(model, bank, tmp_path, Stock(low=1, high=2, clues=0))
    keep(shop.figures_file, "scripted model", {"Rivers": Figure(40, 40, 40)})
    assert await shop.make_something()
    model.draft = DRAFT.replace("Vienna", "four capitals and two deltas of the east")
    assert await shop.make_something()
    assert not await shop.make_something()
    listed = await bank.listed(Wanted(origins=(Origin.MODEL,)))
    [first, _] = await bank.get([one.id for one in listed])
    assert first.written_by == "scripted model"
    source = QuestionSource(bank)
    here = ChannelRef(11, guild_id=5)
    assert (await source.categories(5))["AI: Rivers"] == 2
    plain = Asked(channel=here, category=None, difficulty=None, rounds=5, mode=Mode.CHOICES)
    drawn = await source.draw(plain)
    assert not drawn.has_model_questions
    assert (await source.draw(replace(plain, category="Rivers"))).questions == []
    drawn = await source.draw(replace(plain, category="AI: Rivers"))
    assert drawn.has_model_questions
    assert {one.origin for one in drawn.questions} == {Origin.MODEL}
    assert all(params.seed is None for params in model.engine.params)


async def test_a_clue_is_kept_when_the_model_solves_it(
    model: Model, bank: QuestionBank, tmp_path: Path
) -> None:
    lexicon = Lexicon.of({"listen": 10, "silent": 10})
    writer = ClueWriter(model.short)
    dice = random.Random(1)
    assert await writer.write("listen", lexicon, NOBODY, dice) == "what you do to hear."
    for clue, solved in (
        ("what you do to hear.", "tinsel"),
        ("what listeners do.", "listen"),
        ("being silent.", "listen"),
        ("", "listen"),
    ):
        model.clue, model.solves = clue, solved
        assert await writer.write("listen", lexicon, NOBODY, dice) is None, clue


async def test_clues_are_written_up_to_the_stock(
    model: Model, bank: QuestionBank, tmp_path: Path
) -> None:
    shop = workshop(model, bank, tmp_path, Stock(low=0, high=0, clues=1))
    word = (await shop.words.puzzles()).pool(Kind.CLASSIC, Difficulty.EASY)[0]
    model.solves = word
    shop.dice = _Always(word)
    assert await shop.make_something()
    assert await bank.clues([word]) == {word: "what you do to hear."}
    assert not await shop.make_something()


async def test_a_model_that_cannot_be_asked_leaves_things_as_they_are(
    bank: QuestionBank, tmp_path: Path
) -> None:
    loading = Model()
    shop = workshop(loading, bank, tmp_path, Stock(low=1, high=1, clues=1))
    with pytest.raises(AirocordError):
        await shop.make_something()
    await loading.queue.drain(0)


class _Always(random.Random):
    """Draws one word where words are drawn."""

    def __init__(self, word: str) -> None:
        super().__init__(1)
        self._word = word

    def choice(self, seq):  # type: ignore[no-untyped-def]
        return self._word if isinstance(seq[0], str) and self._word in seq else super().choice(seq)

"""Which of the model's lines about an answer can be shown."""

from __future__ import annotations

import pytest

from bot.games.questions import Difficulty, Origin, Question
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.play.explaining import Explainer, checked, instruction
from bot.prompting import Prompter
from bot.storage import ChannelRef
from tests.support.engines import Script, ScriptedEngine

ASKED = Question(
    id="q",
    category="History",
    difficulty=Difficulty.EASY,
    text="Where did Brontë live in 1845?",
    answer="Haworth",
    origin=Origin.PACK,
    distractors=("Leeds", "York Minster"),
    explanation="She was 29.",
)


@pytest.mark.parametrize(
    "line",
    [
        "Haworth is a village on the moors.",
        '"HAWORTH is where the family had its house!"',
        "In 1845 she was 29 and lived in Haworth.",
        "The minster is far from Haworth.",
        "Haworth is a village.\nLeeds is a city.",
    ],
)
def test_a_line_that_keeps_to_what_is_known_is_shown(line: str) -> None:
    assert checked(line, ASKED) == line.splitlines()[0].strip('"')


@pytest.mark.parametrize(
    "line",
    [
        "",
        "It is a village on the moors.",
        "Haworth is near Leeds.",
        "Haworth lies north of York  Minster.",
        "Haworth has 6,379 people.",
        "She did not live in Haworth.",
        "She didn't live in Haworth.",
        "Actually, she lived in Haworth, and",
        "Haworth " * 60 + ".",
    ],
)
def test_a_line_that_could_mislead_is_not(line: str) -> None:
    assert checked(line, ASKED) is None


def test_the_model_is_told_the_answer_and_what_is_known() -> None:
    asked = instruction(ASKED)
    assert "The right answer: Haworth\nWhat is known: She was 29." in asked


async def test_a_line_is_asked_for_from_when_the_model_is_loaded_until_the_bot_stops() -> None:
    engine = ScriptedEngine(default=Script(["Haworth is a village."]))
    queue = GenerationQueue(engine)
    explainer = Explainer(queue, Prompter(engine, "vicuna", SamplingParams()))
    here = ChannelRef(11, guild_id=5)
    assert explainer.begin(ASKED, here) is None
    await queue.load()
    explanation = explainer.begin(ASKED, here)
    assert explanation is not None
    await queue.idle()
    assert explanation.ready == "Haworth is a village."
    await queue.drain(0)
    assert explainer.begin(ASKED, here) is None

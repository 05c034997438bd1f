"""``python -m bot trivia calibrate``: what was measured is shown, wherever it can be kept."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bot import trivia_command
from bot.core import Core
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.play.calibration import known_figures
from bot.prompting import Prompter
from bot.settings import Settings
from bot.trivia_command import FiguresNotKept, calibrate
from tests.support.engines import Script, ScriptedEngine

DUMP = {
    "results": [
        {
            "type": "multiple",
            "category": "Rivers",
            "difficulty": "easy",
            "question": "Which river runs through Vienna?",
            "correct_answer": "Danube",
            "incorrect_answers": ["Rhine", "Elbe", "Oder"],
        }
    ]
}


@pytest.fixture
def dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One known question, and a model that says the same to everything."""
    engine = ScriptedEngine(default=Script(["[A, Danube]"]))
    prompter = Prompter(engine, "vicuna", SamplingParams(max_new_tokens=64))
    core = Core(engine, "It is a test's.", GenerationQueue(engine), prompter)
    monkeypatch.setattr(trivia_command, "build_core", lambda settings: core)
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(DUMP))
    return file


async def test_figures_are_shown_and_kept(dump: Path, tmp_path: Path) -> None:
    settings, screen = Settings(data_dir=tmp_path / "data"), io.StringIO()
    await calibrate(settings, dump, Console(file=screen, width=120), a_category=40, seed=0)
    assert "Rivers" in screen.getvalue()
    assert known_figures(settings.figures_file, "scripted model")["Rivers"].asked == 1


async def test_figures_that_cannot_be_kept_are_shown_all_the_same(
    dump: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file")
    settings, screen = Settings(data_dir=tmp_path / "data"), io.StringIO()
    with pytest.raises(FiguresNotKept, match="The figures could not be kept"):
        await calibrate(settings, dump, Console(file=screen, width=120), a_category=40, seed=0)
    assert "Rivers" in screen.getvalue()

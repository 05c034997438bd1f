"""``python -m bot ask``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

from bot.ask_command import AskCommand
from bot.documents.extracted import Limits
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from tests.support.engines import Script, ScriptedEngine
from tests.support.files import pdf
from tests.support.llama import demo_model

ROOT = Path(__file__).parents[1]

PAGES = ["The moon is 384,400 kilometres away. " * 6, "Twelve people have walked there. " * 6]


@asynccontextmanager
async def asking(
    reply: str,
) -> AsyncIterator[tuple[AskCommand, ScriptedEngine, StringIO, StringIO]]:
    engine = ScriptedEngine(context_tokens=4096, default=Script((reply,)))
    queue = GenerationQueue(engine)
    await queue.load()
    out, notes = StringIO(), StringIO()
    command = AskCommand(
        queue,
        Prompter(engine, "vicuna", SamplingParams()),
        "Be kind.",
        Limits(),
    )
    command.out.file, command.notes.file = out, notes
    try:
        yield command, engine, out, notes
    finally:
        await queue.drain(0)


async def test_the_answer_stands_above_the_sources_that_bear_it_out(tmp_path: Path) -> None:
    file = tmp_path / "moon.pdf"
    file.write_bytes(pdf(PAGES))
    reply = "Twelve people walked there.\nSource: file: moon.pdf\npage: 1"
    async with asking(reply) as (command, _, out, notes):
        assert await command.run([file], "Who?", as_json=False, only_passages=False) == 0
    assert out.getvalue() == "Twelve people walked there.\n[1] moon.pdf, page 2\n"
    assert notes.getvalue() == ""


async def test_an_answer_that_the_files_do_not_bear_out_says_so(tmp_path: Path) -> None:
    file = tmp_path / "moon.pdf"
    file.write_bytes(pdf(PAGES))
    async with asking("Napoleon was\x1b[2J born :cat: [b] in Corsica.") as (command, _, out, _):
        assert await command.run([file], "Who?", as_json=False, only_passages=False) == 0
    assert out.getvalue() == (
        "Napoleon was[2J born :cat: [b] in Corsica.\n"
        "Not found in the files: nothing in them bears this answer out.\n"
    )


async def test_a_program_gets_answer_sources_passages_and_warnings(tmp_path: Path) -> None:
    moon, empty = tmp_path / "moon.pdf", tmp_path / "empty.txt"
    moon.write_bytes(pdf(PAGES))
    empty.write_bytes(b"")
    async with asking("Twelve people walked there.") as (command, _, out, _):
        await command.run([moon, empty], "How many people?", as_json=True, only_passages=False)
    value = json.loads(out.getvalue())
    assert value["answer"] == "Twelve people walked there."
    assert value["standing"] == "supported"
    [source] = value["sources"]
    assert (source["file"], source["page"]) == ("moon.pdf", 2)
    assert source["quote"].startswith("Twelve people have walked there.")
    assert [passage["page"] for passage in value["passages"]] == [1, 2]
    assert all(passage["tokens"] > 0 for passage in value["passages"])
    assert value["warnings"] == ["`empty.txt` is empty."]


async def test_the_passages_are_had_without_asking_the_model(tmp_path: Path) -> None:
    file = tmp_path / "moon.pdf"
    file.write_bytes(pdf(PAGES))
    async with asking("never") as (command, engine, out, _):
        assert await command.run([file], "Who?", as_json=False, only_passages=True) == 0
        await command.run([file], "Who?", as_json=True, only_passages=True)
        assert engine.prompts == []
    shown, _, value = out.getvalue().partition("{")
    assert shown.count("== moon.pdf, page ") == 2
    assert "Twelve people have walked there." in shown
    assert json.loads("{" + value)["answer"] is None


async def test_a_file_that_is_not_there_ends_in_a_sentence_that_names_it(tmp_path: Path) -> None:
    async with asking("never") as (command, engine, out, notes):
        missing = tmp_path / "nowhere.pdf"
        assert await command.run([missing], "Who?", as_json=False, only_passages=False) == 1
        assert engine.prompts == []
    assert out.getvalue() == ""
    assert notes.getvalue().startswith("`nowhere.pdf` cannot be opened: No such file")


async def test_no_question_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    async with asking("never") as (command, _, _, notes):
        assert await command.run([tmp_path], " ", as_json=False, only_passages=False) == 2
    assert "--question" in notes.getvalue()


def test_the_real_model_answers_about_a_file(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The library opens at ten on Saturdays.", encoding="utf-8")
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / "smollm2-135m-instruct-q4_1.gguf").symlink_to(demo_model().resolve())
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MAX_NEW_TOKENS": "32"}
    environment.pop("MODEL_PATH", None)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "ask", "note.txt", "--question", "When?", "--json"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["answer"]
    assert value["passages"][0]["text"] == "The library opens at ten on Saturdays."

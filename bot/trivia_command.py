"""``python -m bot trivia import | calibrate``: questions of a file, and how far the model is to be
trusted with writing its own."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.core import build_core
from bot.errors import AirocordError
from bot.games import opentdb
from bot.games.opentdb import Dump
from bot.play.asking_model import ShortAnswers
from bot.play.calibration import FEWEST, MARK, Figures, keep, measure
from bot.play.question_source import entry_of
from bot.settings import Settings
from bot.storage import Database, QuestionBank


class FiguresNotKept(AirocordError):
    """The figures' file cannot be written."""


class FileUnreadable(AirocordError):
    """A file that was named cannot be read."""


async def import_questions(settings: Settings, file: Path, console: Console) -> None:
    """Add a dump of the Open Trivia Database to the questions of every server.

    Raises:
        FileUnreadable, OpenTdbError: it is no such dump.
        DatabaseError: the database cannot be used.
    """
    dump = await asyncio.to_thread(_read, file)
    database = Database(settings.effective_database_url)
    try:
        await database.upgrade()
        added = await QuestionBank(database).add([entry_of(one) for one in dump.questions])
    finally:
        await database.close()
    there = len(dump.questions) - added
    console.print(f"Added {added:,} questions" + (f"; {there:,} were there." if there else "."))
    for reason, count in sorted(dump.left_out.items()):
        console.print(f"Left out {count:,}: {reason}.")
    console.print(opentdb.CREDIT)


async def calibrate(
    settings: Settings, file: Path, console: Console, *, a_category: int, seed: int
) -> None:
    """Measure how often the model is right where it is sure, and keep the figures.

    Raises:
        FileUnreadable, OpenTdbError: ``file`` is no dump of the Open Trivia Database.
        GenerationError, ModelError, EngineUnavailable: the model cannot be asked.
        FiguresNotKept: they have been shown, and that is all.
    """
    dump = await asyncio.to_thread(_read, file)
    core = build_core(settings.for_terminal())
    console.print(core.choice)
    try:
        await core.load()
        figures = await measure(
            dump.questions,
            ShortAnswers(core.queue, core.prompter, settings.system_prompt),
            a_category=a_category,
            dice=random.Random(seed),  # noqa: S311 - which questions are asked
        )
        name = core.engine.model.name
    finally:
        await core.queue.drain(0)
    console.print(figures_table(name, figures))
    good = [category for category, figure in figures.items() if figure.is_good_enough]
    console.print(
        f"It may write questions about: {', '.join(good)}."
        if good
        else "It is not sure and right often enough anywhere, so it writes no questions."
    )
    try:
        await asyncio.to_thread(keep, settings.figures_file, name, figures)
    except OSError as error:
        raise FiguresNotKept(
            f"The figures could not be kept in {settings.figures_file} ({error.strerror}), so the "
            "bot does not know them. Give this user the right to write there, and measure again."
        ) from error


def figures_table(model: str, figures: Figures) -> Table:
    """The figures as a person reads them."""
    table = Table(
        title=f"{model}: right where it is sure",
        caption=f"Used from {MARK:.0%} of at least {FEWEST} sure answers on.",
    )
    table.add_column("category")
    for name in ("asked", "sure", "right", "share"):
        table.add_column(name, justify="right")
    for category, one in figures.items():
        share = f"{one.share:.0%}" if one.unanimous else ""
        table.add_row(category, str(one.asked), str(one.unanimous), str(one.right), share)
    return table


def _read(file: Path) -> Dump:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read ({error.strerror}).") from error
    return opentdb.read(data)

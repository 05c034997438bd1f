"""A conversation in the terminal: the same prompts, queue and engine as in Discord."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich.cells import cell_len
from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress

from bot.errors import AirocordError, Cancelled
from bot.generation.engine import FinishReason
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Request, Ticket
from bot.models import DEMO, fetch, fetch_demo, has_demo
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.prompts.template import Exchange

_PERSON = 0
"""There is one person at a terminal."""

_BOT = "bot > "

HELP = (
    "Enter sends, Alt+Enter begins a new line. Ctrl+C stops a reply, a second one leaves. "
    "/reset forgets the conversation, /exit leaves."
)


@dataclass(slots=True)
class TerminalChat:
    """One conversation. Replies go to standard output, everything else to standard error, so
    that a reply can be piped."""

    queue: GenerationQueue
    prompter: Prompter
    system: str
    keeps_history: bool = True
    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    notes: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _history: list[Exchange] = field(default_factory=list)
    _anchor: int = 0

    async def once(self, question: str) -> int:
        """Answer one question and return the exit status."""
        if not question.strip():
            self.notes.print("There is no question. Give one with --prompt or on standard input.")
            return 2
        try:
            await self._answer(question)
        except Cancelled:
            return 130
        except AirocordError as error:
            self._complain(error)
            return 1
        return 0

    async def converse(self, introduction: str) -> int:
        """Answer questions until the person leaves; return the exit status."""
        self.notes.print(Panel(f"{introduction}\n\n{HELP}", border_style="dim"))
        session: PromptSession[str] = PromptSession(key_bindings=_keys(), multiline=True)
        while True:
            try:
                question = await session.prompt_async(HTML("<b>you</b> > "))
            except (EOFError, KeyboardInterrupt):
                return 0
            match question.strip():
                case "":
                    continue
                case "/exit" | "/quit":
                    return 0
                case "/reset":
                    self._history.clear()
                    self._anchor = 0
                    self.notes.print("The conversation is forgotten.", style="dim")
                    continue
                case "/help":
                    self.notes.print(HELP, style="dim")
                    continue
            try:
                self.notes.print(_BOT, style="bold cyan", end="")
                await self._answer(question)
            except Cancelled:
                self.notes.print("(stopped)", style="dim")
            except AirocordError as error:
                self._complain(error)

    async def _answer(self, question: str) -> None:
        """Stream one reply and remember it, also when it was stopped half-way.

        Raises:
            GenerationError: it did not end by itself.
        """
        history = list(self._history)

        async def build() -> Prompt:
            window = await self.prompter.window(self.system, history, question, anchor=self._anchor)
            self._anchor = window.anchor
            if window.question_cut:
                self.notes.print("(the question was too long and was shortened)", style="dim")
            return window.prompt

        request = Request(prompt=build, params=self.prompter.params, person=_PERSON)
        ticket = self.queue.submit(request)
        try:
            with interrupts(ticket.cancel):
                await self._stream(ticket)
                finish = await ticket.result()
        finally:
            if self.keeps_history and ticket.text:
                self._history.append(Exchange(question, ticket.text))
        if finish.reason is FinishReason.LENGTH:
            self.notes.print("(the reply reached its longest length)", style="dim")

    async def _stream(self, ticket: Ticket) -> None:
        shown, version = 0, -1
        lines = _LineBreaks(self.out.width if self.out.is_terminal else None, len(_BOT))
        while not ticket.state.ended:
            version = await ticket.changed(version)
            piece = printable(ticket.text[shown:])
            self.out.print(lines.feed(piece), end="", markup=False)
            shown = len(ticket.text)
        if shown:
            self.out.print(lines.flush(), markup=False)

    def _complain(self, error: AirocordError) -> None:
        self.notes.print(str(error), style="red", markup=False)


def fetch_model(source: str | None, folder: Path, *, quiet: bool) -> int:
    """Fetch a model with a progress bar and say how to use it; returns the exit status.

    ``source`` is as :func:`bot.models.fetch` takes it; ``None`` is the demonstration model.
    """
    notes = Console(stderr=True, highlight=False)
    if quiet and source is None and has_demo(folder):
        return 0
    with Progress(console=notes, transient=True) as bar:
        task = bar.add_task(source or DEMO.name, total=None)

        def on_progress(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        if source is None:
            path = fetch_demo(folder, on_progress)
        else:
            path = fetch(source, folder, on_progress)
    notes.print(f"The model is at {path}", markup=False, soft_wrap=True)
    if source is not None:
        notes.print(f"Put this line into .env:\nMODEL_PATH={path}", markup=False, soft_wrap=True)
    return 0


def read_piped_question() -> str | None:
    """What was piped into the program; ``None`` at a terminal."""
    return None if sys.stdin.isatty() else sys.stdin.read()


class _LineBreaks:
    """Breaks the lines of a text that comes in pieces between its words, as it comes."""

    def __init__(self, width: int | None, column: int) -> None:
        """``width`` and ``column``, where the text begins, are in cells of the terminal; without
        a width nothing is broken."""
        self._width = width
        self._column = column
        self._word = ""

    def feed(self, text: str) -> str:
        """Take a piece and return what can be printed; the last word may still grow."""
        if self._width is None:
            return text
        *done, self._word = re.split(r"(?<=\s)", self._word + text)
        return "".join(map(self._place, done))

    def flush(self) -> str:
        """Return the last word."""
        return self._place(self._word)

    def _place(self, word: str) -> str:
        is_over = self._width is not None and self._column + cell_len(word.rstrip()) > self._width
        is_broken = is_over and self._column > 0
        start = 0 if is_broken else self._column
        self._column = 0 if word.endswith("\n") else start + cell_len(word)
        return f"\n{word}" if is_broken else word


def printable(text: str) -> str:
    """Text without the control characters that a terminal would obey."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


@contextmanager
def interrupts(stop: Callable[[], object]) -> Iterator[None]:
    """Let the first Ctrl+C call ``stop`` and any further one end the program."""
    loop = asyncio.get_running_loop()

    def on_interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(stop)

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

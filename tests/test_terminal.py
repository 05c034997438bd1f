"""The conversation in the terminal."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from bot.generation.engine import FinishReason, SamplingParams
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from bot.terminal import TerminalChat, _LineBreaks
from tests.support.engines import Script, ScriptedEngine


@asynccontextmanager
async def chatting(
    engine: ScriptedEngine, *, keeps_history: bool = True
) -> AsyncIterator[tuple[TerminalChat, StringIO, StringIO]]:
    queue = GenerationQueue(engine)
    await queue.load()
    out, notes = StringIO(), StringIO()
    chat = TerminalChat(
        queue,
        Prompter(engine, "vicuna", SamplingParams()),
        "Be kind.",
        keeps_history=keeps_history,
        out=Console(file=out, highlight=False, soft_wrap=True),
        notes=Console(file=notes, highlight=False, width=200),
    )
    try:
        async with asyncio.timeout(20):
            yield chat, out, notes
    finally:
        await queue.drain(0)


async def converse(chat: TerminalChat, typed: str) -> int:
    with create_pipe_input() as keyboard, create_app_session(keyboard, DummyOutput()):
        keyboard.send_text(typed)
        return await chat.converse("I am a test.")


async def test_one_question_gets_the_reply_and_nothing_else_on_standard_output() -> None:
    async with chatting(ScriptedEngine(default=Script((" Red,", " [b]green[/b]")))) as (
        chat,
        out,
        notes,
    ):
        assert await chat.once("Name colours.") == 0
        assert out.getvalue() == "Red, [b]green[/b]\n"
        assert notes.getvalue() == ""


async def test_no_question_is_an_error_with_the_next_step() -> None:
    async with chatting(ScriptedEngine()) as (chat, out, notes):
        assert await chat.once(" \n") == 2
        assert out.getvalue() == ""
        assert "--prompt" in notes.getvalue()


async def test_a_conversation_is_remembered_until_it_is_reset() -> None:
    engine = ScriptedEngine()
    async with chatting(engine) as (chat, out, _):
        assert await converse(chat, "one\rtwo\r/reset\rthree\r/exit\r") == 0
        assert out.getvalue() == "Hello there.\n" * 3
    assert [prompt.count("</s>") for prompt in engine.prompts] == [0, 1, 0]
    assert "USER: one ASSISTANT: Hello there.</s>USER: two ASSISTANT:" in engine.prompts[1]


async def test_without_history_each_question_stands_alone() -> None:
    engine = ScriptedEngine()
    async with chatting(engine, keeps_history=False) as (chat, _, _):
        await converse(chat, "one\rtwo\r/exit\r")
    assert all("one" not in prompt for prompt in engine.prompts[1:])


async def test_alt_enter_begins_a_new_line() -> None:
    engine = ScriptedEngine()
    async with chatting(engine) as (chat, _, _):
        await converse(chat, "one\x1b\rtwo\r/exit\r")
    assert "USER: one\ntwo ASSISTANT:" in engine.prompts[0]


async def test_ctrl_c_stops_the_reply_and_keeps_the_conversation() -> None:
    engine = ScriptedEngine(default=Script((" on",), endless=True))
    async with chatting(engine) as (chat, out, notes):

        async def press() -> None:
            while "on" not in out.getvalue():
                await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGINT)

        pressing = asyncio.create_task(press())
        engine.scripts.append(Script((" on",), endless=True))
        engine.default = Script(("fine",))
        assert await converse(chat, "go\rand now?\r/exit\r") == 0
        await pressing
        assert "(stopped)" in notes.getvalue()
        assert out.getvalue().endswith("fine\n")
    assert "USER: go ASSISTANT: on" in engine.prompts[1]


async def test_a_fault_is_told_and_the_conversation_goes_on() -> None:
    engine = ScriptedEngine()
    engine.scripts.append(Script((), error=RuntimeError("boom")))
    async with chatting(engine) as (chat, out, notes):
        assert await converse(chat, "one\rtwo\r/exit\r") == 0
        assert "stumbled" in notes.getvalue()
        assert out.getvalue() == "Hello there.\n"


async def test_a_reply_that_was_cut_for_length_says_so() -> None:
    engine = ScriptedEngine(default=Script(("x",), reason=FinishReason.LENGTH))
    async with chatting(engine) as (chat, _, notes):
        assert await chat.once("hi") == 0
        assert "longest length" in notes.getvalue()


async def test_the_model_cannot_send_commands_to_the_terminal() -> None:
    engine = ScriptedEngine(default=Script(("a\x1b[2Jb\x07c\x9bd\n",)))
    async with chatting(engine) as (chat, out, _):
        assert await chat.once("hi") == 0
        assert out.getvalue() == "a[2Jbcd\n\n"


@pytest.mark.parametrize("leave", ["/quit\r", "\x04"])
async def test_there_are_ways_to_leave(leave: str) -> None:
    async with chatting(ScriptedEngine()) as (chat, _, _):
        assert await converse(chat, leave) == 0


@given(st.lists(st.text("ab \n", max_size=12), max_size=30), st.integers(5, 20))
def test_lines_break_between_words_and_nothing_is_lost(pieces: list[str], width: int) -> None:
    lines = _LineBreaks(width, 0)
    printed = "".join(map(lines.feed, pieces)) + lines.flush()
    assert printed.split() == "".join(pieces).split()
    longest = max((len(word) for word in printed.split()), default=0)
    assert all(len(line.rstrip()) <= max(width, longest) for line in printed.split("\n"))

"""The engine and its model: there, loaded, and able to answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from bot.core import Core, build_core
from bot.doctor.findings import Finding, Severity
from bot.doctor.questions import CARD, Probe
from bot.errors import AirocordError
from bot.generation.engine import ModelInfo
from bot.generation.ticket import Request
from bot.settings import Settings

LOAD_LIMIT_S = 900.0
ANSWER_LIMIT_S = 300.0

_PERSON = 0
"""Nobody else is in this line."""


async def model(settings: Settings) -> AsyncIterator[Finding]:
    """Load the model, ask it something, then what the house model was trained to do well."""
    try:
        core = build_core(settings.for_terminal())
    except AirocordError as error:
        yield Finding("Engine", Severity.ERROR, str(error))
        return
    yield Finding("Engine", Severity.OK, core.choice)
    try:
        began = time.monotonic()
        try:
            async with asyncio.timeout(LOAD_LIMIT_S):
                await core.load()
        except (AirocordError, TimeoutError) as error:
            why = str(error) or f"it took longer than {LOAD_LIMIT_S:.0f} s"
            yield Finding("Model", Severity.ERROR, f"It cannot be loaded: {why}")
            return
        loaded = core.engine.model
        yield Finding(
            "Model",
            Severity.NOTE if loaded.is_demo else Severity.OK,
            f"{loaded.name}, loaded in {time.monotonic() - began:.1f} s, "
            f"context window {loaded.context_tokens} tokens",
            "It is there for a first look; set MODEL_PATH to a real one." if loaded.is_demo else "",
        )
        for finding in _fitting(settings, loaded):
            yield finding
        for probe in CARD:
            yield await _ask(core, probe)
    finally:
        await core.queue.drain(0)


def _fitting(settings: Settings, loaded: ModelInfo) -> Iterator[Finding]:
    """Settings that do not go with the model, though it can be loaded with them."""
    if settings.context_tokens and settings.context_tokens > loaded.context_tokens:
        yield Finding(
            "CONTEXT_TOKENS",
            Severity.WARNING,
            f"It is {settings.context_tokens}, but the model's window is {loaded.context_tokens} "
            "tokens, and that is what is used.",
            f"Set CONTEXT_TOKENS={loaded.context_tokens}, or less.",
        )
    template = loaded.chat_template
    # The demonstration model takes its own, whatever is set.
    is_as_set = settings.prompt_template == "vicuna" and not loaded.is_demo
    if is_as_set and template and "USER:" not in template:
        yield Finding(
            "PROMPT_TEMPLATE",
            Severity.WARNING,
            "The model brings a chat template of its own, which vicuna is not.",
            "Set PROMPT_TEMPLATE=model.",
        )


async def _ask(core: Core, probe: Probe) -> Finding:
    """One question, from prompt to text, as everybody's goes."""
    params = replace(core.prompter.params, temperature=0.0, max_new_tokens=probe.max_new_tokens)
    try:
        window = await core.prompter.window(probe.system, [], probe.question)
        ticket = core.queue.submit(Request(prompt=window.prompt, params=params, person=_PERSON))
        async with asyncio.timeout(ANSWER_LIMIT_S):
            finish = await ticket.result()
    except (AirocordError, TimeoutError) as error:
        return Finding(probe.name, Severity.ERROR, str(error) or "There was no answer in time.")
    said = " ".join(ticket.text.split())
    speed = finish.new_tokens / finish.generation_s if finish.generation_s else 0.0
    text = f"{said[:200]!r} ({finish.new_tokens} tokens, {speed:.0f}/s)"
    if probe.is_right(ticket.text):
        return Finding(probe.name, Severity.OK, text)
    # The model loads and writes; what it does not know is no fault of the installation.
    return Finding(probe.name, Severity.NOTE, f"not as expected: {text}", probe.hint)

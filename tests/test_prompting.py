"""Prompts for the model that is loaded."""

from __future__ import annotations

import threading

import pytest

from bot.errors import ModelError
from bot.generation.engine import SamplingParams
from bot.prompting import Prompter
from bot.prompts.template import Template
from tests.support.engines import ScriptedEngine, loaded


async def test_a_models_template_is_tried_off_the_event_loop_and_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[threading.Thread] = []

    def template_for(kind: str, **_: object) -> Template:
        tried.append(threading.current_thread())
        raise ModelError("It computes too long. Set PROMPT_TEMPLATE=vicuna.")

    monkeypatch.setattr("bot.prompting.template_for", template_for)
    prompter = Prompter(loaded(ScriptedEngine()), "model", SamplingParams())
    with pytest.raises(ModelError, match="PROMPT_TEMPLATE=vicuna"):
        await prompter.prepare()
    with pytest.raises(ModelError, match="PROMPT_TEMPLATE=vicuna"):
        _ = prompter.params
    assert len(tried) == 1
    assert tried[0] is not threading.main_thread()


async def test_another_model_brings_its_own_template() -> None:
    engine = loaded(ScriptedEngine(chat_template="{{ 1 }}"))
    prompter = Prompter(engine, "model", SamplingParams())
    with pytest.raises(ModelError):
        await prompter.prepare()
    engine.chat_template = "{% for m in messages %}{{ m.content }};{% endfor %}"
    await prompter.prepare()
    assert prompter.template.render("", [], "hi").parts == ("hi;",)

"""Conversations to prompts that fit the model that is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bot.errors import ModelError
from bot.generation.engine import Engine, ModelInfo, SamplingParams
from bot.prompts import Prompt
from bot.prompts.template import Exchange, Template, template_for
from bot.prompts.window import Window, fit

_AS_LONG_AS = 600
"""Characters of the last question that the next one is taken to have at most: it may have been a
long paste, and the next one hardly is."""


class Prompter:
    """Fits conversations into the context window, counted with the model's own tokenizer.

    The engine may still be loading when this is made; it is asked only when a prompt is built.
    """

    def __init__(
        self, engine: Engine, kind: Literal["vicuna", "model"], params: SamplingParams
    ) -> None:
        self._engine = engine
        self._kind = kind
        self._params = params
        self._template: tuple[ModelInfo, Template | ModelError] | None = None
        """With the model that it is for: another one may be loaded meanwhile. Or why there is
        none: to find that out can take seconds."""

    async def prepare(self) -> None:
        """Make :attr:`template`, off the event loop. Once the engine is loaded.

        Raises:
            ModelError: the model's own template is asked for and there is none, or it is broken.
        """
        await asyncio.to_thread(self._made)

    @property
    def params(self) -> SamplingParams:
        """How a reply is sampled, with the stop strings that the template needs. Known once the
        engine is loaded: who may come before that asks the queue first whether it is open.

        At least half of the context window is left to the prompt, whatever the settings say.
        """
        params = replace(self._params, stop=self.template.stop)
        half = self._engine.model.context_tokens // 2
        return replace(params, max_new_tokens=min(params.max_new_tokens, half))

    @property
    def template(self) -> Template:
        """Known once the engine is loaded.

        Raises:
            ModelError: the model's own template is asked for and there is none, or it is broken.
        """
        return self._made()

    def _made(self) -> Template:
        model = self._engine.model
        known = self._template
        if known is None or known[0] != model:
            known = self._template = model, self._template_of(model)
        template = known[1]
        if isinstance(template, ModelError):
            # One of its own for each who asks, for each is raised.
            raise ModelError(*template.args)
        return template

    def _template_of(self, model: ModelInfo) -> Template | ModelError:
        try:
            return template_for(
                # The demonstration model was trained on nothing but its own template.
                "model" if model.is_demo else self._kind,
                chat_template=model.chat_template,
                control_tokens=model.control_tokens,
                bos=model.bos,
                eos=model.eos,
            )
        except ModelError as refused:
            return refused

    @property
    def budget(self) -> int:
        """Tokens that a prompt may have: the context window less what is kept for the reply."""
        return self._engine.model.context_tokens - self.params.max_new_tokens

    def count(self, prompt: Prompt) -> int:
        """Tokens of a prompt, exactly. May block for some milliseconds: call it in a thread."""
        return len(self._engine.encode(prompt))

    def length(self, text: str) -> int:
        """Tokens of a text by itself. Call it in a thread, too."""
        return self.count(Prompt([text]))

    async def window(
        self,
        system: str,
        history: Sequence[Exchange],
        question: str,
        *,
        speaker: str | None = None,
        reply_so_far: str = "",
        anchor: int = 0,
    ) -> Window:
        """The prompt for ``question``, and what of ``history`` is in it.

        Raises:
            PromptTooLong: the system prompt alone leaves no room for a question.
        """
        return await asyncio.to_thread(
            fit,
            system=system,
            history=history,
            question=question,
            speaker=speaker,
            reply_so_far=reply_so_far,
            template=self.template,
            count=self.count,
            budget=self.budget,
            anchor=anchor,
        )

    async def ahead(self, system: str, history: Sequence[Exchange]) -> Window | None:
        """What the next question will need, where the window has to move for it: a prompt that
        begins as its will, if it is as long as the last one. ``None`` where the engine has read
        all that will be needed, or nothing of ``history`` can stay.

        Args:
            history: Not empty, and from the window's beginning on.
        """
        last = history[-1]
        window = await self.window(
            system, history, last.question[:_AS_LONG_AS], speaker=last.speaker
        )
        return window if 0 < window.anchor < len(history) else None

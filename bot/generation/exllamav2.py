"""The ExLlamaV2 engine: quantised models on NVIDIA cards, several replies at a time.

A thread of its own owns the model (:mod:`bot.generation.exllamav2_worker`); this is the event
loop's side of it. A cancelled reply is let go before the thread's next step, which is one token of
every reply or one chunk of a prompt.

What a seed promises: the same seed, prompt and settings give the same reply while nothing else is
being written. How sums are rounded depends on which tokens are computed together, so a request
with a seed reads its whole prompt anew and makes the cached ones be forgotten, and replies written
beside it can change it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING

from bot.errors import EngineFailed, PromptFailed, PromptTooLong
from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.generation.exl2_folder import read_licence
from bot.generation.exllamav2_constraints import Constraints, TokenConstraint
from bot.generation.exllamav2_options import LoadOptions
from bot.generation.exllamav2_run import WriteRequest
from bot.generation.exllamav2_worker import Worker
from bot.language import phrase
from bot.prompts import Prompt

if TYPE_CHECKING:
    from bot.generation.exllamav2_loading import LoadedModel

log = logging.getLogger(__name__)


class ExLlamaV2Engine:
    """An :class:`~bot.generation.engine.Engine` on ExLlamaV2."""

    name = "ExLlamaV2"

    def __init__(self, options: LoadOptions) -> None:
        self._options = options
        self._worker: Worker | None = None
        self._loaded: LoadedModel | None = None
        self._model: ModelInfo | None = None
        self._constraints: Constraints | None = None

    @property
    def model(self) -> ModelInfo:
        if self._model is None:
            raise RuntimeError("the model is known once load() has returned")
        return self._model

    @property
    def lanes(self) -> int:
        """What the settings say, but one where attention cannot be paged."""
        return self._options.lanes if self._loaded is None else self._loaded.lanes

    async def load(self, on_progress: Callable[[float], None]) -> None:
        """See :class:`~bot.generation.engine.Engine`. After :meth:`close` it loads anew."""
        on_progress(0.0)
        worker = Worker(self._options, on_progress)
        loaded = await worker.start()
        self._worker, self._loaded = worker, loaded
        tokenizer = loaded.tokenizer
        self._constraints = await asyncio.to_thread(
            Constraints, tokenizer.bytes_of, tokenizer.eos_ids
        )
        self._model = ModelInfo(
            name=self._options.folder.resolve().name,
            context_tokens=loaded.context_tokens,
            chat_template=tokenizer.chat_template,
            control_tokens=tokenizer.control_tokens,
            bos=tokenizer.bos,
            eos=tokenizer.eos,
            licence=await asyncio.to_thread(read_licence, self._options.folder),
        )
        on_progress(1.0)

    async def recover(self) -> None:
        """Trust nothing that was computed before; where that is not enough, load anew."""
        if self._worker is None:
            raise RuntimeError("there is nothing to recover before load()")
        try:
            await self._worker.renew()
        except Exception as error:  # noqa: BLE001 - the library raises anything
            log.warning("a new generator is not enough (%s): loading anew", type(error).__name__)
            await self.close()
            await self.load(lambda share: None)

    async def close(self) -> None:
        """See :class:`~bot.generation.engine.Engine`."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()

    def encode(self, prompt: Prompt) -> list[int]:
        """See :class:`~bot.generation.engine.Engine`, and :mod:`bot.generation.exllamav2_tokens`.

        Raises:
            ModelError: the model has no such control token.
        """
        if self._loaded is None:
            raise RuntimeError("nothing can be encoded before load()")
        return self._loaded.tokenizer.encode(prompt)

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        """See :class:`~bot.generation.engine.Engine`. Pieces are whole characters.

        Raises:
            PromptFailed: the prompt is empty.
            ValueError: the constraint is none that every engine can hold.
            EngineUnavailable: the constraint needs a package that is not installed.
        """
        room = self.model.context_tokens - len(prompt_ids)
        if room < 1:
            raise PromptTooLong(
                phrase(
                    "This is {tokens} tokens long, and the model reads {most} at most. Please "
                    "shorten it, or begin a new conversation with `/reset`.",
                    tokens=len(prompt_ids),
                    most=self.model.context_tokens - 1,
                )
            )
        if not prompt_ids:
            raise PromptFailed(
                phrase("There is nothing in this message to answer. Please write a word.")
            )
        if params.max_new_tokens < 1:
            # The library would write one.
            yield Finish(
                reason=FinishReason.LENGTH,
                prompt_tokens=len(prompt_ids),
                cached_tokens=0,
                new_tokens=0,
            )
            return
        request = WriteRequest(
            prompt_ids=tuple(prompt_ids),
            params=params,
            limit=min(params.max_new_tokens, room),
            constraint=await self._constraint(params),
        )
        if self._worker is None:
            raise EngineFailed(
                phrase("The language model is not running. Please try again in a minute.")
            )
        self._worker.write(request)
        try:
            while True:
                event = await request.stream.next()
                yield event
                if isinstance(event, Finish):
                    return
        finally:
            request.cancelled = True

    async def _constraint(self, params: SamplingParams) -> TokenConstraint | None:
        if params.constraint is None or self._constraints is None:
            return None
        # A grammar may take seconds to build.
        return await asyncio.to_thread(self._constraints.make, params.constraint)

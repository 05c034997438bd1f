"""The llama.cpp engine: one GGUF model on the CPU, or partly or wholly on a GPU.

The model lives in a process of its own (:mod:`bot.generation.llamacpp_server`) and is spoken to
over loopback HTTP with a random key: closing the connection is the only way to cancel a reply
while its prompt is still being read.

What a cancel costs: a reply that is being written ends within some two tokens. One whose prompt
is still being read ends when llama.cpp looks for closed connections, which it does after a second
without results from any lane, between two batches of 256 tokens. A request that is sent meanwhile
waits inside llama.cpp.

What a seed promises: the same seed, prompt and settings give the same reply while nothing else is
being written. How sums are rounded depends on which tokens share a batch, so a request with a
seed does without the prefix cache, and replies written beside it can change it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from bot.errors import EngineFailed, PromptTooLong
from bot.generation.completions import Completion, CompletionsClient, Options
from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.generation.gguf import GgufHeader, read_header
from bot.generation.grammar import grammar_of
from bot.generation.llamacpp_server import LlamaServer, ServerSettings
from bot.generation.llamacpp_tokens import LlamaTokenizer
from bot.language import phrase
from bot.prompts import Prompt

log = logging.getLogger(__name__)

DEFAULT_CONTEXT_TOKENS = 2048
"""What a model gets of its trained context unless told otherwise: memory grows with it, on every
lane."""

_REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class LlamaCppEngine:
    """An :class:`~bot.generation.engine.Engine` on llama.cpp."""

    name = "llama.cpp"

    def __init__(
        self,
        *,
        model_path: Path,
        context_tokens: int | None = None,
        lanes: int = 4,
        threads: int | None = None,
        gpu_layers: int = 0,
        is_demo: bool = False,
        name: str | None = None,
    ) -> None:
        """
        Args:
            model_path: a GGUF file; of a model in several files, the first.
            context_tokens: prompt and reply of one request together; ``None`` takes the model's
                trained context, 2048 at most. Never more than the trained context.
            lanes: replies at the same time, each with a context window of its own in memory.
            threads: ``None`` takes one fewer than there are cores.
            gpu_layers: how many of the model's layers go to the GPU, where the build has one.
            is_demo: said in :class:`~bot.generation.engine.ModelInfo`.
            name: what people are shown; ``None`` takes the file's name without its ending.
        """
        self._path = model_path
        self._context_tokens = context_tokens
        self.lanes = lanes
        self._threads = threads or max(1, _cores() - 1)
        self._gpu_layers = gpu_layers
        self._is_demo = is_demo
        self._model_name = name or model_path.stem
        self._settings: ServerSettings | None = None
        self._model: ModelInfo | None = None
        self._server: LlamaServer | None = None
        self._client: CompletionsClient | None = None
        self._tokenizer: LlamaTokenizer | None = None

    @property
    def model(self) -> ModelInfo:
        if self._model is None:
            raise RuntimeError("the model is known once load() has returned")
        return self._model

    async def load(self, on_progress: Callable[[float], None]) -> None:
        """See :class:`~bot.generation.engine.Engine`. The binding tells no progress between the
        beginning and the end."""
        on_progress(0.0)
        header = await asyncio.to_thread(read_header, self._path)
        self._settings = ServerSettings(
            model_path=self._path,
            context_tokens=self._window(header),
            lanes=self.lanes,
            threads=self._threads,
            gpu_layers=self._gpu_layers,
        )
        server = await self._serve(self._settings)
        tokenizer = await asyncio.to_thread(
            LlamaTokenizer, server, header, longest_cached=self._settings.context_tokens
        )
        self._tokenizer = tokenizer
        self._model = ModelInfo(
            name=self._model_name,
            context_tokens=self._settings.context_tokens,
            chat_template=header.chat_template,
            control_tokens=tokenizer.control_tokens,
            bos=tokenizer.bos,
            eos=tokenizer.eos,
            licence=header.licence,
            is_demo=self._is_demo,
        )
        on_progress(1.0)

    async def recover(self) -> None:
        """Start a new process if the old one has died or does not answer."""
        if self._settings is None or self._tokenizer is None:
            raise RuntimeError("there is nothing to recover before load()")
        if self._server is not None and await asyncio.to_thread(self._server.answers):
            return
        log.warning("llama.cpp does not answer: starting it anew")
        await self._end_server()
        self._tokenizer.server = await self._serve(self._settings)

    async def close(self) -> None:
        """See :class:`~bot.generation.engine.Engine`."""
        await self._end_server()

    def encode(self, prompt: Prompt) -> list[int]:
        """See :class:`~bot.generation.engine.Engine`, and :mod:`bot.generation.llamacpp_tokens`.

        Raises:
            ModelError: the model has no such control token.
            EngineFailed: the server does not answer.
        """
        if self._tokenizer is None:
            raise RuntimeError("nothing can be encoded before load()")
        return self._tokenizer.encode(prompt)

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        """See :class:`~bot.generation.engine.Engine`. Pieces are whole characters: llama.cpp
        holds back the bytes of a character until it is complete.

        Raises:
            ValueError: the constraint is none that a grammar can hold.
        """
        context = self.model.context_tokens
        if len(prompt_ids) >= context:
            raise PromptTooLong(
                phrase(
                    "This is {tokens} tokens long, and the model reads {most} at most. Please "
                    "shorten it, or begin a new conversation with `/reset`.",
                    tokens=len(prompt_ids),
                    most=context - 1,
                )
            )
        if self._client is None:
            raise EngineFailed(
                phrase("The language model is not running. Please try again in a minute.")
            )
        options = _options(params, room=context - len(prompt_ids))
        async with aclosing(self._client.stream(prompt_ids, options)) as events:
            async for event in events:
                if isinstance(event, Completion):
                    yield _finish(event, len(prompt_ids))
                else:
                    yield Piece(event)

    def _window(self, header: GgufHeader) -> int:
        trained = header.context_tokens or self._context_tokens or DEFAULT_CONTEXT_TOKENS
        wanted = self._context_tokens or DEFAULT_CONTEXT_TOKENS
        if wanted > trained and self._context_tokens:
            log.warning(
                "CONTEXT_TOKENS=%d is more than the %d that %s was trained with: taking %d",
                wanted,
                trained,
                self._path.name,
                trained,
            )
        return min(wanted, trained)

    async def _serve(self, settings: ServerSettings) -> LlamaServer:
        server = LlamaServer(settings)
        try:
            await asyncio.to_thread(server.start)
        except asyncio.CancelledError:
            server.kill()
            await asyncio.to_thread(server.stop)
            raise
        self._server = server
        self._client = CompletionsClient(server.base_url, model="airocord", api_key=server.api_key)
        return server

    async def _end_server(self) -> None:
        client, self._client = self._client, None
        server, self._server = self._server, None
        if server is not None:
            server.kill()
        if client is not None:
            await client.close()
        if server is not None:
            await asyncio.to_thread(server.stop)


def _cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on Windows and macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _options(params: SamplingParams, *, room: int) -> Options:
    """All of them are said: llama.cpp's own defaults are others than ours."""
    options: dict[str, str | int | float | bool | Sequence[str]] = {
        "max_tokens": max(1, min(params.max_new_tokens, room)),
        "temperature": params.temperature,
        "top_p": params.top_p,
        "top_k": params.top_k,
        "min_p": params.min_p,
        "repeat_penalty": params.repetition_penalty,
        "stop": [stop for stop in params.stop if stop],
        "cache_prompt": params.seed is None,
    }
    if params.seed is not None:
        options["seed"] = params.seed
    if params.constraint is not None:
        options["grammar"] = grammar_of(params.constraint)
    return options


def _finish(completion: Completion, prompt_tokens: int) -> Finish:
    reason = _REASONS.get(completion.finish_reason)
    if reason is None:
        raise EngineFailed(phrase("The language model broke off this reply. Please try again."))
    return Finish(
        reason=reason,
        prompt_tokens=prompt_tokens,
        cached_tokens=completion.cached_tokens or 0,
        new_tokens=completion.new_tokens or 0,
        prefill_s=completion.prefill_s,
        generation_s=completion.generation_s,
    )

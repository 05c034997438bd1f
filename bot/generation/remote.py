"""The remote engine: a model on other machines, behind ``/v1/completions``.

llama-server, vLLM and TabbyAPI are known, see :mod:`bot.generation.remote_dialects`; of other
servers only what OpenAI's interface has is used.

A reply that was not begun is asked of another server, or of the same one again after a while,
where it could not be reached or was too busy. A reply that was begun is never begun anew: people
have seen its text.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import (
    EngineFailed,
    EngineUnavailable,
    GenerationError,
    ModelError,
    PromptTooLong,
    StartTimedOut,
)
from bot.generation.completions import Completion, NotNow, Timeouts
from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.generation.remote_dialects import Dialect, request_options
from bot.generation.remote_pool import Place, RemotePool
from bot.generation.remote_server import Description, RemoteServer
from bot.generation.remote_tokens import (
    Encoder,
    IdEncoder,
    TextEncoder,
    Vocabulary,
    counter,
    folder_vocabulary,
    llama_vocabulary,
)
from bot.language import phrase
from bot.prompts import Prompt

log = logging.getLogger(__name__)

_REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}

_AWAY = phrase("The server of the language model does not answer. Please try again in a minute.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOptions:
    """What the settings say of the servers."""

    urls: tuple[str, ...]
    """All run the same model."""
    key: str = field(default="", repr=False)
    """Empty: none is sent."""
    model: str = ""
    """The name that requests give; empty takes the one that the servers run."""
    tokenizer_path: Path | None = None
    """A folder with ``tokenizer.json``, or that file."""
    context_tokens: int | None = None
    """``None``: what the servers say. Never more than that."""
    lanes: int = 4
    """Replies at the same time, of all servers together."""
    load_wait_s: float = 60.0
    """How long a server may take to come up before loading fails."""
    retries_s: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    """Pauses before a reply that was not begun is asked for again."""
    recover_pauses_s: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    """Pauses while nobody answers; the last one repeats."""
    probe_every_s: float = 5.0
    """How often a server that is left out is asked how it is."""
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(connect_s=5.0))


class RemoteEngine:
    """An :class:`~bot.generation.engine.Engine` on servers somewhere else."""

    name = "remote"

    def __init__(self, options: RemoteOptions) -> None:
        """
        Raises:
            EngineUnavailable: there is no address, or one that is none.
        """
        if not options.urls:
            raise EngineUnavailable(
                "ENGINE=remote needs the address of a server. Set REMOTE_URLS, such as "
                "http://10.0.0.5:8000."
            )
        self._options = options
        self._servers = [RemoteServer(url, options.key) for url in options.urls]
        self.lanes = options.lanes
        self._pool: RemotePool | None = None
        self._model: ModelInfo | None = None
        self._encoder: Encoder | None = None
        self._runs: Description | None = None
        self._is_loaded = False

    @property
    def model(self) -> ModelInfo:
        if self._model is None:
            raise RuntimeError("the model is known once load() has returned")
        return self._model

    async def load(self, on_progress: Callable[[float], None]) -> None:
        """See :class:`~bot.generation.engine.Engine`. Waits a minute for a server to come up.

        Raises:
            ModelError: the tokenizer's files cannot be used, or the context window is unknown.
            EngineUnavailable: no server answers, or one cannot be used as it is.
        """
        on_progress(0.0)
        await self.close()
        self._runs, self._is_loaded = None, False
        vocabulary = None
        if self._options.tokenizer_path is not None:
            vocabulary = await asyncio.to_thread(folder_vocabulary, self._options.tokenizer_path)
        pool = self._pool = RemotePool(
            self._servers,
            model=self._options.model,
            timeouts=self._options.timeouts,
            probe_every_s=self._options.probe_every_s,
            accepts=self._accepts,
        )
        await self._first_up(pool)
        on_progress(0.5)
        described = pool.descriptions
        if not described:
            raise EngineUnavailable("The servers of the language model went away while loading.")
        runs, window = described[0], self._window(described)
        try:
            encoder = await asyncio.to_thread(_encoder, pool, described, vocabulary, window)
        except EngineFailed as error:
            raise EngineUnavailable(str(error)) from error
        known = encoder.vocabulary
        self._encoder = encoder
        self._model = ModelInfo(
            name=_shown(runs.model),
            context_tokens=window,
            chat_template=known.chat_template if known else None,
            control_tokens=known.tokenizer.control_tokens if known else frozenset(),
            bos=known.bos if known else "",
            eos=known.eos if known else "",
        )
        log.info("%s; prompts go as %s", runs.dialect, _how(encoder))
        self._is_loaded = True
        pool.watch()
        on_progress(1.0)

    async def recover(self) -> None:
        """Wait until a server answers again. The caller limits the wait."""
        pool = self._pool
        if pool is None:
            raise RuntimeError("there is nothing to recover before load()")
        pauses = iter(self._options.recover_pauses_s)
        pause = 0.0
        await pool.probe()
        while not pool.any_up:
            pause = next(pauses, pause)
            await asyncio.sleep(pause)
            await pool.probe()

    async def close(self) -> None:
        """See :class:`~bot.generation.engine.Engine`."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    def encode(self, prompt: Prompt) -> list[int]:
        """See :class:`~bot.generation.engine.Engine`, and :mod:`bot.generation.remote_tokens`.

        Raises:
            ModelError: the model has no such control token.
            EngineFailed: a server is asked and does not answer.
        """
        if self._encoder is None:
            raise RuntimeError("nothing can be encoded before load()")
        return self._encoder.encode(prompt)

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        """See :class:`~bot.generation.engine.Engine`.

        Raises:
            StartTimedOut: the servers stayed too busy.
            GenerationError: a constraint is asked of a server that is not known to hold any.
            ValueError: the constraint is none that can be held.
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
        encoder = self._encoder
        assert encoder is not None  # noqa: S101 - what is generated was encoded
        # To put a text together takes tens of milliseconds for the longest prompts.
        payload = await asyncio.to_thread(lambda: encoder.payload(prompt_ids))
        pool = self._pool
        if pool is None:
            raise EngineFailed(
                phrase("The language model is not running. Please try again in a minute.")
            )
        pauses = iter(self._options.retries_s)
        refused: set[Place] = set()
        failure: GenerationError = EngineFailed(_AWAY)
        while True:
            place = pool.least_busy(refused)
            if place is None:
                pause = next(pauses, None)
                if pause is None:
                    raise failure
                await asyncio.sleep(pause)
                refused.clear()
                if not pool.any_up:
                    await pool.probe()
                continue
            try:
                with pool.counted(place):
                    events = self._written(place, payload, len(prompt_ids), params)
                    async with aclosing(events):
                        async for event in events:
                            yield event
            except NotNow as error:
                refused.add(place)
                # One that is busy is not broken, and nothing has to recover.
                failure = error if error.is_unreachable else StartTimedOut(str(error))
                if error.is_unreachable:
                    pool.doubt(place)
            except EngineFailed:
                # It may be gone; if it is not, it will say so.
                pool.doubt(place)
                raise
            else:
                return

    async def _written(
        self, place: Place, payload: Sequence[int] | str, count: int, params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        """One reply of one server. ``count``: the prompt's tokens."""
        assert place.client is not None  # noqa: S101 - it is up
        assert place.description is not None  # noqa: S101
        room = self.model.context_tokens - count
        options = request_options(place.description.dialect, params, room=room)
        async with aclosing(place.client.stream(payload, options)) as events:
            async for event in events:
                if isinstance(event, Completion):
                    yield _finish(event, count)
                else:
                    yield Piece(event)

    async def _first_up(self, pool: RemotePool) -> None:
        """Wait until a server is up.

        Raises:
            EngineUnavailable: none is, or one has to be corrected.
        """
        try:
            async with asyncio.timeout(self._options.load_wait_s):
                while True:
                    fault = await pool.probe()
                    if pool.any_up:
                        return
                    if fault is not None:
                        raise fault
                    await asyncio.sleep(self._options.recover_pauses_s[-1])
        except TimeoutError:
            names = ", ".join(server.name for server in self._servers)
            raise EngineUnavailable(
                f"No server of a language model answers at {names}. Please start it, or correct "
                "REMOTE_URLS."
            ) from None

    def _accepts(self, description: Description) -> bool:
        """Whether a server runs what the others do. The first one that is up says what that is,
        until the model is loaded."""
        runs = self._runs
        if runs is None:
            self._runs = description
            return True
        if description.model != runs.model:
            return False
        if not self._is_loaded:
            return True
        window = description.context_tokens
        enough = window is None or window >= self.model.context_tokens
        takes = description.dialect.takes_ids or isinstance(self._encoder, TextEncoder)
        return enough and takes

    def _window(self, described: Sequence[Description]) -> int:
        wanted = self._options.context_tokens
        said = [one.context_tokens for one in described if one.context_tokens is not None]
        if not said and wanted is None:
            raise ModelError(
                "The server does not say how long its context window is. Set CONTEXT_TOKENS."
            )
        window = min([*said, *([wanted] if wanted else [])])
        if wanted and wanted > window:
            log.warning("CONTEXT_TOKENS=%d is more than the server's %d", wanted, window)
        return window


def _encoder(
    pool: RemotePool,
    described: Sequence[Description],
    vocabulary: Vocabulary | None,
    window: int,
) -> Encoder:
    """Ids where all servers take them and the vocabulary is at hand, text where not. Blocks."""
    runs = described[0]
    if all(one.dialect is Dialect.LLAMA for one in described) and vocabulary is None:
        vocabulary = llama_vocabulary(pool, runs.chat_template, longest_cached=window)
    if vocabulary is None:
        return TextEncoder(None, counter(pool, runs.dialect, runs.model))
    if all(one.dialect.takes_ids for one in described):
        return IdEncoder(vocabulary)
    tokenizer = vocabulary.tokenizer
    return TextEncoder(vocabulary, lambda text: len(tokenizer.encode(Prompt([text]))))


def _how(encoder: Encoder) -> str:
    if isinstance(encoder, IdEncoder):
        return "token ids"
    if encoder.vocabulary is not None:
        return "text, counted by TOKENIZER_PATH"
    return "text: set TOKENIZER_PATH for exact budgets and the model's own template"


def _shown(model: str) -> str:
    """A name for people: never a path."""
    return model.replace("\\", "/").rstrip("/").rpartition("/")[2][:80] or "a model"


def _finish(completion: Completion, prompt_tokens: int) -> Finish:
    reason = _REASONS.get(completion.finish_reason)
    if reason is None:
        raise EngineFailed(phrase("The language model broke off this reply. Please try again."))
    return Finish(
        reason=reason,
        prompt_tokens=completion.prompt_tokens or prompt_tokens,
        cached_tokens=completion.cached_tokens or 0,
        new_tokens=completion.new_tokens or 0,
        prefill_s=completion.prefill_s,
        generation_s=completion.generation_s,
    )

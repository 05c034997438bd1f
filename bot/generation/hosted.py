"""An engine in a process of its own: the bot's side. :mod:`bot.generation.host` is the other.

Why: libraries of models keep Python's global lock in native code, for a second and more at a
time, and while they do the bot's event loop stands still, whichever thread they are in. A fault
in native code, or the system's want of memory, ends the process that it is in.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from bot.errors import AirocordError, EngineFailed, EngineUnavailable, ModelError
from bot.generation.engine import Finish, ModelInfo, Piece, SamplingParams
from bot.generation.exllamav2_stream import Stream
from bot.generation.hosted_encoding import EncodingClient
from bot.generation.hosted_process import HostProcess
from bot.generation.hosted_wire import (
    Cancel,
    Fault,
    Generate,
    Loaded,
    Message,
    Options,
    Progress,
    Recover,
    Recovered,
    Refused,
    Said,
    Start,
)
from bot.language import phrase
from bot.prompts import Prompt

log = logging.getLogger(__name__)

_MOST_REPLIES = 256
"""Many times the lanes, and there is no more than a request for each."""

_CLOSED = phrase("The language model is not running. Please try again in a minute.")
_ENDED = phrase("The language model broke off this reply and is being restarted. Please ask again.")
_BUSY = phrase("The language model has too much to do at once. Please try again.")

_Answer = Loaded | Recovered | Refused


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Seconds."""

    load_silence_s: float = 600.0
    """Longest time without progress while a model is loaded."""
    recover_s: float = 20.0
    """After this the process is not asked any more but started anew."""
    encode_s: float = 30.0


class HostedEngine:
    """An :class:`~bot.generation.engine.Engine` that runs another one elsewhere."""

    def __init__(
        self,
        *,
        name: str,
        factory: str,
        options: Options,
        lanes: int,
        limits: HostLimits | None = None,
    ) -> None:
        """
        Args:
            name: what people are shown.
            factory: ``module:function``, called in the other process with ``options``.
            options: anything that JSON holds. No secrets: they may be logged.
            lanes: as long as the engine itself has not said how many.
            limits: ``None``: the usual ones.
        """
        self.name = name
        self.lanes = lanes
        self._factory = factory
        self._options = options
        self._limits = limits or HostLimits()
        self._model: ModelInfo | None = None
        self._process: HostProcess | None = None
        self._encoder: EncodingClient | None = None
        self._answer: asyncio.Future[_Answer] | None = None
        self._on_progress: Callable[[float], None] = lambda share: None
        self._numbers = itertools.count()
        self._streams: dict[int, Stream] = {}

    @property
    def model(self) -> ModelInfo:
        if self._model is None:
            raise RuntimeError("the model is known once load() has returned")
        return self._model

    @property
    def pid(self) -> int | None:
        """The other process's; ``None`` while there is none."""
        return None if self._process is None else self._process.pid

    async def load(self, on_progress: Callable[[float], None]) -> None:
        """See :class:`~bot.generation.engine.Engine`. After :meth:`close` it loads anew."""
        on_progress(0.0)
        await self._start(on_progress)
        on_progress(1.0)

    async def recover(self) -> None:
        """Ask the engine to recover; where that is not enough, start the process anew."""
        if self._model is None:
            raise RuntimeError("there is nothing to recover before load()")
        try:
            self.lanes = await self._ask_to_recover()
        except (AirocordError, TimeoutError) as error:
            log.warning("%s does not recover (%s): starting it anew", self.name, error or "silent")
            await self._drop(self._process)
            await self._start(lambda share: None)

    async def close(self) -> None:
        """See :class:`~bot.generation.engine.Engine`."""
        process = self._leave(self._process, EngineFailed(_CLOSED))
        if process is not None:
            await process.close()

    def encode(self, prompt: Prompt) -> list[int]:
        """See :class:`~bot.generation.engine.Engine`.

        Raises:
            ModelError: the model has no such control token.
            EngineFailed: the process does not answer.
        """
        encoder = self._encoder
        if encoder is None:
            if self._model is None:
                raise RuntimeError("nothing can be encoded before load()")
            raise EngineFailed(_CLOSED)
        return encoder.encode(prompt)

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        """See :class:`~bot.generation.engine.Engine`. Pieces that nobody has read yet are
        joined."""
        process = self._process
        if process is None:
            raise EngineFailed(_CLOSED)
        if len(self._streams) >= _MOST_REPLIES:
            raise EngineFailed(_BUSY)
        number, stream = next(self._numbers), Stream()
        process.send(Generate(number, tuple(prompt_ids), params))
        self._streams[number] = stream
        try:
            await process.drain()
            while True:
                event = await stream.next()
                yield event
                if isinstance(event, Finish):
                    return
        finally:
            # What has ended is not there any more.
            if self._streams.pop(number, None) is not None and process.is_alive:
                process.send(Cancel(number))

    async def _start(self, on_progress: Callable[[float], None]) -> None:
        process = HostProcess(
            on_message=lambda message: self._take(process, message),
            on_end=lambda how: self._ended(process, how),
        )
        self._process, self._on_progress = process, on_progress
        key = secrets.token_urlsafe(32)
        level = logging.getLogger().getEffectiveLevel()
        try:
            await process.start(Start(self._factory, self._options, key, level))
            answer = await self._answered(self._limits.load_silence_s)
            if not isinstance(answer, Loaded):
                raise EngineFailed(_CLOSED)
        except TimeoutError:
            await self._drop(process)
            raise ModelError(
                f"{self.name} has made no progress with the model for "
                f"{self._limits.load_silence_s / 60:.0f} minutes and was ended. The log may say "
                "more; try a smaller model, or one on a faster disk."
            ) from None
        except BaseException:
            await self._drop(process)
            raise
        self._model, self.lanes = answer.model, answer.lanes
        self._encoder = EncodingClient(answer.port, key, limit_s=self._limits.encode_s)

    async def _ask_to_recover(self) -> int:
        """How many lanes there are now."""
        if self._process is None:
            raise EngineFailed(_CLOSED)
        self._process.send(Recover())
        answer = await self._answered(self._limits.recover_s)
        if not isinstance(answer, Recovered):
            raise EngineFailed(_CLOSED)
        return answer.lanes

    async def _answered(self, limit_s: float) -> _Answer:
        """Wait for the answer, and for ``limit_s`` at most between two reports of progress."""
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        tell = self._on_progress
        try:
            async with asyncio.timeout(limit_s) as limit:

                def on_progress(share: float) -> None:
                    limit.reschedule(loop.time() + limit_s)
                    tell(share)

                self._on_progress = on_progress
                answer = await self._answer
        finally:
            self._answer, self._on_progress = None, lambda share: None
        if isinstance(answer, Refused):
            raise answer.fault.error()
        return answer

    def _take(self, process: HostProcess, message: Message) -> None:
        if process is not self._process:
            return
        if isinstance(message, Said):
            for number, text, end in message.replies:
                self._put(number, text, end)
        elif isinstance(message, Progress):
            self._on_progress(message.share)
        elif isinstance(message, _Answer) and self._answer and not self._answer.done():
            self._answer.set_result(message)

    def _put(self, number: int, text: str, end: Finish | Fault | None) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return  # it was cancelled, and that is still on its way
        if end is not None:
            del self._streams[number]
        stream.put(text, _as_end(end))

    def _ended(self, process: HostProcess, how: str) -> None:
        """It has ended by itself."""
        if process is self._process:
            self._leave(process, EngineFailed(_ENDED), _why_not_loaded(self.name, how))

    async def _drop(self, process: HostProcess | None) -> None:
        """End ``process`` now."""
        if process is self._process:
            self._leave(process, EngineFailed(_ENDED))
        if process is not None:
            await process.kill()

    def _leave(
        self,
        process: HostProcess | None,
        for_replies: EngineFailed,
        for_answer: AirocordError | None = None,
    ) -> HostProcess | None:
        """Have nothing more to do with ``process``, and say so to all who wait for it."""
        self._process = None
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            # One of its own for each, for each is raised.
            stream.put("", EngineFailed(*for_replies.args))
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(for_answer or for_replies)
        return process


def _as_end(end: Finish | Fault | None) -> Finish | AirocordError | None:
    return end.error() if isinstance(end, Fault) else end


def _why_not_loaded(name: str, how: str) -> AirocordError:
    if how == "SIGKILL":
        return ModelError(
            f"{name} was ended by the system while it loaded the model. Most often memory is "
            "short: lower CONTEXT_TOKENS or LANES, or take a smaller model."
        )
    return EngineUnavailable(
        f"{name} broke while it loaded the model ({how}); the log says more. Install the build "
        "that matches this machine, or set ENGINE=llamacpp."
    )

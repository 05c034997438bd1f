"""Engines for a process that hosts one: scripted ones, told by the prompt what to do."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Sequence

from bot.errors import EngineFailed, ModelError, PromptTooLong
from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.generation.hosted import HostedEngine, HostLimits
from bot.generation.hosted_wire import Options
from bot.prompts import Prompt
from tests.support.engines import Script, ScriptedEngine, spell

LIMITS = HostLimits(load_silence_s=20.0, recover_s=2.0, encode_s=10.0)

LANES = 4
MODEL = ModelInfo(
    name="scripted model",
    context_tokens=2048,
    chat_template="{{ messages }} \N{UNICORN FACE}",
    control_tokens=frozenset({"<s>", "</s>"}),
    bos="<s>",
)


def hosted(limits: HostLimits = LIMITS, **options: object) -> HostedEngine:
    """A :class:`PromptedEngine` elsewhere, not loaded yet."""
    return HostedEngine(
        name="scripted", factory=f"{__name__}:make", options=options, lanes=1, limits=limits
    )


def make(options: Options) -> PromptedEngine:
    """In the process that hosts it."""
    if "import" in options:
        raise ImportError("libcudart.so.12: cannot open shared object file")
    return PromptedEngine(options)


class PromptedEngine(ScriptedEngine):
    """Does what the prompt's first word says with the rest of it."""

    def __init__(self, options: Options) -> None:
        super().__init__(lanes=LANES, reply=_script)
        self._on_load = options.get("on_load")
        self._is_stuck = False

    @property
    def model(self) -> ModelInfo:
        return MODEL

    async def load(self, on_progress: Callable[[float], None]) -> None:
        logging.getLogger("bot.scripted").info("loading\nin two lines")
        os.write(1, b"What libraries print is no message.\n")
        for share in (0.25, 0.5, 0.75):
            on_progress(share)
        if self._on_load == "refuse":
            raise ModelError("The folder has no model.\N{HORIZONTAL ELLIPSIS}")
        if self._on_load == "die":
            _die()
        if self._on_load == "crash":
            _crash()
        if self._on_load == "hang":
            await asyncio.Event().wait()
        if self._on_load == "stand still":
            _stand_still()

    async def recover(self) -> None:
        await super().recover()
        if self._is_stuck:
            await asyncio.Event().wait()

    def encode(self, prompt: Prompt) -> list[int]:
        text = spell(prompt)
        if text == "slow":
            threading.Event().wait(1.0)
        if text == "untemplated":
            raise ModelError("The model has no control token <x>.")
        return [ord(character) for character in text]

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        word, _, rest = "".join(map(chr, prompt_ids)).partition(" ")
        if word == "die":
            yield Piece("Once upon ")
            # It has left when the loop has turned.
            await asyncio.sleep(0)
            _die()
        elif word == "crash":
            _crash()
        elif word == "stand-still":
            yield Piece("Once upon ")
            # It has left when the loop has turned.
            await asyncio.sleep(0)
            _stand_still()
        elif word == "stick":
            self._is_stuck = True
            raise EngineFailed("The card hangs.")
        elif word == "report":
            yield Piece(self._report(rest, params))
            yield _finish(prompt_ids)
        else:
            async for event in super().generate(prompt_ids, params):
                yield event

    def _report(self, what: str, params: SamplingParams) -> str:
        reports: dict[str, object] = {
            "running": self.running,
            "recoveries": self.recoveries,
            "environment": sorted(os.environ),
            "params": repr(params),
        }
        return json.dumps(reports[what])


def _script(prompt: str) -> Script:
    word, _, rest = prompt.partition(" ")
    if word == "endless":
        return Script(pieces=("on and ",), endless=True)
    if word == "many":
        return Script(pieces=[f"{n} " for n in range(int(rest))], reason=FinishReason.LENGTH)
    if word == "long":
        return Script(error=PromptTooLong("This is too long by far."))
    if word == "fault":
        return Script(pieces=("Well, ",), error=RuntimeError(rest))
    return Script(pieces=(rest[: len(rest) // 2] or "-", rest[len(rest) // 2 :] or "-"))


def _finish(prompt_ids: Sequence[int]) -> Finish:
    return Finish(
        reason=FinishReason.STOP, prompt_tokens=len(prompt_ids), cached_tokens=0, new_tokens=1
    )


def _stand_still() -> None:
    """As native code does that keeps Python's lock."""
    ctypes.PyDLL(None).sleep(60)


def _die() -> None:
    """As the system ends what takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def _crash() -> None:
    """As native code does."""
    os.write(2, b"terminate called after throwing an instance of std::bad_alloc\n")
    os.kill(os.getpid(), signal.SIGSEGV)

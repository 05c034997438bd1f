"""A scripted engine: stands in for a model in tests that are not about the model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bot.generation.engine import Finish, FinishReason, ModelInfo, Piece, SamplingParams
from bot.prompts import Control, Prompt

SPELLED = {"bos": "<s>", "eos": "</s>"}


@dataclass
class Script:
    """What one reply does. With ``steps`` given, a piece comes only when it is released."""

    pieces: Sequence[str] = ("Hello", " there.")
    error: Exception | None = None
    """Raised after the pieces."""
    endless: bool = False
    """Repeats the last piece until it is cancelled."""
    steps: asyncio.Semaphore | None = None
    reason: FinishReason = FinishReason.STOP


@dataclass
class ScriptedEngine:
    """Replies with its scripts in order, then with ``default``; remembers every prompt. Of its
    model it knows as little before :meth:`load` as the real ones do.

    A token is a character of the spelled-out prompt, so budgets can be counted by eye.
    """

    lanes: int = 1
    default: Script = field(default_factory=Script)
    context_tokens: int = 2048
    chat_template: str | None = None
    is_demo: bool = False
    reply: Callable[[str], Script] | None = None
    """Chooses a script by the prompt, where order is not enough."""

    name: str = "scripted"
    scripts: deque[Script] = field(default_factory=deque)
    prompts: list[str] = field(default_factory=list)
    params: list[SamplingParams] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    recoveries: int = 0
    closed: bool = False
    loaded: bool = False
    load_error: Exception | None = None
    recover_error: Exception | None = None

    @property
    def model(self) -> ModelInfo:
        if not self.loaded:
            raise RuntimeError("the model is known once load() has returned")
        return ModelInfo(
            name="scripted model",
            context_tokens=self.context_tokens,
            chat_template=self.chat_template,
            is_demo=self.is_demo,
        )

    async def load(self, on_progress: Callable[[float], None]) -> None:
        on_progress(0.5)
        if self.load_error is not None:
            raise self.load_error
        self.loaded = True
        on_progress(1.0)

    async def recover(self) -> None:
        self.recoveries += 1
        if self.recover_error is not None:
            raise self.recover_error

    async def close(self) -> None:
        self.closed = True

    def encode(self, prompt: Prompt) -> list[int]:
        if not self.loaded:
            raise RuntimeError("nothing can be encoded before load()")
        return [ord(c) for c in spell(prompt)]

    async def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        prompt = "".join(map(chr, prompt_ids))
        self.prompts.append(prompt)
        self.params.append(params)
        if self.reply is not None:
            script = self.reply(prompt)
        else:
            script = self.scripts.popleft() if self.scripts else self.default
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            count = 0
            pieces = list(script.pieces)
            while pieces:
                if script.steps is not None:
                    await script.steps.acquire()
                else:
                    await asyncio.sleep(0)
                yield Piece(pieces[0])
                count += 1
                if len(pieces) > 1 or not script.endless:
                    pieces.pop(0)
            if script.error is not None:
                raise script.error
            yield Finish(
                reason=script.reason,
                prompt_tokens=len(prompt_ids),
                cached_tokens=0,
                new_tokens=count,
                prefill_s=0.5,
                generation_s=1.5,
            )
        finally:
            self.running -= 1


class SlowEngine(ScriptedEngine):
    """Loads and closes only while it may, as large models do."""

    def __init__(self, reply: Callable[[str], Script] | None = None) -> None:
        super().__init__(reply=reply)
        self.may_load, self.may_close = asyncio.Event(), asyncio.Event()
        self.may_load.set()
        self.may_close.set()

    async def load(self, on_progress: Callable[[float], None]) -> None:
        await self.may_load.wait()
        await super().load(on_progress)

    async def close(self) -> None:
        await self.may_close.wait()
        await super().close()
        self.loaded = False


def loaded(engine: ScriptedEngine) -> ScriptedEngine:
    """The engine once it is loaded, for tests without a queue that would load it. Needs no loop."""
    with suppress(StopIteration):
        engine.load(lambda share: None).send(None)
    return engine


def spell(prompt: Prompt) -> str:
    """A prompt as one string, control tokens spelled out."""
    return "".join(
        SPELLED.get(part.name, part.name) if isinstance(part, Control) else part for part in prompt
    )

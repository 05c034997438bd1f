"""What an engine is: the seam between the queue and whatever runs the model.

The queue is the only caller of :meth:`Engine.generate`. An engine is imported only when it is
chosen, so that its packages need not be there otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.generation.constraint import Constraint
from bot.prompts import Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingParams:
    """How one reply is sampled. Names and meaning are llama.cpp's and ExLlamaV2's."""

    max_new_tokens: int = 512
    temperature: float = 0.7
    """0 takes the likeliest token each time."""
    top_p: float = 0.9
    top_k: int = 40
    """0 switches it off."""
    min_p: float = 0.0
    repetition_penalty: float = 1.1
    """1.0 switches it off."""
    seed: int | None = None
    """The same seed, prompt and engine give the same reply; ``None`` draws a new one."""
    stop: tuple[str, ...] = ()
    """Strings that end the reply; none of them is ever part of it."""
    constraint: Constraint | None = None
    """What the reply may look like; ``None``: anything."""


class FinishReason(StrEnum):
    STOP = "stop"
    """The model ended its reply, or wrote a stop string."""
    LENGTH = "length"
    """``max_new_tokens`` or the context window was reached; the reply can be continued."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of the reply, in order. Never empty."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The end of a reply, and what it cost."""

    reason: FinishReason
    prompt_tokens: int
    cached_tokens: int
    """How many of ``prompt_tokens`` were served from the engine's prefix cache."""
    new_tokens: int
    queue_s: float = 0.0
    """Seconds from submission to the start of the engine; filled in by the queue."""
    prefill_s: float = 0.0
    """Seconds from the start of the engine to the first token."""
    generation_s: float = 0.0
    """Seconds from the first token to the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What the rest of the bot needs to know of the model that is loaded."""

    name: str
    """Shown to people: a file's or folder's name, never a path."""
    context_tokens: int
    """Prompt and reply of one request together."""
    chat_template: str | None = None
    """The model's own Jinja template, where it carries one."""
    control_tokens: frozenset[str] = frozenset()
    """Spellings that are control tokens where the chat template writes them."""
    bos: str = ""
    """Spelling of the beginning-of-sequence token, for the chat template."""
    eos: str = ""
    """Spelling of the end-of-sequence token, for the chat template."""
    licence: str = ""
    """What the model's files say of its licence; empty where they say nothing."""
    is_demo: bool = False
    """The small demonstration model, which introduces itself as one."""


class Engine(Protocol):
    """One loaded model. All coroutines run on the event loop and never block it."""

    @property
    def name(self) -> str:
        """Shown to people: "llama.cpp", "ExLlamaV2"."""

    @property
    def model(self) -> ModelInfo:
        """Known once :meth:`load` has returned.

        Raises:
            RuntimeError: it has not. The bot is online before that: the queue is asked first
                whether it is open.
        """

    @property
    def lanes(self) -> int:
        """How many replies the engine can write at once, at least 1."""

    async def load(self, on_progress: Callable[[float], None]) -> None:
        """Load the model. ``on_progress`` is called on the event loop with 0.0 to 1.0.

        Raises:
            ModelError: the model file is missing or cannot be used.
            EngineUnavailable: the engine's packages or device are not there.
        """

    async def recover(self) -> None:
        """Make the engine usable again after :meth:`generate` raised. The prefix cache may be
        lost; the model need not be loaded again."""

    async def close(self) -> None:
        """Free the model. Running replies end with :class:`~bot.errors.EngineFailed`."""

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of ``prompt``: text as text, control parts as control tokens.

        May block for some milliseconds and is safe to call from any thread: call it off the
        event loop.

        Raises:
            ModelError: the model has no such control token; others can be encoded.
            EngineFailed: the engine does not answer; :meth:`recover` is due.
        """

    def generate(
        self, prompt_ids: Sequence[int], params: SamplingParams
    ) -> AsyncGenerator[Piece | Finish, None]:
        """Write one reply: :class:`Piece` after piece, then one :class:`Finish`.

        ``aclose()`` ends it early and frees its lane as soon as the engine can.

        Raises:
            PromptTooLong: the engine itself found prompt and reply too long.
            ValueError: the constraint is none that :func:`~bot.generation.grammar.grammar_of`
                takes.
            ModelError, EngineUnavailable: this cannot be asked of it, though other things can.
            EngineFailed: anything else; :meth:`recover` is due.
        """

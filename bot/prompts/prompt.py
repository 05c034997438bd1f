"""A prompt as tokens with provenance: what is text and what is a control token.

Every tokenizer has a spelling for its control tokens (``</s>``, ``<|im_end|>``), and every
person can type that spelling. So the difference is kept in the type: a ``str`` is text and is
encoded as text whatever it says, a :class:`Control` is one control token and cannot be typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """One control token, by role (:data:`BOS`, :data:`EOS`) or by its spelling in the model's
    vocabulary (``Control("<|im_start|>")``)."""

    name: str


BOS = Control("bos")
"""The beginning-of-sequence token; nothing for a model that is not trained with one."""

EOS = Control("eos")
"""The token that ends a reply."""

Part = str | Control


@dataclass(frozen=True, slots=True, init=False)
class Prompt:
    """Text and control tokens in order.

    Neighbouring texts are joined and empty ones dropped, so that each text part is the longest
    run between two control tokens: the unit that a tokenizer encodes as a whole.
    """

    parts: tuple[Part, ...]

    def __init__(self, parts: Iterable[Part]) -> None:
        joined: list[Part] = []
        for part in parts:
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            elif part != "":
                joined.append(part)
        object.__setattr__(self, "parts", tuple(joined))

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

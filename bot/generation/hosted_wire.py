"""What the bot and the process that hosts an engine say to each other.

A message is a dataclass. On the wire it is four bytes of length and JSON, in which objects carry
their class's name under ``@``: unlike pickled objects, messages can do nothing but be read.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import BinaryIO

from bot import errors
from bot.errors import AirocordError, EngineFailed, PromptTooLong
from bot.generation.constraint import JsonSchema, Matches, OneOf, StartsWith
from bot.generation.engine import Finish, FinishReason, ModelInfo, SamplingParams
from bot.language import retold
from bot.prompts import Control, Prompt

Options = Mapping[str, object]
"""What an engine is made with: anything that JSON holds."""

_LENGTH = struct.Struct(">I")
_LONGEST = 64 << 20
"""Bytes of one message: millions of tokens."""

LONGEST_LOGGED = 5_000
"""Characters of one record of the host's log."""
LONGEST_LINE = 64 << 10
"""Bytes of a line that the bot reads of it: such a record, whatever is in it, and its names."""


class WireError(Exception):
    """What came is no message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error on its way."""

    kind: str
    sentence: str

    def error(self) -> AirocordError:
        """As it was raised, if it was for a person; else a fault of the engine's."""
        kind: object = getattr(errors, self.kind, None)
        if isinstance(kind, type) and issubclass(kind, AirocordError):
            return kind(retold(self.sentence))
        return EngineFailed(retold(self.sentence))


# -- to the host --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """The first message of all."""

    factory: str
    """``module:function``, which makes an engine of ``options``."""
    options: Options
    key: str
    """Whoever wants to encode has to show it."""
    log_level: int


@dataclass(frozen=True, slots=True)
class Generate:
    number: int
    prompt_ids: tuple[int, ...]
    params: SamplingParams


@dataclass(frozen=True, slots=True)
class Cancel:
    number: int


@dataclass(frozen=True, slots=True)
class Recover:
    """Answered by :class:`Recovered`, or by :class:`Refused`."""


@dataclass(frozen=True, slots=True)
class Encode:
    """On a connection of its own; answered by :class:`Encoded` or by :class:`Fault`."""

    key: str
    prompt: Prompt


# -- from the host ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    share: float


@dataclass(frozen=True, slots=True)
class Loaded:
    model: ModelInfo
    lanes: int
    port: int
    """On the loopback device, for :class:`Encode`."""


@dataclass(frozen=True, slots=True)
class Recovered:
    lanes: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine cannot be loaded, or cannot be recovered."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Said:
    """What all replies have written since the last time: number, text, and the end if it came."""

    replies: tuple[tuple[int, str, Finish | Fault | None], ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    ids: tuple[int, ...]


ToHost = Start | Generate | Cancel | Recover | Encode
FromHost = Progress | Loaded | Recovered | Refused | Said | Encoded | Fault
Message = ToHost | FromHost

_CLASSES = {
    one.__name__: one
    for one in (
        *(Start, Generate, Cancel, Recover, Encode),
        *(Progress, Loaded, Recovered, Refused, Said, Encoded, Fault),
        *(SamplingParams, OneOf, StartsWith, Matches, JsonSchema),
        *(Finish, ModelInfo, Prompt, Control),
    )
}


def pack(message: Message) -> bytes:
    """``message`` as it goes over the wire.

    Raises:
        PromptTooLong: it is larger than any prompt may be.
    """
    body = json.dumps(message, default=_as_object, separators=(",", ":")).encode()
    if len(body) > _LONGEST:
        raise PromptTooLong("This is longer than any model can read. Please shorten it.")
    return _LENGTH.pack(len(body)) + body


def receive(source: BinaryIO) -> Message | None:
    """The next message, waited for; ``None`` when the other side has gone.

    Raises:
        WireError: it is none.
        OSError: the connection is broken, or its limit is over.
    """
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _size(head)
    body = source.read(size)
    return _unpack(body) if len(body) == size else None


async def receive_async(source: asyncio.StreamReader) -> Message | None:
    """As :func:`receive`, on the event loop."""
    try:
        size = _size(await source.readexactly(_LENGTH.size))
        return _unpack(await source.readexactly(size))
    except asyncio.IncompleteReadError:
        return None


def _size(head: bytes) -> int:
    size: int = _LENGTH.unpack(head)[0]
    if size > _LONGEST:
        raise WireError(f"a message of {size} bytes")
    return size


def _unpack(body: bytes) -> Message:
    try:
        message = json.loads(body, object_hook=_as_instance)
    except (ValueError, TypeError, KeyError) as error:
        raise WireError(f"no message ({type(error).__name__})") from error
    if not isinstance(message, Message):
        raise WireError(f"no message but {type(message).__name__}")
    return message


def _as_object(value: object) -> dict[str, object]:
    if isinstance(value, frozenset):
        return {"@": "frozenset", "of": sorted(value)}
    if is_dataclass(value):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        return {"@": type(value).__name__, **named}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} does not go over the wire")


def _as_instance(found: dict[str, object]) -> object:
    name = found.pop("@", None)
    if name is None:
        return found
    if name == "frozenset":
        values = found["of"]
        return frozenset(values) if isinstance(values, list) else frozenset()
    if name == "Finish":
        found["reason"] = FinishReason(str(found["reason"]))
    # Requests are compared and hashed, so what JSON calls a list is a tuple again.
    named = {key: tuple(v) if isinstance(v, list) else v for key, v in found.items()}
    return _CLASSES[str(name)](**named)  # type: ignore[arg-type]

"""What a GGUF file says of itself, read before the model is loaded.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Only the header's
key-value pairs are read, not the weights.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ModelError

_USER_DEFINED = 4
"""llama.cpp's type of a token that is recognised wherever its spelling stands in a text."""

_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"} | {
    12: "d"
}
"""Value types and their :mod:`struct` codes, little-endian."""

_Scalar = str | int | float | bool
_Value = _Scalar | Sequence[_Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """The part of a header that the bot needs."""

    context_tokens: int | None
    """The context window that the model was trained with."""
    chat_template: str | None
    """The model's own Jinja template. (A llama.cpp server reports a template of its own where the
    model has none, so it is read here.)"""
    licence: str = ""
    """What the file says of the model's licence, such as "apache-2.0"; may be empty."""
    user_defined: frozenset[str]
    """Spellings of tokens that llama.cpp finds in any text, even where it is told to look for no
    control tokens. Some models' turn marks are among them, DeepSeek's for one."""


def read_header(path: Path) -> GgufHeader:
    """Read the header of a model file. Takes some 50 ms for a vocabulary of 50,000 tokens.

    Raises:
        ModelError: there is no such file, it cannot be read, or it is no GGUF file.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            values = _Reader(data).pairs()
    except FileNotFoundError as error:
        raise ModelError(
            f"There is no model file {path}. Set MODEL_PATH to a GGUF file."
        ) from error
    except OSError as error:
        raise ModelError(
            f"The model file {path} cannot be read ({error.strerror or error}). "
            "Set MODEL_PATH to a GGUF file that the bot may read."
        ) from error
    except (ValueError, KeyError, struct.error) as error:
        # ValueError is also what mmap says of an empty file.
        raise ModelError(
            f"{path.name} is not a whole GGUF model file. Download it again, or set MODEL_PATH "
            "to another one; llama.cpp needs files that end in .gguf."
        ) from error
    architecture = values.get("general.architecture")
    context = values.get(f"{architecture}.context_length")
    template = values.get("tokenizer.chat_template")
    return GgufHeader(
        context_tokens=context if isinstance(context, int) else None,
        chat_template=template if isinstance(template, str) else None,
        licence=_licence(values),
        user_defined=_user_defined(
            values.get("tokenizer.ggml.tokens"), values.get("tokenizer.ggml.token_type")
        ),
    )


def _licence(values: dict[str, _Value]) -> str:
    # A licence that has no short name of its own is "other", and named beside it.
    named = [values.get("general.license.name"), values.get("general.license")]
    return next((name for name in named if isinstance(name, str) and name), "")


def _user_defined(tokens: _Value | None, types: _Value | None) -> frozenset[str]:
    if not isinstance(tokens, list) or not isinstance(types, tuple):
        return frozenset()
    pairs = zip(tokens, types, strict=False)
    return frozenset(str(token) for token, kind in pairs if kind == _USER_DEFINED)


class _Reader:
    """Reads values one after the other. At nonsense it raises one of :class:`ValueError`,
    :class:`KeyError` and :class:`struct.error`."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def pairs(self) -> dict[str, _Value]:
        if self._data[:4] != b"GGUF":
            raise ValueError("wrong magic number")
        self._at = 4
        version, _tensors, count = self._unpack("IQQ")
        if version not in (2, 3):
            # 1 had 32-bit lengths and was gone within weeks; a big-endian file reads as 2 ** 24.
            raise ValueError("unknown version")
        return {self._string(): self._value(self._unpack("I")[0]) for _ in range(count)}

    def _unpack(self, codes: str) -> tuple[int, ...]:
        codes = "<" + codes
        values = struct.unpack_from(codes, self._data, self._at)
        self._at += struct.calcsize(codes)
        return values

    def _string(self) -> str:
        (length,) = self._unpack("Q")
        text = self._data[self._at : self._at + length]
        if len(text) < length:
            raise ValueError("the file ends inside a string")
        self._at += length
        return text.decode(errors="replace")

    def _value(self, kind: int) -> _Value:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._unpack(_SCALARS[kind])[0]
        of, length = self._unpack("IQ")
        if length > len(self._data):
            raise ValueError("an array longer than the file")
        if of in (_STRING, _ARRAY):
            return (
                [self._string() for _ in range(length)] if of == _STRING else self._nested(length)
            )
        return self._unpack(f"{length}{_SCALARS[of]}")

    def _nested(self, length: int) -> _Value:
        for _ in range(length):
            self._value(_ARRAY)
        return ()

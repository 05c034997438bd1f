"""What a ``.safetensors`` file holds, read from its header alone.

The format: https://github.com/huggingface/safetensors#format. Eight bytes say how long the header
is (little-endian), then comes the header in JSON, then the data.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ModelError

_MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""

_ITEM_BYTES = {
    **dict.fromkeys(("BOOL", "I8", "U8", "F8_E4M3", "F8_E5M2"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64"), 8),
}
"""By ``dtype``. ExLlamaV2 refuses those that are not here."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's entry in a header."""

    dtype: str
    """As the format spells it: ``F16``, ``BF16``, ``I32``, …"""
    shape: tuple[int, ...]
    stored_bytes: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


def read_tensors(path: Path) -> Mapping[str, Tensor]:
    """The tensors of one file, by name. Blocks for some milliseconds.

    Raises:
        ModelError: the file cannot be read, is damaged or shorter than its header says.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            begin = file.read(8)
            if begin == b"version ":
                raise ModelError(
                    f"{path.name} is only a pointer of Git LFS, not the weights. In the model's "
                    "folder run: git lfs pull"
                )
            (length,) = struct.unpack("<Q", begin)
            if length > min(size - 8, _MAX_HEADER_BYTES):
                raise ValueError("a header longer than the file")
            tensors = _parse(json.loads(file.read(length)))
    except OSError as error:
        raise ModelError(
            f"{path.name} cannot be read ({error.strerror or error}). Give the bot the right to "
            "read the model's folder."
        ) from error
    except (ValueError, RecursionError, struct.error) as error:
        raise ModelError(
            f"{path.name} is no whole .safetensors file. Download it again."
        ) from error
    expected = 8 + length + tensors.end
    if size < expected:
        raise ModelError(
            f"{path.name} is cut short: {size:,} bytes of {expected:,}. Download it again."
        )
    return tensors.by_name


@dataclass(frozen=True, slots=True)
class _Header:
    by_name: Mapping[str, Tensor]
    end: int
    """Where the last tensor ends, from the header's end."""


def _parse(header: object) -> _Header:
    """Raises ValueError at anything that is not a header."""
    if not isinstance(header, dict):
        raise ValueError("not an object")  # noqa: TRY004 - it is the file's text that is wrong
    found: dict[str, Tensor] = {}
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        match entry:
            case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [begin, stop]}:
                numbers = [*shape, begin, stop]
            case _:
                raise ValueError("an entry that is no tensor")
        if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
            raise ValueError("a size that is none")
        if stop < begin or len(shape) > 16:
            raise ValueError("a tensor that ends before it begins")
        found[name] = tensor = Tensor(dtype, tuple(shape), stop - begin)
        # ExLlamaV2 makes room by the shape and reads by the offsets: a file in which they differ
        # writes past the end of that room.
        item_bytes = _ITEM_BYTES.get(dtype)
        if item_bytes is not None and tensor.stored_bytes != tensor.elements * item_bytes:
            raise ValueError("a tensor of another size than its shape")
        end = max(end, stop)
    return _Header(found, end)

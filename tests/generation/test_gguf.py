"""What is read from a model file before it is loaded."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ModelError
from bot.generation.gguf import GgufHeader, read_header
from tests.support.llama import demo_model

Value = str | int | bool | float | Sequence[str] | Sequence[int]


def string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(given: Value) -> bytes:
    """A typed value as the format has it: bool, uint32, float32, string and arrays of them."""
    if isinstance(given, bool):
        return struct.pack("<I?", 7, given)
    if isinstance(given, int):
        return struct.pack("<II", 4, given)
    if isinstance(given, float):
        return struct.pack("<If", 6, given)
    if isinstance(given, str):
        return struct.pack("<I", 8) + string(given)
    if given and isinstance(given[0], str):
        items = b"".join(string(str(item)) for item in given)
        return struct.pack("<IIQ", 9, 8, len(given)) + items
    return struct.pack("<IIQ", 9, 5, len(given)) + b"".join(struct.pack("<i", n) for n in given)


def header(pairs: dict[str, Value], *, version: int = 3) -> bytes:
    body = b"".join(string(key) + value(given) for key, given in pairs.items())
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs)) + body


WHOLE = header(
    {
        "general.architecture": "llama",
        "general.quantized": True,
        "general.license": "apache-2.0",
        "llama.rope.freq_base": 1e4,
        "llama.context_length": 4096,
        "tokenizer.ggml.tokens": ["<unk>", "a", "<mark>", "  ", "<ctl>"],
        "tokenizer.ggml.token_type": [2, 1, 4, 4, 3],
        "tokenizer.chat_template": "{{ messages }} 🦄",
    }
)


def read(tmp_path: Path, raw: bytes) -> GgufHeader:
    file = tmp_path / "model.gguf"
    file.write_bytes(raw)
    return read_header(file)


def test_context_template_and_user_defined_tokens_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE + b"weights") == GgufHeader(
        context_tokens=4096,
        chat_template="{{ messages }} 🦄",
        licence="apache-2.0",
        user_defined=frozenset({"<mark>", "  "}),
    )


def test_a_licence_without_a_short_name_is_named(tmp_path: Path) -> None:
    said: dict[str, Value] = {"general.license": "other", "general.license.name": "llama2"}
    assert read(tmp_path, header(said)).licence == "llama2"


def test_a_model_may_say_nothing_of_itself(tmp_path: Path) -> None:
    assert read(tmp_path, header({"general.architecture": "llama"})) == GgufHeader(
        context_tokens=None, chat_template=None, user_defined=frozenset()
    )


def test_nested_arrays_are_passed_over(tmp_path: Path) -> None:
    inner = value([1, 2])[4:]
    raw = header({"general.architecture": "llama", "llama.context_length": 64})
    nested = string("odd") + struct.pack("<IIQ", 9, 9, 1) + inner
    raw = raw[:16] + struct.pack("<Q", 3) + nested + raw[24:]
    assert read(tmp_path, raw).context_tokens == 64


def test_the_demonstration_model_is_read() -> None:
    found = read_header(demo_model())
    assert found.context_tokens == 8192
    assert found.chat_template is not None
    assert "<|im_start|>" in found.chat_template


@pytest.mark.parametrize(
    "raw",
    [b"", b"GGUF", b"<!DOCTYPE html>" * 100, WHOLE[:300], header({}, version=1)],
    ids=["empty", "magic only", "web page", "cut short", "first version"],
)
def test_what_is_no_whole_model_file_is_refused_in_a_sentence(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ModelError, match=r"model\.gguf is not a whole GGUF model file"):
        read(tmp_path, raw)


def test_a_missing_file_or_a_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model file .* MODEL_PATH"):
        read_header(tmp_path / "nothing.gguf")
    with pytest.raises(ModelError, match=r"cannot be read .* MODEL_PATH"):
        read_header(tmp_path)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_is_a_sentence_or_goes_unnoticed_but_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(WHOLE)
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=8)):
        raw[at] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("damaged") / "model.gguf"
    file.write_bytes(raw)
    with suppress(ModelError):
        read_header(file)

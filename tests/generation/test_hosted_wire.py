"""Messages between the bot and the process that hosts an engine."""

from __future__ import annotations

import asyncio
import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import errors
from bot.errors import AirocordError, EngineFailed
from bot.generation.engine import Finish, FinishReason, ModelInfo
from bot.generation.hosted_wire import (
    Encode,
    Fault,
    Loaded,
    Message,
    Said,
    WireError,
    pack,
    receive,
    receive_async,
)
from bot.prompts import BOS, Control, Prompt

TEXTS = st.text(st.characters(), max_size=20)
"""Lone surrogates too."""
PARTS = st.one_of(TEXTS, st.builds(Control, TEXTS), st.just(BOS))


def sent(message: Message) -> Message | None:
    return receive(io.BytesIO(pack(message)))


@given(st.lists(PARTS, max_size=6))
def test_a_prompt_arrives_with_its_text_as_text_and_its_controls_as_controls(
    parts: list[str | Control],
) -> None:
    prompt = Prompt(parts)
    assert sent(Encode("key", prompt)) == Encode("key", prompt)


@given(TEXTS, st.frozensets(TEXTS, max_size=4))
def test_a_model_arrives_as_it_is(text: str, controls: frozenset[str]) -> None:
    model = ModelInfo(name=text, context_tokens=9, chat_template=text, control_tokens=controls)
    assert sent(Loaded(model, 4, 80)) == Loaded(model, 4, 80)


def test_an_end_arrives_as_an_end() -> None:
    finish = Finish(reason=FinishReason.LENGTH, prompt_tokens=1, cached_tokens=2, new_tokens=3)
    arrived = sent(Said(((7, "text", finish), (8, "", Fault("EngineFailed", "No.")))))
    assert isinstance(arrived, Said)
    (number, text, end), (_, _, fault) = arrived.replies
    assert (number, text, end, fault) == (7, "text", finish, Fault("EngineFailed", "No."))
    assert isinstance(end, Finish)
    assert end.reason is FinishReason.LENGTH


def test_every_error_for_people_arrives_as_itself_and_nothing_else_does() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, AirocordError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        arrived = Fault(kind.__name__, "A sentence.").error()
        assert type(arrived) is kind
        assert str(arrived) == "A sentence."
    for name in ("SystemExit", "annotations", "__name__", "Nonsense"):
        assert type(Fault(name, "A sentence.").error()) is EngineFailed


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b'{"@":"Finish"}', b'{"@":"os"}', b'{"@":"Cancel","of":1}',
     b'{"@":"Prompt","parts":[]}', b"\xff\xfe{"],
    ids=str,
)  # fmt: skip
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        receive(io.BytesIO(struct.pack(">I", len(body)) + body))


def test_a_message_without_an_end_is_refused_before_it_is_read() -> None:
    with pytest.raises(WireError, match="4294967295 bytes"):
        receive(io.BytesIO(b"\xff" * 100))


@given(st.integers(0, 40))
async def test_half_a_message_is_the_end(kept: int) -> None:
    half = pack(Fault("EngineFailed", "A sentence."))[:kept]
    assert receive(io.BytesIO(half)) is None
    reader = asyncio.StreamReader()
    reader.feed_data(half)
    reader.feed_eof()
    assert await receive_async(reader) is None


def test_what_people_write_cannot_look_like_a_message() -> None:
    typed = json.dumps({"@": "Cancel", "number": 1})
    assert sent(Encode("key", Prompt([typed]))) == Encode("key", Prompt([typed]))

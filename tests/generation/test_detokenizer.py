"""Text out of token ids: whole characters, and everything that the model wrote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.generation.detokenizer import Detokenizer

BYTES = [bytes([value]) for value in range(256)]


def text_of(tokens: list[int], bytes_of: list[bytes]) -> str:
    detokenizer = Detokenizer(bytes_of)
    return "".join(map(detokenizer.feed, tokens)) + detokenizer.flush()


@given(st.text())
def test_any_text_comes_back_however_many_tokens_a_character_takes(text: str) -> None:
    assert (
        text_of(list(text.encode(errors="replace")), BYTES)
        == text.encode(errors="replace").decode()
    )


@given(st.text(st.characters(codec="utf-8")))
def test_no_piece_holds_half_a_character(text: str) -> None:
    detokenizer = Detokenizer(BYTES)
    pieces = [detokenizer.feed(byte) for byte in text.encode()]
    assert "".join(pieces) == text
    assert detokenizer.flush() == ""
    assert [piece for piece in pieces if piece] == list(text)


def test_a_replacement_character_that_the_model_writes_comes_at_once() -> None:
    detokenizer = Detokenizer([b"a", "\ufffd".encode(), b"b"])
    assert [detokenizer.feed(token) for token in (0, 1, 1, 2)] == ["a", "\ufffd", "\ufffd", "b"]


def test_bytes_that_are_no_text_do_not_hold_up_what_follows() -> None:
    assert text_of([0xF0, 0x9F, ord("a"), 0xFF, ord("b")], BYTES) == "\ufffda\ufffdb"
    assert text_of([0xF0, 0x9F], BYTES) == "\ufffd"


def test_a_token_that_the_vocabulary_lacks_is_no_text() -> None:
    assert text_of([99, 0], [b"a"]) == "a"

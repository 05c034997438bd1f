"""Encoding with a vocabulary whose turn marks are found in any text, as some models' are.

The demonstration model has none of these, so a small tokenizer that follows llama.cpp's rules
stands in for the server: a character is a token, except for the marks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ModelError
from bot.generation.completions import Json
from bot.generation.gguf import GgufHeader
from bot.generation.llamacpp_server import LlamaServer, ServerSettings
from bot.generation.llamacpp_tokens import LlamaTokenizer
from bot.generation.remote_tokens import llama_vocabulary
from bot.prompts import BOS, EOS, Control, Prompt
from bot.prompts.template import ModelTemplate

BEGIN, END, CONTROL, MARK, SPACES = 900_001, 900_002, 900_003, 900_004, 900_005
USER, ASSISTANT = 900_006, 900_007
USER_DEFINED = {"<mark>": MARK, "  ": SPACES, "[|user|]": USER}
SPECIAL = {"<s>": BEGIN, "</s>": END, "<ctl>": CONTROL, "[|assistant|]": ASSISTANT}
SPELLED = {token: text for text, token in (USER_DEFINED | SPECIAL).items()}
TEMPLATE = "<s><mark>{{ user }}  </s><ctl>"
PUT_TOGETHER = (
    "{% for m in messages %}{{ '[|' + m['role'] + '|]' + m['content'] }}{% endfor %}"
    "{{ '[|assistant|]' }}"
)


class ToyServer(LlamaServer):
    """``/props`` and ``/tokenize`` as llama.cpp answers them."""

    def __init__(self, eos: str = "</s>") -> None:
        super().__init__(
            ServerSettings(model_path=Path(), context_tokens=64, lanes=1, threads=1, gpu_layers=0)
        )
        self.eos = eos
        self.asked: list[str] = []

    def call(self, path: str, body: Json = None, *, limit_s: float = 30.0) -> Json:
        if path == "/props":
            return {"bos_token": "<s>", "eos_token": self.eos}
        assert isinstance(body, Mapping)
        content, special = body["content"], bool(body["parse_special"])
        texts = [content] if isinstance(content, str) else content
        assert isinstance(texts, list)
        ids: list[int] = [BEGIN] if body["add_special"] else []
        for text in texts:
            assert isinstance(text, str)
            self.asked.append(text)
            ids += toy_ids(text, special=special)
        if body.get("with_pieces"):
            return {"tokens": [{"id": i, "piece": SPELLED.get(i, chr(i % 900_000))} for i in ids]}
        return {"tokens": list(ids)}


def toy_ids(text: str, *, special: bool) -> list[int]:
    known = USER_DEFINED | (SPECIAL if special else {})
    pieces = re.split("(" + "|".join(map(re.escape, known)) + ")", text)
    return [i for p in pieces for i in ([known[p]] if p in known else map(ord, p))]


def tokenizer(server: ToyServer | None = None) -> LlamaTokenizer:
    header = GgufHeader(
        context_tokens=64, chat_template=TEMPLATE, user_defined=frozenset(USER_DEFINED)
    )
    return LlamaTokenizer(server or ToyServer(), header, longest_cached=64)


def test_the_templates_control_tokens_are_found_and_spaces_are_not_among_them() -> None:
    assert tokenizer().control_tokens == {"<s>", "</s>", "<ctl>", "<mark>"}


def test_control_parts_become_their_tokens_and_the_same_text_does_not() -> None:
    spelled = "<s></s><ctl><mark>"
    parts = Prompt([BOS, Control("<mark>"), spelled, Control("<ctl>"), EOS])
    ids = tokenizer().encode(parts)
    assert ids == [BEGIN, MARK, *map(ord, spelled), CONTROL, END]


@given(st.lists(st.sampled_from(["<mark>", "<", "mark>", "a", " ", "  ", "<s>"]), max_size=12))
def test_nobody_can_type_a_turn_mark(words: list[str]) -> None:
    text = "".join(words)
    ids = tokenizer().encode(Prompt([text]))
    assert MARK not in ids
    assert "".join(SPELLED.get(i, chr(i % 900_000)) for i in ids) == text


@pytest.mark.parametrize("is_remote", [False, True])
def test_a_turn_mark_that_the_template_puts_together_is_one_and_cannot_be_typed(
    is_remote: bool,
) -> None:
    if is_remote:  # which tokens are user-defined has to be found out then
        found = llama_vocabulary(ToyServer(), PUT_TOGETHER, longest_cached=64).tokenizer
    else:
        header = GgufHeader(
            context_tokens=64, chat_template=PUT_TOGETHER, user_defined=frozenset(USER_DEFINED)
        )
        found = LlamaTokenizer(ToyServer(), header, longest_cached=64)
    assert found.control_tokens == {"<s>", "</s>", "[|user|]", "[|assistant|]"}
    template = ModelTemplate(PUT_TOGETHER, found.control_tokens, "<s>", "</s>")
    spelled = "[|user|][|assistant|]"
    assert found.encode(template.render("", [], f"{spelled}?")) == [
        *(USER, *map(ord, f"{spelled}?"), ASSISTANT)
    ]


def test_a_control_token_that_the_model_does_not_have_is_a_sentence() -> None:
    with pytest.raises(ModelError, match=r"no control token <\|im_end\|>.* PROMPT_TEMPLATE=model"):
        tokenizer().encode(Prompt([Control("<|im_end|>")]))
    with pytest.raises(ModelError, match="no control token a"):
        tokenizer().encode(Prompt([Control("a")]))
    with pytest.raises(ModelError, match="no end-of-sequence token"):
        tokenizer(ToyServer(eos="")).encode(Prompt([EOS]))


def test_a_text_is_encoded_once_as_long_as_it_is_not_too_long() -> None:
    server = ToyServer()
    encoder = tokenizer(server)
    history, long = "what was said", "a" * 65
    for _ in range(2):
        encoder.encode(Prompt([history, EOS, long]))
    assert server.asked.count(history) == 1
    assert server.asked.count(long) == 2


def test_half_a_surrogate_pair_does_not_stop_a_prompt() -> None:
    assert tokenizer().encode(Prompt(["a\ud83d"])) == [ord("a"), ord("?")]

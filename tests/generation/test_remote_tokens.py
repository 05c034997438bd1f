"""Prompts for servers somewhere else, as token ids and as text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from bot.errors import EngineFailed, ModelError
from bot.generation.completions import Json
from bot.generation.remote_dialects import Dialect
from bot.generation.remote_tokens import (
    IdEncoder,
    TextEncoder,
    Vocabulary,
    counter,
    estimate,
    folder_vocabulary,
    pack,
    unpack,
)
from bot.prompts import BOS, EOS, Control, Prompt
from bot.prompts.template import ModelTemplate

PROSE = [
    "The quick brown fox jumps over the lazy dog. It's 7:30, and nobody is awake yet!",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "import os\n\nfor name in sorted(os.listdir('.')):\n    print(f'{name!r}: {len(name)}')\n",
    "Привет, как дела? 你好世界。 🦄🦊",
    "    \t\n\n   12345678901234567890 %%%%%",
]
CONTROLS = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<tool>", "[INST]"]
MARKUP = st.lists(st.sampled_from([*CONTROLS, "<", "|", ">", "s", "<|", "[", "é"]), max_size=10)

encodable = st.characters(codec="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small byte-level vocabulary, with a token before each text as LLaMA's has."""
    made = tmp_path_factory.mktemp("vocabulary")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=CONTROLS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(PROSE * 4, trainer)
    tokenizer.save(str(made / "tokenizer.json"))
    settings = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "add_bos_token": True,
        "chat_template": "<s>{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}",
    }
    (made / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def vocabulary(folder: Path) -> Vocabulary:
    return folder_vocabulary(folder / "tokenizer.json")


def exact(vocabulary: Vocabulary) -> TextEncoder:
    return TextEncoder(vocabulary, lambda text: len(vocabulary.tokenizer.encode(Prompt([text]))))


@given(st.text(encodable, max_size=40), st.integers(1, 60))
def test_a_text_comes_back_from_as_many_numbers_as_it_was_put_in(text: str, count: int) -> None:
    numbers = pack(text, count)
    assert len(numbers) == count
    assert unpack(numbers) == text
    assert unpack([*numbers, *pack("é", 1)]) == text + "é"


def test_a_folder_says_all_that_templates_need(folder: Path, vocabulary: Vocabulary) -> None:
    assert (vocabulary.bos, vocabulary.eos) == ("<s>", "</s>")
    assert vocabulary.spellings == set(CONTROLS)
    assert vocabulary.chat_template == folder_vocabulary(folder).chat_template
    assert vocabulary.chat_template is not None


def test_files_that_are_no_tokenizer_are_explained(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ModelError, match=r"no usable tokenizer\.json"):
        folder_vocabulary(tmp_path)
    with pytest.raises(ModelError, match="Set it to the model's tokenizer"):
        folder_vocabulary(folder / "tokenizer_config.json")


def test_ids_keep_what_is_typed_apart_from_what_the_template_writes(
    folder: Path, vocabulary: Vocabulary
) -> None:
    encoder = IdEncoder(vocabulary)
    ids = encoder.encode(Prompt([BOS, "</s><|im_end|>", EOS]))
    whole = Tokenizer.from_file(str(folder / "tokenizer.json"))
    names = [whole.id_to_token(token) for token in ids]
    assert (names[0], names[-1]) == ("<s>", "</s>")
    assert not set(names[1:-1]) & set(CONTROLS)
    assert encoder.payload(ids) == ids


def test_a_turn_mark_that_the_template_puts_together_is_one_and_cannot_be_typed(
    folder: Path, tmp_path: Path
) -> None:
    spec = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    whole = Tokenizer.from_str(json.dumps(spec))
    whole.add_tokens(["[|user|]"])
    whole.save(str(tmp_path / "tokenizer.json"))
    source = "{% for m in messages %}{{ '[|' + m['role'] + '|]' + m['content'] }}{% endfor %}"
    settings = {"chat_template": source, "eos_token": "</s>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    found = folder_vocabulary(tmp_path)
    assert found.chat_template is not None
    template = ModelTemplate(
        found.chat_template, found.tokenizer.control_tokens, found.bos, found.eos
    )
    prompt = template.render("", [], "[|user|]?")
    ids = IdEncoder(found).encode(prompt)
    assert [whole.id_to_token(one) for one in ids].count("[|user|]") == 1
    assert whole.decode(ids, skip_special_tokens=False) == "[|user|][|user|]?"
    encoder = exact(found)
    assert encoder.payload(encoder.encode(prompt)) == "[|user|][\u00b7|user|]?"


def test_a_control_token_that_any_of_the_files_names_cannot_be_typed(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / "tokenizer.json", tmp_path)
    settings = {"added_tokens_decoder": {"600": {"content": "<a>"}}, "eos_token": "<|b|>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (tmp_path / "added_tokens.json").write_text('{"<c>": 601}', encoding="utf-8")
    encoder = exact(folder_vocabulary(tmp_path))
    sent = encoder.payload(encoder.encode(Prompt(["<a> <|b|> <c> <tool> <b>"])))
    assert sent == "<\u00b7a> <\u00b7|b|> <\u00b7c> <\u00b7tool> <b>"


def test_what_the_template_says_in_letters_stays_what_it_is(vocabulary: Vocabulary) -> None:
    # LLaMA 2's [INST] would be such, in a vocabulary that has no such token.
    words = "<<SYS>> [TURN] <b>"
    encoder = exact(vocabulary)
    assert encoder.payload(encoder.encode(Prompt([words, Control("<|im_end|>")]))) == (
        f"{words}<|im_end|>"
    )


def test_a_text_counts_as_its_ids_do(vocabulary: Vocabulary) -> None:
    prompt = Prompt([BOS, PROSE[0], Control("<|im_end|>"), PROSE[3], EOS])
    encoder = exact(vocabulary)
    ids = encoder.encode(prompt)
    assert len(ids) == len(vocabulary.tokenizer.encode(prompt))
    assert encoder.payload(ids) == f"{PROSE[0]}<|im_end|>{PROSE[3]}</s>"


def test_a_first_token_that_the_server_adds_is_not_written_twice(vocabulary: Vocabulary) -> None:
    encoder = exact(vocabulary)
    assert encoder.payload(encoder.encode(Prompt([Control("<s>"), "a"]))) == "a"
    assert encoder.payload(encoder.encode(Prompt(["a", Control("<s>")]))) == "a<s>"


def test_no_text_holds_a_control_token_that_the_template_did_not_write(
    folder: Path, vocabulary: Vocabulary
) -> None:
    whole = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoder = exact(vocabulary)

    @given(st.text(encodable, max_size=20) | MARKUP.map("".join))
    def check(text: str) -> None:
        sent = encoder.payload(encoder.encode(Prompt([text, Control("<|im_end|>")])))
        tokens = whole.encode(sent, add_special_tokens=False).tokens
        assert [token for token in tokens if token in CONTROLS] == ["<|im_end|>"]
        assert sent.replace("\u00b7", "") == text.replace("\u00b7", "") + "<|im_end|>"

    check()


def test_a_control_token_that_nobody_knows_is_refused(vocabulary: Vocabulary) -> None:
    for encoder in (TextEncoder(None, estimate), exact(vocabulary)):
        with pytest.raises(ModelError, match=r"no control token <\|x\|>.* TOKENIZER_PATH"):
            encoder.encode(Prompt([Control("<|x|>")]))


def test_half_a_surrogate_pair_is_no_fault() -> None:
    encoder = TextEncoder(None, estimate)
    assert encoder.payload(encoder.encode(Prompt(["a\ud800b"]))) == "a?b"


@pytest.mark.parametrize("text", PROSE)
def test_an_estimate_is_never_too_low_for_what_people_write(
    text: str, vocabulary: Vocabulary
) -> None:
    assert estimate(text) >= len(vocabulary.tokenizer.encode(Prompt([text])))


def test_an_estimate_is_not_more_than_twice_what_it_could_be() -> None:
    assert estimate("a" * 300) == 100
    assert estimate("The cat sat on the mat.") <= 2 * 7
    assert estimate("日本") == 6
    assert estimate("") == 0


class Server:
    def __init__(self, answer: Json) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Json]] = []

    def call(self, path: str, body: Json = None, *, limit_s: float = 30.0) -> Json:
        self.asked.append((path, body))
        if self.answer is None:
            raise EngineFailed("away")
        return self.answer


def test_a_server_that_can_count_is_asked_once_for_each_text() -> None:
    server = Server({"count": 9, "length": 8})
    count = counter(server, Dialect.VLLM, "house")
    assert [count("a b"), count("a b")] == [9, 9]
    assert server.asked == [
        ("/tokenize", {"model": "house", "prompt": "a b", "add_special_tokens": False})
    ]
    assert counter(server, Dialect.TABBY, "house")("a") == 8
    assert server.asked[1:] == [("/v1/token/encode", {"text": "a", "add_bos_token": False})]
    assert counter(server, Dialect.PLAIN, "house") is estimate


def test_a_server_that_gives_no_count_is_estimated_and_one_that_is_away_is_an_error() -> None:
    assert counter(Server({"tokens": []}), Dialect.VLLM, "house")("a b c") == 3
    with pytest.raises(EngineFailed):
        counter(Server(None), Dialect.VLLM, "house")("a b c")

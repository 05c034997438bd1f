"""Prompts to token ids from a model's folder: text is text, control tokens are control tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from bot.errors import ModelError
from bot.generation.exllamav2_tokens import FolderTokenizer
from bot.prompts import BOS, EOS, Control, Prompt

CONTROLS = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
LETTERS = [chr(code) for code in range(0x21, 0x7F)]
MARKUP = [*CONTROLS, "<|", "|>", "im_end", "</", "user\n", " ", "  ", "é", "🦄", "\ufffd", "x"]


def byte_level() -> Tokenizer:
    """As GPT-2, Llama 3 and Qwen have it."""
    level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocabulary = {piece: n for n, piece in enumerate(sorted(level.alphabet()))}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer, made.decoder = level, decoders.ByteLevel()
    return made


def sentence_piece(*, spaces: Callable[[Tokenizer], None]) -> Tokenizer:
    """As LLaMA and Mistral have it: bytes stand in for what the vocabulary lacks."""
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", *LETTERS]
    vocabulary = {piece: n for n, piece in enumerate(pieces)}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True))
    spaces(made)
    made.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return made


def llama_2(made: Tokenizer) -> None:
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )


def llama_2_converted_anew(made: Tokenizer) -> None:
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)


SHAPES: dict[str, Callable[[], Tokenizer]] = {
    "byte level": byte_level,
    "a space before every text": lambda: sentence_piece(spaces=llama_2),
    "a space before the first text": lambda: sentence_piece(spaces=llama_2_converted_anew),
}


def save(
    folder: Path, tokenizer: Tokenizer, config: dict[str, object] | None = None
) -> FolderTokenizer:
    tokenizer.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name in CONTROLS]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    values = {
        "bos_token": "<s>",
        "eos_token": {"content": "</s>"},
        "add_bos_token": True,
        **(config or {}),
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(values), encoding="utf-8")
    return FolderTokenizer(folder, [])


@pytest.fixture(params=SHAPES, scope="module")
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FolderTokenizer, Tokenizer]:
    """Ours, and the whole tokenizer that recognises control tokens in a line."""
    whole = SHAPES[request.param]()
    return save(tmp_path_factory.mktemp("model"), whole), whole


# What SentencePiece writes for a space is a space to it, whoever typed it.
TYPED = st.sampled_from(MARKUP) | st.text(st.characters(exclude_characters="\u2581"), max_size=4)


@given(st.lists(TYPED, max_size=12))
@settings(max_examples=60)
def test_whatever_a_person_types_is_never_a_control_token(
    pair: tuple[FolderTokenizer, Tokenizer], typed: list[str]
) -> None:
    ours, whole = pair
    controls = {whole.token_to_id(name) for name in CONTROLS} - {whole.token_to_id("<unk>")}
    text = "".join(typed).encode(errors="replace").decode()
    ids = ours.encode(Prompt([text]))
    assert not controls & set(ids)
    back = b"".join(ours.bytes_of[token] for token in ids).decode()
    # Some vocabularies put a space before a text.
    assert back in (text, f" {text}")


def test_a_prompt_encodes_as_its_spelled_out_line_does(
    pair: tuple[FolderTokenizer, Tokenizer],
) -> None:
    ours, whole = pair
    start, end = Control("<|im_start|>"), Control("<|im_end|>")
    prompt = Prompt([start, "user\n Hi,  you", end, "\n", start, "assistant\n"])
    line = "".join(part if isinstance(part, str) else part.name for part in prompt)
    assert ours.encode(prompt) == whole.encode(line, add_special_tokens=False).ids


def test_after_the_beginning_token_text_is_encoded_as_first_text(
    pair: tuple[FolderTokenizer, Tokenizer],
) -> None:
    ours, whole = pair
    first = whole.encode("A chat. USER: Hi", add_special_tokens=False).ids
    bos = whole.token_to_id("<s>")
    assert ours.encode(Prompt([BOS, "A chat. USER: Hi"])) == [bos, *first]


def test_the_end_token_is_the_models_own(pair: tuple[FolderTokenizer, Tokenizer]) -> None:
    ours, whole = pair
    assert ours.encode(Prompt(["a", EOS]))[-1] == whole.token_to_id("</s>")
    assert ours.eos_ids == {whole.token_to_id("</s>")}
    assert (ours.bos, ours.eos) == ("<s>", "</s>")


def test_a_model_that_wants_no_beginning_token_gets_none(tmp_path: Path) -> None:
    ours = save(tmp_path, byte_level(), {"add_bos_token": False})
    assert ours.encode(Prompt([BOS, "a"])) == ours.encode(Prompt(["a"]))


def test_a_control_token_that_the_model_lacks_is_explained(tmp_path: Path) -> None:
    ours = save(tmp_path, byte_level())
    with pytest.raises(ModelError, match=r"no control token <\|eot_id\|>.* PROMPT_TEMPLATE=model"):
        ours.encode(Prompt([Control("<|eot_id|>")]))
    with pytest.raises(ModelError, match="no control token a,"):
        ours.encode(Prompt([Control("a")]))


def test_a_vocabulary_that_finds_control_tokens_in_text_is_outwitted(tmp_path: Path) -> None:
    words = {"</s>": 2, "<": 3, "/": 4, "s": 5, ">": 6, "<s>": 1, "<unk>": 0}
    words |= {"<|im_start|>": 7, "<|im_end|>": 8}
    made = Tokenizer(models.Unigram([(word, -1.0) for word in sorted(words, key=words.get)], 0))  # type: ignore[arg-type]
    made.decoder = decoders.Sequence([decoders.Fuse()])
    ours = save(tmp_path, made)
    assert ours.encode(Prompt(["s</s>s"])) == [5, 3, 4, 5, 6, 5]


def test_runs_of_spaces_that_are_tokens_stay_tokens(tmp_path: Path) -> None:
    made = byte_level()
    spec = json.loads(made.to_str())
    spec["model"]["vocab"]["    "] = 256
    made = Tokenizer.from_str(json.dumps(spec))
    made.add_tokens([AddedToken("    ", normalized=False)])
    ours = save(tmp_path, made)
    assert 256 in ours.encode(Prompt(["if x:\n    y"]))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("tokenizer_config.json", {"chat_template": "TEMPLATE <|im_end|>"}),
        (
            "tokenizer_config.json",
            {
                "chat_template": [
                    {"name": "tool_use", "template": "no"},
                    {"name": "default", "template": "TEMPLATE <|im_end|>"},
                ]
            },
        ),
        ("chat_template.json", {"chat_template": "TEMPLATE <|im_end|>"}),
        ("chat_template.jinja", "TEMPLATE <|im_end|>"),
    ],
)
def test_the_chat_template_is_found_wherever_folders_keep_it(
    tmp_path: Path, file: str, content: object
) -> None:
    save(tmp_path, byte_level())
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / file).write_text(text, encoding="utf-8")
    ours = FolderTokenizer(tmp_path, [4])
    assert ours.chat_template == "TEMPLATE <|im_end|>"
    assert "<|im_end|>" in ours.control_tokens
    assert "<|im_start|>" not in ours.control_tokens


def test_without_a_usable_tokenizer_the_sentence_says_what_to_get(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no usable tokenizer\.json.*Download"):
        FolderTokenizer(tmp_path, [])
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="Download it again"):
        FolderTokenizer(tmp_path, [])
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "?"}}', encoding="utf-8")
    with pytest.raises(ModelError, match="take another model"):
        FolderTokenizer(tmp_path, [])

"""Llama models small enough for a test suite, made on the spot: always the same bytes.

:func:`random_model` babbles. :func:`scripted_model` says a given text after any prompt and then
ends: every piece of the text is a token of its own, the layers add nothing, and the head maps
each piece to the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

SPECIAL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
BOS_ID, EOS_ID, TURN_END_ID = 1, 2, 4

CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)

_CORPUS = (
    "A chat between a curious user and an assistant. The assistant gives helpful answers.",
    "USER: Hello, who are you? ASSISTANT: I am a bot.",
    "Once upon a time there was a little girl who lived in a house by the sea.",
    '0 1 2 3 4 5 6 7 8 9 [C, Pluto] {"city": "Oslo", "people": 1}',
)
_HIDDEN, _LAYERS, _HEADS, _KV_HEADS, _HEAD, _INNER = 64, 2, 4, 2, 32, 128
_SCRIPT_HIDDEN = 256
_TRAINED_TOKENS = 2048


def random_model(folder: Path, *, eos: int | Sequence[int] = EOS_ID, seed: int = 0) -> Path:
    """Random weights over a vocabulary of some 320 tokens."""
    tokenizer = _tokenizer()
    weights = _weights(tokenizer.get_vocab_size(), _HIDDEN, torch.Generator().manual_seed(seed))
    return _save(folder, tokenizer, weights, _HIDDEN, eos)


def scripted_model(folder: Path, script: str | Sequence[str]) -> Path:
    """Says ``script`` after any prompt and ends. A sequence gives the tokens; a string is cut
    into words, joined where one occurred before, for no token may come twice."""
    spec = json.loads(_tokenizer().to_str())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    pieces = _pieces(script) if isinstance(script, str) else list(script)
    names = [level.pre_tokenize_str(piece)[0][0] for piece in pieces]
    vocabulary = spec["model"]["vocab"]
    for name in names:
        vocabulary.setdefault(name, len(vocabulary))
    line = [vocabulary[name] for name in names]
    if len(set(line)) < len(line):
        raise ValueError("a scripted model cannot say a token twice")
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    return _save_line(folder, tokenizer, line)


def scripted_ids(folder: Path, line: Sequence[int]) -> Path:
    """As :func:`scripted_model`, with ids of the tokens that every model here has: 5 to 260 are
    the single bytes, in the order of their printable characters."""
    return _save_line(folder, _tokenizer(), line)


def token_id(text: str) -> int:
    """The id of a token that every model here has."""
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    found: int | None = _tokenizer().token_to_id(level.pre_tokenize_str(text)[0][0])
    if found is None:
        raise ValueError(f"{text!r} is no token")
    return found


def lora(folder: Path, *, rank: int = 4) -> Path:
    """A LoRA for the models here that changes what they say."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = torch.Generator().manual_seed(1)
    tensors: dict[str, Tensor] = {}
    for layer in range(_LAYERS):
        for name, width in (("q_proj", _HEADS * _HEAD), ("v_proj", _KV_HEADS * _HEAD)):
            stem = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{stem}.lora_A.weight"] = torch.randn(rank, _HIDDEN, generator=draw)
            tensors[f"{stem}.lora_B.weight"] = torch.randn(width, rank, generator=draw)
    save_file(tensors, folder / "adapter_model.safetensors")
    _write(
        folder / "adapter_config.json",
        {"r": rank, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
    )
    return folder


def _save_line(folder: Path, tokenizer: Tokenizer, line: Sequence[int]) -> Path:
    draw = torch.Generator().manual_seed(0)
    size = tokenizer.get_vocab_size()
    weights = _weights(size, _SCRIPT_HIDDEN, draw)
    for name, weight in weights.items():
        if "o_proj" in name or "down_proj" in name:
            weight.zero_()
    embeddings = weights["model.embed_tokens.weight"]
    start = torch.randn(_SCRIPT_HIDDEN, generator=draw).half()
    # Any token of a prompt begins the script.
    for token in set(range(size)) - set(line):
        embeddings[token] = start
    head = torch.zeros(size, _SCRIPT_HIDDEN)
    for before, after in zip([None, *line], [*line, EOS_ID], strict=True):
        head[after] += (start if before is None else embeddings[before]).float() * 0.2
    weights["lm_head.weight"] = head.half()
    return _save(folder, tokenizer, weights, _SCRIPT_HIDDEN, EOS_ID)


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=324,
        special_tokens=list(SPECIAL),
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    return tokenizer


def _pieces(script: str) -> list[str]:
    pieces: list[str] = []
    piece = ""
    for word in re.findall(r"\s*\S+|\s+$", script):
        piece += word
        if piece not in pieces:
            pieces.append(piece)
            piece = ""
    if piece:
        raise ValueError(f"the script ends in a repetition: {piece!r}")
    return pieces


def _weights(vocabulary: int, hidden: int, draw: torch.Generator) -> dict[str, Tensor]:
    def normal(rows: int, columns: int, deviation: float) -> Tensor:
        return (torch.randn(rows, columns, generator=draw) * deviation).half()

    weights = {
        "model.embed_tokens.weight": normal(vocabulary, hidden, 1.0),
        "model.norm.weight": torch.ones(hidden).half(),
        "lm_head.weight": normal(vocabulary, hidden, 0.3),
    }
    for layer in range(_LAYERS):
        stem = f"model.layers.{layer}."
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{stem}{name}.weight"] = torch.ones(hidden).half()
        for name, rows, columns, deviation in (
            ("self_attn.q_proj", _HEADS * _HEAD, hidden, 0.3),
            ("self_attn.k_proj", _KV_HEADS * _HEAD, hidden, 0.3),
            ("self_attn.v_proj", _KV_HEADS * _HEAD, hidden, 0.3),
            ("self_attn.o_proj", hidden, _HEADS * _HEAD, 0.3),
            ("mlp.gate_proj", _INNER, hidden, 0.2),
            ("mlp.up_proj", _INNER, hidden, 0.2),
            ("mlp.down_proj", hidden, _INNER, 0.2),
        ):
            weights[f"{stem}{name}.weight"] = normal(rows, columns, deviation)
    return weights


def _save(
    folder: Path,
    tokenizer: Tokenizer,
    weights: Mapping[str, Tensor],
    hidden: int,
    eos: int | Sequence[int],
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    tensors = {name: weight.contiguous() for name, weight in weights.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _write(
        folder / "config.json",
        {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": tokenizer.get_vocab_size(),
            "hidden_size": hidden,
            "num_hidden_layers": _LAYERS,
            "num_attention_heads": _HEADS,
            "num_key_value_heads": _KV_HEADS,
            "head_dim": _HEAD,
            "intermediate_size": _INNER,
            "max_position_embeddings": _TRAINED_TOKENS,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0,
            "hidden_act": "silu",
            "bos_token_id": BOS_ID,
            "eos_token_id": eos if isinstance(eos, int) else list(eos),
            "tie_word_embeddings": False,
            "torch_dtype": "float16",
        },
    )
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "add_bos_token": True,
            "bos_token": "<s>",
            "eos_token": {"content": "</s>", "special": True},
            "chat_template": CHAT_TEMPLATE,
            "model_max_length": _TRAINED_TOKENS,
        },
    )
    return folder


def _write(path: Path, values: Mapping[str, object]) -> None:
    path.write_text(json.dumps(values, indent=1), encoding="utf-8")

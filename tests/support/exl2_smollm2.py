"""The demonstration model as a folder of unquantised weights, which both ExLlamaV2 and
transformers read. Needs the package gguf.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import gguf
import torch
from filelock import FileLock
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tests.support.llama import ROOT, demo_model

_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CONTROL = 3
"""GGUF's type of tokens that are control tokens."""


def smollm2() -> Path:
    """Made once, in some seconds, and kept beside the models of the bot run from here."""
    folder = ROOT / "data" / "models" / "smollm2-135m-instruct-fp16"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Tests may run in several processes at once.
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            work = folder.with_suffix(".part")
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            _convert(demo_model(), work)
            work.rename(folder)
    return folder


def _convert(file: Path, folder: Path) -> None:
    reader = gguf.GGUFReader(file)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    heads = {
        "attn_q": int(fields["llama.attention.head_count"]),
        "attn_k": int(fields["llama.attention.head_count_kv"]),
    }
    weights: dict[str, torch.Tensor] = {}
    for tensor in reader.tensors:
        *stem, kind, _ = tensor.name.split(".")
        values = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
        if kind in heads:
            values = _unpermuted(values, heads[kind])
        layer = f"model.layers.{stem[1]}." if stem else ""
        weights[f"{layer}{_NAMES[kind]}.weight"] = values.half().contiguous()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "config.json", _config(fields))
    _save_tokenizer(fields, folder)


def _unpermuted(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """GGUF has the two halves of each head's dimensions interleaved."""
    rows, columns = weight.shape
    halves = weight.view(heads, rows // heads // 2, 2, columns)
    return halves.transpose(1, 2).reshape(rows, columns)


def _config(fields: Mapping[str, object]) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": fields["llama.vocab_size"],
        "hidden_size": fields["llama.embedding_length"],
        "num_hidden_layers": fields["llama.block_count"],
        "num_attention_heads": fields["llama.attention.head_count"],
        "num_key_value_heads": fields["llama.attention.head_count_kv"],
        "intermediate_size": fields["llama.feed_forward_length"],
        "max_position_embeddings": fields["llama.context_length"],
        "rms_norm_eps": fields["llama.attention.layer_norm_rms_epsilon"],
        "rope_theta": fields["llama.rope.freq_base"],
        "hidden_act": "silu",
        "bos_token_id": fields["tokenizer.ggml.bos_token_id"],
        "eos_token_id": fields["tokenizer.ggml.eos_token_id"],
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
    }


def _save_tokenizer(fields: Mapping[str, object], folder: Path) -> None:
    pieces, kinds = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    merges = fields["tokenizer.ggml.merges"]
    assert isinstance(pieces, list)
    assert isinstance(kinds, list)
    assert isinstance(merges, list)
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: token for token, piece in enumerate(pieces)},
            merges=[tuple(merge.split(" ")) for merge in merges],
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            AddedToken(piece, special=True, normalized=False)
            for piece, kind in zip(pieces, kinds, strict=True)
            if kind == _CONTROL
        ]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<|im_start|>",
            "eos_token": "<|im_end|>",
            "chat_template": fields["tokenizer.chat_template"],
        },
    )


def _write(path: Path, values: Mapping[str, object]) -> None:
    path.write_text(json.dumps(values, indent=1), encoding="utf-8")

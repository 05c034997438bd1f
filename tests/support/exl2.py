"""Small folders that look like models for ExLlamaV2: real headers, no real weights."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

Shapes = Mapping[str, tuple[str, tuple[int, ...]]]
"""Tensors by name: type and shape."""

CONFIG: dict[str, object] = {
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 320,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "eos_token_id": 2,
}

_BYTES = {"F16": 2, "BF16": 2, "F32": 4, "I32": 4, "I16": 2, "F8_E4M3": 1}


def write_tensors(path: Path, shapes: Shapes, *, missing_bytes: int = 0) -> None:
    """A .safetensors file whose data is a hole, so that it takes no disk."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape) in shapes.items():
        begin, end = end, end + math.prod(shape) * _BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end - missing_bytes)


def fp16(config: Mapping[str, object], *, dtype: str = "F16", tied: bool = False) -> Shapes:
    """The tensors of a Llama of this shape, as transformers stores them."""
    hidden, inner, vocab = (
        _size(config, key) for key in ("hidden_size", "intermediate_size", "vocab_size")
    )
    head_dim = hidden // _size(config, "num_attention_heads")
    kv = _size(config, "num_key_value_heads") * head_dim
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    shapes["model.embed_tokens.weight"] = (dtype, (vocab, hidden))
    if not tied:
        shapes["lm_head.weight"] = (dtype, (vocab, hidden))
    for layer in range(_size(config, "num_hidden_layers")):
        for name, out, into in (
            ("self_attn.q_proj", hidden, hidden),
            ("self_attn.k_proj", kv, hidden),
            ("self_attn.v_proj", kv, hidden),
            ("self_attn.o_proj", hidden, hidden),
            ("mlp.gate_proj", inner, hidden),
            ("mlp.up_proj", inner, hidden),
            ("mlp.down_proj", hidden, inner),
        ):
            shapes[f"model.layers.{layer}.{name}.weight"] = (dtype, (out, into))
        for name in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"model.layers.{layer}.{name}.weight"] = (dtype, (hidden,))
    shapes["model.norm.weight"] = (dtype, (hidden,))
    return shapes


def exl2(config: Mapping[str, object], bits: float, *, head_bits: float = 6) -> Shapes:
    """The same model, quantised by ExLlamaV2 to so many bits: rows of packed numbers."""
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, (dtype, shape) in fp16(config).items():
        if len(shape) == 1 or "embed_tokens" in name:
            shapes[name] = (dtype, shape)
            continue
        out, into = shape
        base = name.removesuffix(".weight")
        rows = round(into * (head_bits if "lm_head" in name else bits) / 32)
        groups = max(1, into // 128)
        shapes[f"{base}.q_weight"] = ("I32", (rows, out))
        shapes[f"{base}.q_invperm"] = ("I16", (into,))
        shapes[f"{base}.q_scale"] = ("I32", (groups, out // 8))
        shapes[f"{base}.q_scale_max"] = ("F16", (groups,))
        shapes[f"{base}.q_groups"] = ("I16", (2 * groups,))
    return shapes


def packed(config: Mapping[str, object], *, bits: int = 4, like_awq: bool = False) -> Shapes:
    """The same model, quantised as GPTQ (or AWQ) stores it."""
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, (dtype, shape) in fp16(config).items():
        if ".layers." not in name or len(shape) == 1:
            shapes[name] = (dtype, shape)
            continue
        out, into = shape
        base = name.removesuffix(".weight")
        per = 32 // bits
        shapes[f"{base}.qweight"] = ("I32", (into, out // per) if like_awq else (into // per, out))
        shapes[f"{base}.qzeros"] = ("I32", (1, out // per))
        shapes[f"{base}.scales"] = ("F16", (1, out))
    return shapes


def write_folder(
    path: Path, shapes: Shapes | None = None, config: Mapping[str, object] | None = None
) -> Path:
    """A folder that is whole; with EXL2 weights of about 4 bits unless ``shapes`` says others."""
    path.mkdir(parents=True, exist_ok=True)
    config = CONFIG if config is None else config
    (path / "config.json").write_text(json.dumps(config))
    (path / "tokenizer.json").write_text("{}")
    write_tensors(path / "output.safetensors", exl2(config, 4) if shapes is None else shapes)
    return path


def _size(config: Mapping[str, object], key: str) -> int:
    value = config[key]
    assert isinstance(value, int)
    return value
